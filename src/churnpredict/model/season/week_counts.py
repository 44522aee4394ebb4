"""WeekCounts: the sums over customers from which the clock is estimated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_WEEKS", "SCALE", "WeekCounts", "merge_counts"]

MOST_WEEKS = 312  # six years: what is older says little of the coming season
SCALE = 1 << 20  # weights of customers as whole numbers, so that sums do not depend on their order

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WeekCounts:
    """Active days before a moment, by week, of customers who were active before and after these weeks.

    A week counts for a customer only if it lies strictly between the customer's first and last active week ("inner"). All sums are whole
    numbers, so parts of the customers add up to the whole to the last bit.

    Attributes
    ----------
    moment : int
        Nothing at or after it was counted; wall time in microseconds.
    by_ends : (W + 1, W) int64
        Inner active days, weighted, by the first and the last active week of their customer. Weeks are counted backwards: 0 is the last
        one before the moment. A first week of W lies before the weeks that are counted.
    by_first : (W + 1, W) int64
        The same by the first active week of the customer and the week of the active day.
    weekdays : (7,) int64
        Active days by weekday: 0 is a Thursday, as on 1 January 1970.
    people : int
        Customers with at least one inner active day.
    days : int
        From the first active day of anybody to the moment.
    table : str
        Whose active days they are.
    segment : (str, str), optional
        The column of the features and the value in it of the customers that are counted; by default all customers are.
    """

    moment: int
    by_ends: Ints
    by_first: Ints
    weekdays: Ints
    people: int
    days: int
    table: str = ""
    segment: tuple[str, str] | None = None

    @property
    def n_weeks(self) -> int:
        """Return W, the number of weeks that are counted."""
        return self.by_ends.shape[1]

    def __add__(self, other: WeekCounts) -> WeekCounts:
        if (self.moment, self.segment) != (other.moment, other.segment):
            raise ValueError("counts before two different moments, or of two segments, do not add up")
        n = max(self.n_weeks, other.n_weeks)
        return WeekCounts(
            self.moment,
            _widen(self.by_ends, n) + _widen(other.by_ends, n),
            _widen(self.by_first, n) + _widen(other.by_first, n),
            self.weekdays + other.weekdays,
            self.people + other.people,
            max(self.days, other.days),
            self.table,
            self.segment,
        )


def _widen(counts: Ints, n: int) -> Ints:
    if counts.shape[1] == n:
        return counts
    wide = np.zeros((n + 1, n), np.int64)
    wide[: counts.shape[0], : counts.shape[1]] = counts
    return wide


def merge_counts(parts: Iterable[list[WeekCounts]]) -> list[WeekCounts]:
    """Return counts of all customers from those of their parts, each a list of the same moments."""
    return reduce(lambda one, two: [a + b for a, b in zip(one, two, strict=True)], parts)
