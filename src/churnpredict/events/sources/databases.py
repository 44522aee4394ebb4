"""SQL on DuckDB, SQLite and PostgreSQL: a query and its database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pyarrow as pa

from churnpredict.errors import ChurnError, SourceError, UsageError, memory_shortage
from churnpredict.events.sources.base import Source, Unit, distinct, quoted, said
from churnpredict.events.sources.engines import SQLite, open_engine
from churnpredict.events.sources.server_types import plain_types
from churnpredict.events.sources.slices import find_slices
from churnpredict.signatures import Database as Opened

__all__ = ["Database", "Query", "table_names"]


def table_names(database: Any) -> list[str]:
    """Return the tables and views of a database, sorted.

    Raises
    ------
    SourceError, UsageError
        ``missing-file``, ``unknown-database``, ``unreadable-query``.
    """
    engine = open_engine(database, "")
    lists = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    if not isinstance(engine, SQLite):
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
    grows_by : str, optional
        Column of the query that is greater for newer rows, such as a running number or the time of insertion. A kept history
        (:func:`churnpredict.runs.open_history`) then reads only rows above the greatest one of the run before, and older ones only where
        their count or checksum, which the database computes, shows that some have changed. For DuckDB, SQLite and PostgreSQL.

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
    grows_by: str | None = field(default=None, kw_only=True)


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
        self.engine = open_engine(query.database, name)

    def columns(self) -> list[str]:
        with self._cursor() as cursor:
            return [str(n) for n in cursor.names(f"SELECT * FROM {self.source} LIMIT 0")]  # noqa: S608 - quoted

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        batches = list(self.batches(columns, text))
        return pa.Table.from_batches(batches) if batches else pa.table({c: pa.nulls(0) for c in distinct(columns)})

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None, *, where: str = "") -> Iterator[pa.RecordBatch]:
        """Yield the columns as Arrow, a batch at a time; of the rows that fulfil a condition, if one is given."""
        listed = ", ".join(quoted(c) for c in distinct(columns))
        whole = f"SELECT {listed} FROM {self.source}"  # noqa: S608 - quoted
        with self._cursor() as cursor:
            for batch in cursor.batches(f"{whole} WHERE {where}" if where else whole, whole):
                yield from plain_types(pa.Table.from_batches([batch]), self.name, text).to_batches()

    def check(self, wanted: Sequence[str]) -> None:
        super().check([*wanted, *([] if self.query.grows_by is None else [self.query.grows_by])])

    def units(self, columns: Sequence[str], known: Sequence[str] = ()) -> list[Unit]:
        """Return one unit for each slice by the column that grows, if one is given and the database computes checksums."""
        if self.query.grows_by is None:
            return super().units(columns)
        with self._cursor() as cursor:
            found = find_slices(cursor, self.source, self.query.grows_by, columns, known, self.name)
        units = [Unit(s.name, (), partial(self.batches, where=s.where), state=s.state) for s in found]
        return units or super().units(columns)

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
