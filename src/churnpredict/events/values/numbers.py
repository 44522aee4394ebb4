"""Columns of amounts as float64: the value nearest to the written one, whatever type a source stores; missing is NaN."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, warn
from churnpredict.events.tally import judge
from churnpredict.events.values.amounts import Amounts, NumberFormat, number_readings, same_numbers
from churnpredict.events.values.columns import MISSING_TOLD, MISSING_WORDS, as_double, flat, is_text, plain, warn_if_any
from churnpredict.events.values.durations import in_seconds
from churnpredict.figures import percent

__all__ = ["numbers_of_texts", "read_numbers"]

_PLAIN_NUMBERS = "Write plain numbers such as -1234.50: one currency and no signs, no thousands signs, no zeros before."
_HUGE = 1e15
_LARGEST = 1e30  # sums of such values still fit float32
_NUMBER = r"^[+-]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][+-]?[0-9]+)?$"  # rows at a time, together with the memory of a cast to float64
_TWO_FIELDS = r"^\s*[0-9]{1,5}:[0-5][0-9]\s*$"
_ENDLESS = r"^[+-]?(inf|infinity)$"


def read_numbers(column: pa.ChunkedArray, *, table: str, name: str, signed: bool = True, negative: str = "") -> npt.NDArray[np.float64]:
    """Return a value column as float64; missing is NaN. Integers never wrap, decimals and texts are read to the nearest float64.

    Lengths of time become seconds: those of a type of their own, and texts of hours, minutes and seconds such as 00:04:29.

    Raises
    ------
    ContentError
        ``value-type`` for words, booleans and other types; ``infinite-value``.
    """
    values = plain(flat(column))
    kind = values.type
    if not len(values):
        return np.empty(0)
    if pa.types.is_null(kind):
        _count_nulls(len(values), len(values), table, name)
        return np.full(len(values), np.nan)
    if is_text(kind):
        values = _of_texts(values, table, name)
    elif pa.types.is_decimal(kind):
        values = _of_decimals(values)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = as_double(values)
    elif (seconds := in_seconds(values)) is not None:
        values = seconds
    else:
        raise ContentError(
            "value-type",
            f"values of type {kind} where numbers are needed",
            table=table,
            column=name,
            remedy="Declare yes and no as kind= or as an attribute, or convert the column to 1 and 0 to count them."
            if pa.types.is_boolean(kind)
            else "Convert the column to numbers, one currency and no signs in it.",
        )
    numbers = np.asarray((pc.fill_null(values, np.nan) if values.null_count else values).to_numpy(zero_copy_only=False), dtype=np.float64)
    return _check_numbers(numbers, table, name, signed, negative)


def _of_texts(text: pa.Array, table: str, name: str) -> pa.Array:
    values, words, unread = numbers_of_texts(text)
    if unread is not None and (seconds := in_seconds(text)) is not None:
        values, unread = seconds, None
    if unread is not None:
        wrong = text.filter(unread)
        raise ContentError(
            "value-type",
            f"values of type {text.type} where numbers are needed",
            table=table,
            column=name,
            rows=len(wrong),
            total=len(text),
            examples=pc.unique(wrong.slice(0, 1000)).to_pylist(),
            remedy=_how_to_say(text) or _PLAIN_NUMBERS,
        )
    warn_if_any(
        "missing-words",
        MISSING_TOLD,
        (table, name),
        words,
        len(text),
        "Write nothing where nothing is known.",
    )
    return values


def _how_to_say(text: pa.Array) -> str:
    """Return how texts that are all written alike can be read as numbers, as a fix; empty where they are not."""
    if pc.all(pc.match_substring_regex(text, _TWO_FIELDS)).as_py():
        return "Write lengths of time as hours, minutes and seconds, such as 00:04:29: what 04:29 means is not known."
    ways: list[tuple[NumberFormat, Amounts]] = []
    for form, amounts in number_readings(text).items():
        if not any(same_numbers(amounts, other) for _, other in ways):
            ways.append((form, amounts))
    said = [f'decimal="{f.decimal}"' + (f', thousands="{f.thousands}"' if f.thousands else "") for f, _ in ways]
    return f"Declare how the file writes them, with {' or '.join(said)} in cp.File or churn.toml." if said else ""


def numbers_of_texts(text: pa.Array) -> tuple[pa.Array, int, pa.Array | None]:
    """Return texts as float64, to the nearest; how many are words for missing; and a mask of those that are not numbers, if there are any.

    >>> numbers_of_texts(pa.array(["12.50", "N/A", None]))[:2]
    (<pyarrow.lib.DoubleArray object at ...>
    [
      12.5,
      null,
      null
    ], 1)
    """
    padded = pc.any(pc.match_substring_regex(text, r"^\s*[+-]?0[0-9]")).as_py()
    if not padded:
        try:
            values = text.cast(pa.float64())
        except pa.ArrowInvalid:
            pass
        else:
            unknown = pc.is_nan(values)
            return pc.if_else(unknown, None, values), pc.sum(unknown).as_py() or 0, None
    trimmed = pc.utf8_trim_whitespace(text)
    missing = pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING_WORDS))
    words = pc.sum(pc.and_(missing, pc.not_equal(trimmed, ""))).as_py() or 0
    rest = pc.if_else(missing, None, trimmed)
    endless = pc.match_substring_regex(rest, _ENDLESS, ignore_case=True)
    good = pc.or_(endless, pc.and_(pc.match_substring_regex(rest, _NUMBER), pc.match_substring_regex(rest, r"^[+-]?\.?[0-9]")))
    if pc.all(good).as_py() is False:
        return text, words, pc.fill_null(pc.invert(good), False)
    return pc.utf8_ltrim(rest, "+").cast(pa.float64()), words, None


def _of_decimals(values: pa.Array) -> pa.Array:
    """Return the nearest float64: Arrow's own cast is off by one bit for many amounts with cents."""
    if pa.types.is_decimal128(values.type) and values.type.scale >= 0:
        scale = values.type.scale
        words = np.frombuffer(values.buffers()[1], np.int64)[2 * values.offset : 2 * (values.offset + len(values))].reshape(-1, 2)
        low, high = words[:, 0], words[:, 1]
        known = values.is_valid().to_numpy(zero_copy_only=False)
        fits = (high == low >> 63) & (np.abs(low) <= 2**53) | ~known
        if fits.all() and scale <= 22:  # both exact in float64, so that one division rounds once
            return pa.array(np.where(known, low, 0) / 10.0**scale, mask=~known)
    return pa.array([None if v is None else float(v) for v in values.to_pylist()], pa.float64())


def _check_numbers(values: npt.NDArray[np.float64], table: str, name: str, signed: bool, meaning: str) -> npt.NDArray[np.float64]:
    if not len(values):
        return values
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    _count_nulls(len(values) if np.isnan(low) else 0, len(values), table, name)
    if np.isnan(low):
        return np.full(len(values), np.nan)
    unknown = np.isnan(values)
    if unknown.any():
        values = np.where(unknown, np.nan, values)  # NaNs differ in bits between sources, and ties are broken by bits
    if np.isinf(low) or np.isinf(high):
        raise ContentError(
            "infinite-value",
            "infinite values",
            table=table,
            column=name,
            rows=int(np.isinf(values).sum()),
            total=len(values),
            remedy="Find where a division by zero made them; write them as missing.",
        )
    if max(-low, high) > _HUGE:
        remedy = f"Such values dominate sums: check their unit. Beyond {_LARGEST:g} they are cut."
        warn_if_any("huge-value", f"values beyond {_HUGE:g}", (table, name), int((np.abs(values) > _HUGE).sum()), len(values), remedy)
        values = np.clip(values, -_LARGEST, _LARGEST)
    if signed:
        negative = int((values < 0).sum()) if low < 0 else 0
        judge(
            ("negative-value", table, name),
            lambda rows, total: _warn_of_negatives(rows, total, table, name, meaning),
            negative,
            len(values),
        )
    return values


def _count_nulls(nulls: int, total: int, table: str, name: str) -> None:
    def verdict(nulls: int, total: int) -> None:
        if nulls == total:
            remedy = "Leave it out of the declaration."
            warn("null-column", "the column is empty", table=table, column=name, rows=nulls, total=total, remedy=remedy, stacklevel=9)

    judge(("null-column", table, name), verdict, nulls, total)


def _warn_of_negatives(rows: int, total: int, table: str, name: str, meaning: str) -> None:
    if rows:
        warn(
            "negative-value",
            f"{percent(rows / total)} of the values are negative; sums are net of them{meaning}",
            table=table,
            column=name,
            rows=rows,
            total=total,
            remedy="If these are returns, give them a separate kind, to distinguish gross from net.",
            stacklevel=9,
        )
