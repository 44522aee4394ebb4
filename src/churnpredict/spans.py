"""Parse spans of time: months, weeks and days follow the calendar, hours are elapsed time."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import DAY, calendar_time, utc_time
from churnpredict.errors import UsageError

__all__ = ["Span", "SpanLike", "span", "span_text", "whole_years"]

Ints = npt.NDArray[np.int64]

_FAR = 1 << 62  # marks such as NEVER and OPEN are beyond it, and no span moves them
_HOUR = DAY // 24
_MONTH = 30.436875  # average days of a month of the Gregorian calendar: for comparing spans, never for placing an edge
_LONGEST = 10_000 * 365  # days
_FEW = 4096  # number of moments: fewer are moved one by one, of more only the distinct ones
_SIZES = {
    "y": (12, 0, 0),
    "mo": (1, 0, 0),
    "w": (0, 7, 0),
    "d": (0, 1, 0),
    "h": (0, 0, _HOUR),
    "min": (0, 0, _HOUR // 60),
    "s": (0, 0, 1_000_000),
    "ms": (0, 0, 1_000),
    "us": (0, 0, 1),
}
_WORDS = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "y"),
    **dict.fromkeys(("mo", "month", "months"), "mo"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **{word: word for word in ("ms", "us")},
}
_PART = re.compile(r"\s*([0-9]{1,9})\s*([A-Za-z]+)\s*")
_COMPACT = re.compile(r"(?:[1-9][0-9]*(?:y|mo|w|d|h|min|s))+")
_OFFSET_WORDS = {
    "years": "y",
    "months": "mo",
    "weeks": "w",
    "days": "d",
    "hours": "h",
    "minutes": "min",
    "seconds": "s",
    "microseconds": "us",
}
_FIX = 'Write a whole number and its unit: "90d", "2w", "3 months", "1y" or "12h".'


@dataclass(frozen=True)
class Span:
    """A span of time: calendar months, calendar days, and elapsed microseconds.

    Months and days move the wall clock of a time zone: one day after noon is noon, also across a change of the clock, and one month after
    31 January is the last day of February. Elapsed time is physical: 24 hours after noon may be 11 or 13 o'clock. A wall time that occurs
    twice is the earlier of the two; one that does not exist is the first moment after the gap, as when tables are read. The first moment of
    a day that has no midnight counts as its midnight.

    Attributes
    ----------
    months, days, microseconds : int
        Not negative. Years are 12 months and weeks 7 days; hours and smaller units are microseconds.

    Examples
    --------
    >>> three = span("3 months")
    >>> str(three), span("2w"), span("12h") == Span(microseconds=43_200_000_000)
    ('3mo', Span(months=0, days=14, microseconds=0), True)
    """

    months: int = 0
    days: int = 0
    microseconds: int = 0

    def __bool__(self) -> bool:
        return bool(self.months or self.days or self.microseconds)

    def __str__(self) -> str:
        parts = [f"{self.months // 12}y"] if self.months and self.months % 12 == 0 else [f"{self.months}mo"] if self.months else []
        parts += [f"{self.days}d"] if self.days else []
        if self.microseconds:
            unit = next(u for u, (_, _, size) in _SIZES.items() if size and self.microseconds % size == 0)
            parts.append(f"{self.microseconds // _SIZES[unit][2]}{unit}")
        return "".join(parts) or "0d"

    @property
    def nominal(self) -> int:
        """The usual length in microseconds, for comparing spans and for rates: months have 30.436875 days, days 24 hours."""
        return round(self.months * _MONTH * DAY) + self.days * DAY + self.microseconds

    @property
    def exact(self) -> bool:
        """Whether it has the same length wherever it begins, in a time zone that never changes its clock."""
        return not self.months

    @overload
    def after(self, moments: int, timezone: str = "UTC") -> int: ...
    @overload
    def after(self, moments: Ints, timezone: str = "UTC") -> Ints: ...
    def after(self, moments: int | Ints, timezone: str = "UTC") -> int | Ints:
        """Return the moments that lie this span after others.

        Parameters
        ----------
        moments : int or ndarray of int64, any shape
            Microseconds UTC. ``NEVER`` and ``OPEN`` are not changed.
        timezone : str
            Time zone whose wall clock and calendar are used.

        Examples
        --------
        >>> import pandas as pd
        >>> noon = pd.Timestamp("2024-03-30 12:00", tz="Europe/Berlin").value // 1000
        >>> (span("1d").after(noon, "Europe/Berlin") - noon) / DAY * 24, (span("24h").after(noon, "Europe/Berlin") - noon) / DAY * 24
        (23.0, 24.0)
        """
        return _moved(moments, self.months, self.days, self.microseconds, timezone)

    @overload
    def before(self, moments: int, timezone: str = "UTC") -> int: ...
    @overload
    def before(self, moments: Ints, timezone: str = "UTC") -> Ints: ...
    def before(self, moments: int | Ints, timezone: str = "UTC") -> int | Ints:
        """Return the moments that lie this span before others; see :meth:`after`.

        >>> import pandas as pd
        >>> pd.Timestamp(span("1 month").before(pd.Timestamp("2024-03-31").value // 1000), unit="us")
        Timestamp('2024-02-29 00:00:00')
        """
        return _moved(moments, -self.months, -self.days, -self.microseconds, timezone)

    def times(self, n: int) -> Span:
        """Return the n-fold span.

        >>> str(span("1 month").times(18))
        '18mo'
        """
        return Span(self.months * n, self.days * n, self.microseconds * n)


SpanLike = str | Span | datetime.timedelta | np.timedelta64 | pd.DateOffset


def span(given: Any, what: str = "span", *, zero: bool = False) -> Span:
    """Read a span that a user gives.

    Parameters
    ----------
    given : str, Span, timedelta, np.timedelta64, pd.Timedelta or pd.DateOffset
        Text is one or several whole numbers with units, largest first: ``"90d"``, ``"2w"``, ``"3 months"``, ``"1 year 6 months"``,
        ``"12h"``. Units are y, mo, w, d, h, min, s, or the words in full. A timedelta of whole days means calendar days, any other one
        elapsed time. An offset of pandas is taken if it says years, months, weeks, days, hours, minutes or seconds.
    what : str
        The name of the argument, for the error.
    zero : bool
        Whether a span of zero is allowed.

    Raises
    ------
    UsageError
        ``bad-span``: a number without a unit, negative, zero, ambiguous (``"3M"``), a fraction, or not a span at all.

    Examples
    --------
    >>> span("90d"), span(datetime.timedelta(days=90)) == span("90 days")
    (Span(months=0, days=90, microseconds=0), True)
    >>> span(90, "horizon")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: horizon is 90, a number without a unit. Write a whole number and its unit: "90d", ... [bad-span]
    """
    found = given if isinstance(given, Span) else _from_text(given, what) if isinstance(given, str) else _from_object(given, what)
    if min(found.months, found.days, found.microseconds) < 0:
        raise _bad(f"{what} is negative: {given!r}")
    if not found and not zero:
        raise _bad(f"{what} must be positive, got {given!r}")
    if found.nominal > _LONGEST * DAY:
        raise _bad(f"{what} is longer than 10,000 years: {given!r}")
    return found


def span_text(given: Any, what: str = "span", *, zero: bool = False) -> str:
    """Return a span as text, in the form that names of features and model files carry.

    Raises
    ------
    UsageError
        ``bad-span``, as :func:`span` does.

    Examples
    --------
    >>> span_text("2w"), span_text("90 days"), span_text("3 months"), span_text(datetime.timedelta(hours=36))
    ('2w', '90d', '3mo', '36h')
    """
    found = span(given, what, zero=zero)
    return given if isinstance(given, str) and _COMPACT.fullmatch(given) else str(found)


@lru_cache(maxsize=1024)
def _from_text(text: str, what: str) -> Span:
    total, at, smallest = np.zeros(3, np.int64), 0, -1
    order = list(_SIZES)
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            break
        word = part[2] if part[2] == "M" else part[2].lower()
        if word in ("m", "M"):
            raise UsageError(
                "bad-span",
                f"{what} is {text!r}, where {part[2]} may mean months or minutes",
                remedy=f'Write "{int(part[1])} months" or "{int(part[1])}min".',
            )
        unit = _WORDS.get(word)
        if unit is None:
            raise _bad(f'{what} is {text!r}, and "{part[2]}" is not a unit of time')
        if order.index(unit) <= smallest:
            raise _bad(f"{what} is {text!r}: each unit may occur once, the largest first")
        smallest, at = order.index(unit), part.end()
        total += int(part[1]) * np.array(_SIZES[unit])
    if at < len(text) or not text.strip():
        number = re.fullmatch(r"\s*[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?\s*", text)
        raise _bad(f"{what} is {text!r}" + (", a number without a unit" if number else ", which is not a span of time"))
    return Span(*map(int, total))


def _from_object(given: Any, what: str) -> Span:
    if isinstance(given, (bool, np.bool_)) or given is None or given is pd.NaT or given is pd.NA:
        raise _bad(f"{what} is {given!r}, which is not a span of time")
    if isinstance(given, np.timedelta64):
        unit = np.datetime_data(given.dtype)[0]
        if unit == "generic" and not np.isnat(given):
            raise _bad(f"{what} is {int(given.astype(np.int64))}, a number without a unit")
        if unit in ("Y", "M") and not np.isnat(given):
            return Span(months=int(given.astype("timedelta64[M]").astype(np.int64)))
    if isinstance(given, pd.tseries.offsets.BaseOffset):
        return _from_offset(given, what)
    if not isinstance(given, (datetime.timedelta, np.timedelta64)):
        number = isinstance(given, (int, float, np.number))
        raise _bad(
            f"{what} is {given}, a number without a unit" if number else f"{what} is of type {type(given).__name__}, not a span of time"
        )
    if pd.isna(given):
        raise _bad(f"{what} is missing")
    try:
        whole, rest = divmod(int(pd.Timedelta(given).as_unit("ns").value), 1000)
    except (OverflowError, ValueError) as error:  # pandas ends at 292 years
        raise _bad(f"{what} is {given!r}, longer than 292 years") from error
    if rest:
        raise _bad(f"{what} is {given!r}, finer than a microsecond")
    return Span(days=whole // DAY) if whole % DAY == 0 else Span(microseconds=whole)


def _from_offset(given: Any, what: str) -> Span:
    if isinstance(given, pd.offsets.Day):
        return Span(days=int(given.n))
    if isinstance(given, pd.offsets.Tick):
        return Span(microseconds=int(pd.Timedelta(given).as_unit("ns").value) // 1000)
    if type(given) is pd.offsets.Week and getattr(given, "weekday", None) is None:
        return Span(days=7 * int(given.n))
    if type(given) is pd.DateOffset and not getattr(given, "normalize", False):
        said = given.kwds or {"days": 1}
        if all(name in _OFFSET_WORDS and isinstance(n, (int, np.integer)) for name, n in said.items()):
            total = sum(np.array(_SIZES[_OFFSET_WORDS[name]]) * int(n) * int(given.n) for name, n in said.items())
            return Span(*map(int, np.asarray(total)))
    raise _bad(f"{what} is the offset {given!r}, which is not a number of calendar months or days")


def _bad(message: str) -> UsageError:
    return UsageError("bad-span", message, remedy=_FIX)


def _moved(moments: int | Ints, months: int, days: int, elapsed: int, timezone: str) -> int | Ints:
    given = np.asarray(moments, np.int64)
    marks = (given > _FAR) | (given < -_FAR)
    there = np.where(marks, 0, given) if marks.any() else given
    if not months and (not days or timezone == "UTC"):
        moved = there + (days * DAY + elapsed)
    elif there.size > _FEW:
        codes, distinct = pd.factorize(there.ravel())
        moved = (_on_the_wall(np.asarray(distinct), months, days, timezone) + elapsed)[codes].reshape(there.shape)
    else:
        moved = _on_the_wall(there.ravel(), months, days, timezone).reshape(there.shape) + elapsed
    moved = np.where(marks, given, moved) if marks.any() else moved
    return moved if isinstance(moments, np.ndarray) else int(moved)


def whole_years(since: Ints, moments: Ints, timezone: str = "UTC") -> Ints:
    """Return how many anniversaries of moments have been reached by other moments, by the calendar of a time zone, shape (n,).

    That of 29 February is 28 February in other years, as a year after it is.

    >>> since, then = (np.array([pd.Timestamp(t).value // 1000]) for t in ("2023-04-01", "2024-04-01"))
    >>> whole_years(since, then).tolist(), whole_years(since, then - 1).tolist()
    ([1], [0])
    """
    begun, now = calendar_time(since, timezone), calendar_time(moments, timezone)
    days = [(wall // DAY).astype("datetime64[D]") for wall in (begun, now)]
    years = days[1].astype("datetime64[Y]").astype(np.int64) - days[0].astype("datetime64[Y]").astype(np.int64)
    reached = np.empty_like(years)
    for n in np.unique(years):
        here = years == n
        reached[here] = n - (_on_the_wall(begun[here], 12 * int(n), 0, "UTC") > now[here])
    return reached


def _on_the_wall(moments: Ints, months: int, days: int, timezone: str) -> Ints:
    wall = calendar_time(moments, timezone)
    if months:
        day, time = wall // DAY, wall % DAY
        dates = day.astype("datetime64[D]")
        first = dates.astype("datetime64[M]")
        target = first + np.timedelta64(months, "M")
        begins = target.astype("datetime64[D]")
        length = ((target + np.timedelta64(1, "M")).astype("datetime64[D]") - begins).astype(np.int64)
        in_month = (dates - first.astype("datetime64[D]")).astype(np.int64)
        wall = (begins.astype(np.int64) + np.minimum(in_month, length - 1)) * DAY + time
    return utc_time(wall + days * DAY, timezone)
