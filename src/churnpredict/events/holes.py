"""Warn of days without any row in a busy log."""

from __future__ import annotations

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.clock import local_time
from churnpredict.errors import warn
from churnpredict.events.streams import Stream
from churnpredict.events.tally import judge
from churnpredict.events.timing import DAY, stamp

__all__ = ["warn_of_holes"]

_BUSY_DAY = 30  # rows a day from which a day without any row is a gap in the log
_FORTNIGHT = 14
_FIRST_DAY, _ALL_DAYS = -25_568, 109_700  # from 1899-12-31 for three hundred years: beyond, times are placeholders


def warn_of_holes(name: str, stream: Stream) -> None:
    """Warn of days without any row in a busy log."""
    if len(stream):
        days = np.zeros(_ALL_DAYS, np.int64)
        _count_days(local_time(stream.times, stream.timezone), days)
        judge(("silent-day", name), lambda days: _warn_of_silent_days(name, days), days)


@nb.njit(cache=True, nogil=True)
def _count_days(times, days):  # type: ignore[no-untyped-def]
    for i in range(times.size):
        day = times[i] // DAY - _FIRST_DAY
        if 0 <= day < days.size:
            days[day] += 1


def _warn_of_silent_days(name: str, days: npt.NDArray[np.int64]) -> None:
    """Warn of days without rows, from the number of rows on each day since ``_FIRST_DAY``."""
    seen = np.flatnonzero(days)
    counts = days[seen[0] : seen[-1] + 1]
    if len(counts) < _FORTNIGHT or np.median(counts) < _BUSY_DAY:
        return
    empty = np.flatnonzero(counts == 0)
    weekdays = np.arange(len(counts)) % 7
    closed = [w for w in range(7) if (counts[weekdays == w] == 0).mean() > 0.5]  # a business may rest on Sundays
    holes = empty[~np.isin(weekdays[empty], closed)]
    if len(holes):
        warn(
            "silent-day",
            f"days without a single row, the first of them {stamp(int(_FIRST_DAY + seen[0] + holes[0]) * DAY)}",
            table=name,
            rows=len(holes),
            remedy="Check that no rows were lost: a gap looks like silence.",
            stacklevel=7,
        )
