"""A column of times: whatever a source writes becomes int64 microseconds UTC, or is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError, warn
from churnpredict.events.columns import flat as one_array
from churnpredict.events.columns import is_text, plain, warn_if_any
from churnpredict.events.tally import judge
from churnpredict.events.time_formats import fitting_formats, read_formatted

__all__ = ["drop_unknown_times", "read_times"]

_FAR_PAST, _FAR_FUTURE = -2_208_902_400_000_000, 7_258_118_400_000_000  # 1900-01-02 and 2200-01-01: beyond, a date is a placeholder
_EPOCH = {"d": 86_400_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_MANY_NULLS = 0.05


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
    flat = plain(one_array(column))
    kind, aware = flat.type, None
    if pa.types.is_null(kind) or not len(flat):
        return np.zeros(len(flat), np.int64), np.ones(len(flat), np.bool_), None
    if form is not None and (is_text(kind) or pa.types.is_integer(kind)):
        flat = read_formatted(flat, form, table=table, name=name)
        kind = flat.type
    elif is_text(kind):
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
        warn_if_any(
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
