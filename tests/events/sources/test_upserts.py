"""Upserts: the table that a full rewrite would have left, with only the rows written that differ, whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.errors import ChurnError, IdentityError, SchemaError, UsageError
from churnpredict.events.source import Query, open_source
from churnpredict.events.sources import destinations
from churnpredict.events.sources.upserts import Changed, Upsert, upsert_rows

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
TABLE, REWRITTEN = "churn_upserted", "churn_rewritten"
DAYS = [pd.Timestamp(f"2024-0{month}-01").to_pydatetime() for month in (1, 2, 3)]
SCHEMA = pa.schema(
    {"customer_id": pa.string(), "cutoff": pa.timestamp("us"), "risk": pa.float64(), "words": pa.string(), "about_equal": pa.bool_()}
)


@pytest.fixture(params=["postgresql", "duckdb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param != "postgresql":
        yield str(tmp_path / f"book.{request.param}")
        return
    address: str = request.getfixturevalue("postgres")
    execute(address, f"DROP TABLE IF EXISTS {TABLE}", f"DROP TABLE IF EXISTS {REWRITTEN}")
    yield address


def execute(database: str, *statements: str) -> None:
    """Run statements of somebody else in the database."""
    if database.startswith("postgres"):
        import adbc_driver_postgresql.dbapi as adbc

        with adbc.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
    elif database.endswith(".sqlite"):
        import sqlite3

        connection = sqlite3.connect(database)
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        import duckdb

        with duckdb.connect(database) as opened:
            for statement in statements:
                opened.execute(statement)


def content(database: str, table: str = TABLE) -> pd.DataFrame:
    source = open_source(Query(table, database), "scores")
    frame = source.read(source.columns()).to_pandas()
    return frame.assign(cutoff=frame["cutoff"].astype(str)).sort_values(["cutoff", "customer_id"], ignore_index=True)


def run_of(random: np.random.Generator, cutoff: Any) -> pa.Table:
    """Some of thirty customers, with few values, so that many rows are as before; ids that differ in case alone, and missing values."""
    ids = np.array([f"c{i}" for i in range(12)] + [f"C{i}" for i in range(12)] + ["O'Brien", 'a "b"', "$1", "?", "007", "7"])
    chosen = ids[random.random(len(ids)) < 0.7]
    n = len(chosen)
    columns = {
        "customer_id": list(chosen),
        "cutoff": [cutoff] * n,
        "risk": [None if x < 0.1 else 0.1 if x < 0.6 else float("nan") if x < 0.65 else 0.1 + 0.2 for x in random.random(n)],
        "words": [None if x < 0.3 else "words" if x < 0.9 else "Wörter" for x in random.random(n)],
        "about_equal": [bool(x < 0.1) for x in random.random(n)],
    }
    return pa.table(columns, schema=SCHEMA)


def blocks_of(rows: pa.Table) -> list[pa.Table]:
    return [rows.slice(0, 7), rows.slice(7)]


@pytest.mark.parametrize("key", ["cutoff", "customer"])
def test_equal_to_a_full_rewrite_after_any_runs(database: str, key: Any, rng: np.random.Generator) -> None:
    keep = {"keep": 1} if key == "customer" else {}
    for step in range(8):
        cutoff = DAYS[int(rng.integers(len(DAYS)))] if key == "cutoff" else DAYS[min(step // 3, 2)]
        rows = run_of(rng, cutoff)
        before = content(database) if step else None
        found = upsert_rows(database, TABLE, cutoff, blocks_of(rows), how=Upsert(key))
        destinations.replace_rows(database, REWRITTEN, cutoff, blocks_of(rows), **keep)
        pd.testing.assert_frame_equal(content(database), content(database, REWRITTEN), check_exact=True)
        assert found == counted(before, rows.to_pandas(), key), "the counts of a plain loop"


def counted(before: pd.DataFrame | None, rows: pd.DataFrame, key: str) -> Changed:
    def keyed(frame: pd.DataFrame) -> dict[Any, Any]:
        rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False)
        return {(row.customer_id, str(row.cutoff) if key == "cutoff" else ""): tuple(map(str, row)) for row in rows}

    now = keyed(rows.assign(cutoff=rows["cutoff"].astype(str), about_equal=rows["about_equal"].astype(object)))
    if before is None:
        return Changed(len(now), 0, 0, 0)
    at = before["cutoff"].astype(str).str[:10] == str(rows["cutoff"].iloc[0])[:10]
    old = before[at] if key == "cutoff" else before
    then = keyed(old.assign(cutoff=old["cutoff"].str[:10], about_equal=old["about_equal"].astype(bool).astype(object)))
    both = then.keys() & now.keys()
    changed = sum(then[k] != now[k] for k in both)
    return Changed(len(now) - len(both), changed, len(both) - changed, len(then) - len(both))


def rows_for(*ids: Any, cutoff: Any = DAYS[0], **more: Any) -> pa.Table:
    columns: dict[str, Any] = {"customer_id": list(ids), "cutoff": pa.array([cutoff] * len(ids), pa.timestamp("us"))}
    return pa.table(columns | {"risk": [0.5] * len(ids)} | more)


def test_rows_that_are_as_before_are_not_written(database: str) -> None:
    if database.endswith("duckdb"):
        pytest.skip("DuckDB has no triggers to count with")
    upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b", "c")])
    if database.startswith("postgres"):
        before = systems(database)
    else:
        execute(
            database,
            "CREATE TABLE written (n INTEGER)",
            f"CREATE TRIGGER of_update AFTER UPDATE ON {TABLE} BEGIN INSERT INTO written VALUES (1); END",
            f"CREATE TRIGGER of_insert AFTER INSERT ON {TABLE} BEGIN INSERT INTO written VALUES (1); END",
            f"CREATE TRIGGER of_delete AFTER DELETE ON {TABLE} BEGIN INSERT INTO written VALUES (1); END",
        )
    found = upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b", "d", risk=[0.5, 0.6, 0.7])])
    assert found == Changed(new=1, changed=1, unchanged=1, vanished=1)
    if database.startswith("postgres"):
        after = systems(database)
        assert after["a"] == before["a"]
        assert after["b"] != before["b"]
    else:
        import sqlite3

        connection = sqlite3.connect(database)
        assert connection.execute("SELECT count(*) FROM written").fetchone() == (3,)
        connection.close()


def systems(address: str) -> dict[str, int]:
    """Return the transaction that last wrote each row."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT customer_id, xmin::text FROM {TABLE}")
        return dict(cursor.fetchall())


def test_customers_that_vanished_are_treated_as_declared(database: str) -> None:
    upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b")])
    kept = upsert_rows(database, TABLE, DAYS[0], [rows_for("a")], how=Upsert(vanished="keep"))
    assert kept == Changed(0, 0, 1, 0)
    assert content(database)["customer_id"].tolist() == ["a", "b"]
    emptied = upsert_rows(database, TABLE, DAYS[0], [rows_for("a")], how=Upsert(vanished="empty"))
    assert emptied == Changed(0, 0, 1, 1)
    assert content(database)["risk"].isna().tolist() == [False, True]
    again = upsert_rows(database, TABLE, DAYS[0], [rows_for("a")], how=Upsert(vanished="empty"))
    assert again == Changed(0, 0, 1, 0), "a row that is empty already is left alone"
    back = upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b")], how=Upsert(vanished="empty"))
    assert back == Changed(0, 1, 1, 0)
    gone = upsert_rows(database, TABLE, DAYS[0], [rows_for("b")])
    assert gone == Changed(0, 0, 1, 1)
    assert content(database)["customer_id"].tolist() == ["b"]


def test_other_cutoffs_stay_and_old_ones_go_as_with_a_full_rewrite(database: str) -> None:
    for day in DAYS:
        upsert_rows(database, TABLE, day, [rows_for("a", cutoff=day)], keep=2)
    assert content(database)["cutoff"].str[:10].tolist() == ["2024-02-01", "2024-03-01"]


def test_columns_of_others_stay_and_stale_ones_of_ours_are_emptied(database: str) -> None:
    upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b", risk_30d=[0.1, 0.2])])
    execute(database, f"ALTER TABLE {TABLE} ADD COLUMN note TEXT", f"UPDATE {TABLE} SET note = 'mine'")
    found = upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b")], owned=lambda name: name.startswith("risk"))
    assert found == Changed(0, 2, 0, 0), "the risk of an earlier model would have stayed beside that of this one"
    assert content(database)["risk_30d"].isna().all()
    assert content(database)["note"].tolist() == ["mine", "mine"]


def test_a_table_with_a_key_of_its_own_is_kept_up(database: str) -> None:
    upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b")])
    execute(database, f"CREATE UNIQUE INDEX one_{TABLE} ON {TABLE} (customer_id)")
    upsert_rows(database, TABLE, DAYS[1], [rows_for("b", "c", cutoff=DAYS[1])], how=Upsert("customer"))
    assert content(database)["customer_id"].tolist() == ["b", "c"]


def test_a_customer_that_is_there_twice_is_refused(database: str) -> None:
    destinations.replace_rows(database, TABLE, DAYS[0], [rows_for("secret", "secret")])
    with pytest.raises(UsageError, match="key-twice") as refused:
        upsert_rows(database, TABLE, DAYS[0], [rows_for("secret")])
    assert "secret" not in str(refused.value)
    destinations.replace_rows(database, TABLE, DAYS[0], [rows_for("a")])
    destinations.replace_rows(database, TABLE, DAYS[1], [rows_for("a", cutoff=DAYS[1])])
    with pytest.raises(UsageError, match="key-twice"):
        upsert_rows(database, TABLE, DAYS[1], [rows_for("a", cutoff=DAYS[1])], how=Upsert("customer"))
    with pytest.raises(UsageError, match="key-twice"):
        upsert_rows(database, TABLE, DAYS[1], [rows_for("b", "b", cutoff=DAYS[1])])
    assert len(content(database)) == 2


def test_ids_of_another_type_are_refused(database: str) -> None:
    upsert_rows(database, TABLE, DAYS[0], [rows_for("007", "7")])
    before = content(database)
    with pytest.raises(ChurnError) as refused:
        upsert_rows(database, TABLE, DAYS[0], [rows_for(7, 8)])
    assert refused.value.code in ("table-ids-differ", "not-written")
    if database.endswith("sqlite"):
        assert isinstance(refused.value, IdentityError)
    pd.testing.assert_frame_equal(content(database), before)


def test_tables_without_the_columns_are_refused(database: str) -> None:
    execute(database, f"CREATE TABLE {TABLE} (customer_id TEXT, risk DOUBLE PRECISION)")
    with pytest.raises(SchemaError, match="missing-column"):
        upsert_rows(database, TABLE, DAYS[0], [rows_for("a")])
    with pytest.raises(SchemaError, match="missing-column"):
        upsert_rows(database, TABLE, DAYS[0], [rows_for("a")], how=Upsert("customer"))


@pytest.mark.parametrize("given", [{"key": "id"}, {"vanished": "drop"}, {"key": None}])
def test_unknown_ways_are_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="unknown-choice"):
        Upsert(**given)


KILLED = """
import sys, time
from pathlib import Path
from datetime import datetime
import pyarrow as pa
from churnpredict.events.sources import upserts

database, folder, where = sys.argv[1:]

def reached(place):
    if place == where:
        Path(folder, "reached").touch()
        time.sleep(60)

def rows(ids):
    cutoffs = pa.array([datetime(2024, 1, 1)] * len(ids), pa.timestamp("us"))
    return pa.table({"customer_id": ids, "cutoff": cutoffs, "risk": [0.9] * len(ids)})

def blocks():
    yield rows(["a", "b"])
    reached("between blocks")
    yield rows(["e"])

kept = upserts._merged
def merged(*given):
    found = kept(*given)
    reached("before the commit")
    return found
upserts._merged = merged
upserts.upsert_rows(database, "churn_upserted", datetime(2024, 1, 1), blocks())
reached("after the commit")
"""


@pytest.mark.parametrize("where", ["between blocks", "before the commit", "after the commit"])
def test_a_process_that_is_killed_leaves_the_old_table_or_the_new(database: str, tmp_path: Path, where: str) -> None:
    upsert_rows(database, TABLE, DAYS[0], [rows_for("a", "b", "c")])
    before = content(database)
    process = subprocess.Popen([sys.executable, "-c", KILLED, database, str(tmp_path), where])
    for _ in range(1500):
        if (tmp_path / "reached").exists():
            break
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = content(database)
    if where == "after the commit":
        assert (found["customer_id"].tolist(), found["risk"].tolist()) == (["a", "b", "e"], [0.9] * 3)
    else:
        pd.testing.assert_frame_equal(found, before)
    upsert_rows(database, TABLE, DAYS[0], [rows_for("z")])
    assert content(database)["customer_id"].tolist() == ["z"], "and the next run goes on"
