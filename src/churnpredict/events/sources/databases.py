"""SQL on DuckDB, SQLite and PostgreSQL: a query and its database."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import ChurnError, MissingExtraError, SchemaError, SourceError, UsageError, memory_shortage
from churnpredict.events.sources.base import BATCH, Source, distinct, quoted, said
from churnpredict.events.sources.server_types import cast_on_server, plain_types
from churnpredict.signatures import Database as Opened

__all__ = ["Database", "Query", "table_names"]

_SERVER = ("postgresql://", "postgres://")


def table_names(database: Any) -> list[str]:
    """Return the tables and views of a database, sorted.

    Raises
    ------
    SourceError, UsageError
        ``missing-file``, ``unknown-database``, ``unreadable-query``.
    """
    engine = _engine(database, "")
    lists = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    if not isinstance(engine, _SQLite):
        lists = "SELECT table_name AS name FROM information_schema.tables WHERE table_schema IN ('main', 'public')"
    source = Database("", Query(f"{lists} ORDER BY 1", database))
    return [str(name) for name in source.read(["name"])["name"].to_pylist()]


@dataclass(frozen=True)
class Query:
    """Rows of a database, as the source of a table.

    Only the declared columns are requested, so the query may be a plain ``SELECT *``.

    Parameters
    ----------
    sql : str
        A ``SELECT`` statement, or the name of a table or view (``"orders"``, ``"shop.orders"``).
    database : str, path or connection
        ``"postgresql://user@host/name"`` (needs ``churnpredict[postgres]``; a password is better left to ``~/.pgpass`` or ``PGPASSWORD``);
        the path of a DuckDB or SQLite file; an open connection of DuckDB, ``sqlite3`` or ADBC, which stays open; or files, as a mapping of
        their names in the query to their paths: ``{"orders": "orders.csv", "customers": "customers.csv"}``.

    Examples
    --------
    >>> import sqlite3, churnpredict as cp
    >>> shop = sqlite3.connect(":memory:")
    >>> _ = shop.execute("CREATE TABLE orders (user INTEGER, at TEXT)")
    >>> _ = shop.execute("INSERT INTO orders VALUES (1, '2024-01-01'), (2, '2024-01-05')")
    >>> cp.EventTables(orders=cp.Events(cp.Query("orders", shop), customer="user", time="at"))
    EventTables: 2 customers, observed until 2024-01-06
      table   kind    rows  customers  when, or attributes
      orders  events     2          2  2024-01-01 to 2024-01-05
    """

    sql: str
    database: Opened = field(repr=False)


class Database(Source):
    """A query on one of the three kinds of database."""

    def __init__(self, name: str, query: Query) -> None:
        super().__init__(name)
        self.query = query
        text = str(query.sql).strip().rstrip(";").strip()
        if not text:
            raise UsageError("empty-query", "the query is empty", table=name, remedy='Write Query("SELECT * FROM orders", database).')
        plain = re.fullmatch(r"[^\s'\";()]+", text) is not None
        self.named = [text] if plain else []  # a statement may hold ids and values: it is never quoted
        self.source = ".".join(quoted(part) for part in text.split(".")) if plain else f"(\n{text}\n) AS given"
        self.engine = _engine(query.database, name)

    def columns(self) -> list[str]:
        with self._cursor() as cursor:
            return [str(n) for n in cursor.names(f"SELECT * FROM {self.source} LIMIT 0")]  # noqa: S608 - quoted

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        batches = list(self.batches(columns, text))
        return pa.Table.from_batches(batches) if batches else pa.table({c: pa.nulls(0) for c in distinct(columns)})

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        listed = ", ".join(quoted(c) for c in distinct(columns))
        sql = f"SELECT {listed} FROM {self.source}"  # noqa: S608 - quoted
        with self._cursor() as cursor:
            for batch in cursor.batches(sql):
                yield from plain_types(pa.Table.from_batches([batch]), self.name, text).to_batches()

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """Yield the opened engine; its errors are reported without credentials and without rows."""
        try:
            with self.engine.open() as cursor:
                yield cursor
        except (ChurnError, GeneratorExit):
            raise
        except Exception as error:
            raise memory_shortage(error) or SourceError(
                "unreadable-query",
                f"{self.engine.where} does not answer the query: {said(error, self.named)}",
                table=self.name,
                remedy="Try the query, and the connection, with the database's own client.",
            ) from None  # drivers repeat connection strings, and servers quote values


class _DuckDB:
    def __init__(self, given: Any, where: str) -> None:
        self.given, self.where = given, where

    @contextmanager
    def open(self) -> Iterator[_DuckDB]:
        import duckdb

        if not isinstance(self.given, str):
            self.connection = self.given
            yield self
            return
        with duckdb.connect(self.given, read_only=True) as self.connection:
            self.connection.execute("SET TimeZone='UTC'")
            yield self

    def names(self, sql: str) -> list[str]:
        return list(self.connection.sql(sql).columns)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        yield from self.connection.sql(sql).to_arrow_reader(BATCH)


class _SQLite:
    def __init__(self, given: Any, where: str, name: str) -> None:
        self.given, self.where, self.name = given, where, name

    @contextmanager
    def open(self) -> Iterator[_SQLite]:
        import sqlite3
        from contextlib import closing

        if not isinstance(self.given, str):
            self.connection = self.given
            yield self
            return
        with closing(sqlite3.connect(f"{Path(self.given).resolve().as_uri()}?mode=ro", uri=True)) as self.connection:
            yield self

    def names(self, sql: str) -> list[str]:
        cursor = self.connection.execute(sql)
        found = [str(d[0]) for d in cursor.description]
        cursor.close()
        return found

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the column types of SQLite, which types each value, not each column: one scan of all values says which type a
        column has.
        """
        names = self.names(f"{sql} LIMIT 0")
        kinds = [self._kind(sql, name) for name in names]
        cursor = self.connection.cursor()
        cursor.row_factory = None  # plain tuples, whatever the connection's row factory
        cursor.execute(sql)
        while rows := cursor.fetchmany(BATCH // 4):
            columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
            yield pa.record_batch(columns, names=names)
        cursor.close()

    def _kind(self, sql: str, name: str) -> pa.DataType:
        return _sqlite_kind(self.connection.execute(_sqlite_types(sql, name)), self.name, name)


def _sqlite_types(sql: str, name: str) -> str:
    """Return a query for the types of all values in a column; "long" are integers that a float64 does not hold."""
    column = quoted(name)
    long = f"typeof({column}) = 'integer' AND {column} NOT BETWEEN {-(2**53)} AND {2**53}"
    return f"SELECT DISTINCT CASE WHEN {long} THEN 'long' ELSE typeof({column}) END FROM ({sql})"  # noqa: S608 - quoted


def _sqlite_kind(rows: Iterable[Sequence[Any]], table: str, name: str) -> pa.DataType:
    """Return the type of a column of SQLite from the types of its values."""
    found = {str(row[0]) for row in rows} - {"null"}
    if not found:
        return pa.null()
    if found <= {"integer", "long"}:
        return pa.int64()
    if found <= {"integer", "real"}:
        return pa.float64()
    if found == {"text"}:
        return pa.string()
    listed = ", ".join(sorted(found)).replace("long", "integer beyond 2^53")
    raise SchemaError(
        "mixed-types",
        f"values of different types in one column ({listed})",
        table=table,
        column=name,
        remedy="CAST the column to one type in the query.",
    )


class _ADBC:
    """PostgreSQL by its address, or any ADBC connection."""

    def __init__(self, given: Any, where: str, name: str) -> None:
        self.given, self.where, self.name = given, where, name

    @contextmanager
    def open(self) -> Iterator[_ADBC]:
        from contextlib import closing

        if not isinstance(self.given, str):
            with closing(self.given.cursor()) as self.cursor:
                yield self
            return
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise MissingExtraError(
                "missing-extra", "PostgreSQL needs a driver that is not installed", remedy='pip install "churnpredict[postgres]"'
            ) from None
        with dbapi.connect(self.given) as connection, connection.cursor() as self.cursor:
            yield self

    def names(self, sql: str) -> list[str]:
        self.cursor.execute(sql)
        return list(self.cursor.fetch_record_batch().schema.names)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        if not isinstance(self.given, str) and self.given.adbc_get_info().get("vendor_name") == "SQLite":
            yield from self._sqlite_batches(sql)
            return
        self.cursor.execute(f"{sql} LIMIT 0")
        fields = list(self.cursor.fetch_record_batch().schema)
        if any(cast_on_server(field) for field in fields):
            listed = ", ".join(_cast(quoted(field.name), cast_on_server(field)) for field in fields)
            sql = f"SELECT {listed} FROM ({sql}) AS sent"  # noqa: S608 - quoted
        self.cursor.execute(sql)
        yield from self.cursor.fetch_record_batch()

    def _sqlite_batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield columns of the types that all values have, as sqlite3 reads them.

        The driver types a column by its first rows, and where a text is among them it writes numbers with seven digits. So one row of the
        right types comes first, and is left out again.
        """
        names = self.names(f"{sql} LIMIT 0")
        kinds = []
        for name in names:
            self.cursor.execute(_sqlite_types(sql, name))
            kinds.append(_sqlite_kind(self.cursor.fetchall(), self.name, name))
        samples = {pa.int64(): "0", pa.float64(): "0.0", pa.string(): "''", pa.null(): "NULL"}
        first = ", ".join(f"{samples[kind]} AS {quoted(name)}" for name, kind in zip(names, kinds, strict=True))
        listed = ", ".join(_cast(quoted(name), "REAL" if kind == pa.float64() else None) for name, kind in zip(names, kinds, strict=True))
        self.cursor.execute(f"SELECT {first} UNION ALL SELECT {listed} FROM ({sql}) AS sent")  # noqa: S608 - quoted
        for place, batch in enumerate(self.cursor.fetch_record_batch()):
            rows = batch.slice(1) if place == 0 else batch
            columns = [pa.nulls(rows.num_rows) if kind == pa.null() else rows.column(i) for i, kind in enumerate(kinds)]
            yield pa.record_batch(columns, names=names)


def _cast(column: str, kind: str | None) -> str:
    return column if kind is None else f"CAST({column} AS {kind}) AS {column}"


def _engine(database: Any, name: str) -> Any:
    if isinstance(database, str) and database.startswith(_SERVER):
        return _ADBC(database, "the PostgreSQL server", name)
    if isinstance(database, (str, Path)):
        return _file_engine(os.path.expanduser(str(database)), name)
    home, kind = type(database).__module__, type(database).__name__
    if "duckdb" in home and kind == "DuckDBPyConnection":
        return _DuckDB(database, "the DuckDB connection")
    if hasattr(database, "adbc_get_info"):
        return _ADBC(database, "the connection", name)
    if "sqlite3" in home:
        return _SQLite(database, "the SQLite connection", name)
    raise UsageError(
        "unknown-database",
        f"a {kind} is not a known database",
        table=name,
        remedy='Give "postgresql://...", the path of a DuckDB or SQLite file, or a connection of DuckDB, sqlite3 or ADBC.',
    )


def _file_engine(path: str, name: str) -> Any:
    scheme, address, _ = path.partition("://")
    if address:
        remedy = 'Give "postgresql://...", the path of a DuckDB or SQLite file, or a connection.'
        raise UsageError("unknown-database", f'addresses of the kind "{scheme}://" are not supported', table=name, remedy=remedy)
    try:
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError as error:
        raise SourceError(
            "missing-file", f'"{path}" cannot be opened: {error.strerror}', table=name, remedy="Check the path of the database."
        ) from None
    if head.startswith(b"SQLite format 3"):
        return _SQLite(path, f'the SQLite file "{path}"', name)
    if head[8:12] == b"DUCK":
        return _DuckDB(path, f'the DuckDB file "{path}"')
    raise SourceError(
        "unknown-database",
        f'"{path}" is neither a DuckDB nor a SQLite file',
        table=name,
        remedy="Check that the file is whole, and that it is a database.",
    )
