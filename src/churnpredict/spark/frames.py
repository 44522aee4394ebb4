"""Spark DataFrames as sources: their declared columns, what their texts are, and how many buckets they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from churnpredict.errors import UsageError, missing_extra
from churnpredict.events.declarations import Declaration
from churnpredict.events.source import Source
from churnpredict.events.sources.base import distinct
from churnpredict.events.sources.spill import see_forms, without_dictionaries
from churnpredict.events.sources.texts import shared_form
from churnpredict.events.streams import UNIT
from churnpredict.spark.transfer import quoted

__all__ = ["check_columns", "declared_columns", "how_many", "open_frame", "text_forms"]

SOME_ROWS = 500_000  # rows in a bucket: about 200 MB while it is processed


def open_frame(name: str, declaration: Any) -> Any:
    """Return the Spark DataFrame of a table, once it is known to have the declared columns.

    Raises
    ------
    UsageError
        ``no-spark``, ``not-spark``.
    SchemaError
        ``missing-column``, ``duplicate-column``.
    MissingExtraError
        Without PySpark.
    """
    try:
        from pyspark.sql import DataFrame, SparkSession
    except ImportError as error:
        raise missing_extra("tables of Spark need PySpark", "spark") from error
    given = declaration.source
    if isinstance(given, str):
        session = SparkSession.getActiveSession()
        if session is None:
            raise UsageError(
                "no-spark", "there is no Spark session", table=name, remedy="Start one; a table may also be given as a DataFrame."
            )
        given = session.table(given)
    if not isinstance(given, DataFrame):
        raise UsageError(
            "not-spark", f"the source is a {type(given).__name__}", table=name, remedy="Give a Spark DataFrame or the name of a table."
        )
    check_columns(name, given, declaration.columns())
    return given


def check_columns(name: str, frame: Any, wanted: Sequence[str]) -> None:
    """Refuse columns that a DataFrame does not have.

    Raises
    ------
    SchemaError
        ``missing-column``, ``duplicate-column``.
    """
    _Columns(name, frame.columns).check(wanted)


def declared_columns(frame: Any, declaration: Declaration) -> Any:
    """Return a DataFrame with only the declared columns."""
    return frame.select(*[quoted(c) for c in distinct(declaration.columns())])


class _Columns(Source):
    """The names of a Spark DataFrame's columns, to be checked as those of any source."""

    def __init__(self, name: str, names: list[str]) -> None:
        super().__init__(name)
        self._names = names

    def columns(self) -> list[str]:
        return self._names


def text_forms(frame: Any, declaration: Declaration) -> dict[int, dict[str, bytes]]:
    """Return what all texts are of each described column: of all rows under 0, or of each unit if a column says which one a row is from.

    Buckets alone cannot see it: texts that are all numbers are numbers, as from every source.
    """
    from pyspark.sql.types import StringType

    described = declaration.described()
    texts = [f.name for f in frame.schema if f.name in described and isinstance(f.dataType, StringType)]
    if not texts:
        return {}
    columns = [*texts, *({UNIT} & set(frame.columns))]
    rows = frame.select(*map(quoted, columns)).mapInArrow(lambda b: _see_forms(b, texts), "unit int, name string, form binary").collect()
    found: dict[int, dict[str, bytes]] = {}
    for row in rows:
        own = found.setdefault(row["unit"], {})
        own[row["name"]] = shared_form([own.get(row["name"], b""), bytes(row["form"])])
    return found


def _see_forms(batches: Iterable[pa.RecordBatch], texts: list[str]) -> Iterator[pa.RecordBatch]:
    found: dict[int, dict[str, bytes]] = {}
    for given in batches:
        for number, rows in _by_unit(without_dictionaries(given)):
            see_forms(rows, texts, found.setdefault(number, {}))
    told = [(number, name, form) for number, forms in found.items() for name, form in forms.items()]
    numbers, names, forms = zip(*told, strict=True) if told else ((), (), ())
    arrays = [pa.array(numbers, pa.int32()), pa.array(names, pa.string()), pa.array(forms, pa.binary())]
    yield pa.RecordBatch.from_arrays(arrays, names=["unit", "name", "form"])


def _by_unit(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of each unit: a batch is of one file, or of a few."""
    if UNIT not in batch.schema.names:
        yield 0, batch
        return
    units = batch.column(UNIT).to_numpy(zero_copy_only=False)
    for number in sorted(set(units.tolist())):
        yield number, batch.filter(pa.array(units == number)).drop_columns([UNIT])


def how_many(frames: Mapping[str, Any], session: Any) -> int:
    """Return the number of buckets: one for half a million rows, and no fewer than the cluster has cores."""
    cores = int(session.conf.get("spark.default.parallelism", None) or getattr(session, "sparkContext", session).defaultParallelism)
    return max(2 * cores, sum(frame.count() for frame in frames.values()) // SOME_ROWS + 1)
