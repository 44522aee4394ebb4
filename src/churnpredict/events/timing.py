"""Times as int64 microseconds UTC, and how they are shown to people."""

from __future__ import annotations

import numpy as np

from churnpredict.clock import DAY, NEVER, OPEN, local_time

__all__ = ["DAY", "NEVER", "OPEN", "stamp"]


def stamp(microseconds: int, timezone: str = "UTC") -> str:
    """Return a moment for people, as the clock on the wall shows it: the date, and the time of day where there is one.

    >>> stamp(0), stamp(0, "Europe/Berlin")
    ('1970-01-01', '1970-01-01 01:00:00')
    """
    wall = int(local_time(np.array([microseconds], np.int64), timezone)[0])
    moment = np.datetime64(wall, "us")  # which knows the year 1, unlike a timestamp of pandas
    return str(moment.astype("datetime64[D]")) if wall % DAY == 0 else str(moment.astype("datetime64[s]")).replace("T", " ")
