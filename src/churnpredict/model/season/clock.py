"""Clock: operational time, in which a living customer is equally busy on every day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY
from churnpredict.model.season.decomposition import YEAR, Effect, decompose
from churnpredict.model.season.intensity import estimate_intensity
from churnpredict.model.season.named_spans import NamedSpan, days_inside, share_of_effect
from churnpredict.model.season.week_counts import WeekCounts

__all__ = ["AHEAD", "Clock", "estimate_clock"]

AHEAD = 1_100  # days of forecast that are kept: three years
_WEEKDAY_PRIOR = 10.0
_MUCH, _BEYOND = 0.15, 2.5  # standard deviation of the log intensity over the year; the same, in errors of its own

Floats = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Clock:
    """How busy a living customer is on each day: realised in the past, expected in the future; 1 is the mean of the past.

    Attributes
    ----------
    end : int
        The first day that was not counted, in days since 1970; nothing on or after it was looked at.
    first : int
        The day of ``rates[0]``.
    rates : (n,) float
        Relative intensity of each day from ``first``.
    year : (366,) float
        The usual year from ``end`` on: relative intensity without deviations, weekdays and named days.
    year_sd : (366,) float
        How far the logarithm of the usual year may be off.
    effects : dict of str to float
        Factor on the days of each declared name.
    """

    end: int
    first: int
    rates: Floats
    year: Floats
    year_sd: Floats
    effects: dict[str, float]

    @cached_property
    def _times(self) -> Floats:
        return np.concatenate([[0.0], np.cumsum(self.rates)])

    def at(self, days: Floats) -> Floats:
        """Return operational time at moments in days since 1970; even before the counts, and at the pace of a year after the forecast."""
        days = np.asarray(days, dtype=np.float64)
        last = self.first + len(self.rates)
        inside = np.interp(days, np.arange(self.first, last + 1, dtype=np.float64), self._times)
        pace = self.rates[-365:].mean()
        return np.asarray(inside + np.minimum(days - self.first, 0.0) + pace * np.maximum(days - last, 0.0))

    def mean_rate(self, starts: Floats, ends: Floats) -> Floats:
        """Return the mean intensity from one moment to another, shape (n,)."""
        starts, ends = np.asarray(starts, dtype=np.float64), np.asarray(ends, dtype=np.float64)
        return np.asarray((self.at(ends) - self.at(starts)) / (ends - starts))

    @property
    def knows_the_year(self) -> bool:
        """Whether it tells times of the year apart; else only days of the week, or declared days."""
        return bool(self.year_sd.any())

    @property
    def year_matters(self) -> bool:
        """Whether times of the year differ by much, and beyond doubt."""
        moves = float(np.log(self.year).std())
        return moves > _MUCH and moves > _BEYOND * float(self.year_sd.mean())

    def years_seen(self, start: float, end: float) -> int:
        """Return in how many earlier years at least half of the same days of the year were counted."""
        middle = (start + end) / 2
        return sum(self.first <= middle - k * YEAR < self.end for k in range(1, 100))


def estimate_clock(counts: WeekCounts, spans: Sequence[NamedSpan] = (), *, year: bool = True, week: bool = True) -> Clock | None:
    """Estimate the clock from the counts before a moment; None where they are too few weeks.

    Without ``year`` seasons and deviations are left out, without ``week`` the days of the week; declared spans are always in it.
    """
    end = -(-counts.moment // DAY)
    intensity = estimate_intensity(counts)
    names = list(dict.fromkeys(s.name for s in spans))
    if intensity is None:
        return _declared_clock(counts, end, spans) if spans else None
    n_weeks = counts.n_weeks
    past = np.arange(end - 7 * n_weeks, end)
    groups = {name: [s for s in spans if s.name == name] for name in names}
    inside = {name: days_inside(group, past) for name, group in groups.items()}
    effects = [
        Effect(share_of_effect(inside[name].reshape(n_weeks, 7).mean(axis=1), group[0].factor), float(np.log(group[0].factor)), group[0].sd)
        for name, group in groups.items()
    ]
    parts = decompose(intensity, effects)
    days = np.arange(-7 * n_weeks, AHEAD) + 0.5
    log_rate = parts.log_rate(days) if year else np.zeros(len(days))
    for group, effect in zip(groups.values(), parts.effects, strict=True):
        log_rate += effect * days_inside(group, np.arange(end - 7 * n_weeks, end + AHEAD))
    rates = np.exp(log_rate)
    if week:
        weekdays = counts.weekdays + _WEEKDAY_PRIOR
        rates *= (weekdays / weekdays.mean())[np.arange(end - 7 * n_weeks, end + AHEAD) % 7]
    ahead = np.arange(366) + 0.5
    factors = {name: float(np.exp(effect)) for name, effect in zip(names, parts.effects, strict=True)}
    scale = rates[: 7 * n_weeks].mean()
    usual, sd = (np.exp(parts.season(ahead)) / scale, parts.season_sd(ahead)) if year else (np.ones(366), np.zeros(366))
    return Clock(end, end - 7 * n_weeks, rates / scale, usual, sd, factors)


def _declared_clock(counts: WeekCounts, end: int, spans: Sequence[NamedSpan]) -> Clock:
    """Take the declared factors as they are, because nothing was seen."""
    n = 7 * counts.n_weeks
    days = np.arange(end - n, end + AHEAD)
    factors = {s.name: s.factor for s in spans}
    rates = np.ones(len(days))
    for name, factor in factors.items():
        rates *= np.where(days_inside([s for s in spans if s.name == name], days), factor, 1.0)
    scale = rates[:n].mean() if n else 1.0
    return Clock(end, end - n, rates / scale, np.ones(366), np.zeros(366), factors)
