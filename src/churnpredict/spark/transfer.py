"""Objects between the tasks of one job, as Arrow batches of bytes that no task keeps; and names and paths as Spark reads them."""

from __future__ import annotations

import pickle
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa

from churnpredict.events.tables import EventTables

__all__ = ["LARGEST", "NO_HOST", "address_of", "as_arrow", "bare", "binary", "dump", "load", "quoted", "tables_in", "without_globs"]

NO_HOST = "^([^:/]+):///"  # how an address begins that names no machine
LARGEST = (1 << 31) - (1 << 20)  # bytes in one value of Spark


def bare(tables: EventTables, declarations: dict[str, Any]) -> bytes:
    """Return tables as bytes for a later task of the same job, without their sources and without what can be computed again."""
    tables.declarations = declarations
    if tables.profile is not None:
        tables.profile = replace(tables.profile, versions=replace(tables.profile.versions))
    tables.streams = {name: replace(stream) for name, stream in tables.streams.items()}
    return pickle.dumps(tables, protocol=5)


def tables_in(batches: Iterator[pa.RecordBatch]) -> Iterator[EventTables]:
    """Yield the tables that :func:`bare` has made bytes of."""
    for batch in batches:
        for part in batch.column(0):
            yield pickle.loads(part.as_buffer())  # noqa: S301 - Spark moved it between our own tasks


def dump(found: Any) -> bytes:
    """Return Python objects as compressed bytes, including verdicts with their closures: most counts are zeros."""
    from pyspark import cloudpickle

    return zlib.compress(cloudpickle.dumps(found), 1)


def load(content: Any) -> Any:
    """Return what :func:`dump` has made bytes of."""
    return pickle.loads(zlib.decompress(content))  # noqa: S301 - Spark moved it between our own tasks


def binary(**values: bytes | None) -> pa.RecordBatch:
    """Return one row of these values."""
    return pa.RecordBatch.from_arrays([pa.array([v], pa.binary()) for v in values.values()], names=list(values))


def as_arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return a pandas frame in the types declared to Spark."""
    flat = frame.reset_index() if frame.index.names[0] is not None else frame
    return pa.Table.from_pandas(flat[schema.names], preserve_index=False).cast(schema)


def quoted(name: str) -> str:
    """Return a name as Spark reads it in expressions."""
    return "`" + name.replace("`", "``") + "`"


def address_of(status: Any) -> str:
    """Return the address of a file in the one spelling of two that Spark has for it."""
    return re.sub(NO_HOST, r"\1:/", status.getPath().toUri().toString())


def without_globs(path: str) -> str:
    """Return a path of which no sign stands for others."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)
