"""Ids of any type as whole numbers within int64 or as text, exactly, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import IdentityError

__all__ = ["exact_ids", "refuse_missing"]

_EXACT_FLOAT = 2**53
# "1.23457E+12" of a spreadsheet, "1.23457e+12" and "42.0" of a table whose ids went through floats; "12E4" is an id.
_FLOAT = r"^[+-]?([0-9]([.,][0-9]+)?[eE]\+[0-9]{1,3}|[0-9]+\.0)$"

Count = Callable[[npt.NDArray[np.bool_]], int]


def refuse_missing(column: pa.ChunkedArray, table: str, name: str) -> None:
    """Refuse a column in which an id is missing.

    Raises
    ------
    IdentityError
        ``null-id``, and ``id-type`` for lists and the like, which have no distinct values.
    """
    if pa.types.is_nested(column.type) or isinstance(column.type, pa.BaseExtensionType):
        raise _wrong_type(column.type, {"table": table, "column": name})
    missing = column.null_count
    if pa.types.is_dictionary(column.type):  # a missing id may hide among the values
        missing = (
            sum(c.dictionary_decode().null_count for c in column.chunks) if any(c.dictionary.null_count for c in column.chunks) else missing
        )
    if missing:
        remedy = "Drop these rows, or fill in their customer ids."
        raise IdentityError(
            "null-id", "rows without a customer id", table=table, column=name, rows=missing, total=len(column), remedy=remedy
        )


def exact_ids(values: pa.Array, table: str, name: str, count: Count | None = None, total: int | None = None) -> pa.Array:
    """Return ids as int64 or string.

    Parameters
    ----------
    values : pyarrow.Array
        Of any plain type, without nulls.
    table, name : str
        For messages.
    count : callable, optional
        Returns the number of rows of the values in a mask, where values are distinct ones.
    total : int, optional
        How many rows there are.

    Raises
    ------
    IdentityError
        ``empty-id``, ``float-id``, ``id-type``.
    """
    count = count or (lambda wrong: int(wrong.sum()))
    where: dict[str, Any] = {"table": table, "column": name}
    kind = values.type
    if pa.types.is_integer(kind):
        if kind == pa.uint64() and pc.max(values).as_py() > 2**63 - 1:
            return values.cast(pa.string())
        return values.cast(pa.int64())
    if pa.types.is_floating(kind):
        raise _float_ids(values, where)
    if pa.types.is_decimal(kind):
        return _of_decimals(values, where)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or "string" in str(kind)):
        raise _wrong_type(kind, where)
    texts = values.cast(pa.string())
    where["total"] = len(values) if total is None else total
    empty = pc.equal(pc.utf8_trim_whitespace(texts), "").to_numpy(zero_copy_only=False)
    if empty.any():
        remedy = "Drop these rows, or fill in their customer ids."
        raise IdentityError("empty-id", "rows with an empty customer id", rows=count(empty), remedy=remedy, **where)
    spoilt = pc.match_substring_regex(texts, _FLOAT).to_numpy(zero_copy_only=False)
    if spoilt.any():
        raise IdentityError(
            "float-id",
            "ids that have been written as decimal numbers, as a spreadsheet does; digits may be lost",
            rows=count(spoilt),
            remedy="Export them again from their source, with the column as text; opening the file in a spreadsheet damages it again.",
            **where,
        )
    return texts


def _wrong_type(kind: pa.DataType, where: dict[str, Any]) -> IdentityError:
    remedy = "Ids must be whole numbers or text: cast the column to string."
    return IdentityError("id-type", f"customer ids of type {kind}", remedy=remedy, **where)


def _of_decimals(values: pa.Array, where: dict[str, Any]) -> pa.Array:
    """Return whole decimals as ids: int64 where all fit, else text."""
    numbers = values.to_pylist()
    broken = [n for n in numbers if not n.is_finite() or n != n.to_integral_value()]
    if broken:
        remedy = "Ids must be whole numbers or text: cast the column to string."
        raise IdentityError("id-type", "customer ids with digits after the point", examples=broken, remedy=remedy, **where)
    whole = [int(n) for n in numbers]
    if all(-(2**63) <= n < 2**63 for n in whole):
        return pa.array(whole, pa.int64())
    return pa.array(map(str, whole), pa.string())


def _float_ids(values: pa.Array, where: dict[str, Any]) -> IdentityError:
    largest = pc.max(pc.abs(values)).as_py()
    if largest is not None and largest >= _EXACT_FLOAT:
        return IdentityError(
            "float-id",
            "ids are floats beyond 2^53, where neighbouring ids have already become the same number",
            remedy="Read the column again from its source as int64 or text; a cast cannot restore the lost digits.",
            **where,
        )
    remedy = f'Cast them first: frame["{where["column"]}"].astype("int64"), or to text.'
    return IdentityError("float-id", "customer ids are floats", remedy=remedy, **where)
