"""The engines of databases: DuckDB, SQLite, and PostgreSQL or others through ADBC."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import SchemaError, SourceError, UsageError, missing_extra
from churnpredict.events.sources.base import BATCH, quoted
from churnpredict.events.sources.server_types import cast_on_server
from churnpredict.events.sources.slices import RowSum

__all__ = ["ADBC", "DuckDB", "SQLite", "open_engine"]

_SERVER = ("postgresql://", "postgres://")


class DuckDB:
    """A file or a connection of DuckDB."""

    dialect = "duckdb"

    def __init__(self, given: Any, where: str) -> None:
        self.given, self.where = given, where

    @contextmanager
    def open(self) -> Iterator[DuckDB]:
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

    def batches(self, sql: str, whole: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, some of those of ``whole``."""
        yield from self.connection.sql(sql).to_arrow_reader(BATCH)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.connection.sql(sql).fetchall())

    def kinds(self, sql: str) -> str:
        """Return the types of a query's columns as text."""
        return str(self.connection.sql(f"{sql} LIMIT 0").to_arrow_table().schema)

    def type_of(self, sql: str) -> str | None:
        """Return the name of the type of a query's one column."""
        return str(self.rows(f"SELECT typeof((SELECT * FROM ({sql}) AS one LIMIT 1))")[0][0])  # noqa: S608 - made by this library

    def checksum(self, columns: Sequence[str]) -> str:
        """Return SQL for a checksum of rows in any order."""
        return f"sum(hash({', '.join(columns)})::HUGEINT), bit_xor(hash({', '.join(columns)}))"


class SQLite:
    """A file or a connection of SQLite."""

    dialect = "sqlite"

    def __init__(self, given: Any, where: str, name: str) -> None:
        self.given, self.where, self.name = given, where, name

    @contextmanager
    def open(self) -> Iterator[SQLite]:
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

    def batches(self, sql: str, whole: str) -> Iterator[pa.RecordBatch]:
        """Yield the column types of SQLite, which types each value, not each column: one scan of all values of ``whole`` says which type
        a column has.
        """
        names = self.names(f"{sql} LIMIT 0")
        kinds = [self._kind(whole, name) for name in names]
        cursor = self.connection.cursor()
        cursor.row_factory = None  # plain tuples, whatever the connection's row factory
        cursor.execute(sql)
        while rows := cursor.fetchmany(BATCH // 4):
            columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
            yield pa.record_batch(columns, names=names)
        cursor.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.row_factory = None
        self.connection.create_aggregate("churnpredict_sum", -1, RowSum)
        try:
            return list(cursor.execute(sql).fetchall())
        finally:
            cursor.close()

    def kinds(self, sql: str) -> str:
        """Return the types of a query's columns as text."""
        return ", ".join(f"{name}: {self._kind(sql, name)}" for name in self.names(f"{sql} LIMIT 0"))

    def type_of(self, sql: str) -> str | None:
        """Return None: each value has its own type."""

    def checksum(self, columns: Sequence[str]) -> str:
        """Return SQL for a checksum of rows in any order."""
        return f"churnpredict_sum({', '.join(columns)})"

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


class ADBC:
    """PostgreSQL by its address, or any ADBC connection."""

    def __init__(self, given: Any, where: str, name: str) -> None:
        self.given, self.where, self.name = given, where, name

    @contextmanager
    def open(self) -> Iterator[ADBC]:
        from contextlib import closing

        if not isinstance(self.given, str):
            with closing(self.given.cursor()) as self.cursor:
                yield self
            return
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise missing_extra("PostgreSQL needs the driver adbc-driver-postgresql", "postgres") from None
        with dbapi.connect(self.given) as connection, connection.cursor() as self.cursor:
            yield self

    @property
    def dialect(self) -> str | None:
        vendor = "PostgreSQL" if isinstance(self.given, str) else self.given.adbc_get_info().get("vendor_name")
        return "postgresql" if vendor == "PostgreSQL" else None

    def names(self, sql: str) -> list[str]:
        self.cursor.execute(sql)
        return list(self.cursor.fetch_record_batch().schema.names)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(sql)
        return list(self.cursor.fetchall())

    def kinds(self, sql: str) -> str:
        """Return the types of a query's columns as text."""
        self.cursor.execute(f"{sql} LIMIT 0")
        return str(self.cursor.fetch_record_batch().schema.to_string(show_field_metadata=True))

    def type_of(self, sql: str) -> str | None:
        """Return the name of the type of a query's one column."""
        found = str(self.rows(f"SELECT pg_typeof((SELECT * FROM ({sql}) AS one LIMIT 1))::text")[0][0])  # noqa: S608 - made by this library
        return {"character": "bpchar"}.get(found, found)  # a cast to the former would cut all but one

    def checksum(self, columns: Sequence[str]) -> str:
        """Return SQL for a checksum of rows in any order."""
        row = f"ROW({', '.join(columns)})::text"
        return ", ".join(f"sum(hashtextextended({row}, {seed})::numeric)::text" for seed in (0, 1))

    def batches(self, sql: str, whole: str) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a query, some of those of ``whole``."""
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


def open_engine(database: Any, name: str) -> Any:
    if isinstance(database, str) and database.startswith(_SERVER):
        return ADBC(database, "the PostgreSQL server", name)
    if isinstance(database, (str, Path)):
        return _file_engine(os.path.expanduser(str(database)), name)
    home, kind = type(database).__module__, type(database).__name__
    if "duckdb" in home and kind == "DuckDBPyConnection":
        return DuckDB(database, "the DuckDB connection")
    if hasattr(database, "adbc_get_info"):
        return ADBC(database, "the connection", name)
    if "sqlite3" in home:
        return SQLite(database, "the SQLite connection", name)
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
        return SQLite(path, f'the SQLite file "{path}"', name)
    if head[8:12] == b"DUCK":
        return DuckDB(path, f'the DuckDB file "{path}"')
    raise SourceError(
        "unknown-database",
        f'"{path}" is neither a DuckDB nor a SQLite file',
        table=name,
        remedy="Check that the file is whole, and that it is a database.",
    )
