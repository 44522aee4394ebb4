"""Law 16 inside Spark: a run on kept and merged buckets equals a run from scratch, to the last bit, whatever came late, changed or went."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.laws.days import Sources, rows_of

import churnpredict as cp
from churnpredict import spark
from churnpredict.errors import ChurnError, ChurnWarning, OutputError
from churnpredict.spark import history as module
from churnpredict.spark.history_folder import HistoryFolder

THOROUGH = os.environ.get("CHURNPREDICT_PROFILE") == "thorough"
SCHEMAS = {
    "tickets": "who string, opened timestamp_ntz, closed timestamp_ntz, topic string, stars double",
    "plans": "who string, since timestamp_ntz, tier string",
    "people": "who string, city string",
}
pytestmark = [
    pytest.mark.filterwarnings("error:.*history-reread"),
    pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning"),
]


def in_spark(session: Any, sources: Sources, declared: dict[str, Any]) -> dict[str, Any]:
    """The tables of a day as frames that Spark reads from the same files."""
    found = {}
    for name, declaration in declared.items():
        if name == "orders":
            frame = session.read.option("recursiveFileLookup", "true").parquet(str(sources.home / "orders"))
        else:
            where = sources.home / (f"{name}.csv" if name == "tickets" else name)
            frame = session.read.schema(SCHEMAS[name]).option("header", "true").csv(str(where))
        found[name] = replace(declaration, source=frame)
    return found


def kept(session: Any, sources: Sources, **how: Any) -> Any:
    declared = in_spark(session, sources, sources.declared())
    return spark.SparkTables(**{"partitions": 2, "keep_history": str(sources.home.parent / "history"), **how}, **declared)


def seen(tables: Any, parts: Any) -> dict[str, Any]:
    """All that a run sees of tables: rows in their order, kinds, ends; labels that the whole knows."""
    whole = tables.outline
    ends = {name: (whole.first_event(name), whole.observed_until(name)) for name in whole.streams if len(whole.streams[name])}
    rows = {name: {c: frame[c].tolist() for c in sorted(frame)} for name, frame in rows_of(parts).items()}
    kinds = {name: whole.kinds(name) for name in whole.streams}
    return {"rows": repr(sorted(rows.items())), "kinds": kinds, "ends": ends}


def found(make: Any) -> Any:
    """What a run in Spark sees and how it read its tables, or the error that it ends with."""
    try:
        with make() as tables:
            return seen(tables, list(tables.answers(lambda part: part))), tables.changes
    except ChurnError as error:
        return error.code, {}


def expected(sources: Sources) -> Any:
    """What one process sees that reads all files."""
    try:
        with cp.runs.scan_tables(partitions=1, **sources.declared()) as tables:
            return seen(tables, tables)
    except ChurnError as error:
        return error.code


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources", np.random.default_rng(5))


@pytest.mark.parametrize("seed", range(12 if THOROUGH else 2))
@pytest.mark.filterwarnings("ignore:.*history-reread")
def test_random_days(session: Any, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng([seed, 7])
    sources, partitions = Sources(tmp_path / "sources", rng), 2
    for day in range(8 if THOROUGH else 4):
        made = sources.change() if day else []
        partitions = int(rng.integers(1, 4)) if rng.random() < 0.1 else partitions
        if day and rng.random() < 0.3:
            spark.forget([sources.id_of(3)], str(tmp_path / "history"))
        of_spark, changes = found(lambda n=partitions: kept(session, sources, partitions=n))
        assert of_spark == expected(sources), (seed, day, made, changes)


def tables_of(session: Any, folder: Path, frame: Any = None, **how: Any) -> Any:
    given = session.read.parquet(str(folder / "orders")) if frame is None else frame
    how = {"partitions": 2, "keep_history": str(folder / "history"), **how}
    return spark.SparkTables(orders=cp.Events(given, customer="who", time="at", value="eur", repeats="keep"), **how)


def one_process(folder: Path) -> Any:
    declared = cp.Events(str(folder / "orders"), customer="who", time="at", value="eur", repeats="keep")
    with cp.runs.scan_tables(partitions=1, orders=declared) as tables:
        return seen(tables, tables)


def test_only_new_files_are_read_and_features_are_the_same_bits(session: Any, tmp_path: Path, orders: Any) -> None:
    rule, at = cp.Inactivity("1d", active_within="ever"), "2024-01-03"
    with tables_of(session, tmp_path) as tables:
        assert tables.changes == {"orders": "read 2 of 2 files"}
    orders(2, "day 2 [late] ä%20#")  # a name in which signs stand for others
    with tables_of(session, tmp_path, partitions=None) as tables, tables_of(session, tmp_path, keep_history=None) as scratch:
        assert tables.n_partitions == 2
        assert tables.changes == {"orders": "read 1 of 3 files"}
        frames = [spark.build_features(t, rule, at=at).toArrow().to_pandas().sort_values("customer_id") for t in (tables, scratch)]
        assert list(frames[0]) == list(frames[1])
        for column in frames[0]:
            assert frames[0][column].to_numpy().tobytes() == frames[1][column].to_numpy().tobytes()
    with tables_of(session, tmp_path) as tables:
        assert tables.changes == {"orders": "unchanged (3 files)"}


class Killed(BaseException):
    """The end of a process."""


@pytest.mark.parametrize(
    "where", [(module.Store, "write"), (HistoryFolder, "create"), (HistoryFolder, "tidy")], ids=["rows", "manifest", "tidying"]
)
def test_a_killed_run_leaves_the_old_history_or_the_new_one(
    session: Any, tmp_path: Path, orders: Any, monkeypatch: pytest.MonkeyPatch, where: tuple[type, str]
) -> None:
    with tables_of(session, tmp_path):
        pass
    orders(2)
    owner, name = where
    real = getattr(owner, name)

    def dies(*given: Any, **how: Any) -> Any:
        if name == "write":
            real(*given, **how)
        raise Killed

    monkeypatch.setattr(owner, name, dies)
    with pytest.raises(Killed):
        tables_of(session, tmp_path)
    monkeypatch.setattr(owner, name, real)
    of_spark, changes = found(lambda: tables_of(session, tmp_path))
    assert of_spark == one_process(tmp_path)
    assert changes == {"orders": "unchanged (3 files)" if name == "tidy" else "read 1 of 3 files"}
    told = HistoryFolder(session, str(tmp_path / "history")).manifest()
    assert told is not None
    named = {g["name"] for table in told["tables"].values() for g in table["generations"]}
    assert {p.name for p in (tmp_path / "history" / "rows").iterdir()} == named, "nothing is left of the killed run"


def test_rows_that_are_lost_while_they_are_merged_are_noticed(
    session: Any, tmp_path: Path, orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: a merge that forgets a generation. It is noticed, and the sources have the last word."""
    with tables_of(session, tmp_path):
        pass
    orders(2)
    real = module.Store.rows
    monkeypatch.setattr(module.Store, "rows", lambda self, given: real(self, given[-1:]))
    with pytest.warns(ChurnWarning, match="rows were lost"):
        of_spark, changes = found(lambda: tables_of(session, tmp_path))
    assert changes == {"orders": "read 3 of 3 files"}
    assert of_spark == one_process(tmp_path)


def test_a_manifest_that_names_an_old_generation_is_another_history(
    session: Any, tmp_path: Path, orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: these tests see it."""
    with tables_of(session, tmp_path):
        pass
    orders(2)
    before = HistoryFolder(session, str(tmp_path / "history")).manifest()
    assert before is not None
    real = HistoryFolder.write

    def old(self: Any, content: Any, named: Any) -> None:
        content["tables"]["orders"]["generations"] = before["tables"]["orders"]["generations"]
        real(self, content, named | {g["name"] for g in content["tables"]["orders"]["generations"]})

    monkeypatch.setattr(HistoryFolder, "write", old)
    with tables_of(session, tmp_path):
        pass
    of_spark, _ = found(lambda: tables_of(session, tmp_path))
    assert of_spark != one_process(tmp_path)


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("what", ["a file is gone", "bytes differ", "the manifest is cut", "another version", "other partitions"])
def test_what_cannot_be_used_is_read_again_and_said(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    with tables_of(session, tmp_path):
        pass
    manifest = next((tmp_path / "history").glob("manifest-*.json"))
    rows = next((tmp_path / "history" / "rows").glob("*/*.parquet"))
    if what == "a file is gone":
        rows.unlink()
    if what == "bytes differ":
        content = bytearray(rows.read_bytes())
        content[content.find(np.float64(1.5).tobytes()) + 6] ^= 1
        rows.write_bytes(content)
        (rows.parent / f".{rows.name}.crc").unlink()
    if what == "the manifest is cut":
        manifest.write_bytes(manifest.read_bytes()[:-9])
    if what == "another version":
        monkeypatch.setattr(module, "versions", lambda session, timezone: {"churnpredict": "0"})
    with pytest.warns(ChurnWarning, match="history-reread"):
        of_spark, changes = found(lambda: tables_of(session, tmp_path, partitions=3 if what == "other partitions" else None))
    assert of_spark == one_process(tmp_path)
    assert changes == {"orders": "read 2 of 2 files"}


def test_a_run_that_others_have_overtaken_changes_nothing(
    session: Any, tmp_path: Path, orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tables_of(session, tmp_path):
        pass
    orders(2)
    real = HistoryFolder.write

    def late(self: Any, content: Any, named: Any) -> None:
        monkeypatch.setattr(HistoryFolder, "write", real)
        with tables_of(session, tmp_path):
            pass
        real(self, content, named)

    monkeypatch.setattr(HistoryFolder, "write", late)
    with pytest.raises(OutputError, match="locked"):
        tables_of(session, tmp_path)
    of_spark, changes = found(lambda: tables_of(session, tmp_path))
    assert changes == {"orders": "unchanged (3 files)"}
    assert of_spark == one_process(tmp_path)


@pytest.mark.usefixtures("orders")
@pytest.mark.filterwarnings("ignore:.*history-reread")
def test_rows_that_are_not_of_files_are_read_whole_and_it_is_said(session: Any, tmp_path: Path) -> None:
    frame = session.read.parquet(str(tmp_path / "orders")).where("eur >= 0")
    for _ in range(2):
        with pytest.warns(ChurnWarning, match="its plan has Filter"):
            of_spark, changes = found(lambda: tables_of(session, tmp_path, frame))
        assert changes["orders"].startswith("read whole: its plan has Filter")
        assert of_spark == one_process(tmp_path)
