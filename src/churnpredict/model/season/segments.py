"""SegmentClocks: one clock for all customers, and clocks of segments whose seasons differ from it, such as countries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.model.season.clock import AHEAD, Clock
from churnpredict.model.season.decomposition import decompose
from churnpredict.model.season.intensity import estimate_intensity
from churnpredict.model.season.week_counts import WeekCounts

__all__ = ["SegmentClocks", "clock_of_segment"]

Floats = npt.NDArray[Any]
Segments = npt.NDArray[np.int64] | None


@dataclass(frozen=True, eq=False)
class SegmentClocks:
    """The clock of each customer.

    Attributes
    ----------
    pooled : Clock
        Of everybody who has no other one.
    own : dict of int to Clock
        By the code of the segment.
    """

    pooled: Clock
    own: dict[int, Clock] = field(default_factory=dict)

    def at(self, days: Floats, segments: Segments = None) -> Floats:
        """Return operational time (n,) at moments in days since 1970, of customers in ``segments`` (n,); others have the pooled clock."""
        found = self.pooled.at(days)
        for code, clock in self.own.items() if segments is not None else ():
            here = segments == code
            found[here] = clock.at(np.asarray(days)[here])
        return found

    def mean_rate(self, starts: Floats, ends: Floats, segments: Segments = None) -> Floats:
        """Return the mean intensity from one moment to another, shape (n,)."""
        starts, ends = np.asarray(starts, dtype=np.float64), np.asarray(ends, dtype=np.float64)
        return np.asarray((self.at(ends, segments) - self.at(starts, segments)) / (ends - starts))


def clock_of_segment(pooled: Clock, counts: WeekCounts) -> Clock | None:
    """Return the clock of some customers, from their counts and the clock of all of them; None for too few weeks.

    What they have beside the pooled clock is divided into season, deviation and noise as large as the evidence says, as for the clock
    itself. A segment like all others, or of few customers, thus keeps the pooled clock.
    """
    intensity, n = estimate_intensity(counts), counts.n_weeks
    if intensity is None:
        return None
    usual = np.log(pooled.rates[: 7 * n].reshape(n, 7).mean(axis=1))
    beside = decompose(replace(intensity, score=intensity.score - intensity.information @ usual))
    rates = pooled.rates * np.exp(beside.log_rate(np.arange(-7 * n, AHEAD) + 0.5))
    scale, ahead = rates[: 7 * n].mean(), np.arange(366) + 0.5
    year = pooled.year * np.exp(beside.season(ahead)) / scale
    return replace(pooled, rates=rates / scale, year=year, year_sd=np.hypot(pooled.year_sd, beside.season_sd(ahead)))
