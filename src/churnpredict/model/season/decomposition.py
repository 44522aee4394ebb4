"""Trend, season, deviation and noise in weekly log intensities, each as large as the evidence says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from churnpredict.model.season.intensity import Intensity

__all__ = ["YEAR", "Decomposition", "Effect", "decompose"]

Floats = npt.NDArray[Any]

YEAR = 365.25
_LEVEL, _TREND = 5.0, 0.3  # prior deviations of the level, and of the trend per year; neither is forecast
_BROAD, _NARROW = 0.6, 0.15  # widths of the season's shapes on the unit circle: a quarter, and a few weeks
_FADING = 60.0  # days within which a deviation from the season fades
_PRIOR = {"season": 0.15, "peaks": 0.05, "deviation": 0.12, "noise": 0.05}
_DAYS = np.linspace(0.0, YEAR, 367)  # every year is the same, and a day's step is finer than the narrowest shape
_SPREAD = 0.8  # prior deviation of the logarithm of each of these sizes


class Effect(NamedTuple):
    """A declared effect on some weeks: its log factor is believed to be ``mean``, within ``sd``, and ``share`` (W,) says how much of it
    each week has."""

    share: Floats
    mean: float
    sd: float


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The parts of the log intensity, as the counts leave them likely.

    Attributes
    ----------
    sizes : dict of str to float
        Deviations of season, peaks (narrow seasons), deviation and noise under which the counts are likeliest, priors included.
    noise : (W,) float
        What belongs to single weeks alone.
    effects : tuple of float
        Log factors of the declared effects.
    """

    sizes: dict[str, float]
    noise: Floats
    effects: tuple[float, ...]
    weeks: Floats
    weights: Floats
    precision: Floats

    def season(self, days: Floats) -> Floats:
        """Return the season (n,) at days before (negative) or after the end of the counts, in log intensity."""
        return np.interp(np.asarray(days) % YEAR, _DAYS, self._seasonal @ self.weights)

    def season_sd(self, days: Floats) -> Floats:
        """Return how far the season may be from that, beside its own yearly mean, as a standard deviation (n,)."""
        cross = self._seasonal - self._seasonal[:-1].mean(axis=0)
        shapes = ((self.sizes["season"], _BROAD), (self.sizes["peaks"], _NARROW))
        own = sum(size**2 * (1 - _periodic(_DAYS[:1], _DAYS[:-1], width).mean()) for size, width in shapes)
        sd = np.sqrt(np.maximum(own - (cross @ self.precision * cross).sum(axis=1), 0.0))
        return np.interp(np.asarray(days) % YEAR, _DAYS, sd)

    def deviation(self, days: Floats) -> Floats:
        """Return the deviation from the season (n,): fades into the future."""
        days, last = np.asarray(days), self.weeks[-1:]
        ahead = days > last  # of all that is known, only where it stood last fades into the future
        found = np.empty(len(days))
        found[~ahead] = _fading(days[~ahead], self.weeks) @ self.weights
        found[ahead] = (_fading(last, self.weeks) @ self.weights) * _fading(days[ahead], last)[:, 0]
        return self.sizes["deviation"] ** 2 * found

    def log_rate(self, days: Floats) -> Floats:
        """Return season, deviation and noise (n,) of consecutive days from the first one that was counted."""
        found = self.season(days) + self.deviation(days)
        span = round(2 * float(-self.weeks[-1]))
        found[: span * len(self.noise)] += np.repeat(self.noise, span)
        return found

    @cached_property
    def _seasonal(self) -> Floats:
        """The weight of each week on each day of the year, (367, W)."""
        season, peaks = self.sizes["season"], self.sizes["peaks"]
        return season**2 * _periodic(_DAYS, self.weeks, _BROAD) + peaks**2 * _periodic(_DAYS, self.weeks, _NARROW)


def _periodic(s: Floats, t: Floats, width: float) -> Floats:
    return np.asarray(np.exp(-2 * np.sin(np.pi * (s[:, None] - t) / YEAR) ** 2 / width**2))


def _fading(s: Floats, t: Floats) -> Floats:
    return np.asarray(np.exp(-np.abs(s[:, None] - t) / _FADING))


def decompose(intensity: Intensity, effects: Sequence[Effect] = ()) -> Decomposition:
    """Share out what the weeks say among a trend, a season, deviations and noise.

    All are Gaussian: their sizes maximise the marginal likelihood of the counts times a prior, and given these the parts have one most
    likely form. What was seen once is shared between season and deviation as their sizes say; years that agree make the season large,
    years that differ the deviation. Without counts, all are zero.
    """
    from scipy.linalg import cholesky, toeplitz
    from scipy.linalg.blas import dsymv, dtrmm
    from scipy.linalg.lapack import dpotri
    from scipy.optimize import minimize

    t, n = intensity.weeks, len(intensity.weeks)
    L = cholesky(intensity.information + 1e-6 * np.eye(n), lower=True)

    def as_seen(kernel: Floats) -> Floats:
        return np.asarray(dtrmm(1.0, L, dtrmm(1.0, L, kernel, lower=1, side=1), lower=1, trans_a=1))  # L.T @ kernel @ L

    believed = np.sum([e.mean * e.share for e in effects], axis=0) if effects else np.zeros(n)
    y = np.linalg.solve(L, intensity.score) - L.T @ believed
    fixed = _LEVEL**2 * np.ones((n, n)) + np.outer(t, t) * (_TREND / YEAR) ** 2
    for effect in effects:
        fixed += effect.sd**2 * np.outer(effect.share, effect.share)
    # weeks are equally far apart and every kernel is even, so its first row says it all
    kernels = [toeplitz(row[0]) for row in (_periodic(t[:1], t, _BROAD), _periodic(t[:1], t, _NARROW), _fading(t[:1], t))]
    base = np.eye(n) + as_seen(fixed)
    seen = np.stack([*map(as_seen, kernels), L.T @ L])
    # of a symmetric matrix only half is computed: a product with another one counts the rest twice
    twice = np.stack([2 * np.triu(part) - np.diag(np.diag(part)) for part in seen]).reshape(len(seen), -1)
    start = np.log(list(_PRIOR.values()))

    def inverse_at(logs: Floats) -> tuple[Floats, float]:
        """Return the lower half of the inverse covariance, and the logarithm of the determinant of its root."""
        covariance = base + (np.exp(2 * logs) @ seen.reshape(len(seen), -1)).reshape(n, n)
        C = cholesky(covariance.T, lower=True, overwrite_a=True, check_finite=False)
        log_root = float(np.log(np.diag(C)).sum())
        return dpotri(C, lower=1, overwrite_c=1)[0], log_root

    def loss(logs: Floats) -> tuple[float, Floats]:
        inverse, log_root = inverse_at(logs)
        v = dsymv(1.0, inverse, y, lower=1)
        away = (logs - start) / _SPREAD
        value = 0.5 * float(y @ v) + log_root + 0.5 * float(away @ away)
        slopes = np.exp(2 * logs) * (twice @ inverse.T.ravel() - seen @ v @ v)
        return value, slopes + away / _SPREAD

    logs = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(-9, 2)] * len(start), options={"maxiter": 25, "ftol": 1e-5}).x
    lower, _ = inverse_at(logs)
    inverse = np.tril(lower) + np.tril(lower, -1).T
    weights = L @ inverse @ y
    sizes = dict(zip(_PRIOR, np.exp(logs).tolist(), strict=True))
    found = tuple(float(e.mean + e.sd**2 * e.share @ weights) for e in effects)
    return Decomposition(sizes, sizes["noise"] ** 2 * weights, found, t, weights, L @ inverse @ L.T)
