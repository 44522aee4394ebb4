"""A kept history: what is read again and what is not, damage, locks, kills, forgetting."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from tests.laws.days import Sources, found

import churnpredict as cp
from churnpredict import files
from churnpredict.errors import ChurnWarning, ContentError, OutputError
from churnpredict.events.history import intake, kept_table, segments, units
from churnpredict.events.history.removal import remove_customers

pytestmark = [  # the small business has refunds, holes and the like; reading again without need is an error here
    pytest.mark.filterwarnings("error:.*history-reread"),
    pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning"),
]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources", np.random.default_rng(5))


def kept(sources: Sources, **how: Any) -> Any:
    return cp.runs.open_history(sources.home.parent / "history", **{"partitions": 2, **how}, **sources.declared())


def seen(sources: Sources) -> Any:
    with kept(sources) as tables:
        return found(tables, features=False)


def from_scratch(sources: Sources) -> Any:
    with cp.runs.scan_tables(partitions=3, **sources.declared()) as tables:
        return found(tables, features=False)


def changes(sources: Sources) -> dict[str, str]:
    with kept(sources) as tables:
        return tables.changes


def at_rest(sources: Sources) -> None:
    """Give all sources a moment of change long ago, as those of yesterday have, and let the history see it."""
    for path in sources.home.rglob("*"):
        os.utime(path, (1.7e9, 1.7e9))


def test_only_new_and_changed_files_are_read(sources: Sources) -> None:
    assert changes(sources) == {"orders": "read 6 of 6 files", "tickets": "read 1 of 1 files", "plans": "read 1 of 1 files"}
    at_rest(sources)
    assert set(changes(sources).values()) == {"unchanged (6 files)", "unchanged (1 files)"}
    sources.new_file()
    assert changes(sources)["orders"] == "read 1 of 7 files"
    sources.correct()
    assert changes(sources)["orders"] == "read 1 of 7 files"
    sources.delete()
    assert changes(sources)["orders"] == "unchanged (6 files)"
    assert seen(sources) == from_scratch(sources)


def test_files_at_rest_are_not_even_hashed(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "SETTLED", -(10**10))  # as if they had been written long before they were read
    seen(sources)
    monkeypatch.setattr(units.hashlib, "file_digest", None)
    assert set(changes(sources).values()) == {"unchanged (6 files)", "unchanged (1 files)"}


def test_a_changed_file_of_the_same_size_and_time_is_noticed(sources: Sources) -> None:
    path = sources.home / "tickets.csv"
    seen(sources)
    stat, text = path.stat(), path.read_text()
    path.write_text(text.replace("bill", "ball"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert changes(sources)["tickets"] == "read 1 of 1 files"
    assert seen(sources) == from_scratch(sources)


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone", "manifest", "version", "library"])
def test_what_is_damaged_or_of_another_version_is_read_again(sources: Sources, harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(sources)
    home = sources.home.parent / "history"
    first = sorted((home / "rows").iterdir())[0]
    manifest = home / "manifest.json"
    if harm == "flipped":
        content = bytearray(first.read_bytes())
        content[len(content) // 2] ^= 1
        first.write_bytes(content)
    elif harm == "cut":
        first.write_bytes(first.read_bytes()[:-1])
    elif harm == "gone":
        first.unlink()
    elif harm == "manifest":
        manifest.write_text(manifest.read_text().replace('"partitions": 2', '"partitions": 3'))
    elif harm == "library":
        monkeypatch.setattr("churnpredict.events.history.versions.version", lambda name: "0.0")
    else:
        told = json.loads(manifest.read_text()) | {"version": 99}
        del told["sha256"]
        manifest.write_text(json.dumps({**told, "sha256": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()}))
    with pytest.warns(ChurnWarning, match="history-reread"):
        assert seen(sources) == from_scratch(sources)


@pytest.mark.parametrize("what", ["declaration", "partitions", "zone"])
def test_what_cannot_be_proved_is_read_again_and_said(sources: Sources, what: str) -> None:
    seen(sources)
    how: dict[str, Any] = {"partitions": {"partitions": 3}, "zone": {"timezone": "Europe/Berlin"}}.get(what, {})
    if what == "declaration":
        sources.options = {"item": None}
    with (
        pytest.warns(ChurnWarning, match="declaration has changed|number of partitions|of the time zone"),
        kept(sources, **how) as tables,
    ):
        assert tables.changes["orders"] == "read 6 of 6 files"


def test_how_a_file_is_written_is_a_part_of_its_declaration(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("who,at,eur\na,2024-01-01,1.234\nb,2024-01-02,5.678\n")
    found = []
    for decimal, thousands in ((".", None), (",", ".")):
        source = cp.File(str(tmp_path / "log.csv"), decimal=decimal, thousands=thousands)
        orders = cp.Events(source, customer="who", time="at", value="eur")
        if found:
            with pytest.warns(ChurnWarning, match="declaration has changed"):
                tables = cp.runs.open_history(tmp_path / "history", orders=orders)
        else:
            tables = cp.runs.open_history(tmp_path / "history", orders=orders)
        with tables:
            found.append(float(tables.partition(0).streams["orders"].columns["value"].sum()))
    assert found == [1.234 + 5.678, 1234 + 5678]


def test_one_process_at_a_time(sources: Sources) -> None:
    with kept(sources), pytest.raises(OutputError, match="locked"):
        kept(sources)
    with kept(sources) as tables:
        assert len(tables)


def test_another_folder_is_not_touched(sources: Sources) -> None:
    with pytest.raises(OutputError, match="not-a-history"):
        cp.runs.open_history(sources.home, **sources.declared())
    assert not (sources.home / "rows").exists()


def test_refused_data_leave_the_history_what_it_was(sources: Sources) -> None:
    seen(sources)
    before = (sources.home.parent / "history" / "manifest.json").read_bytes()
    rows = sources.rows(60, (0, 5))
    sources.write("wrong", rows.assign(paid_at=pd.NaT))
    with pytest.raises(cp.ChurnError) as scratch:
        from_scratch(sources)
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(cp.ChurnError) as refused:
        kept(sources)
    assert str(refused.value) == str(scratch.value)
    assert (sources.home.parent / "history" / "manifest.json").read_bytes() == before


def test_shares_are_of_all_rows_not_of_new_ones(sources: Sources) -> None:
    """A day on which half of the rows have no time is refused alone, and is a small share of the whole."""
    for _ in range(10):
        sources.new_file()
    seen(sources)
    rows = sources.rows(4, (0, 5))
    sources.write("half", rows.assign(paid_at=rows["paid_at"].where([True, True, True, False])))
    with pytest.warns(ChurnWarning, match="null-time"):
        expected = from_scratch(sources)
    with pytest.warns(ChurnWarning, match="null-time"):
        assert seen(sources) == expected


def test_rows_of_the_future_are_read_again(tmp_path: Path) -> None:
    soon = pd.Timestamp.now(tz="UTC").tz_localize(None).floor("s") + pd.Timedelta(days=4)
    pd.DataFrame({"who": ["a", "b"], "at": [pd.Timestamp("2024-01-01"), soon]}).to_csv(tmp_path / "log.csv", index=False)
    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at")}
    for _ in range(2):
        with pytest.warns(ChurnWarning, match="future-time"), cp.runs.open_history(tmp_path / "history", **declared) as tables:
            assert tables.changes["log"] == "read 1 of 1 files"


def test_event_ids_are_unique_across_files(tmp_path: Path) -> None:
    rows = pd.DataFrame({"who": ["a", "b"], "at": ["2024-01-01", "2024-01-02"], "id": ["x", "y"], "eur": [1.0, 2.0]})
    rows.to_csv(tmp_path / "1.csv", index=False)
    declared = {"log": cp.Events(str(tmp_path / "*.csv"), customer="who", time="at", id="id", value="eur")}
    with cp.runs.open_history(tmp_path / "history", **declared) as tables:
        assert tables.changes["log"] == "read 1 of 1 sources"
    rows.assign(eur=[3.0, 2.0]).to_csv(tmp_path / "2.csv", index=False)
    with pytest.raises(ContentError, match="event-id"):
        cp.runs.open_history(tmp_path / "history", **declared)


def test_a_frame_and_a_stream_are_read_each_time(tmp_path: Path) -> None:
    import pyarrow as pa

    frame = pd.DataFrame({"who": ["a", "b"], "at": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    for day in range(2):
        reader = pa.RecordBatchReader.from_stream(pa.Table.from_pandas(frame))
        orders, visits = (cp.Events(source, customer="who", time="at") for source in (frame, reader))
        with cp.runs.open_history(tmp_path / "history", orders=orders, visits=visits) as tables:
            assert len(tables) == 2 + day
            assert set(tables.changes.values()) == {"read 1 of 1 sources"}
        frame = pd.concat([frame, pd.DataFrame({"who": ["c"], "at": pd.to_datetime(["2024-01-03"])})])


def test_forgetting_leaves_no_trace(sources: Sources) -> None:
    seen(sources)
    home = sources.home.parent / "history"
    gone = str(sources.files["part=0/day-001"]["who"].iloc[0])
    assert any(gone.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
    rows = remove_customers(home, lambda ids: pc.not_equal(ids, gone))
    assert rows == sum(int((file["who"] == gone).sum()) for file in sources.files.values()) + sum(
        int((pd.read_csv(path)["who"] == gone).sum()) for path in (sources.home / "tickets.csv", *(sources.home / "plans").iterdir())
    )
    assert not any(gone.encode() in file.read_bytes() for file in home.rglob("*") if file.is_file())
    assert seen(sources) == from_scratch(sources), "the sources still hold the customer: forgetting there comes first"


# --- planted faults: the comparison with a run from scratch sees each of them ---


def _drop_late(first: Any, second: Any, timezone: str) -> Any:
    return first


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (kept_table, "merge_rows", _drop_late),
        (kept_table, "is_unchanged", lambda unit, proof: proof),
        (kept_table, "without_units", lambda kept, gone, timezone: kept),
        (kept_table, "RATIO", 0),
    ],
)
def test_planted_faults_are_seen(sources: Sources, where: Any, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen(sources)
    monkeypatch.setattr(where, name, fault)
    sources.late_rows()
    sources.new_kind()
    sources.correct()
    same = seen(sources) == from_scratch(sources)
    assert same == (name == "RATIO"), "how files are put together is no fault: the rows are the same"


class AnyNumber(int):
    """A checksum that is always right."""

    __hash__ = int.__hash__

    def __ne__(self, other: object) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return True


def test_a_checksum_that_is_not_looked_at_lets_damage_through(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = seen(sources)
    told = json.loads((sources.home.parent / "history" / "manifest.json").read_text())["tables"]["orders"]["segments"][0]
    file = sources.home.parent / "history" / "rows" / told["file"]
    content = bytearray(file.read_bytes())
    content[-(-8 * told["arrays"][0][2] // 64) * 64 + 4] ^= 1  # in the time of the first row
    file.write_bytes(content)
    with monkeypatch.context() as patched:
        patched.setattr(segments.zlib, "crc32", lambda *given: AnyNumber(0))
        assert seen(sources) != expected
    with pytest.warns(ChurnWarning, match="history-reread"):
        assert seen(sources) == expected


# --- killed at every write ---


class Killed(BaseException):
    """What a killed process does from then on: nothing."""


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Kill at the n-th call that changes a file or a folder, counted from 1: neither this one nor any later one has an effect."""
    left = [10**9]

    def guarded(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **how: Any) -> Any:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed
            return work(*given, **how)

        return call

    for home, name in ((os, "replace"), (os, "fsync"), (os, "unlink"), (os, "mkdir"), (os, "rmdir"), (files.tempfile, "mkstemp")):
        monkeypatch.setattr(home, name, guarded(getattr(home, name)))
    yield lambda n: left.__setitem__(0, n)
    left[0] = 10**9


def test_killed_at_any_write_it_is_the_old_one_or_the_new_one(sources: Sources, killer: Callable[[int], None]) -> None:
    seen(sources)
    manifest = sources.home.parent / "history" / "manifest.json"
    states, n, killed = {manifest.read_bytes()}, 1, True
    sources.correct()
    sources.new_file()
    while killed:
        killer(n)
        try:
            kept(sources).close()
            killed = False
        except Killed:
            n += 5
        killer(10**9)
        states.add(manifest.read_bytes())
        if n % 3 == 0 or not killed:
            assert found_after(sources) == from_scratch(sources)
            sources.new_file()
    assert n > 30


def found_after(sources: Sources) -> Any:
    expected = {segment["file"] for table in json.loads(manifest_of(sources))["tables"].values() for segment in table["segments"]}
    assert expected <= {file.name for file in (sources.home.parent / "history" / "rows").iterdir()}, "what is named is there"
    return seen(sources)


def manifest_of(sources: Sources) -> bytes:
    return (sources.home.parent / "history" / "manifest.json").read_bytes()


def test_large_days_go_through_buckets(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "FEW", 20)
    seen(sources)
    for _ in range(3):
        sources.new_file()
    assert seen(sources) == from_scratch(sources)
    assert not (sources.home.parent / "history" / ".scratch").exists()
