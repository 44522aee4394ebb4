"""A kept history: what is read again and what is not, damage, locks, kills, forgetting."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.laws.days import Sources, found

import churnpredict as cp
from churnpredict.errors import ChurnWarning, OutputError
from churnpredict.events.history import units

MARKS = [  # the small business has refunds, holes and the like; reading again without need is an error here
    pytest.mark.filterwarnings("error:.*history-reread"),
    pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning"),
]
pytestmark = MARKS


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


def test_files_at_rest_are_not_even_hashed(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "SETTLED", -(10**10))  # as if they had been written long before they were read
    seen(sources)
    monkeypatch.setattr(units.hashlib, "file_digest", None)
    assert set(changes(sources).values()) == {"unchanged (6 files)", "unchanged (1 files)"}


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


def test_one_process_at_a_time(sources: Sources) -> None:
    with kept(sources), pytest.raises(OutputError, match="locked"):
        kept(sources)
    with kept(sources) as tables:
        assert len(tables)


def test_another_folder_is_not_touched(sources: Sources) -> None:
    with pytest.raises(OutputError, match="not-a-history"):
        cp.runs.open_history(sources.home, **sources.declared())
    assert not (sources.home / "rows").exists()


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


# --- planted faults: the comparison with a run from scratch sees each of them ---


# --- killed at every write ---


def test_killed_at_any_write_it_is_the_old_one_or_the_new_one(sources: Sources, killed: Callable[[int, Callable[[], Any]], bool]) -> None:
    seen(sources)
    n = 1
    sources.correct()
    sources.new_file()
    while killed(n, lambda: kept(sources).close()):
        if n % 3 == 0:
            assert found_after(sources) == from_scratch(sources)
            sources.new_file()
        n += 5
    assert found_after(sources) == from_scratch(sources)
    assert n > 30


def found_after(sources: Sources) -> Any:
    expected = {segment["file"] for table in json.loads(manifest_of(sources))["tables"].values() for segment in table["segments"]}
    assert expected <= {file.name for file in (sources.home.parent / "history" / "rows").iterdir()}, "what is named is there"
    return seen(sources)


def manifest_of(sources: Sources) -> bytes:
    return (sources.home.parent / "history" / "manifest.json").read_bytes()
