"""Anything tabular becomes Arrow: the only file that may name a database or a file format."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import SchemaError, SourceError, UsageError, closest

__all__ = ["Source", "open_source"]

_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".txt")
_PACKED = (".gz", ".zst", ".bz2", ".xz")


class Source:
    """A table somewhere: its column names, and its columns as Arrow when asked for.

    Parameters
    ----------
    name : str
        What the table is called in messages.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def columns(self) -> list[str]:
        raise NotImplementedError

    def read(self, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
        """The columns as Arrow; those in ``text`` come as written where the format has no types of its own."""
        raise NotImplementedError

    def check(self, wanted: Sequence[str]) -> None:
        """Refuse duplicate names and names that are not there, before anything is read."""
        names = self.columns()
        twice = sorted({n for n in names if names.count(n) > 1}) if len(set(names)) < len(names) else []
        for column in wanted:
            if column in twice:
                raise SchemaError(
                    "duplicate-column",
                    "the name stands on more than one column",
                    table=self.name,
                    column=column,
                    remedy="Rename one of them.",
                )
            if column not in names:
                shown = ", ".join(f'"{n}"' for n in names[:12]) + (", ..." if len(names) > 12 else "")
                raise SchemaError(
                    "missing-column",
                    "there is no such column",
                    table=self.name,
                    column=column,
                    remedy=f"The table has {shown or 'no columns'}.{closest(column, names)}",
                )


class _Frame(Source):
    """pandas, Polars (eager or lazy), PyArrow, DuckDB relations and whatever else narwhals knows."""

    def __init__(self, name: str, frame: Any) -> None:
        super().__init__(name)
        self.frame = frame

    def columns(self) -> list[str]:
        import narwhals as nw

        if isinstance(self.frame, nw.LazyFrame) and not self.frame.implementation.is_duckdb():
            return list(self.frame.collect_schema().names())
        native = nw.to_native(self.frame)
        if hasattr(native, "column_names"):  # PyArrow allows the same name twice, and narwhals would not say where
            return [str(c) for c in native.column_names]
        return [str(c) for c in native.columns]

    def read(self, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
        import narwhals as nw

        unique = list(dict.fromkeys(columns))
        try:
            if isinstance(self.frame, nw.LazyFrame):
                return self.frame.select(unique).collect("pyarrow").to_native()
            native = nw.to_native(self.frame)
            if isinstance(native, pa.Table):
                return native.select(unique)
            return self.frame.select(unique).to_arrow()
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise self._mixed(unique) from error

    def _mixed(self, columns: Sequence[str]) -> SchemaError:
        """Name the column that holds values of more than one type."""
        for column in columns:
            series = self.frame[column]
            try:
                series.to_arrow()
            except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
                kinds = sorted({type(v).__name__ for v in series.to_list() if v is not None and v == v})  # noqa: PLR0124 - not NaN
                return SchemaError(
                    "mixed-types",
                    f"values of different types in one column ({', '.join(kinds[:4])})",
                    table=self.name,
                    column=column,
                    remedy="Convert the column to one type before declaring it.",
                )
        return SchemaError(
            "unreadable-frame", "the frame cannot be read as Arrow", table=self.name, remedy="Convert its columns to plain types."
        )


class _Stream(Source):
    """Anything with ``__arrow_c_stream__``: read once, kept."""

    def __init__(self, name: str, stream: Any) -> None:
        super().__init__(name)
        self.table = pa.RecordBatchReader.from_stream(stream).read_all()

    def columns(self) -> list[str]:
        return [str(n) for n in self.table.column_names]

    def read(self, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
        return self.table.select(list(dict.fromkeys(columns)))


class _Files(Source):
    """Parquet or CSV files by path, folder or glob, read by DuckDB."""

    def __init__(self, name: str, path: str, kind: str) -> None:
        super().__init__(name)
        self.path, self.kind = path, kind

    def _from(self, text: Sequence[str] = ()) -> str:
        literal = _literal(self.path)
        if self.kind == "parquet":
            return f"read_parquet({literal}, union_by_name=true)"
        types = ", ".join(f"{_literal(c)}: 'VARCHAR'" for c in dict.fromkeys(text))
        return f"read_csv({literal}, header=true, union_by_name=true" + (f", types={{{types}}}" if types else "") + ")"

    def _query(self, query: str) -> pa.Table:
        import duckdb

        with duckdb.connect() as connection:
            connection.execute("SET TimeZone='UTC'")
            try:
                return connection.sql(query).to_arrow_table()
            except duckdb.Error as error:
                said = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise SourceError(
                    "unreadable-file",
                    f'"{self.path}" cannot be read: {said}',
                    table=self.name,
                    remedy="Check that the file is whole and of the kind its name says; write it again where it comes from.",
                ) from None  # what the reader says further on quotes the row

    def columns(self) -> list[str]:
        if self.kind == "text":
            return self._header()
        return [str(n) for n in self._query(f"SELECT * FROM {self._from()} LIMIT 0").column_names]  # noqa: S608

    def _header(self) -> list[str]:
        """The header as written: a reader would rename a name that stands there twice."""
        head = f"read_csv({_literal(self.path)}, header=false, all_varchar=true, null_padding=true)"
        row = self._query(f"SELECT * FROM {head} LIMIT 1").to_pylist()  # noqa: S608
        return [str(v) for v in row[0].values() if v is not None] if row else []

    def read(self, columns: Sequence[str], text: Sequence[str] = ()) -> pa.Table:
        listed = ", ".join(_quoted(c) for c in dict.fromkeys(columns))
        return self._query(f"SELECT {listed} FROM {self._from(text)}")  # noqa: S608


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _file_kind(path: str) -> str | None:
    stem, ending = os.path.splitext(path.lower())
    if ending in _PACKED:
        ending = os.path.splitext(stem)[1]
    return "parquet" if ending in _PARQUET else "text" if ending in _TEXT else None


def open_source(source: Any, name: str) -> Source:
    """Wrap whatever holds a table.

    Parameters
    ----------
    source : frame, relation, Arrow stream, path or glob
        pandas, Polars (eager or lazy), PyArrow, a DuckDB relation, anything with ``__arrow_c_stream__``; or the path,
        folder or glob of Parquet or CSV files.
    name : str
        What the table is called in messages.

    Raises
    ------
    SourceError
        If nothing is found under the path, or its ending is unknown.
    UsageError
        If the object holds no table.
    """
    import narwhals as nw

    if isinstance(source, (str, Path)):
        return _open_path(str(source), name)
    try:
        frame = nw.from_native(source, pass_through=True, allow_series=False)
        if isinstance(frame, nw.DataFrame):
            _ = frame.columns
    except nw.exceptions.DuplicateError as error:
        names = [str(n) for n in getattr(source, "column_names", source.columns)]
        twice = [n for n in names if names.count(n) > 1]
        raise SchemaError(
            "duplicate-column",
            "the name stands on more than one column",
            table=name,
            column=twice[0] if twice else None,
            remedy="Rename one of them.",
        ) from error
    if isinstance(frame, (nw.DataFrame, nw.LazyFrame)):
        return _Frame(name, frame)
    if hasattr(source, "__arrow_c_stream__"):
        return _Stream(name, source)
    raise UsageError(
        "unknown-source",
        f"a {type(source).__name__} holds no table",
        table=name,
        remedy="Give a pandas, Polars or Arrow frame, a DuckDB relation, or the path of Parquet or CSV files.",
    )


def _open_path(path: str, name: str) -> Source:
    import glob

    if os.path.isdir(path):
        path = os.path.join(path, "**", "*.parquet")
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
            remedy="Use .parquet or .csv (also compressed: .csv.gz).",
        )
    return _Files(name, path, kind)
