"""Write and delete rows of a database table: one transaction and one writer at a time, so that readers see all changes or none."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import ChurnError, OutputError, UsageError, memory_shortage, missing_extra
from churnpredict.events.sources.base import quoted, said

__all__ = ["TABLE", "check_destination", "delete_rows", "replace_rows", "transaction"]

TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
_SERVER = ("postgresql://", "postgres://")
_PATIENCE = 600.0  # seconds that a writer waits for another one to finish with the table
_AT_ONCE = 500  # customers in one statement
_MADE = {".duckdb": "duckdb", ".ddb": "duckdb", ".db": "duckdb", ".sqlite": "sqlite", ".sqlite3": "sqlite"}  # the kind of a new file
_REMEDY = 'Give "postgresql://user@host/name", the path of a DuckDB or SQLite file, or an open connection of DuckDB.'

# DuckDB keeps other processes out of its file, but lets the threads of one process write rows of the same customers side by side.
_ONE_THREAD = threading.Lock()


def _renew() -> None:
    """Replace the lock in a forked process: one that another thread held at the fork would never open in the child."""
    global _ONE_THREAD  # noqa: PLW0603
    _ONE_THREAD = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


class _Work:
    """What is the same in the transactions of all databases. ``differs`` compares two values of which either may be missing."""

    stage_name = "churnpredict_changes"
    differs = "IS DISTINCT FROM"
    exact = ""  # what makes a comparison of texts byte by byte
    table: str

    def run(self, sql: str, *given: Any) -> Any:
        """Return the first value of the first row, if there are any."""
        raise NotImplementedError

    def run_only(self, sql: str, *given: Any) -> Any:
        """Run a statement without a result, or return its cursor."""
        raise NotImplementedError

    def columns(self) -> list[str]:
        """Return the names of the table's columns."""
        return [str(column[0]) for column in self.run_only(f"SELECT * FROM {self.table} LIMIT 0").description]  # noqa: S608 - quoted

    def ids_of_another_type(self, column: str, id_type: pa.DataType) -> int:
        """Return how many ids of the table cannot be compared with those of a run; a server refuses the comparison by itself."""
        return 0

    def keep_cutoffs(self, cutoff: Any, keep: int) -> None:
        """Delete all cutoffs but this one and the latest of the others."""
        others = f"FROM {self.table} WHERE cutoff <> $1"
        latest = f"SELECT DISTINCT cutoff {others} ORDER BY cutoff DESC LIMIT {int(keep) - 1}"
        self.run(f"DELETE {others} AND cutoff NOT IN ({latest})", cutoff)


class _DuckDB(_Work):
    """One transaction in a DuckDB file or connection."""

    def __init__(self, connection: Any, table: str) -> None:
        self.connection, self.given = connection, table
        self.table = ".".join(quoted(part) for part in table.split("."))
        connection.execute("BEGIN")

    def run(self, sql: str, *given: Any) -> Any:
        """Return the first value of the first row."""
        return self.connection.execute(sql, list(given)).fetchall()[0][0]

    def texts(self, sql: str, *given: Any) -> list[str]:
        """Return the first column, of texts."""
        return [str(row[0]) for row in self.connection.execute(sql, list(given)).fetchall()]

    def ids_of_another_type(self, column: str, id_type: pa.DataType) -> int:
        """Return how many ids are texts where those of a run are numbers, or the other way round: DuckDB would cast one to the other."""
        differs = "=" if pa.types.is_integer(id_type) else "<>"
        return int(self.run(f"SELECT count(*) FROM {self.table} WHERE typeof({column}) {differs} 'VARCHAR'"))  # noqa: S608 - quoted

    def there(self) -> bool:
        schema, _, name = self.given.rpartition(".")
        own = "database_name = current_database() AND schema_name = coalesce(nullif($1, ''), current_schema())"
        tables = f"SELECT count(*) FROM duckdb_tables() WHERE {own} AND lower(table_name) = lower($2)"  # noqa: S608 - a constant
        return bool(self.run(tables, schema, name))

    def insert(self, rows: pa.Table, *, into: str | None = None) -> None:
        """Append rows to the table, or to a temporary one of the name ``into``; it is created if missing."""
        kind, name = ("TABLE", self.table) if into is None else ("TEMP TABLE", into)
        self.connection.register("churnpredict_rows", rows)
        try:
            rows_of = "SELECT * FROM churnpredict_rows"
            self.connection.execute(f"CREATE {kind} IF NOT EXISTS {name} AS {rows_of} LIMIT 0")
            self.connection.execute(f"INSERT INTO {name} BY NAME {rows_of}")
        finally:
            self.connection.unregister("churnpredict_rows")

    def run_only(self, sql: str, *given: Any) -> Any:
        """Run a statement without a result, or return its cursor."""
        return self.connection.execute(sql, list(given))


class _SQLite(_Work):
    """One transaction in a SQLite file; the only writer from the first statement on."""

    differs = "IS NOT"
    exact = " COLLATE BINARY"

    def __init__(self, connection: Any, table: str) -> None:
        self.connection, self.name = connection, table.rpartition(".")[2]
        self.table = ".".join(quoted(part) for part in table.split("."))
        connection.execute("BEGIN IMMEDIATE")

    def run(self, sql: str, *given: Any) -> Any:
        """Return the first value of the first row, if there are any."""
        row = self._execute(sql, given).fetchone()
        return None if row is None else row[0]

    def texts(self, sql: str, *given: Any) -> list[str]:
        """Return the first column, of texts."""
        return [str(row[0]) for row in self._execute(sql, given).fetchall()]

    def _execute(self, sql: str, given: Sequence[Any]) -> Any:
        return self.connection.execute(sql.replace("$", "?"), [_sqlite_value(v) for v in given])

    def there(self) -> bool:
        return bool(self.run("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND lower(name) = lower($1)", self.name))

    def run_only(self, sql: str, *given: Any) -> Any:
        """Run a statement without a result, or return its cursor."""
        return self._execute(sql, given)

    def ids_of_another_type(self, column: str, id_type: pa.DataType) -> int:
        """Return how many ids are stored otherwise than those of a run: SQLite would compare the text 007 with the number 7."""
        wanted = _sqlite_type(id_type).lower()
        return int(self.run(f"SELECT count(*) FROM {self.table} WHERE typeof({column}) NOT IN ('null', '{wanted}')"))  # noqa: S608 - quoted

    def insert(self, rows: pa.Table, *, into: str | None = None) -> None:
        """Append rows to the table, or to a temporary one of the name ``into``; it is created if missing."""
        kind, name = ("TABLE", self.table) if into is None else ("TEMP TABLE", into)
        names = ", ".join(quoted(c) for c in rows.column_names)
        typed = ", ".join(f"{quoted(f.name)} {_sqlite_type(f.type)}" for f in rows.schema)
        self.connection.execute(f"CREATE {kind} IF NOT EXISTS {name} ({typed})")
        columns = [[_sqlite_value(v) for v in column.to_pylist()] for column in rows.columns]
        places = ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {name} ({names}) VALUES ({places})", zip(*columns, strict=True))  # noqa: S608 - quoted


class _PostgreSQL(_Work):
    """One transaction on a PostgreSQL server; the table is locked against other writers, whether it exists already or not."""

    def __init__(self, connection: Any, table: str) -> None:
        self.cursor = connection.cursor()
        schema, _, self.name = table.rpartition(".")
        given = ".".join(quoted(part) for part in table.split("."))
        # A transaction with a snapshot from before the wait would not see the rows it waited for.
        self.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.run(f"SET LOCAL lock_timeout = '{_PATIENCE:.0f}s'")
        key = int.from_bytes(hashlib.sha256(f"churnpredict {self.name}".encode()).digest()[:8], "big", signed=True)
        self.run(f"SELECT pg_advisory_xact_lock({key})::text")
        # Without a schema the table is the one that the search path finds; if there is none, it is made in the first schema.
        of_table = "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)"
        found = self.run(of_table, given)
        self.schema = found or schema or self.run("SELECT current_schema()::text")
        self.table = f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)
        self.found = found is not None
        if self.found:  # against writers other than this library
            self.run(f"LOCK TABLE {self.table} IN SHARE ROW EXCLUSIVE MODE")

    def run(self, sql: str, *given: Any) -> Any:
        """Return the first value of the first row, if there are any."""
        self.cursor.execute(sql, given or None)
        row = self.cursor.fetchone() if self.cursor.description else None
        return None if row is None else row[0]

    def texts(self, sql: str, *given: Any) -> list[str]:
        """Return the first column, of texts."""
        self.cursor.execute(sql, given or None)
        return [str(row[0]) for row in self.cursor.fetchall()]

    def there(self) -> bool:
        return self.found

    def run_only(self, sql: str, *given: Any) -> Any:
        """Run a statement without a result, or return its cursor."""
        self.cursor.execute(sql, given or None)
        return self.cursor

    def insert(self, rows: pa.Table, *, into: str | None = None) -> None:
        """Append rows to the table, or to a temporary one of the name ``into``; it is created if missing."""
        if into is None:
            self.cursor.adbc_ingest(self.name, rows, mode="create_append", db_schema_name=self.schema or None)
        else:
            self.cursor.adbc_ingest(into, rows, mode="create_append", temporary=True)


def _sqlite_type(kind: pa.DataType) -> str:
    return "INTEGER" if pa.types.is_integer(kind) or pa.types.is_boolean(kind) else "REAL" if pa.types.is_floating(kind) else "TEXT"


def _sqlite_value(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def check_destination(database: Any, table: str) -> None:
    """Refuse anything that is not a database, or not the name of a table, before there is anything to write.

    Raises
    ------
    UsageError
        ``unknown-database``, ``bad-table-name``.
    MissingExtraError
        ``missing-extra``.
    OutputError
        ``not-written`` for a file that cannot be read.
    """
    if not isinstance(table, str) or not TABLE.fullmatch(table):
        raise UsageError("bad-table-name", f'"{table}" is not the name of a table', remedy='Write "churn_scores" or "schema.churn_scores".')
    _kind(database)


def _kind(database: Any) -> str:
    """Return "postgresql", "duckdb" or "sqlite"; "connection" for an open DuckDB connection."""
    if isinstance(database, str) and database.startswith(_SERVER):
        try:
            import adbc_driver_postgresql.dbapi  # noqa: F401
        except ImportError:
            raise missing_extra("PostgreSQL needs the driver adbc-driver-postgresql", "postgres") from None
        return "postgresql"
    if type(database).__name__ == "DuckDBPyConnection":
        return "connection"
    if not isinstance(database, (str, Path)):
        raise UsageError("unknown-database", f"scores cannot be written to a {type(database).__name__}", remedy=_REMEDY)
    scheme, address, _ = str(database).partition("://")
    if address:
        raise UsageError("unknown-database", f'scores cannot be written to addresses of the kind "{scheme}://"', remedy=_REMEDY)
    return _kind_of_file(Path(os.path.expanduser(str(database))))


def _kind_of_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "not a file"
            raise UsageError("unknown-database", f'"{path}" is {what}, not a database', remedy=_REMEDY)
        head = _head(path)
    except (FileNotFoundError, NotADirectoryError):
        if path.suffix.lower() not in _MADE:
            remedy = f"A new database is created if the name ends in {', '.join(_MADE)}. {_REMEDY}"
            raise UsageError("unknown-database", f'there is no database "{path}"', remedy=remedy) from None
        return _MADE[path.suffix.lower()]
    except OSError as error:
        raise OutputError(
            "not-written", f'"{path}" cannot be opened: {error.strerror}', remedy="Check the path and its permissions."
        ) from None
    except ValueError:  # a null character
        raise UsageError("unknown-database", "the path of the database cannot be that of a file", remedy=_REMEDY) from None
    if head.startswith(b"SQLite format 3"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    what = "an empty file" if not head else "neither a DuckDB nor a SQLite file"
    raise UsageError("unknown-database", f'"{path}" is {what}', remedy=f"{_REMEDY} A missing file is created.")


def _head(path: Path) -> bytes:
    """Return the first bytes of a file; read an empty one again after a moment, since another job may be creating a database in it."""
    for pause in (0.05, 0.2, 0.5, 0.0):
        with path.open("rb") as file:
            if head := file.read(16):
                return head
        time.sleep(pause)
    return b""


@contextmanager
def transaction(database: Any, table: str) -> Iterator[Any]:
    """Run the block in one transaction; wait for other writers to the same table.

    Raises
    ------
    UsageError
        ``unknown-database``, ``bad-table-name``.
    OutputError
        ``not-written``, ``locked``; nothing has changed.
    """
    check_destination(database, table)
    try:
        with _connected(database) as (connection, kind):
            try:
                yield kind(connection, table)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
    except ChurnError:
        raise
    except Exception as error:
        if _is_busy(error):
            raise OutputError(
                "locked",
                f"another process has been writing to the table {table}, or holds its database, for {_PATIENCE:,.0f} seconds",
                remedy="Nothing has changed. Close the program that holds the database open, and start the command again.",
            ) from None
        raise memory_shortage(error) or OutputError(
            "not-written",
            f"the table {table} could not be written: {said(error, [table])}",
            remedy="Nothing has changed. Check that the database can be reached and the table has these columns.",
        ) from None  # drivers repeat connection strings, and servers quote values


def _is_busy(error: Exception) -> bool:
    """Return whether another process has the database locked, by the messages of each engine."""
    text = str(error)
    return getattr(error, "sqlstate", None) == "55P03" or "Could not set lock on file" in text or text.startswith("database is locked")


@contextmanager
def _connected(database: Any) -> Iterator[tuple[Any, Any]]:
    kind = _kind(database)
    if kind == "postgresql":
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(database) as connection:
            yield connection, _PostgreSQL
        return
    if kind == "connection":
        with _ONE_THREAD:
            yield database, _DuckDB
        return
    path = Path(os.path.expanduser(str(database)))
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        import sqlite3

        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection:
            connection.execute("PRAGMA user_version = 0")  # gives a new file its first page, so that others recognise it
            yield connection, _SQLite
        return
    with _ONE_THREAD, _opened(path) as connection:
        connection.execute("SET TimeZone='UTC'")
        yield connection, _DuckDB


def _opened(path: Path) -> Any:
    """Return a DuckDB file, as soon as no other process has it open."""
    import duckdb

    given_up = time.monotonic() + _PATIENCE
    while True:
        try:
            return duckdb.connect(str(path))
        except duckdb.IOException as error:
            if not _is_busy(error) or time.monotonic() > given_up:
                raise
            time.sleep(0.1)


def replace_rows(database: Any, table: str, cutoff: Any, blocks: Iterable[pa.Table], *, keep: int | None = None) -> None:
    """Replace the rows of a cutoff in a table by all blocks; the table is created if missing.

    Several jobs may write to one table: each waits until the previous one has finished, for ten minutes at most.

    Parameters
    ----------
    database : str, path or connection
        ``"postgresql://user@host/name"``, a DuckDB or SQLite file, or an open DuckDB connection.
    table : str
        A name, or schema and name.
    cutoff : datetime
        Of all rows in ``blocks``.
    blocks : iterable of pyarrow.Table
        One after the other, so that memory holds one.
    keep : int, optional
        How many cutoffs to keep: this one, and the latest of the others.
    """
    with transaction(database, table) as work:
        if work.there():
            work.run(f"DELETE FROM {work.table} WHERE cutoff = $1", cutoff)  # noqa: S608 - names are checked
        for block in blocks:
            work.insert(block)
        if keep is not None:
            work.keep_cutoffs(cutoff, keep)


def delete_rows(database: Any, table: str, customers: Sequence[str]) -> tuple[int, set[str]]:
    """Remove all rows of these customers, by their ids as text; return how many rows were removed, and whose."""
    with transaction(database, table) as work:
        rows, found = 0, set[str]()
        if not work.there():
            return rows, found
        for start in range(0, len(customers), _AT_ONCE):
            some = customers[start : start + _AT_ONCE]
            places = ", ".join(f"${i}" for i in range(1, len(some) + 1))
            of_customers = f"FROM {work.table} WHERE CAST(customer_id AS TEXT) IN ({places})"
            found.update(work.texts(f"SELECT DISTINCT CAST(customer_id AS TEXT) {of_customers}", *some))
            rows += work.run(f"SELECT count(*) {of_customers}", *some)
            work.run(f"DELETE {of_customers}", *some)
        return rows, found
