"""LeavingCounts: how many could leave and how many left, by period and tenure; from these the season of leaving is estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["PERIOD", "PERIODS", "TENURES", "LeavingCounts"]

PERIOD = 28  # days
PERIODS = 65  # five years: what is older says little of the coming season
TENURES = (91, 182, 365, 730)  # days: edges of five classes

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LeavingCounts:
    """Customers at risk and those who left, in periods of 28 days before a moment and by tenure at the beginning of the period.

    All are whole numbers, so parts of the customers add up to the whole to the last bit.

    Attributes
    ----------
    moment : int
        Where the last period ends; wall time in microseconds.
    at_risk, left : (PERIODS, 5) int64
        Periods are counted backwards: 0 is the last one before the moment.
    lag : int
        Days after the end of a period until it is known who left in it, such as the grace of a contract.
    """

    moment: int
    at_risk: Ints
    left: Ints
    lag: int = 0

    def __add__(self, other: LeavingCounts) -> LeavingCounts:
        if (self.moment, self.lag) != (other.moment, other.lag):
            raise ValueError("counts before two different moments do not add up")
        return LeavingCounts(self.moment, self.at_risk + other.at_risk, self.left + other.left, self.lag)
