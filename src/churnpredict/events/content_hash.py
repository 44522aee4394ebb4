"""Hash of the contents of tables: the same rows give the same hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.partition_context import all_streams
from churnpredict.events.tables import EventTables

__all__ = ["arrays_of", "digest_of", "digest_of_tables"]


def arrays_of(tables: EventTables) -> dict[str, npt.NDArray[Any]]:
    """Return all rows of the tables as flat arrays, by ``table/offsets``, ``table/times`` and ``table/columns/name``."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, stream in all_streams(tables).items():
        arrays |= {f"{name}/offsets": stream.offsets, f"{name}/times": stream.times}
        arrays |= {f"{name}/columns/{column}": values for column, values in stream.columns.items()}
    return arrays


def digest_of(arrays: Mapping[str, npt.NDArray[Any]], values: Mapping[str, pa.Array]) -> str:
    """Return SHA-256, in hexadecimal digits, of arrays and of distinct values under their names."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name} {array.dtype.str} {array.size}\n".encode())
        found.update(array.data if array.size else b"")
    for name in sorted(values):
        texts = pc.fill_null(values[name].cast(pa.large_string()), "")
        lengths, content = pc.binary_length(texts).to_numpy(zero_copy_only=False), "".join(texts.to_pylist()).encode()
        found.update(f"{name} {values[name].type} {len(texts)}\n".encode())
        found.update(np.ascontiguousarray(lengths, np.int64).data if len(lengths) else b"")
        found.update(content)
    return found.hexdigest()


def digest_of_tables(tables: EventTables) -> str:
    """Return the digest of all rows, ids and labels of tables in memory."""
    labels = {f"{name}/{column}": v for name, labels in tables.labels.items() for column, v in labels.items()}
    return digest_of(arrays_of(tables), {"ids": tables.ids, **labels})
