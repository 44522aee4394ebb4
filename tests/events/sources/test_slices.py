"""Slices of a table in a database: whatever is written to it, a kept history is what a run from scratch gives."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.laws.days import found

import churnpredict as cp
from churnpredict.errors import ChurnError, ChurnWarning, SchemaError, UsageError
from churnpredict.events.sources import databases, slices

pytestmark = [
    pytest.mark.filterwarnings("error:.*history-reread"),
    pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning"),
]
THOROUGH = os.environ.get("CHURNPREDICT_PROFILE") == "thorough"
MARKS = {  # type of the mark -> a mark that is greater for a greater number
    "INTEGER": lambda n: n,
    "TEXT": lambda n: f"it's {n:05d}",
    "TIMESTAMP": lambda n: f"2024-01-01 00:{n // 60 % 60:02d}:{n % 60:02d}.000{n % 7}",
    "TIMESTAMPTZ": lambda n: f"2024-03-30 {n // 60 % 24:02d}:{n % 60:02d}:00.5+{n % 3:02d}:00",
    "DOUBLE PRECISION": lambda n: n / 3,
}


class Shop:
    """A log in a database, which is changed as databases are."""

    def __init__(self, kind: str, address: str, mark: str, rng: np.random.Generator) -> None:
        self.kind, self.address, self.rng, self.at, self.mark = kind, address, rng, 0, MARKS[mark]
        self.run("DROP TABLE IF EXISTS log")
        self.run(f"CREATE TABLE log (mark {mark}, who TEXT, day TIMESTAMP, eur DOUBLE PRECISION, kind TEXT, number INTEGER)")
        self.insert(40)

    def run(self, sql: str) -> None:
        if self.kind == "postgres":
            from adbc_driver_postgresql import dbapi

            with dbapi.connect(self.address) as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                connection.commit()
            return
        with duckdb.connect(self.address) if self.kind == "duckdb" else sqlite3.connect(self.address) as connection:
            connection.execute(sql)
        connection.close()

    def rows(self, marks: list[int | None]) -> None:
        rng, values = self.rng, []
        for n in marks:
            mark = (
                "NULL"
                if n is None
                else repr(self.mark(n))
                if not isinstance(self.mark(n), str)
                else "'" + self.mark(n).replace("'", "''") + "'"
            )
            day = f"2024-01-{rng.integers(1, 29):02d} {rng.integers(0, 24):02d}:00:00"
            eur = "NULL" if rng.random() < 0.1 else str(rng.integers(-2, 9) * 1.25)
            values.append(f"({mark}, 'c{rng.integers(0, 9)}', '{day}', {eur}, '{rng.choice(['paid', 'web'])}', {rng.integers(0, 30)})")
        self.run(f"INSERT INTO log VALUES {', '.join(values)}")

    def insert(self, n: int = 6) -> None:
        self.rows(list(range(self.at, self.at + n)))
        self.at += n

    def equal_mark(self) -> None:
        self.rows([self.at - 1])

    def late(self) -> None:
        self.rows([int(self.rng.integers(0, self.at))])

    def unmarked(self) -> None:
        self.rows([None])

    def update(self) -> None:
        self.run(f"UPDATE log SET eur = 77.5 WHERE number = {self.rng.integers(0, 30)}")

    def swap(self) -> None:
        """Change two columns so that the sum of neither changes."""
        self.run(f"UPDATE log SET eur = -eur WHERE number = {self.rng.integers(0, 30)}")

    def delete(self) -> None:
        self.run(f"DELETE FROM log WHERE number = {self.rng.integers(0, 30)}")

    def declared(self, **options: Any) -> dict[str, Any]:
        query = cp.Query("SELECT * FROM log", self.address, grows_by="mark")
        return {"log": cp.Events(query, customer="who", time="day", value="eur", kind="kind", **({"repeats": "keep"} | options))}


def kept(shop: Shop, home: Path, **options: Any) -> tuple[Any, str]:
    with cp.runs.open_history(home, partitions=2, **shop.declared(**options)) as tables:
        return found(tables, features=False), tables.changes["log"]


def scratch(shop: Shop, **options: Any) -> Any:
    with cp.runs.scan_tables(partitions=2, **shop.declared(**options)) as tables:
        return found(tables, features=False)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop("sqlite", str(tmp_path / "shop.db"), "INTEGER", np.random.default_rng(1))


def random_days(shop: Shop, home: Path, days: int, **options: Any) -> None:
    changes = [shop.insert] * 3 + [shop.equal_mark, shop.late, shop.unmarked, shop.update, shop.swap, shop.delete]
    for day in range(days):
        made = [changes[int(i)] for i in shop.rng.integers(0, len(changes), 3)] if day else []
        for change in made:
            change()
        assert kept(shop, home, **options)[0] == scratch(shop, **options), (day, [change.__name__ for change in made])


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
@pytest.mark.parametrize("mark", list(MARKS))
def test_random_days(tmp_path: Path, kind: str, mark: str) -> None:
    rng = np.random.default_rng([len(kind), len(mark)])
    options = [{}, {"order": "number"}, {"repeats": "drop"}][int(rng.integers(0, 3))]
    random_days(Shop(kind, str(tmp_path / "shop.db"), mark, rng), tmp_path / "history", 25 if THOROUGH else 5, **options)


@pytest.mark.parametrize("mark", ["INTEGER", "TEXT", "TIMESTAMPTZ"])
def test_random_days_on_a_server(tmp_path: Path, postgres: str, mark: str) -> None:
    random_days(Shop("postgres", postgres, mark, np.random.default_rng(len(mark))), tmp_path / "history", 25 if THOROUGH else 5)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_only_slices_that_have_changed_are_read(tmp_path: Path, kind: str) -> None:
    shop, home = Shop(kind, str(tmp_path / "shop.db"), "INTEGER", np.random.default_rng(3)), tmp_path / "history"
    assert kept(shop, home)[1] == "read 3 of 3 parts"  # up to the greatest mark, above it, and without one
    assert kept(shop, home)[1] == "unchanged (3 parts)"
    shop.insert()
    assert kept(shop, home)[1] == "read 2 of 4 parts"  # the new rows, and the empty slice above them
    shop.equal_mark()
    assert kept(shop, home)[1] == "read 1 of 4 parts"
    shop.unmarked()
    assert kept(shop, home)[1] == "read 1 of 4 parts"
    shop.run("UPDATE log SET eur = eur + 1 WHERE mark = 3")
    assert kept(shop, home)[1] == "read 1 of 4 parts"
    shop.run("DELETE FROM log WHERE mark > 39")
    assert kept(shop, home)[1] == "read 1 of 4 parts"
    assert kept(shop, home)[0] == scratch(shop)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_killed_at_any_write_the_history_of_slices_is_the_old_one_or_the_new_one(
    tmp_path: Path, kind: str, killed: Callable[[int, Callable[[], Any]], bool]
) -> None:
    """What the manifest names is there after each kill, and the next run gives what one from scratch gives."""
    shop, home = Shop(kind, str(tmp_path / "shop.db"), "INTEGER", np.random.default_rng(5)), tmp_path / "history"
    states, before, n = set(), kept(shop, home)[0], 1
    old = (home / "manifest.json").read_bytes()
    shop.insert()
    shop.late()
    shop.update()
    expected = scratch(shop)
    assert before != expected
    while killed(n, lambda: cp.runs.open_history(home, partitions=2, **shop.declared()).close()):
        manifest = (home / "manifest.json").read_bytes()
        states.add(manifest == old)
        named = {segment["file"] for table in json.loads(manifest)["tables"].values() for segment in table["segments"]}
        assert named <= {file.name for file in (home / "rows").iterdir()}
        shutil.copytree(home, tmp_path / "copy")
        assert kept(shop, tmp_path / "copy")[0] == expected
        shutil.rmtree(tmp_path / "copy")
        n += 1
    assert states == {True, False}
    assert n > 10
    assert kept(shop, home) == (expected, "unchanged (4 parts)")


def test_many_slices_are_cut_anew(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "MOST", 4)
    parts = []
    for _ in range(6):
        shop.insert()
        seen, told = kept(shop, tmp_path / "history")
        parts.append(told)
        assert seen == scratch(shop)
    assert parts == ["read 3 of 3 parts", *(f"read 2 of {n} parts" for n in (4, 5, 6, 3, 4))], "that without marks stays"


def test_another_type_of_a_column_is_noticed(tmp_path: Path) -> None:
    """The texts of its values may be the same."""
    shop = Shop("duckdb", str(tmp_path / "shop.db"), "INTEGER", np.random.default_rng(3))
    kept(shop, tmp_path / "history")
    shop.run("ALTER TABLE log ALTER kind TYPE VARCHAR; ALTER TABLE log ALTER eur TYPE DECIMAL(10, 2)")
    seen, told = kept(shop, tmp_path / "history")
    assert told == "read 3 of 3 parts"
    assert seen == scratch(shop)


def test_slices_of_another_type_are_read_together(shop: Shop, tmp_path: Path) -> None:
    """Whole numbers of SQLite are floats from the day on which one has a fraction."""
    shop.run("CREATE TABLE plain (mark INTEGER, who TEXT, day TEXT, eur)")
    shop.run("INSERT INTO plain VALUES (1, 'a', '2024-01-01', 3), (2, 'b', '2024-01-02', 4)")

    def declared() -> dict[str, Any]:
        return {"log": cp.Events(cp.Query("plain", shop.address, grows_by="mark"), customer="who", time="day", value="eur")}

    cp.runs.open_history(tmp_path / "history", **declared()).close()
    shop.run("INSERT INTO plain VALUES (3, 'b', '2024-01-03', 4.5)")
    with cp.runs.open_history(tmp_path / "history", **declared()) as tables, cp.runs.scan_tables(**declared()) as expected:
        assert found(tables, features=False) == found(expected, features=False)


def test_a_column_that_is_not_there_is_named(shop: Shop, tmp_path: Path) -> None:
    query = cp.Query("log", shop.address, grows_by="id")
    with pytest.raises(SchemaError, match=r'"id".*missing-column'):
        cp.runs.open_history(tmp_path / "history", log=cp.Events(query, customer="who", time="day"))


def test_marks_of_bytes_are_refused(shop: Shop, tmp_path: Path) -> None:
    shop.run("UPDATE log SET mark = x'00ff'")
    with pytest.raises(SchemaError, match="mark-type"):
        kept(shop, tmp_path / "history")


def test_files_have_no_marks(tmp_path: Path) -> None:
    query = cp.Query("SELECT * FROM log", {"log": str(tmp_path / "log.csv")}, grows_by="mark")
    with pytest.raises(UsageError, match="grows_by is for tables of a database"):
        cp.EventTables(log=cp.Events(query, customer="who", time="day"))


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [
        (slices, "_tree", lambda column, literals, first, last: "0"),  # counts of the whole stand for one slice
        (slices.RowSum, "step", lambda self, *row: None),  # the count alone
        (
            databases,
            "find_slices",
            lambda *given: [s for s in slices.find_slices(*given) if "NULL" not in s.where],
        ),  # no rows without marks
    ],
)
def test_planted_faults_are_seen(
    shop: Shop, tmp_path: Path, where: Any, name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, fault)
    kept(shop, tmp_path / "history")
    shop.unmarked()
    shop.insert()
    kept(shop, tmp_path / "history")
    shop.run("UPDATE log SET eur = 3 WHERE mark >= 40")
    shop.run("UPDATE log SET eur = 3 WHERE mark IS NULL")
    assert kept(shop, tmp_path / "history")[0] != scratch(shop)


def test_rows_written_between_the_count_and_the_reading_are_counted_next_time(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*given: Any) -> Any:
        seen = slices.find_slices(*given)
        shop.late()
        return seen

    with monkeypatch.context() as patched:
        patched.setattr(databases, "find_slices", late)
        kept(shop, tmp_path / "history")
    assert kept(shop, tmp_path / "history") == (scratch(shop), "read 1 of 3 parts")


def test_a_run_that_is_refused_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    kept(shop, tmp_path / "history")
    before = (tmp_path / "history" / "manifest.json").read_bytes()
    shop.run("INSERT INTO log VALUES (99, NULL, '2024-01-01', 1.0, 'paid', 1)")
    with pytest.warns(ChurnWarning, match="history-reread"), pytest.raises(ChurnError, match="null-id"):
        kept(shop, tmp_path / "history")
    assert (tmp_path / "history" / "manifest.json").read_bytes() == before
