"""One table, several writers: real servers and files, two processes, one of them held in the middle."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.errors import ChurnError, OutputError, UsageError
from churnpredict.events.source import Query, open_source
from churnpredict.events.sources import destinations

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
CUTOFF = pd.Timestamp("2024-03-01").to_pydatetime()

# A process that writes (or forgets) in two blocks, and between them waits for a file to appear. It says when it holds the table.
HELD = """
import sys, time
from datetime import datetime
from pathlib import Path
import pyarrow as pa
from churnpredict.events.source import Query, open_source
from churnpredict.events.sources import destinations

database, folder, name, hold, what, patience = sys.argv[1:]
folder = Path(folder)
destinations._PATIENCE = float(patience)

def wait():
    (folder / f"{name}.holds").touch()
    while hold == "hold" and not (folder / "go").exists():
        time.sleep(0.02)

def rows(ids):
    cutoffs = pa.array([datetime(2024, 3, 1)] * len(ids), pa.timestamp("us"))
    return pa.table({"customer_id": ids, "cutoff": cutoffs, "by": [name] * len(ids)})

def blocks():
    yield rows(["a", "b"])
    wait()
    yield rows(["c", "d"])

(folder / f"{name}.began").touch()
if what == "write":
    destinations.replace_rows(database, "churn_shared", datetime(2024, 3, 1), blocks())
else:
    print(destinations.delete_rows(database, "churn_shared", ["b", "d", "nobody"]))
(folder / f"{name}.done").touch()
"""


def start(database: str, folder: Path, name: str, *, hold: bool = False, what: str = "write", patience: float = 60) -> Any:
    command = [sys.executable, "-c", HELD, database, str(folder), name, "hold" if hold else "-", what, str(patience)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_for(path: Path, process: Any) -> None:
    for _ in range(1500):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"{path.name} never came")


def ended(process: Any) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return str(out)


@pytest.fixture(params=["postgresql", "duckdb", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param != "postgresql":
        yield str(tmp_path / f"book.{request.param}")
        return
    address: str = request.getfixturevalue("postgres")
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS churn_shared")
        connection.commit()
    yield address


def table_of(database: Any, name: str = "churn_shared") -> pd.DataFrame:
    source = open_source(Query(name, database), "scores")
    return source.read(source.columns()).to_pandas().sort_values("customer_id", ignore_index=True)


def test_true_and_false_are_no_texts(database: str) -> None:
    cutoff = pd.Timestamp("2024-01-01")
    rows = pa.table({"customer_id": ["a", "b"], "cutoff": pa.array([cutoff] * 2, pa.timestamp("us")), "about_equal": [True, False]})
    destinations.replace_rows(database, "churn_shared", cutoff.to_pydatetime(), [rows])
    found = table_of(database)["about_equal"].tolist()
    assert found == [True, False]
    assert not any(isinstance(one, str) for one in found)


@pytest.mark.parametrize("first", [True, False], ids=["the table is new", "the table is there"])
def test_a_second_job_waits_for_the_first(database: str, tmp_path: Path, first: bool) -> None:
    if not first:
        ended(start(database, tmp_path, "before"))
    one = start(database, tmp_path, "one", hold=True)
    wait_for(tmp_path / "one.holds", one)
    two = start(database, tmp_path, "two")
    wait_for(tmp_path / "two.began", two)
    time.sleep(1.0)
    assert two.poll() is None, "the second must wait as long as the first is not done"
    assert not (tmp_path / "two.holds").exists()
    (tmp_path / "go").touch()
    ended(one), ended(two)
    found = table_of(database)
    assert found["customer_id"].tolist() == ["a", "b", "c", "d"], "no customer twice"
    assert set(found["by"]) == {"two"}, "the later job replaces the earlier one"


def test_forgetting_waits_for_a_job_that_writes(database: str, tmp_path: Path) -> None:
    ended(start(database, tmp_path, "before"))
    one = start(database, tmp_path, "one", hold=True)
    wait_for(tmp_path / "one.holds", one)
    forget = start(database, tmp_path, "forget", what="forget")
    wait_for(tmp_path / "forget.began", forget)
    time.sleep(1.0)
    assert forget.poll() is None
    (tmp_path / "go").touch()
    ended(one)
    told = ended(forget)
    assert told.startswith("(2, ")
    assert table_of(database)["customer_id"].tolist() == ["a", "c"]


def test_patience_ends(database: str, tmp_path: Path) -> None:
    one = start(database, tmp_path, "one", hold=True)
    wait_for(tmp_path / "one.holds", one)
    two = start(database, tmp_path, "two", patience=1)
    _, err = two.communicate(timeout=60)
    assert "[locked]" in err
    (tmp_path / "go").touch()
    ended(one)
    assert set(table_of(database)["by"]) == {"one"}


def test_a_writer_of_another_kind_is_waited_for(postgres: str, tmp_path: Path) -> None:
    """Somebody's own job, which knows no lock of ours, has rows of the table in an open transaction."""
    import adbc_driver_postgresql.dbapi as adbc

    with adbc.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS churn_shared")
        cursor.execute("CREATE TABLE churn_shared (customer_id text, cutoff timestamp, by text)")
        connection.commit()
        cursor.execute("INSERT INTO churn_shared VALUES ('a', '2024-03-01', 'other')")
        two = start(postgres, tmp_path, "two")
        wait_for(tmp_path / "two.began", two)
        time.sleep(1.0)
        assert two.poll() is None
        connection.commit()
    ended(two)
    assert table_of(postgres)["by"].tolist() == ["two"] * 4


def rows(*ids: str, cutoff: Any = CUTOFF, **more: Any) -> pa.Table:
    return pa.table({"customer_id": list(ids), "cutoff": pa.array([cutoff] * len(ids), pa.timestamp("us"))} | more)


def test_threads_of_one_process_write_one_after_the_other(tmp_path: Path) -> None:
    from multiprocessing.pool import ThreadPool

    database = str(tmp_path / "book.duckdb")

    def write(_: int) -> None:
        def slow() -> Iterator[pa.Table]:
            yield rows("a")
            time.sleep(0.05)
            yield rows("b")

        destinations.replace_rows(database, "churn_shared", CUTOFF, slow())

    with ThreadPool(6) as pool:
        pool.map(write, range(12))
    assert table_of(database)["customer_id"].tolist() == ["a", "b"]


def test_the_cutoff_just_written_stays_whatever_its_date(database: str) -> None:
    days = [pd.Timestamp(f"2024-0{m}-01").to_pydatetime() for m in (1, 2, 3, 4)]
    for day in [*days, days[0]]:
        destinations.replace_rows(database, "churn_shared", day, [rows("a", cutoff=day)], keep=2)
    left = sorted(str(c)[:10] for c in table_of(database)["cutoff"])
    assert left == ["2024-01-01", "2024-04-01"]


def test_ids_of_every_form_are_forgotten_and_told(database: str) -> None:
    ids = ["O'Brien", 'a "b"', " lead", "007", "7", "x;DROP TABLE churn_shared", "%", "ä", "$1", "?"]
    destinations.replace_rows(database, "churn_shared", CUTOFF, [rows(*ids, "stays")])
    n, found = destinations.delete_rows(database, "churn_shared", [*ids, *(f"nobody {i}" for i in range(1200))])
    assert (n, found) == (len(ids), set(ids))
    assert table_of(database)["customer_id"].tolist() == ["stays"]


def test_a_table_of_the_same_name_in_another_schema_is_another(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "book.duckdb")) as connection:
        connection.execute("CREATE SCHEMA other; CREATE TABLE other.churn_shared (customer_id TEXT, cutoff TIMESTAMP)")
        destinations.replace_rows(connection, "churn_shared", CUTOFF, [rows("a")])
        destinations.replace_rows(connection, "CHURN_SHARED", CUTOFF, [rows("b")])
        assert connection.execute("SELECT count(*) FROM other.churn_shared").fetchall() == [(0,)]
        assert connection.execute("SELECT customer_id FROM main.churn_shared").fetchall() == [("b",)]


@pytest.mark.parametrize(
    "name",
    ["scores.csv", "folder", "empty.duckdb", "picture.png", "new.csv", "new", "new.parquet", "md:book", ":memory:", "host=a dbname=b"],
)
def test_what_is_no_database_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scores.csv").write_text("customer_id,risk\na,0.5\n")
    Path("folder").mkdir()
    Path("empty.duckdb").touch()
    Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    before = {p: p.read_bytes() for p in Path().iterdir() if p.is_file()}
    with pytest.raises(UsageError, match="unknown-database"):
        destinations.replace_rows(name, "churn_shared", CUTOFF, [rows("a")])
    assert {p: p.read_bytes() for p in Path().iterdir() if p.is_file()} == before


@pytest.mark.parametrize("address", ["mysql://me:s3cret@host/x", "sqlite:///x.db", "snowflake://a", "POSTGRES://b"])
def test_other_products_are_refused_without_their_password(address: str) -> None:
    with pytest.raises(UsageError, match="unknown-database") as refused:
        destinations.check_destination(address, "churn_scores")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("given", [3, None, object(), b"x", ["a"]])
def test_other_objects_are_refused(given: Any) -> None:
    with pytest.raises(UsageError, match="unknown-database"):
        destinations.check_destination(given, "churn_scores")


@pytest.mark.parametrize("table", ["", "a b", "a.b.c", "a;b", '"x"', 3, None])
def test_names_that_are_not_of_tables_are_refused(table: Any) -> None:
    with pytest.raises(UsageError, match="bad-table-name"):
        destinations.check_destination("book.duckdb", table)


@pytest.mark.parametrize("table", ["select", "order", "user", "Table"])
def test_reserved_words_are_names_like_others(table: str, database: str) -> None:
    try:
        destinations.replace_rows(database, table, CUTOFF, [rows("a", "b")])
        assert destinations.delete_rows(database, table, ["a"]) == (1, {"a"})
    finally:
        if database.startswith("postgres"):
            import adbc_driver_postgresql.dbapi as adbc

            with adbc.connect(database) as connection, connection.cursor() as cursor:
                cursor.execute(f'DROP TABLE IF EXISTS "{table}"')
                connection.commit()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((OutputError, ChurnError), match="not-written"):
        destinations.replace_rows(str(tmp_path / "file" / "book.duckdb"), "churn_shared", CUTOFF, [rows("a")])
