"""Warn of days without any row in a busy log."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnpredict.errors import warn
from churnpredict.events.streams import Stream, local_days
from churnpredict.events.tally import judge
from churnpredict.events.timing import DAY, stamp

__all__ = ["warn_of_holes"]

_BUSY_DAY = 30  # rows a day from which a day without any row is a gap in the log
_FORTNIGHT = 14
_FIRST_DAY, _ALL_DAYS = -25_568, 109_700  # from 1899-12-31 for three hundred years: beyond, times are placeholders


def warn_of_holes(name: str, stream: Stream) -> None:
    """Warn of days without any row in a busy log."""
    if len(stream):
        days = np.bincount(local_days(stream.times, stream.timezone) - _FIRST_DAY, minlength=_ALL_DAYS)
        judge(("silent-day", name), lambda days: _warn_of_silent_days(name, days), days)


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
