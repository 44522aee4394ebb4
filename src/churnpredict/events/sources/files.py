"""Parquet and CSV files by path, folder or glob, Hive partitions and compressed ones among them, read by DuckDB."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from churnpredict.errors import ContentError, SourceError
from churnpredict.events.sources.base import BATCH, Source, distinct, quoted, said

__all__ = ["Files", "open_files"]

_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".zst", ".bz2", ".xz")
_RAGGED = ("Expected Number of Columns", "Error when sniffing", "Referenced column", "COLUMN_TYPES")  # in what the reader says
_STREAM_MEMORY = "512MB"  # what the reader may hold while a table is streamed


class Files(Source):
    """One or many files of one kind, as one table."""

    def __init__(self, name: str, path: str, kind: str) -> None:
        super().__init__(name)
        self.path, self.kind = path, kind

    def columns(self) -> list[str]:
        if self.kind == "text":
            return self._header()
        return [str(n) for n in self._query(f"SELECT * FROM {self._from()} LIMIT 0").column_names]  # noqa: S608 - quoted

    def read(self, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
        return self._query(self._select(columns, text))

    def batches(self, columns: Sequence[str], text: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        import duckdb

        with _connect() as connection:
            connection.execute(f"SET memory_limit='{_STREAM_MEMORY}'; SET preserve_insertion_order=false")
            try:
                yield from connection.sql(self._select(columns, text)).to_arrow_reader(BATCH)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise self._refuse(error) from None

    def count(self) -> int | None:
        if self.kind == "text":
            return None
        return int(self._query(f"SELECT count(*) AS n FROM {self._from()}")["n"][0].as_py())  # noqa: S608 - quoted

    def _select(self, columns: Sequence[str], text: Sequence[str]) -> str:
        listed = ", ".join(quoted(c) for c in distinct(columns))
        return f"SELECT {listed} FROM {self._from(text)}"  # noqa: S608 - quoted

    def _from(self, text: Sequence[str] = (), *, path: str | None = None) -> str:
        literal = _literal(path or self.path)
        if self.kind == "parquet":
            return f"read_parquet({literal}{', union_by_name=true' if glob.has_magic(path or self.path) else ''})"  # it costs a third
        types = ", ".join(f"{_literal(c)}: 'VARCHAR'" for c in distinct(text))
        # All rows decide on the types: by the first rows alone, a column that begins with whole numbers would be rounded from then on.
        options = "header=true, union_by_name=true, sample_size=-1" + (f", types={{{types}}}" if types else "")
        return f"read_csv({literal}, {options})"

    @cached_property
    def _connection(self) -> Any:
        """One for the few questions that a table asks: opening it costs as much as reading half a million rows."""
        return _connect()

    def _query(self, query: str) -> pa.Table:
        import duckdb

        try:
            return self._connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise self._refuse(error) from None  # what the reader says further on quotes the row

    def _refuse(self, error: Exception) -> SourceError | ContentError:
        """What to tell the person: which file, and what is wrong with it, without a word of its rows."""
        text = str(error)
        ragged = any(sign in text for sign in _RAGGED)
        if self.kind == "text" and ragged and not _is_cut(self._culprit(text)):
            return ContentError(
                "ragged-rows",
                f'"{self._culprit(text)}" has rows with more or fewer fields than its header',
                table=self.name,
                remedy="Write the file again with every field in its place; a comma within a field needs quotes around the field.",
            )
        return SourceError(
            "unreadable-file",
            f'"{self._culprit(text)}" cannot be read: {said(error, [self.path])}',
            table=self.name,
            remedy="Check that the file is whole and of the kind its name says; write it again where it comes from.",
        )

    def _culprit(self, text: str) -> str:
        """The file that cannot be read, of many: the one that the reader names, else the first that fails alone."""
        import duckdb

        files = glob.glob(self.path, recursive=True)
        if len(files) == 1:
            return files[0]
        named = [f for f in files if f in text]
        if named:
            return max(named, key=len)
        for file in sorted(files):
            with _connect() as connection:
                try:
                    for _ in connection.sql(f"SELECT * FROM {self._from(path=file)}").to_arrow_reader(BATCH):  # noqa: S608 - quoted
                        pass
                except (duckdb.Error, pa.ArrowException, OSError):
                    return file
        return self.path

    def _header(self) -> list[str]:
        """The header as written: a reader would rename a name that stands there twice."""
        head = f"read_csv({_literal(self.path)}, header=false, all_varchar=true, null_padding=true)"
        row = self._query(f"SELECT * FROM {head} LIMIT 1").to_pylist()  # noqa: S608 - quoted
        return [str(v) for v in row[0].values() if v is not None] if row else []


def _connect() -> Any:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone='UTC'")
    return connection


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _file_kind(path: str) -> str | None:
    stem, ending = os.path.splitext(path.lower())
    if ending in _PACKED:
        ending = os.path.splitext(stem)[1]
    return "parquet" if ending in _PARQUET else "text" if ending in _TEXT else None


def _within(folder: str) -> str:
    """The glob of all files of a folder: Parquet, or else CSV."""
    for pattern in ("*.parquet", "*.pq", "*.csv", *(f"*.csv{packed}" for packed in _PACKED)):
        inside = os.path.join(folder, "**", pattern)
        if next(glob.iglob(inside, recursive=True), None) is not None:
            return inside
    return os.path.join(folder, "**", "*.parquet")


def open_files(path: str, name: str) -> Source:
    """Files under a path, a folder or a glob.

    Raises
    ------
    SourceError
        ``missing-file``, ``unknown-file``.
    """
    path = os.path.expanduser(path)
    path = _within(path) if os.path.isdir(path) else path
    if not glob.glob(path, recursive=True):
        raise SourceError(
            "missing-file",
            f'nothing is found under "{path}"',
            table=name,
            remedy="Check the path; a glob such as data/*.parquet works too.",
        )
    kind = _file_kind(path)
    if kind is None:
        raise SourceError(
            "unknown-file",
            f'"{path}" has an ending that is not known',
            table=name,
            remedy='Use .parquet or .csv (also compressed: .csv.gz); for databases, cp.Query("SELECT ...", "shop.duckdb").',
        )
    return Files(name, path, kind)


def _is_cut(path: str) -> bool:
    """Whether a packed file ends too early: DuckDB 1 then speaks of its last row only."""
    if not path.lower().endswith(".gz"):
        return False
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except (EOFError, OSError, zlib.error):
        return True
    return False
