"""Rows into a table of DuckDB or PostgreSQL, and out of it: each time one transaction, so that readers see all of it or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import ChurnError, MissingExtraError, OutputError, UsageError
from churnpredict.events.sources.base import quoted, said

__all__ = ["delete_rows", "replace_rows"]

_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
_SERVER = ("postgresql://", "postgres://")


class _DuckDB:
    """One transaction in a DuckDB file or connection."""

    def __init__(self, connection: Any, table: str) -> None:
        self.connection, self.table = connection, ".".join(quoted(part) for part in table.split("."))

    def run(self, sql: str, *given: Any) -> Any:
        """The first value of the first row."""
        return self.connection.execute(sql, list(given)).fetchall()[0][0]

    def there(self) -> bool:
        name = self.table.rpartition(".")[2].strip('"')
        return bool(self.run("SELECT count(*) FROM duckdb_tables() WHERE table_name = $1", name))

    def insert(self, rows: pa.Table) -> None:
        self.connection.register("churnpredict_rows", rows)
        try:
            rows_of = "SELECT * FROM churnpredict_rows"
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {self.table} AS {rows_of} LIMIT 0")
            self.connection.execute(f"INSERT INTO {self.table} BY NAME {rows_of}")
        finally:
            self.connection.unregister("churnpredict_rows")


class _PostgreSQL:
    """One transaction on a PostgreSQL server."""

    def __init__(self, connection: Any, table: str) -> None:
        self.cursor, self.given = connection.cursor(), table
        self.table = ".".join(quoted(part) for part in table.split("."))

    def run(self, sql: str, *given: Any) -> Any:
        """The first value of the first row, if there are any."""
        self.cursor.execute(sql, given or None)
        row = self.cursor.fetchone() if self.cursor.description else None
        return None if row is None else row[0]

    def there(self) -> bool:
        return bool(self.run("SELECT to_regclass($1) IS NOT NULL", self.table))

    def insert(self, rows: pa.Table) -> None:
        schema, _, name = self.given.rpartition(".")
        self.cursor.adbc_ingest(name, rows, mode="create_append", db_schema_name=schema or None)


@contextmanager
def _transaction(database: Any, table: str) -> Iterator[Any]:
    """All that is done within, or nothing of it.

    Raises
    ------
    UsageError
        ``unknown-database``, ``bad-table-name``.
    OutputError
        ``not-written``; nothing has changed.
    """
    if not _TABLE.fullmatch(table):
        raise UsageError("bad-table-name", f'"{table}" is no name of a table', remedy='Write "churn_scores" or "schema.churn_scores".')
    try:
        with _connected(database) as (connection, kind):
            if kind is _DuckDB:
                connection.execute("BEGIN")
            try:
                yield kind(connection, table)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
    except ChurnError:
        raise
    except Exception as error:
        raise OutputError(
            "not-written",
            f"the table {table} could not be written: {said(error, [table])}",
            remedy="Nothing has changed. Check that the database can be reached and the table has these columns.",
        ) from None  # drivers repeat connection strings, and servers quote values


@contextmanager
def _connected(database: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(database, str) and database.startswith(_SERVER):
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise MissingExtraError(
                "missing-extra", "PostgreSQL needs a driver that is not installed", remedy='pip install "churnpredict[postgres]"'
            ) from None
        with dbapi.connect(database) as connection:
            yield connection, _PostgreSQL
    elif isinstance(database, (str, Path)) and "://" not in str(database):
        import duckdb

        with duckdb.connect(os.path.expanduser(str(database))) as connection:
            connection.execute("SET TimeZone='UTC'")
            yield connection, _DuckDB
    elif "duckdb" in type(database).__module__:
        yield database, _DuckDB
    else:
        remedy = 'Give "postgresql://...", the path of a DuckDB file, or a connection of DuckDB.'
        raise UsageError("unknown-database", "scores can be written to PostgreSQL and DuckDB", remedy=remedy)


def replace_rows(database: Any, table: str, cutoff: Any, blocks: Iterable[pa.Table], *, keep: int | None = None) -> None:
    """Put all blocks into a table in the place of the rows that have their cutoff; the table is made if need be.

    Parameters
    ----------
    database : str, path or connection
        ``"postgresql://user@host/name"``, a DuckDB file, or an open DuckDB connection.
    table : str
        A name, or schema and name.
    cutoff : datetime
        Of all rows in ``blocks``.
    blocks : iterable of pyarrow.Table
        One after the other, so that memory holds one.
    keep : int, optional
        How many cutoffs stay, the latest.
    """
    with _transaction(database, table) as work:
        if work.there():
            work.run(f"DELETE FROM {work.table} WHERE cutoff = $1", cutoff)  # noqa: S608 - names are checked
        for block in blocks:
            work.insert(block)
        if keep is not None:
            latest = f"SELECT DISTINCT cutoff FROM {work.table} ORDER BY cutoff DESC LIMIT {int(keep)}"  # noqa: S608 - quoted
            work.run(f"DELETE FROM {work.table} WHERE cutoff NOT IN ({latest})")  # noqa: S608 - quoted


def delete_rows(database: Any, table: str, customers: Sequence[str]) -> int:
    """Remove all rows of these customers, by their ids as text; returns how many rows went."""
    with _transaction(database, table) as work:
        if not work.there():
            return 0
        gone = 0
        for customer in customers:
            of_customer = f"FROM {work.table} WHERE CAST(customer_id AS TEXT) = $1"
            gone += work.run(f"SELECT count(*) {of_customer}", customer)
            work.run(f"DELETE {of_customer}", customer)
        return gone
