"""Tables in memory, and streams that can be read once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from numbers import Number
from typing import Any

import pyarrow as pa

from churnpredict.errors import ChurnError, ContentError, SchemaError, SourceError, UsageError, memory_shortage
from churnpredict.events.sources.base import BATCH, Source, distinct, said
from churnpredict.events.sources.server_types import plain_types

__all__ = ["Frame", "Stream", "open_frame"]

_ARROW_ERRORS = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, OverflowError)  # of pyarrow.array


class Frame(Source):
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

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        import narwhals as nw

        unique = distinct(columns)
        try:
            if isinstance(self.frame, nw.LazyFrame):
                return self.frame.select(unique).collect("pyarrow").to_native()
            native = nw.to_native(self.frame)
            if isinstance(native, pa.Table):
                return native.select(unique)
            frame = self.frame.select(unique)
            if not frame.implementation.is_pandas():
                return frame.to_arrow()
            table = _dense(frame).to_arrow()
            if any(_holds_numbers_among_times(nw.to_native(frame), field) for field in table.schema):
                raise TypeError  # Arrow reads such numbers as microseconds, or as days, since 1970
            return table
        except _ARROW_ERRORS:
            raise self._mixed(unique) from None  # what Arrow says quotes a value

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        import narwhals as nw

        native: Any = nw.to_native(self.frame.select(distinct(columns))) if isinstance(self.frame, nw.LazyFrame) else None
        if hasattr(native, "to_arrow_reader"):
            yield from native.to_arrow_reader(BATCH)
        elif hasattr(native, "collect_batches"):
            for some in native.collect_batches():
                yield from some.to_arrow().to_batches(max_chunksize=BATCH)
        else:
            yield from super().batches(columns, text)

    def count(self) -> int | None:
        import narwhals as nw

        return len(self.frame) if isinstance(self.frame, nw.DataFrame) else None

    def _mixed(self, columns: Sequence[str]) -> ChurnError:
        """Name the column that holds values of more than one type."""
        for column in columns:
            series = self.frame[column]
            try:
                read = series.to_arrow()
                if self.frame.implementation.is_pandas() and _holds_numbers_among_times(
                    series.to_frame().to_native(), pa.field(column, read.type)
                ):
                    raise TypeError
            except _ARROW_ERRORS:
                kinds = sorted({type(v).__name__ for v in series.to_list() if v is not None and v == v})  # noqa: PLR0124 - not NaN
                endless = any(isinstance(v, Decimal) and v.is_infinite() for v in series.to_list())
                if endless:
                    remedy = "Find where a division by zero made them; write them as missing."
                    return ContentError("infinite-value", "infinite values", table=self.name, column=column, remedy=remedy)
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


def _holds_numbers_among_times(frame: Any, field: pa.Field) -> bool:
    """Return whether a column of objects that Arrow took for dates, times or lengths has plain numbers in it, as a workbook's may have.

    >>> import datetime, pandas as pd
    >>> days = pd.DataFrame({"day": [datetime.date(2024, 1, 1), 45293]})
    >>> _holds_numbers_among_times(days, pa.field("day", pa.date32()))
    True
    """
    if not pa.types.is_temporal(field.type) or frame[field.name].dtype != object:
        return False
    return any(isinstance(value, Number) and value == value for value in frame[field.name])  # noqa: PLR0124 - not NaN


def _dense(frame: Any) -> Any:
    """Return a pandas frame whose sparse columns, which Arrow does not take, hold every value."""
    import narwhals as nw

    native = nw.to_native(frame)
    sparse = [c for c in native.columns if hasattr(native[c], "sparse")]
    return nw.from_native(native.assign(**{c: native[c].sparse.to_dense() for c in sparse})) if sparse else frame


class Stream(Source):
    """Anything with ``__arrow_c_stream__``, record batch readers, and cursors that have executed: they can be read once."""

    def __init__(self, name: str, stream: Any) -> None:
        super().__init__(name)
        self.reader: Any = (
            stream.fetch_record_batch() if not hasattr(stream, "__arrow_c_stream__") else pa.RecordBatchReader.from_stream(stream)
        )
        self.schema: pa.Schema = self.reader.schema
        self.table: pa.Table | None = None

    def columns(self) -> list[str]:
        return [str(n) for n in self.schema.names]

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        if self.table is None:
            with self._answering():
                self.table = self._take().read_all()
        assert self.table is not None
        return plain_types(self.table.select(distinct(columns)), self.name, text)

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        if self.table is not None:
            yield from super().batches(columns, text)
            return
        reader = self._take()
        while (batch := self._next(reader)) is not None:
            some = pa.Table.from_batches([batch]).select(distinct(columns))
            yield from plain_types(some, self.name, text).to_batches(max_chunksize=BATCH)

    def _next(self, reader: Any) -> pa.RecordBatch | None:
        with self._answering():
            return next(iter(reader), None)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise memory_shortage(error) or SourceError(
                "unreadable-stream",
                f"the stream breaks off: {said(error, [])}",
                table=self.name,
                remedy="Open it again; a connection may serve one cursor at a time.",
            ) from None

    def _take(self) -> Any:
        reader, self.reader = self.reader, None
        if reader is None:
            raise SourceError(
                "stream-is-read", "the stream has been read before, and can be read once only", table=self.name, remedy="Open it again."
            )
        return reader


def open_frame(source: Any, name: str) -> Source:
    """Wrap an object that holds a table.

    Raises
    ------
    SchemaError
        ``duplicate-column``.
    UsageError
        ``unknown-source``.
    """
    import narwhals as nw

    try:
        frame = nw.from_native(source, pass_through=True, allow_series=False)
        if isinstance(frame, nw.DataFrame):
            _ = frame.columns
    except nw.exceptions.DuplicateError as error:
        names = [str(n) for n in getattr(source, "column_names", source.columns)]
        twice = [n for n in names if names.count(n) > 1]
        raise SchemaError(
            "duplicate-column",
            "more than one column has this name",
            table=name,
            column=twice[0] if twice else None,
            remedy="Rename one of them.",
        ) from error
    if isinstance(frame, (nw.DataFrame, nw.LazyFrame)):
        return Frame(name, frame)
    single = isinstance(nw.from_native(source, pass_through=True, allow_series=True), nw.Series)
    if not single and (hasattr(source, "__arrow_c_stream__") or hasattr(source, "fetch_record_batch")):
        return Stream(name, source)
    raise UsageError(
        "unknown-source",
        f"a {type(source).__name__} holds no table",
        table=name,
        remedy="Give a pandas, Polars or Arrow frame, a DuckDB relation, the path of Parquet or CSV files, or cp.Query(sql, database).",
    )
