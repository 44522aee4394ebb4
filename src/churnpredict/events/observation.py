"""Visible rows of a table: totals after their period, and rows within the observed time."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import DAY, local_time, utc_time
from churnpredict.errors import UsageError, closest, warn
from churnpredict.events.tally import judge
from churnpredict.events.timing import stamp
from churnpredict.moments import moment

__all__ = ["PERIODS", "end_of_period", "observed_rows"]

Ints = npt.NDArray[np.int64]
PERIODS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}


def end_of_period(times: Ints, period: str, timezone: str) -> Ints:
    """Return the last microsecond of the day, week, month, quarter or year (of the business's calendar) in which each time lies, shape
    (n,).

    A total of a period is complete only then, so that is when it happened: a cutoff within the period must not see it.

    Raises
    ------
    UsageError
        ``unknown-period``.

    >>> first = np.array([moment("2024-02-01")])
    >>> stamp(int(end_of_period(first, "month", "UTC")[0]) + 1)
    '2024-03-01'
    """
    if period not in PERIODS:
        remedy = f"Write one of {', '.join(PERIODS)}.{closest(period, PERIODS)}"
        raise UsageError("unknown-period", f'known_after is "{period}"', remedy=remedy)
    distinct, place = np.unique(local_time(times, timezone) // DAY, return_inverse=True)
    days = pd.DatetimeIndex(distinct.astype("datetime64[D]").astype("datetime64[s]"))
    following = (days.to_period(PERIODS[period]) + 1).to_timestamp(how="start").as_unit("us")
    return (utc_time(following.to_numpy().astype(np.int64), timezone) - 1)[place]


def observed_rows(
    times: Ints, since: object, until: object, *, timezone: str, table: str, column: str, logged: bool
) -> npt.NDArray[np.bool_] | None:
    """Return which rows lie within the time that was observed, None for all: those outside are counted, reported, and left out.

    Without ``until``, a log has no rows of the days after tomorrow (they cannot have happened); a contract (``logged`` is false) may
    begin then.
    """
    keep = np.ones(len(times), np.bool_)
    if since is not None:
        early = times < moment(since, "observed_from", timezone)
        _count("outside-observation", "rows from before observed_from", early, times, table, column, left_out=True)
        keep &= ~early
    if until is not None:
        late = times >= moment(until, "observed_until", timezone)
        _count("outside-observation", "rows from after observed_until", late, times, table, column, left_out=True)
        return _some(keep & ~late)
    late = times > int(datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000) + DAY
    _count("future-time", "rows after today", late, times, table, column, left_out=logged)
    return _some(keep & ~late) if logged else _some(keep)


def _some(keep: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return None if keep.all() else keep


def _count(code: str, what: str, outside: npt.NDArray[np.bool_], times: Ints, table: str, column: str, *, left_out: bool) -> None:
    there = times[outside]
    ends = [int(there.min()), int(there.max())] if len(there) else []

    def verdict(rows: int, total: int, ends: list[int]) -> None:
        """Judge all partitions together; ``ends`` are the first and the last row of each."""
        if not rows:
            return
        first, last = stamp(min(ends) // DAY * DAY), stamp(max(ends) // DAY * DAY)
        told = what + (f" ({first})" if first == last else f" ({first} to {last})") + (" are left out" if left_out else "")
        where: dict[str, Any] = {"table": table, "column": column, "rows": rows, "total": total, "stacklevel": 8}
        if code == "future-time":
            warn("future-time", told, remedy="Check the clock or the time zone of the source.", **where)
        else:
            warn("outside-observation", told, remedy="Correct their times, or change that key.", **where)

    judge((code, table, what), verdict, len(there), len(times), ends)
