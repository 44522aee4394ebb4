"""A SELECT over several files: tables that are joined, filtered or turned on their way in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pyarrow as pa

from churnpredict.errors import SourceError, UsageError
from churnpredict.events.sources.any_file import open_file
from churnpredict.events.sources.base import Source, distinct, quoted, said
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.texts import form_of_column, mark_untyped, texts_form

__all__ = ["Joined"]


class Joined(Source):
    """Rows that a query makes of files.

    The query sees the files under their names and nothing else: no other file, no network. Columns of text files are texts in it, as
    written, so that ids keep their zeros on both sides of a join; what comes out is read like any other column of text.
    """

    def __init__(self, name: str, sql: str, files: Mapping[str, Any]) -> None:
        super().__init__(name)
        if not files:
            raise UsageError("empty-query", "the query names no files", table=name, remedy='Write Query("SELECT ...", {"a": "a.csv"}).')
        self.files: dict[str, Source] = {
            alias: open_file(path if isinstance(path, File) else File(path), name) for alias, path in files.items()
        }
        self.sql = str(sql).strip().rstrip(";").strip() or f"SELECT * FROM {quoted(next(iter(self.files)))}"  # noqa: S608 - quoted
        self._untyped = False

    def columns(self) -> list[str]:
        return list(self._columns)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        """The names, asked once: for them, all files are read."""
        with self._asked() as connection:
            return tuple(str(n) for n in connection.sql(f"SELECT * FROM (\n{self.sql}\n) AS given LIMIT 0").columns)  # noqa: S608 - of the config

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        listed = ", ".join(quoted(c) for c in distinct(columns))
        with self._asked() as connection:
            found = connection.sql(f"SELECT {listed} FROM (\n{self.sql}\n) AS given").to_arrow_table()  # noqa: S608 - of the config
        texts = [f.name for f in found.schema if pa.types.is_string(f.type)] if self._untyped else []
        return mark_untyped(found, texts) if text is not None else _guessed(found, texts)

    @contextmanager
    def _asked(self) -> Iterator[Any]:
        import duckdb

        with duckdb.connect() as connection:
            connection.execute("SET TimeZone='UTC'; SET python_enable_replacements=false")
            for alias, file in self.files.items():
                rows = file.read(file.columns(), ())
                file.check_files(file.columns(), ())
                self._untyped |= any(form_of_column(f) is not None for f in rows.schema)
                connection.register(alias, rows)
            connection.execute("SET enable_external_access=false; SET lock_configuration=true")
            try:
                yield connection
            except duckdb.Error as error:
                known = [*self.files, *(c for f in self.files.values() for c in f.columns())]
                remedy = f"The query sees {', '.join(self.files)}; columns of text files are texts in it: CAST(price AS DOUBLE)."
                told = f"the query cannot be answered: {said(error, known)}"
                raise SourceError("unreadable-query", told, table=self.name, remedy=remedy) from None  # the engine quotes values


def _guessed(table: pa.Table, texts: Sequence[str]) -> pa.Table:
    """Return the table with the types that all texts of each column have, for previews of undeclared columns."""
    kinds = {b"whole": pa.int64(), b"number": pa.float64()}
    for place, name in enumerate(table.column_names):
        form = texts_form(table[name].combine_chunks()) if name in texts else b""
        if form in kinds:
            table = table.set_column(place, name, table[name].cast(kinds[form]))
    return table
