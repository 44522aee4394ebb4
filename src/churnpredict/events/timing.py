"""Times and spans: whatever a person writes becomes int64 microseconds UTC."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import TimeError, UsageError

__all__ = ["DAY", "NEVER", "OPEN", "days", "instant", "instants", "span", "stamp"]

DAY = 86_400_000_000
NEVER = -(1 << 63)
OPEN = (1 << 63) - 1
_UNIT = {"h": DAY // 24, "d": DAY, "w": 7 * DAY}


def span(text: str | pd.Timedelta, what: str = "span") -> int:
    """A span such as ``"90d"``, ``"12h"`` or ``"2w"`` in microseconds.

    >>> span("90d") == 90 * DAY
    True
    """
    if isinstance(text, pd.Timedelta):
        return int(text.value // 1000)
    match = re.fullmatch(r"\s*(\d{1,6})\s*([hdw])\s*", str(text))
    if match is None:
        raise UsageError("bad-span", f"{what} is {text!r}", remedy='Write a whole number and a unit: "90d", "12h" or "2w".')
    return int(match[1]) * _UNIT[match[2]]


def days(microseconds: int) -> str:
    """A span as it stands in names: ``"90d"``, or hours where it is not whole days."""
    return f"{microseconds // DAY}d" if microseconds % DAY == 0 else f"{microseconds // _UNIT['h']}h"


def instant(when: Any, what: str = "time") -> int:
    """One moment, as a string, datetime or timestamp, in microseconds UTC.

    >>> instant("1970-01-02")
    86400000000
    """
    try:
        moment = pd.Timestamp(when)
    except (ValueError, TypeError) as error:
        raise TimeError(
            "bad-time", f"{what} is {when!r}, which is no time", remedy='Write it as ISO 8601, such as "2024-09-01".'
        ) from error
    if pd.isna(moment):
        raise TimeError("bad-time", f"{what} is missing", remedy='Write it as ISO 8601, such as "2024-09-01".')
    if moment.tzinfo is not None:
        moment = moment.tz_convert("UTC").tz_localize(None)
    return int(moment.to_datetime64().astype("datetime64[us]").astype(np.int64))


def instants(when: Any, what: str = "time") -> npt.NDArray[np.int64]:
    """One moment or several, ascending and unique."""
    several = [when] if isinstance(when, str) or not hasattr(when, "__iter__") else list(when)
    if not several:
        raise TimeError("no-cutoff", f"{what} holds no time", remedy="Give at least one cutoff.")
    return np.unique(np.array([instant(w, what) for w in several], dtype=np.int64))


def stamp(microseconds: int) -> str:
    """A moment for people: the date, and the time of day where there is one."""
    moment = pd.Timestamp(microseconds, unit="us")
    return str(moment.date()) if microseconds % DAY == 0 else str(moment.floor("s"))
