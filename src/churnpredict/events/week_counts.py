"""Count active days by week before a moment: all that the clock of the season needs from the streams."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY, local_time
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.model.season.week_counts import MOST_WEEKS, SCALE, WeekCounts

__all__ = ["count_weeks"]

_FEW = 20.0  # inner active days at which a customer has half of the weight per day: nobody speaks for all


def count_weeks(
    tables: EventTables, name: str, moments: Sequence[int] | npt.NDArray[np.int64], by: tuple[str, str] | None = None
) -> list[WeekCounts]:
    """Count a table's active days, as known before each of several moments; the same moment is counted once for the same tables.

    Parameters
    ----------
    tables : EventTables
        All of them or those of some customers.
    name : str
        The table whose events recur.
    moments : list of int
        Microseconds UTC.
    by : (str, str), optional
        An attribute of the customers, and the column of the features that holds it: each of its values is counted apart as well, of the
        customers who had it at the moment.

    Returns
    -------
    list of WeekCounts
        In the order of the moments, and behind them those of each value.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a"] * 4, "day": ["2024-01-01", "2024-01-09", "2024-01-10", "2024-01-29"]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    >>> (found,) = count_weeks(tables, "orders", tables.instants("2024-02-05"))
    >>> found.people, found.days, found.n_weeks
    (1, 35, 5)
    """
    stream = visits(tables, name)
    walls = local_time(np.asarray(moments, np.int64), tables.timezone)
    each = list(zip(map(int, moments), walls.tolist(), strict=True))
    found = [stream.once(("weeks", name, m), partial(count_until, stream, name, m, w)) for m, w in each]
    if by is None or tables.profile is None:
        return found
    attribute, column = by
    for moment, wall in each:
        members = _members(tables, attribute, moment)
        for code, label in enumerate(tables.profile.labels[attribute].to_pylist()):
            segment = column, str(label)
            count = partial(count_until, stream, name, moment, wall, segment, members == code)
            found.append(stream.once(("weeks", name, moment, segment), count))
    return found


def _members(tables: EventTables, attribute: str, moment: int) -> npt.NDArray[np.int64]:
    """Return the code of each customer's value of an attribute at a moment, -1 for none, shape (n_customers,)."""
    assert tables.profile is not None
    n = len(tables.ids)
    held = tables.profile.as_of(np.arange(n, dtype=np.int32), np.full(n, moment))
    return np.asarray(np.append(tables.profile.versions.columns[attribute], -1)[held], dtype=np.int64)


def count_until(
    stream: Stream,
    name: str,
    moment: int,
    wall: int,
    segment: tuple[str, str] | None = None,
    members: npt.NDArray[np.bool_] | None = None,
) -> WeekCounts:
    end = -(-wall // DAY)  # the first day that is not counted; of a day that had begun at the moment, only the rows before it are there
    past = stream if "known" not in stream.columns and wall % DAY == 0 else stream.known_before(moment)
    offsets, days, _ = past.active_days
    inside = days < end
    oldest = int(days[inside].min()) if inside.any() else end
    n = min(-(-(end - oldest) // 7), MOST_WEEKS)
    by_ends, by_first = np.zeros((n + 1, n), np.int64), np.zeros((n + 1, n), np.int64)
    weekdays = np.zeros(7, np.int64)
    members = np.ones(len(offsets) - 1, np.bool_) if members is None else members
    people = _count(offsets, days, members, end, n, by_ends, by_first, weekdays)
    return WeekCounts(wall, by_ends, by_first, weekdays, int(people), end - oldest, name, segment)


@nb.njit(cache=True, nogil=True)
def _count(offsets, days, members, end, n, by_ends, by_first, weekdays):  # type: ignore[no-untyped-def]
    people = 0
    for c in range(offsets.size - 1):
        low, high = offsets[c], offsets[c + 1]
        while high > low and days[high - 1] >= end:
            high -= 1
        if high == low or not members[c]:
            continue
        for i in range(low, high):
            weekdays[days[i] % 7] += 1
        first = min((end - 1 - days[low]) // 7, n)
        last = (end - 1 - days[high - 1]) // 7
        inner = 0
        for i in range(low, high):
            week = (end - 1 - days[i]) // 7
            if last < week < first:
                inner += 1
        if inner == 0:
            continue
        people += 1
        weight = np.int64(SCALE / (1.0 + inner / _FEW) + 0.5)
        by_ends[first, last] += inner * weight
        for i in range(low, high):
            week = (end - 1 - days[i]) // 7
            if last < week < first:
                by_first[first, week] += weight
    return people
