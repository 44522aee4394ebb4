"""Columns as one array of a plain type, and their distinct values as codes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import warn
from churnpredict.events.tally import judge
from churnpredict.events.values.text_encoding import encode_text

__all__ = ["MISSING_TOLD", "MISSING_WORDS", "as_double", "encoded", "flat", "is_text", "no_times", "plain", "warn_if_any"]

# In small letters: words for missing in a column of numbers or times.
MISSING_TOLD = "words such as NULL or N/A are read as missing"
MISSING_WORDS = (
    *("", "null", "(null)", "n/a", "#n/a", "#n/a n/a", "na", "#na", "<na>", "n.a.", "nan", "-nan", "none", "nil", "nat", "\\n", "-", "--"),
    *("-1.#ind", "1.#ind", "-1.#qnan", "1.#qnan"),
)
_NO_DAY = r"^0{1,4}[-/.]?0{1,2}[-/.]?0{2,4}([T ][0:.]*)?$"  # MySQL's 0000-00-00, SAP's 00000000, 00.00.0000


def no_times(texts: pa.Array) -> pa.Array:
    """Return which texts say that there is no time, shape (n,): nothing, words for missing, and days of zeros."""
    return pc.or_(pc.is_in(pc.utf8_lower(texts), pa.array(MISSING_WORDS)), pc.match_substring_regex(texts, _NO_DAY))


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def plain(column: pa.Array) -> pa.Array:
    """Return an array without dictionary, view and half-precision types, which not every compute function takes."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_float16(kind):
        column = _as_single(column)
    if hasattr(pa.types, "is_string_view") and pa.types.is_string_view(kind):
        column = column.cast(pa.large_string())  # Arrow before 19 cannot tell how large a view is
    if pa.types.is_large_string(column.type) and column.nbytes < 2**31:
        column = column.cast(pa.string())
    return column


def as_double(values: pa.Array) -> pa.Array:
    """Return numbers as float64. Shorter floats become the shortest decimal that they are written as: 0.1, not 0.10000000149011612.

    A CSV of the same table holds that decimal, and an amount must not depend on the file it comes from.

    >>> as_double(pa.array([0.1, 20.3, 1e10, None], pa.float32())).to_pylist()
    [0.1, 20.3, 10000000000.0, None]
    """
    if pa.types.is_float16(values.type):
        values = _as_single(values)
    if pa.types.is_float32(values.type):
        values = values.cast(pa.string())
    return values.cast(pa.float64(), safe=False) if not is_text(values.type) else values.cast(pa.float64())


def _as_single(values: pa.Array) -> pa.Array:
    """Return half-precision floats in single precision, each as the shortest decimal that it is written as."""
    codes, distinct = pd.factorize(np.asarray(values.to_numpy(zero_copy_only=False), np.float16), use_na_sentinel=False)
    read = np.array([float(str(v)) for v in distinct], np.float32)
    return pa.array(read[codes], mask=~values.is_valid().to_numpy(zero_copy_only=False))


def encoded(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return codes, -1 for missing, and distinct values; joined by hand, since Arrow would unify dictionaries that are already one."""
    if _repeats_a_text(column):
        column = column.cast(column.type.value_type)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], column.type.value_type)
    elif (encoded := encode_text(column)) is not None:
        return encoded[0], plain(encoded[1])
    else:
        if pa.types.is_float16(column.type):  # Arrow 18 has no dictionaries of them
            column = pa.chunked_array([plain(flat(column))])
        kind = column.type
        column = column.dictionary_encode()
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], kind)
    indices = [c.indices.cast(pa.int32()) if pa.types.is_unsigned_integer(c.indices.type) else c.indices for c in column.chunks]
    parts = [(i.fill_null(-1) if i.null_count else i).to_numpy(zero_copy_only=False) for i in indices]
    codes = np.concatenate(parts).astype(np.int32, copy=False) if parts else np.empty(0, np.int32)
    return _only_used(codes, plain(values))


def _repeats_a_text(column: pa.ChunkedArray) -> bool:
    """Return whether a dictionary lists a text twice, as one from a file may; dictionaries of several parts become one without repeats."""
    if not pa.types.is_dictionary(column.type) or column.num_chunks != 1 or not is_text(column.type.value_type):
        return False
    values = column.chunk(0).dictionary
    return bool(pc.count_distinct(values, mode="all").as_py() < len(values))


def _only_used(codes: npt.NDArray[np.int32], values: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Remove categories that no row has: they would count as customers who never existed, and kinds that never happened."""
    used = np.bincount(codes + 1, minlength=len(values) + 1)[1:] > 0
    if used.all():
        return codes, values
    return np.append(np.cumsum(used, dtype=np.int32) - 1, np.int32(-1))[codes], values.filter(pa.array(used))


def is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def warn_if_any(code: str, what: str, where: tuple[str, str], rows: int, total: int, remedy: str) -> None:
    def verdict(rows: int, total: int) -> None:
        if rows:
            warn(code, what, table=where[0], column=where[1], rows=rows, total=total, remedy=remedy, stacklevel=9)

    judge((code, *where), verdict, rows, total)
