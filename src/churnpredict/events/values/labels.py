"""Labels as text: kinds, items, owners and attributes have the same names from every source, whatever type it stores them in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import SchemaError, UsageError, kind_of, warn
from churnpredict.events.tally import judge
from churnpredict.events.values.columns import as_double, encoded, is_text, plain

__all__ = ["as_labels", "label_of", "labels_of", "read_labels"]

_EXACT_FLOAT = 2**53
_SPOILT = r"^-?[0-9]+\.0$"  # a whole number that a missing value has turned into a decimal


def read_labels(column: pa.ChunkedArray, *, table: str, name: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return a column of labels as codes into its sorted distinct texts; missing is -1.

    The codes follow the order of the texts, so they depend neither on the order of the rows nor on the type of the column.

    Raises
    ------
    SchemaError
        ``label-type``, ``float-label``.
    """
    try:
        if pa.types.is_nested(column.type) or isinstance(column.type, pa.BaseExtensionType):
            raise _wrong_type(column.type)
        codes, values = encoded(column)
        texts = as_labels(values)
    except SchemaError as error:
        raise SchemaError(error.code, error.what, table=table, column=name, remedy=error.remedy) from None
    distinct = pc.drop_null(pc.unique(texts))
    distinct = distinct.take(pc.sort_indices(distinct))
    if is_text(values.type):
        spoilt = int(len(distinct) > 0 and pc.all(pc.match_substring_regex(distinct, _SPOILT)).as_py())
        judge(
            ("spoilt-labels", table, name),
            lambda spoilt, parts: _warn_of_spoilt(spoilt, parts, table, name),
            spoilt,
            int(len(distinct) > 0),
        )
    rank = pc.fill_null(pc.index_in(texts, value_set=distinct), -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return np.append(rank, np.int32(-1))[codes], distinct


def as_labels(values: pa.Array) -> pa.Array:
    """Return values of any type as the texts that name them.

    Whole numbers are written as whole numbers, other numbers without zeros at their end, days as ISO 8601, and yes/no as ``true`` and
    ``false``, however these two are spelt. Other texts stay as they are: ``"1.10"``, ``"1e5"`` and ``"007"`` name three things. An empty
    text, NaN and null are missing.

    Raises
    ------
    SchemaError
        ``label-type`` for values that are not labels, ``float-label`` for whole numbers beyond 2^53 that were stored as floats.

    Examples
    --------
    >>> as_labels(pa.array([1.0, None, 2.5])).to_pylist()
    ['1', None, '2.5']
    >>> as_labels(pa.array(["1.0", "True", ""])).to_pylist()
    ['1.0', 'true', None]
    """
    values = plain(values)
    kind = values.type
    if is_text(kind):
        values = values.cast(pa.string())
        values = pc.if_else(pc.is_in(values, pa.array(["True", "TRUE", "False", "FALSE"])), pc.utf8_lower(values), values)
        return pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), None, values)
    if pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_date32(kind):
        return values.cast(pa.string())
    if pa.types.is_time(kind):  # times of day, to the second or as far as there are digits, whatever unit they are stored in
        texts = pc.replace_substring_regex(values.cast(pa.string()), r"(\.[0-9]*[1-9])0+$|\.0+$", r"\1")
    elif pa.types.is_date(kind):
        texts = values.cast(pa.date32()).cast(pa.string())
    elif pa.types.is_floating(kind):
        texts = _of_floats(values)
    elif pa.types.is_decimal(kind):
        texts = pa.array([None if v is None else _plain_number(format(v, "f")) for v in values.to_pylist()], pa.string())
    elif pa.types.is_timestamp(kind):
        texts = _of_timestamps(values)
    else:
        raise _wrong_type(kind)
    return texts


def _wrong_type(kind: pa.DataType) -> SchemaError:
    remedy = "Labels must be text, numbers, days or yes and no: convert the column before declaring it."
    return SchemaError("label-type", f"labels of type {kind}", remedy=remedy)


def _of_floats(values: pa.Array) -> pa.Array:
    values = pc.if_else(pc.is_nan(values), None, values)
    if pc.any(pc.greater_equal(pc.abs(values), float(_EXACT_FLOAT))).as_py():
        raise SchemaError(
            "float-label",
            "labels are floats beyond 2^53, where neighbouring numbers have already become the same",
            remedy="Read the column again from its source as int64 or text; a cast cannot restore the lost digits.",
        )
    return pa.array([None if v is None else _plain_number(repr(v)) for v in as_double(values).to_pylist()], pa.string())


def _plain_number(text: str) -> str:
    """Return a number without zeros, and without a point, at its end."""
    if "." not in text or "e" in text or "E" in text:
        return format(Decimal(text), "f") if text.lower().partition("e")[2].startswith("-") else text
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _of_timestamps(values: pa.Array) -> pa.Array:
    """Return days where it is midnight, else to the second or as far as there are digits; with a zone, in UTC."""
    zoned = values.type.tz is not None
    flat = values.cast(pa.timestamp("us", values.type.tz), safe=False).cast(pa.timestamp("us"))
    texts = (None if v is None else v.isoformat(sep=" ") + ("Z" if zoned else "") for v in flat.to_pylist())
    return pa.array([t.removesuffix(" 00:00:00") if t else t for t in texts], pa.string())


def label_of(value: Any) -> str | None:
    """Return the text of a label that a user gives: ``1``, ``1.0`` and ``True`` are named as by :func:`as_labels`.

    >>> label_of(1.0), label_of(True), label_of("yes")
    ('1', 'true', 'yes')
    """
    if isinstance(value, str):
        value = str(value)  # a subclass, such as numpy's
    if isinstance(value, np.datetime64):
        value = value.item()
    try:
        found = as_labels(pa.array([value]))[0].as_py()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, ValueError):
        return None if pd.isna(value) is True else str(value)
    return None if found is None else str(found)


def labels_of(values: Iterable[Any]) -> list[str]:
    """Return the texts of several labels, or of a single text.

    Raises
    ------
    UsageError
        ``bad-argument``: nothing, NaN or an empty text among them, which no row is called; or nothing that can be listed.
    """
    table = hasattr(values, "columns") or getattr(values, "ndim", 1) != 1
    if table or isinstance(values, (bytes, Mapping)) or not isinstance(values, Iterable):
        raise UsageError("bad-argument", f"kinds are {kind_of(values)}", remedy='Give a list of kinds, such as ["paid"].')
    labels = [label_of(value) for value in ([values] if isinstance(values, str) else values)]
    if None in labels:
        what = f"a missing value is named as a kind ({labels.count(None)} of {len(labels)} kinds)"
        raise UsageError("bad-argument", what, remedy="Name kinds that rows have, or leave it out.")
    return [label for label in labels if label is not None]


def _warn_of_spoilt(spoilt: int, parts: int, table: str, name: str) -> None:
    """Warn where ``spoilt`` of the parts that have any label hold only damaged labels."""
    if spoilt and spoilt == parts:
        warn(
            "spoilt-labels",
            "all labels are whole numbers written as decimals (1.0); other sources call them 1",
            table=table,
            column=name,
            remedy="Missing values among whole numbers cause this when a table is written: write the column as Int64 or text.",
            stacklevel=8,
        )
