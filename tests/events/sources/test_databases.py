"""Tables from databases: by address, connection and cursor the same, and no credential in a message."""

import contextlib
import sqlite3

import duckdb
import numpy as np
import pytest
from tests.laws.histories import make_history
from tests.laws.test_sources_agree import arrow, check_both_ways, refused

from churnpredict import Events, EventTables, Query
from churnpredict.errors import SchemaError, SourceError, UsageError
from churnpredict.events.sources.databases import Database

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@pytest.fixture(scope="module")
def server(postgres):
    """A connection to the server, the history in it, and the address.

    The connection stays open, and so do its locks: no other test may write tables of these names.
    """
    from adbc_driver_postgresql import dbapi

    history = make_history(7, n_rows=120, timezone="Europe/Berlin")
    with dbapi.connect(postgres) as connection:
        with connection.cursor() as cursor:
            cursor.adbc_ingest("kept_orders", arrow(history.log))
            cursor.adbc_ingest("kept_people", arrow(history.people))
        connection.commit()
        yield history, connection, postgres


def test_postgres_by_its_address(server):
    history, _, address = server
    check_both_ways(history, lambda: (Query("SELECT * FROM kept_orders", address), Query("kept_people", address)))


def test_postgres_by_an_open_connection(server):
    history, connection, _ = server
    check_both_ways(history, lambda: (Query("public.kept_orders", connection), Query("SELECT * FROM kept_people -- all", connection)))


def test_postgres_by_a_cursor_that_has_executed(server):
    from adbc_driver_postgresql import dbapi

    history, _, address = server
    with contextlib.ExitStack() as opened:

        def asked(table):  # a connection serves one cursor at a time
            cursor = opened.enter_context(opened.enter_context(dbapi.connect(address)).cursor())
            cursor.execute(f"SELECT * FROM {table}")
            return cursor

        check_both_ways(history, lambda: (asked("kept_orders"), asked("kept_people")))


def test_types_that_only_a_server_has(server):
    _, _, address = server
    sql = """SELECT gen_random_uuid() AS id, DATE '2024-01-01' + i AS day, (i * 0.1)::numeric(12, 2) AS eur, i % 2 = 0 AS gift
             FROM generate_series(1, 20) AS i"""
    tables = EventTables(orders=Events(Query(sql, address), customer="id", time="day", value="eur", kind="gift"))
    assert len(tables) == 20
    np.testing.assert_allclose(np.sort(tables.stream("orders").columns["value"]), np.arange(1, 21) * 0.1)
    assert [*tables.kinds("orders")] == ["false", "true"]
    stamps = "SELECT 1 AS id, TIMESTAMPTZ '2024-01-01 12:00+02' AS day"
    assert EventTables(o=Events(Query(stamps, address), customer="id", time="day")).stream("o").times.tolist() == [1704103200000000]


def test_credentials_never_stand_in_a_message(server):
    _, _, address = server
    wrong = address.replace("s3cret-of-the-tests", "s3cret-but-wrong")
    assert "s3cret" not in repr(Query("kept_orders", address))
    assert "s3cret" not in repr(Events(Query("kept_orders", address), customer="id", time="day"))
    assert refused(Query("kept_orders", wrong), SourceError).code == "unreadable-query"
    refused(Query("no_such_table", address), SourceError)
    refused(Query("SELECT 'Zaphod4711'::int AS id, now() AS day, 1 AS eur", address), SourceError)
    refused(Query("kept_orders", "postgresql://churn:s3cret word@[broken"), SourceError)
    refused(Query("kept_orders", "mysql://churn:s3cret@host/shop"), UsageError)
    assert refused(Query("kept_orders", address), SchemaError).code == "missing-column"


def test_sqlite_columns_of_several_types_are_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (id INTEGER, day TEXT, eur)")
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(1, "2024-01-01", 2), (2, "2024-01-02", "Zaphod")])
    connection.commit()
    assert refused(Query("orders", connection), SchemaError).code == "mixed-types"
    connection.execute("UPDATE orders SET eur = 2.5 WHERE id = 2")
    assert len(EventTables(o=Events(Query("orders", connection), customer="id", time="day", value="eur"))) == 2
    connection.close()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1234567.89, "n/a"], "mixed-types"),
        ([1.5] * 3000 + ["n/a"], "mixed-types"),
        ([2**53 + 1, 0.5], "mixed-types"),
        ([b"gold"], "mixed-types"),
        ([1] * 3000 + [2.5], "double"),
        ([None] * 3000 + ["gold"], "string"),
        ([None] * 3000 + [0.1 + 0.2], "double"),
        ([2**53 + 1], "int64"),
        ([None] * 3, "null"),
    ],
)
def test_sqlite_through_adbc_is_as_through_sqlite3(values, kind, tmp_path):
    """The driver types a column by its first rows, and writes numbers beside a text with seven digits."""
    dbapi = pytest.importorskip("adbc_driver_sqlite.dbapi", reason="adbc-driver-sqlite is not installed")
    path = str(tmp_path / "shop.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (v)")
        connection.executemany("INSERT INTO orders VALUES (?)", [(v,) for v in values])
        connection.commit()
    with dbapi.connect(path) as opened:
        for database in (path, opened):
            if kind == "mixed-types":
                with pytest.raises(SchemaError) as told:
                    Database("orders", Query("orders", database)).read(["v"])
                assert told.value.code == kind
            else:
                found = Database("orders", Query("orders", database)).read(["v"])
                assert str(found.schema.field("v").type) == kind
                assert found["v"].to_pylist() == values


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no database")
    assert refused(Query("orders", tmp_path / "notes.txt"), SourceError).code == "unknown-database"
    assert refused(Query("orders", tmp_path / "gone.db"), SourceError).code == "missing-file"
    assert refused(Query("orders", 42), UsageError).code == "unknown-database"
    assert refused(Query(" ; ", duckdb.connect()), UsageError).code == "empty-query"
