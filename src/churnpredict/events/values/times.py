"""Read a column of times: whatever a source writes becomes int64 microseconds UTC, or is refused."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError, warn
from churnpredict.events.tally import judge
from churnpredict.events.timing import DAY
from churnpredict.events.values.columns import flat as one_array
from churnpredict.events.values.columns import is_text, plain, warn_if_any
from churnpredict.events.values.iso_times import parse_iso
from churnpredict.events.values.numbers import numbers_of_texts
from churnpredict.events.values.time_formats import fitting_formats, read_formatted
from churnpredict.events.values.time_units import FAR_FUTURE, FAR_PAST, UNITS, count_times, fitting_units, scaled, unit_remedy

__all__ = ["drop_unknown_times", "read_times"]

_MANY_NULLS = 0.05
_FIRST = 1000  # rows that show for most columns whether they hold days without a time


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
    """Return times in microseconds UTC.

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
        Whether the column carries a time zone; None when it does not matter: all missing, epoch numbers,
        or days without a time of day.

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
    elif is_text(kind):
        counted = _as_counts(flat) if unit in UNITS else None  # a text file has no types: what counts seconds may stand there as text
        flat = parse_iso(flat, table, name) if counted is None else counted
    kind = flat.type
    if pa.types.is_decimal(kind):
        flat, kind = flat.cast(pa.float64()), pa.float64()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        if unit not in UNITS:
            raise _without_unit(flat, table, name)
        flat = count_times(flat, unit, table=table, name=name)
        wall = unit in ("d", "excel", "excel1904")  # days are those of the business's calendar
    elif pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        aware = pa.types.is_timestamp(kind) and kind.tz is not None
        wall = not aware
        flat = _microseconds(flat)
    else:
        remedy = "Convert the column to timestamps or to ISO 8601 text."
        if "period" in str(kind):
            remedy = 'A period is not a moment: take its end, column.dt.to_timestamp(how="end"), or its start and declare known_after=.'
        raise TimeError("time-type", f"times of type {kind}", table=table, column=name, remedy=remedy)
    missing = flat.is_null().to_numpy(zero_copy_only=False) if flat.null_count else np.zeros(len(flat), np.bool_)
    times = np.asarray((pc.fill_null(flat, 0) if flat.null_count else flat).to_numpy(zero_copy_only=False), dtype=np.int64)
    odd = np.zeros(0, np.bool_)
    if times.min() < FAR_PAST or times.max() >= FAR_FUTURE:
        odd = (times < FAR_PAST) | (times >= FAR_FUTURE)
        warn_if_any(
            "placeholder-date",
            "dates far outside any history are placeholders" + (" and read as open" if placeholders else "; these rows have no time"),
            (table, name),
            int(odd.sum()),
            len(times),
            "Write nothing where nothing is known.",
        )
        missing = missing | odd
    there = times[~missing] if missing.any() else times
    if aware is False and not (there[:_FIRST] % DAY).any() and not (there % DAY).any():
        aware = None  # calendar days: they are the business's, beside zoned times too
    return (_localise(times, odd, timezone) if wall else times), missing, aware


def _microseconds(flat: pa.Array) -> pa.Array:
    """Return dates and timestamps of any unit as int64 microseconds, rounded down; what no history reaches is cut instead of wrapped."""
    if pa.types.is_date(flat.type):
        days = flat.cast(pa.int32()).cast(pa.int64()) if pa.types.is_date32(flat.type) else None
        counts, per_thousand = (flat.cast(pa.int64()), 1_000_000) if days is None else (days, 86_400_000_000_000)
    else:
        counts, per_thousand = flat.cast(pa.int64()), {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}[flat.type.unit]
    if per_thousand == 1_000:
        return counts
    known = counts.is_valid().to_numpy(zero_copy_only=False)
    numbers = np.asarray(pc.fill_null(counts, 0).to_numpy(zero_copy_only=False), np.int64)
    return pa.array(scaled(numbers, per_thousand), mask=None if known.all() else ~known)


def _without_unit(flat: pa.Array, table: str, name: str) -> TimeError:
    written = pa.types.is_integer(flat.type) and fitting_formats(flat.cast(pa.string()))
    units = fitting_units(flat)
    remedy = 'Declare what they count: unit="s", "ms", "us" or "ns" (since 1970), "d" for numbers of days, "excel" for those of a sheet.'
    remedy = f'Declare how they are written: format="{written[0]}".' if written else remedy
    remedy = f"Declare what they count: {unit_remedy(units)}." if units else remedy
    return TimeError("epoch-unit", "times are numbers without a unit", table=table, column=name, remedy=remedy)


def _as_counts(text: pa.Array) -> pa.Array | None:
    """Return texts as numbers, where all of them are; whole ones keep every digit."""
    try:
        return pc.utf8_trim_whitespace(text).cast(pa.int64())
    except pa.ArrowInvalid:
        values, _, unread = numbers_of_texts(text)
        return values if unread is None else None


def _localise(times: npt.NDArray[np.int64], odd: npt.NDArray[np.bool_], timezone: str) -> npt.NDArray[np.int64]:
    """Return wall times of a zone as UTC; placeholders, which calendars do not reach, stay as they are."""
    if timezone == "UTC":
        return times
    walls = np.where(odd, 0, times) if odd.any() else times
    moments = pc.assume_timezone(pa.array(walls).cast(pa.timestamp("us")), timezone, ambiguous="earliest", nonexistent="latest")
    found = np.asarray(moments.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    return np.where(odd, times, found) if odd.any() else found


def drop_unknown_times(missing: npt.NDArray[np.bool_], *, table: str, name: str) -> npt.NDArray[np.bool_] | None:
    """Return which rows to keep, or None for all; a few rows without a time are dropped and counted, many are an error."""
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
