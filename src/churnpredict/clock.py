"""Convert between wall times of a time zone and int64 microseconds UTC."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["DAY", "NEVER", "OPEN", "calendar_time", "days_between", "local_time", "utc_time"]

Ints = npt.NDArray[np.int64]

DAY = 86_400_000_000
MINUTE = DAY // 1440
NEVER = -(1 << 63)
OPEN = (1 << 63) - 1


def local_time(moments: Ints, timezone: str) -> Ints:
    """Return the wall times of moments in ``timezone``, in microseconds since 1970, shape (n,).

    >>> (local_time(np.array([0]), "Europe/Berlin") // (DAY // 24)).tolist()
    [1]
    """
    if timezone == "UTC":
        return moments
    import pyarrow as pa
    import pyarrow.compute as pc

    wall = pc.local_timestamp(pa.array(moments, pa.int64()).cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", timezone)))
    return np.asarray(wall.cast(pa.int64()).to_numpy())


def calendar_time(moments: Ints, timezone: str) -> Ints:
    """Return wall times for counting days, where a day without a midnight still begins at midnight, shape (n,).

    In some zones the clock is put forward at midnight, and the day begins at 1. Its date means its first moment.

    >>> first = utc_time(np.array([19_974 * DAY]), "America/Santiago")  # 8 September 2024
    >>> (local_time(first, "America/Santiago") % DAY / DAY * 24).tolist(), (calendar_time(first, "America/Santiago") % DAY).tolist()
    ([1.0], [0])
    """
    wall = local_time(moments, timezone)
    if timezone == "UTC":
        return wall
    late = np.flatnonzero((wall % DAY > 0) & (wall % DAY <= DAY // 12))
    if len(late):
        midnights = wall[late] // DAY * DAY
        begins = utc_time(midnights, timezone) == moments[late]
        wall = wall.copy()
        wall[late[begins]] = midnights[begins]
    return wall


def utc_time(wall: Ints, timezone: str) -> Ints:
    """Return the moments of these wall times of ``timezone``, in microseconds UTC, shape (n,).

    A time that occurs twice is the earlier of the two; one that does not exist is the first moment after the gap.

    >>> (utc_time(np.array([0]), "Europe/Berlin") // (DAY // 24)).tolist()
    [-1]
    """
    if timezone == "UTC":
        return wall
    import pyarrow as pa
    import pyarrow.compute as pc

    naive = pa.array(wall, pa.int64()).cast(pa.timestamp("us"))
    there = pc.assume_timezone(naive, timezone, ambiguous="earliest", nonexistent="latest")
    return np.asarray(there.cast(pa.int64()).to_numpy())


def days_between(start: Ints, end: Ints, timezone: str = "UTC") -> npt.NDArray[np.float64]:
    """Return the calendar days from one moment to another: the difference of wall times, shape (n,)."""
    return (calendar_time(end, timezone) - calendar_time(start, timezone)) / DAY
