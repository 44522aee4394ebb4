"""StayingCurves: each customer's chance of staying over time, in pieces on which the hazard is constant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["StayingCurves", "join_curves", "secant_of_exp"]

_LEAST_HAZARD = 1 / 36_525  # a day: a century is as long as anybody is expected to stay

Floats = npt.NDArray[np.float64]


def secant_of_exp(a: Floats, b: Floats) -> Floats:
    """Return ``(exp(a) - exp(b)) / (a - b)``, its limit where they meet: the mean of the exponential between the two.

    >>> float(secant_of_exp(np.array(0.0), np.array(0.0)))
    1.0
    """
    gap = np.asarray(a - b)
    near = np.abs(gap) < 1e-5
    return np.asarray(np.where(near, np.exp((a + b) / 2), (np.exp(a) - np.exp(b)) / np.where(near, 1.0, gap)))


@dataclass(frozen=True)
class StayingCurves:
    """Curves of n customers at K ascending times, the first of them 0; a time may come twice, where many leave at one moment.

    Attributes
    ----------
    times : (K,) float
        In days.
    log_stay : (n, K) float
        Logarithm of the chance of staying; straight between the times, and after them as steep as before the last.
    lost : (n, K) float or None
        The chance of having been lost by each time.
    """

    times: Floats
    log_stay: Floats
    lost: Floats | None = None

    def at(self, days: Floats) -> Floats:
        """Return the chance of staying until each of these days, (n, len(days)); at a moment at which many leave, afterwards."""
        return np.asarray(np.exp(self._between(self.log_stay, np.asarray(days, dtype=np.float64), extend=True)))

    def lost_at(self, days: Floats) -> Floats | None:
        """Return the chance of having been lost by each of these days, (n, len(days))."""
        return None if self.lost is None else self._between(self.lost, np.asarray(days, dtype=np.float64), extend=False)

    def _between(self, values: Floats, days: Floats, *, extend: bool) -> Floats:
        right = np.clip(np.searchsorted(self.times, days, "right"), 1, len(self.times) - 1)
        left = right - 1
        width = self.times[right] - self.times[left]
        part = np.where(width > 0, (days - self.times[left]) / np.where(width > 0, width, 1.0), 1.0)
        found = values[:, left] + (values[:, right] - values[:, left]) * np.clip(part, 0.0, 1.0)
        if extend:
            found = found - self.last_hazard()[:, None] * np.maximum(days - self.times[-1], 0.0)
        return np.asarray(found)

    def last_hazard(self) -> Floats:
        """Return the hazard per day at the end of each curve (n,), which is taken to go on; at least that of staying a century."""
        step = self.times[-1] - self.times[-2]
        hazard = (self.log_stay[:, -2] - self.log_stay[:, -1]) / step if step > 0 else np.zeros(len(self.log_stay))
        return np.asarray(np.maximum(hazard, _LEAST_HAZARD))

    def expected_days(self) -> tuple[Floats, Floats]:
        """Return the mean and standard deviation of the time until leaving (n,), the last hazard taken to go on for ever."""
        t, width, hazard = self.times, np.diff(self.times), self.last_hazard()
        mean, second = np.zeros(len(self.log_stay)), np.zeros(len(self.log_stay))
        for k, w in enumerate(width):
            a, b = self.log_stay[:, k], self.log_stay[:, k + 1]
            area = secant_of_exp(b, a) * w  # of exp(a) .. exp(b) over w days
            flat = (np.abs(b - a) < 1e-7) | (w == 0)
            slope = np.where(flat, 1.0, b - a) / max(w, 1e-300)
            moment = np.where(flat, area * w / 2, (np.exp(b) * w - area) / slope)
            mean += area
            second += 2 * (t[k] * area + moment)
        last = np.exp(self.log_stay[:, -1])
        mean += last / hazard
        second += 2 * last * (t[-1] / hazard + 1 / hazard**2)
        return mean, np.sqrt(np.maximum(second - mean**2, 0.0))

    def paid_days(self, over: float, *, lag: float = 0.0, discount: float = 0.0) -> Floats:
        """Return how many of the next ``over`` days each customer is expected to be there (n,), a later day counting less.

        Parameters
        ----------
        over : float
        lag : float
            How long before the curve says so a customer has stopped paying: the silence of customers who leave by silence.
        discount : float
            Per day, continuous.
        """
        ends = np.unique(np.concatenate([[0.0, over], np.clip(self.times - lag, 0.0, over)]))
        total = np.zeros(len(self.log_stay))
        for start, end in pairwise(ends):
            inner = np.array([start + lag, np.nextafter(end + lag, 0.0)])  # before what happens at the end of the piece
            a, b = (np.log(self.at(inner)) - discount * np.array([start, end])).T
            total += secant_of_exp(b, a) * (end - start)
        return total

    def left_by(self, share: float) -> Floats:
        """Return the day by which the chance of having left reaches a share (n,), infinite where it does not by the last of the times."""
        wanted = np.log1p(-share)
        reached = self.log_stay <= wanted
        first = np.where(reached.any(axis=1), reached.argmax(axis=1), 0)
        before = np.maximum(first - 1, 0)
        every = np.arange(len(first))
        a, b = self.log_stay[every, before], self.log_stay[every, first]
        part = np.where(b < a, (a - wanted) / np.where(b < a, a - b, 1.0), 1.0)
        day = self.times[before] + np.clip(part, 0.0, 1.0) * (self.times[first] - self.times[before])
        return np.where(reached.any(axis=1), day, np.inf)


def join_curves(
    anchors: Mapping[float, Floats],
    hazards: Floats,
    edges: Floats,
    *,
    at_once: bool = False,
    lost_share: Floats | None = None,
    lost_shares: Floats | None = None,
) -> StayingCurves:
    """Join risks within horizons, which stand, to the hazards after the longest of them.

    Between two horizons the curve has the shape of the hazards, scaled so that it meets both.

    Parameters
    ----------
    anchors : dict of float to (n,) float
        The risk within each horizon, by its days; the longest is one of the edges.
    hazards : (n, K) float
        The chance of leaving in each interval.
    edges : (K + 1,) float
    at_once : bool
        Whether nobody leaves before the longest horizon, and all who leave within it leave at its end: silence.
    lost_share : (n,) float, optional
        The share of being lost among those who leave within the horizon.
    lost_shares : (n, K) float, optional
        The same among those who leave in each later interval.

    Returns
    -------
    StayingCurves
    """
    whole = max(anchors)
    n = len(hazards)
    steps = np.concatenate([np.zeros((n, 1)), np.cumsum(np.log1p(-np.clip(hazards, 0.0, 1 - 1e-12)), axis=1)], axis=1)
    model = StayingCurves(edges, steps)
    stays = {days: np.log1p(-np.clip(risk, 0.0, 1 - 1e-12)) for days, risk in sorted(anchors.items())}
    later = edges[edges > whole + 1e-9]
    if at_once:
        times = np.concatenate([[0.0, whole, whole], later])
        within = [np.zeros(n), np.zeros(n), stays[whole]]
    else:
        times, within = _within(stays, model, edges)
    drop = np.log(model.at(np.array([whole])))[:, 0] if len(later) else np.zeros(n)
    after = [stays[whole] + steps[:, k] - drop for k in np.flatnonzero(edges > whole + 1e-9)]
    log_stay = np.column_stack([*within, *after])
    if not at_once:
        times = np.concatenate([times, later])
    return StayingCurves(times, log_stay, _incidences(times, log_stay, whole, lost_share, lost_shares, edges))


def _within(stays: Mapping[float, Floats], model: StayingCurves, edges: Floats) -> tuple[Floats, list[Floats]]:
    """Return times and curves up to the longest horizon."""
    knots = [0.0, *stays]
    values = [np.zeros_like(next(iter(stays.values()))), *stays.values()]
    times, found = [0.0], [values[0]]
    for a, b, low, high in zip(knots, knots[1:], values, values[1:], strict=False):
        inside = [float(e) for e in edges if a + 1e-9 < e < b - 1e-9]
        shape = np.log(model.at(np.array([a, *inside, b])))
        fall = shape[:, :1] - shape
        even = (np.array([a, *inside, b]) - a) / (b - a)
        part = np.where(fall[:, -1:] > 1e-15, fall / np.where(fall[:, -1:] > 1e-15, fall[:, -1:], 1.0), even)
        found += [low + part[:, i + 1] * (high - low) for i in range(len(inside))] + [high]
        times += [*inside, b]
    return np.array(times), found


def _incidences(
    times: Floats, log_stay: Floats, whole: float, lost_share: Floats | None, lost_shares: Floats | None, edges: Floats
) -> Floats | None:
    if lost_share is None:
        return None
    leaves = -np.diff(np.exp(log_stay), axis=1)
    shares: Sequence[Floats] = [
        lost_share if end <= whole + 1e-9 or lost_shares is None else lost_shares[:, max(int(np.searchsorted(edges, end - 1e-9)) - 1, 0)]
        for end in times[1:]
    ]
    found = np.cumsum(leaves * np.column_stack(shares), axis=1)
    return np.concatenate([np.zeros((len(found), 1)), found], axis=1)
