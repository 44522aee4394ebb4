"""One column at a time: from what stands in a source to ids, times, numbers and labels that can be trusted.

Longer than most modules because every refusal is a sentence with a remedy, and all of them are made at this one door.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, IdentityError, SchemaError, TimeError, warn
from churnpredict.events.tally import judge
from churnpredict.events.text_encoding import encode_text
from churnpredict.events.time_formats import fitting_formats, read_formatted

__all__ = ["check_spellings", "read_ids", "read_labels", "read_numbers", "read_times"]

_FAR_PAST, _FAR_FUTURE = -2_208_902_400_000_000, 7_258_118_400_000_000  # 1900-01-02 and 2200-01-01: beyond, a date is a placeholder
_EPOCH = {"d": 86_400_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_HUGE = 1e15
_LARGEST = 1e30  # sums of such values still fit float32
_EXACT_FLOAT = 2**53
_MANY_NULLS = 0.05


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def _plain(column: pa.Array) -> pa.Array:
    """Without dictionary and view types, which not every compute function takes."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.dictionary_decode()
        kind = column.type
    if pa.types.is_large_string(kind) or (hasattr(pa.types, "is_string_view") and pa.types.is_string_view(kind)):
        column = column.cast(pa.string()) if column.nbytes < 2**31 else column.cast(pa.large_string())
    return column


def _encoded(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Codes, -1 for missing, and distinct values; joined by hand, since Arrow would unify dictionaries that are already one."""
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], column.type.value_type)
    elif (encoded := encode_text(column)) is not None:
        return encoded[0], _plain(encoded[1])
    else:
        kind = column.type
        column = column.dictionary_encode()
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], kind)
    parts = [(c.indices.fill_null(-1) if c.null_count else c.indices).to_numpy(zero_copy_only=False) for c in column.chunks]
    return np.concatenate(parts).astype(np.int32, copy=False) if parts else np.empty(0, np.int32), _plain(values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def read_ids(column: pa.ChunkedArray, *, table: str, name: str, from_text: bool) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Customer ids as codes into their distinct values (int64 or string).

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    table, name : str
        For messages.
    from_text : bool
        The source has no types of its own (CSV): ids that are all canonical whole numbers become int64.

    Raises
    ------
    IdentityError
        ``null-id``, ``empty-id``, ``float-id``, ``id-type``.
    """
    if pa.types.is_dictionary(column.type) and any(c.dictionary.null_count for c in column.chunks):
        column = column.cast(column.type.value_type)  # a missing id may hide among the values
    if column.null_count:
        raise IdentityError(
            "null-id",
            "rows without a customer id",
            table=table,
            column=name,
            rows=column.null_count,
            total=len(column),
            remedy="Drop these rows, or fill in whose they are.",
        )
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not len(column):
        return np.empty(0, np.int32), pa.array([], pa.int64())
    if pa.types.is_floating(kind):
        raise _float_ids(column, table, name)
    if pa.types.is_integer(kind):
        if kind == pa.uint64():
            column = _cast(column, pa.int64(), table, name, IdentityError, "id-type", "ids beyond the range of int64")
    elif not (_is_text(kind) or "string" in str(kind)):
        raise IdentityError(
            "id-type",
            f"customer ids of type {kind}",
            table=table,
            column=name,
            remedy="Ids are whole numbers or text: cast the column to string.",
        )
    codes, values = _encoded(column)
    if pa.types.is_dictionary(column.type):
        codes, values = _only_used(codes, values)
    if not _is_text(values.type):
        return codes, values.cast(pa.int64())
    values = values.cast(pa.string())
    empty = pc.equal(pc.utf8_trim_whitespace(values), "")
    if pc.any(empty).as_py():
        rows = int(np.isin(codes, np.flatnonzero(empty.to_numpy(zero_copy_only=False))).sum())
        raise IdentityError(
            "empty-id",
            "rows with an empty customer id",
            table=table,
            column=name,
            rows=rows,
            total=len(column),
            remedy="Drop these rows, or fill in whose they are.",
        )
    if from_text and pc.all(pc.match_substring_regex(values, r"^(0|-?[1-9][0-9]{0,17})$")).as_py():
        values = values.cast(pa.int64())
    return codes, values


def _only_used(codes: npt.NDArray[np.int32], values: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Without categories that no row has: they would be customers who never were."""
    used = np.bincount(codes, minlength=len(values)) > 0
    if used.all():
        return codes, values
    return (np.cumsum(used, dtype=np.int32) - 1)[codes], values.filter(pa.array(used))


def _float_ids(column: pa.ChunkedArray, table: str, name: str) -> IdentityError:
    largest = pc.max(pc.abs(_plain(_flat(column)))).as_py()
    if largest >= _EXACT_FLOAT:
        return IdentityError(
            "float-id",
            "ids are floats beyond 2^53, where neighbouring ids have already become the same number",
            table=table,
            column=name,
            remedy="Read the column again from its source as int64 or text; a cast cannot bring the lost digits back.",
        )
    return IdentityError(
        "float-id",
        "customer ids are floats",
        table=table,
        column=name,
        remedy=f'Cast them before: frame["{name}"].astype("int64"), or to text.',
    )


def check_spellings(values: pa.Array, table: str) -> None:
    """Warn of ids that differ only in spaces, case, Unicode form or leading zeros: most often one customer twice."""
    if not _is_text(values.type):
        return
    forms: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("id-spaces", "leading or trailing spaces", pc.utf8_trim_whitespace),
        ("id-case", "upper and lower case", pc.utf8_lower),
        ("id-unicode", "the Unicode form (NFC, NFD)", lambda v: pc.utf8_normalize(v, form="NFC")),
        ("id-zeros", "leading zeros", lambda v: pc.replace_substring_regex(v, r"^0+([0-9]+)$", r"\1")),
    ]
    for code, difference, normal in forms:
        same = len(values) - pc.count_distinct(normal(values)).as_py()
        if same:
            warn(
                code,
                f"{same:,} customer ids differ from another one only in {difference}; they are kept apart",
                table=table,
                remedy="If they are the same customers, write the ids in one way before.",
                stacklevel=6,
            )


def read_times(
    column: pa.ChunkedArray,
    *,
    table: str,
    name: str,
    timezone: str,
    unit: str | None = None,
    form: str | None = None,
    placeholders: bool = False,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], bool | None]:
    """Times in microseconds UTC.

    Naive times are wall times of ``timezone``: an hour that does not exist moves forward, an hour that exists twice is its first.
    Dates are their midnight. Text must be ISO 8601, or as ``form`` says.

    Parameters
    ----------
    placeholders : bool
        Whether a date such as 1900-01-01 or 9999-12-31 may stand for "open".

    Returns
    -------
    times : ndarray of shape (n,), int64
    missing : ndarray of shape (n,), bool
    aware : bool or None
        Whether the column carries a time zone; None when it does not matter (all missing, or epoch numbers).

    Raises
    ------
    TimeError
        ``epoch-unit``, ``not-iso``, ``time-format``, ``mixed-zones``, ``time-type``, ``null-time``.
    """
    flat = _plain(_flat(column))
    kind, aware = flat.type, None
    if pa.types.is_null(kind) or not len(flat):
        return np.zeros(len(flat), np.int64), np.ones(len(flat), np.bool_), None
    if form is not None and (_is_text(kind) or pa.types.is_integer(kind)):
        flat = read_formatted(flat, form, table=table, name=name)
        kind = flat.type
    elif _is_text(kind):
        counted = _as_counts(flat) if unit in _EPOCH else None  # a text file has no types: what counts seconds may stand there as text
        flat = _parse_iso(flat, table, name) if counted is None else counted
        kind = flat.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        if unit not in _EPOCH:
            written = pa.types.is_integer(kind) and fitting_formats(flat.cast(pa.string()))
            remedy = 'Declare what they count: unit="s", "ms" or "us" (since 1970, UTC), or "d" for numbers of days.'
            remedy = f'Declare how they are written: format="{written[0]}".' if written else remedy
            raise TimeError("epoch-unit", "times are numbers without a unit", table=table, column=name, remedy=remedy)
        flat = _from_epoch(flat, _EPOCH[unit])
    elif pa.types.is_date(kind):
        flat, aware = _localise(flat.cast(pa.timestamp("us")), timezone), False
    elif pa.types.is_timestamp(kind):
        aware = kind.tz is not None
        flat = flat.cast(pa.timestamp("us", kind.tz), safe=False)
        flat = flat if aware else _localise(flat, timezone)
    else:
        raise TimeError(
            "time-type", f"times of type {kind}", table=table, column=name, remedy="Convert the column to timestamps or to ISO 8601 text."
        )
    missing = flat.is_null().to_numpy(zero_copy_only=False) if flat.null_count else np.zeros(len(flat), np.bool_)
    numbers = pc.fill_null(flat.cast(pa.int64()), 0) if flat.null_count else flat.cast(pa.int64())
    times = np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)
    if len(times) and (times.min() < _FAR_PAST or times.max() >= _FAR_FUTURE):
        odd = (times < _FAR_PAST) | (times >= _FAR_FUTURE)
        _warn_if_any(
            "placeholder-date",
            "dates far outside any history are placeholders" + (" and read as open" if placeholders else "; these rows have no time"),
            (table, name),
            int(odd.sum()),
            len(times),
            "Write nothing where nothing is known.",
        )
        missing = missing | odd
    return times, missing, aware


def _as_counts(text: pa.Array) -> pa.Array | None:
    text = pc.utf8_trim_whitespace(text)
    for kind in (pa.int64(), pa.float64()):  # whole numbers with gaps are written as 12.0
        try:
            return text.cast(kind)
        except pa.ArrowInvalid:
            continue
    return None


def _from_epoch(flat: pa.Array, unit: int) -> pa.Array:
    """Counts since 1970 as microseconds: NaN is missing, and what no int64 holds becomes a placeholder instead of another time."""
    if pa.types.is_floating(flat.type):
        flat = pc.if_else(pc.is_nan(flat), None, flat)
        bound = _FAR_FUTURE / unit
        flat = pc.round(
            pc.multiply(pc.min_element_wise(pc.max_element_wise(flat, -bound, skip_nulls=False), bound, skip_nulls=False), unit)
        )
        return flat.cast(pa.int64())
    bound = _FAR_FUTURE // unit
    flat = (
        flat.cast(pa.int64(), safe=False)
        if flat.type != pa.uint64()
        else pc.min_element_wise(flat, bound, skip_nulls=False).cast(pa.int64())
    )
    return pc.multiply(pc.min_element_wise(pc.max_element_wise(flat, -bound, skip_nulls=False), bound, skip_nulls=False), unit)


def _localise(flat: pa.Array, timezone: str) -> pa.Array:
    if timezone == "UTC":
        return flat
    return pc.assume_timezone(flat, timezone, ambiguous="earliest", nonexistent="latest")


def _parse_iso(text: pa.Array, table: str, name: str) -> pa.Array:
    text = pc.utf8_trim_whitespace(text)
    zoned = pc.match_substring_regex(text, r"[T ].*(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$")
    any_zone, all_zone = pc.any(zoned).as_py(), pc.all(zoned).as_py()
    if any_zone and not all_zone:
        raise TimeError(
            "mixed-zones",
            "some times carry a time zone and some do not",
            table=table,
            column=name,
            rows=pc.sum(zoned).as_py(),
            total=len(text),
            remedy="Write all of them with a zone, or all without.",
        )
    target = pa.timestamp("us", "UTC") if any_zone else pa.timestamp("us")
    try:
        return text.cast(target)
    except pa.ArrowInvalid:
        fitting = " or ".join(f'format="{form}"' for form in fitting_formats(text))
        bad = [v for v in pc.unique(text).to_pylist() if v is not None and not _castable(v, target)]
        raise TimeError(
            "not-iso",
            "times as text that are not ISO 8601",
            table=table,
            column=name,
            rows=pc.sum(pc.is_in(text, pa.array(bad, pa.string()))).as_py(),
            total=len(text),
            examples=bad,
            remedy=f"Declare how they are written: {fitting}."
            if fitting
            else 'Write them as "2024-09-01" or "2024-09-01T13:45:00", or convert the column to timestamps.',
        ) from None  # the reader's own message quotes the value


def _castable(value: str, target: pa.DataType) -> bool:
    try:
        pa.scalar(value).cast(target)
    except pa.ArrowInvalid:
        return False
    return True


def drop_unknown_times(missing: npt.NDArray[np.bool_], *, table: str, name: str) -> npt.NDArray[np.bool_] | None:
    """Which rows to keep, or None for all; a few rows without a time are dropped and counted, many are an error."""
    rows = int(missing.sum())
    judge(("null-time", table, name), lambda rows, total: _judge_unknown_times(rows, total, table, name), rows, len(missing))
    return ~missing if rows else None


def _judge_unknown_times(rows: int, total: int, table: str, name: str) -> None:
    if rows > _MANY_NULLS * total:
        raise TimeError(
            "null-time",
            "rows without a time",
            table=table,
            column=name,
            rows=rows,
            total=total,
            remedy="Fill the times in, or drop the rows on purpose.",
        )
    if rows:
        warn(
            "null-time",
            "rows without a time are dropped",
            table=table,
            column=name,
            rows=rows,
            total=total,
            remedy="Fill the times in if these events matter.",
            stacklevel=8,
        )


def _warn_if_any(code: str, what: str, where: tuple[str, str], rows: int, total: int, remedy: str) -> None:
    def verdict(rows: int, total: int) -> None:
        if rows:
            warn(code, what, table=where[0], column=where[1], rows=rows, total=total, remedy=remedy, stacklevel=9)

    judge((code, *where), verdict, rows, total)


def _cast(column: Any, kind: pa.DataType, table: str, name: str, error: type[Exception], code: str, what: str) -> Any:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        raise error(code, what, table=table, column=name, remedy="Convert the column before declaring it.") from None  # type: ignore[call-arg]


def read_numbers(column: pa.ChunkedArray, *, table: str, name: str, signed: bool = True) -> npt.NDArray[np.float64]:
    """A value column as float64; missing is NaN. Integers never wrap, decimals are read as they are.

    Raises
    ------
    ContentError
        ``value-type`` for text and the like, ``infinite-value``.
    """
    flat = _plain(_flat(column))
    kind = flat.type
    if not len(flat):
        return np.empty(0)
    if pa.types.is_null(kind):
        _count_nulls(len(flat), len(flat), table, name)
        return np.full(len(flat), np.nan)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        flat = flat.cast(pa.float64(), safe=False) if not pa.types.is_float64(kind) else flat
    else:
        examples = [v for v in flat.slice(0, 1000).to_pylist() if v is not None and not _is_number(v)][:3]
        raise ContentError(
            "value-type",
            f"values of type {kind} where numbers are needed",
            table=table,
            column=name,
            examples=examples,
            remedy="Convert the column to numbers, one currency and no signs in it.",
        )
    values = np.asarray((pc.fill_null(flat, np.nan) if flat.null_count else flat).to_numpy(zero_copy_only=False), dtype=np.float64)
    return _check_numbers(values, table, name, signed)


def _check_numbers(values: npt.NDArray[np.float64], table: str, name: str, signed: bool) -> npt.NDArray[np.float64]:
    if not len(values):
        return values
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    _count_nulls(len(values) if np.isnan(low) else 0, len(values), table, name)
    if np.isnan(low):
        return np.full(len(values), np.nan)
    unknown = np.isnan(values)
    if unknown.any():
        values = np.where(unknown, np.nan, values)  # one NaN: their bits differ between sources, and ties are broken by bits
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
        remedy = f"Such values drown all others in sums: check their unit. Beyond {_LARGEST:g} they are cut."
        _warn_if_any("huge-value", f"values beyond {_HUGE:g}", (table, name), int((np.abs(values) > _HUGE).sum()), len(values), remedy)
        values = np.clip(values, -_LARGEST, _LARGEST)
    if signed:
        negative = int((values < 0).sum()) if low < 0 else 0
        judge(("negative-value", table, name), lambda rows, total: _warn_of_negatives(rows, total, table, name), negative, len(values))
    return values


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _count_nulls(nulls: int, total: int, table: str, name: str) -> None:
    def verdict(nulls: int, total: int) -> None:
        if nulls == total:
            remedy = "Leave it out of the declaration."
            warn("null-column", "the column holds nothing", table=table, column=name, rows=nulls, total=total, remedy=remedy, stacklevel=9)

    judge(("null-column", table, name), verdict, nulls, total)


def _warn_of_negatives(rows: int, total: int, table: str, name: str) -> None:
    if rows:
        warn(
            "negative-value",
            f"{rows / total:.1%} of the values are negative; sums are net of them",
            table=table,
            column=name,
            rows=rows,
            total=total,
            remedy="If these are returns, give them a kind of their own, so that gross and net can be told apart.",
            stacklevel=9,
        )


def read_labels(column: pa.ChunkedArray, *, table: str, name: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """A column of labels (kinds, items, attributes) as codes into its sorted distinct values; missing is -1.

    The codes follow the order of the values, so they do not depend on the order of the rows.
    """
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise SchemaError(
            "label-type", f"labels of type {column.type}", table=table, column=name, remedy="Labels are text, numbers, dates or booleans."
        )
    codes, values = _encoded(column)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.string())
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), None, values)
    distinct = pc.drop_null(pc.unique(values))
    distinct = distinct.take(pc.sort_indices(distinct))
    rank = pc.fill_null(pc.index_in(values, value_set=distinct), -1).to_numpy(zero_copy_only=False).astype(np.int32)
    return np.append(rank, np.int32(-1))[codes], distinct
