"""Weekly log intensity of a living customer, from counts of inner weeks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.model.season.week_counts import SCALE, WeekCounts

__all__ = ["FEWEST_WEEKS", "Intensity", "estimate_intensity"]

Floats = npt.NDArray[Any]

FEWEST_WEEKS = 6
AGES = (4.0, 16.0)  # weeks: customers are busier soon after their first active week, and that must not pass for season
_WIDE, _SMOOTH, _AGE = 1 / 9.0, 1.0, 1.0  # weak priors: of the level, of a step to the next week, of the effects of age
_DOUBT = 1.3  # counts of one customer hang together: their sum says less than independent ones would


@dataclass(frozen=True, eq=False)
class Intensity:
    """The evidence of the counts for each week, and its precision.

    Attributes
    ----------
    weeks : (W,) float
        The middle of each week in days before the end of the counts, ascending; the last is -3.5.
    score, information : (W,), (W, W) float
        The log likelihood of the log intensities ``u`` is ``score @ u - u @ information @ u / 2``, but for a constant.
    u : (W,) float
        Log intensities under a weak prior, for the eye.
    age : (2,) float
        How much busier customers are in the weeks after their first, decaying within 4 and 16 weeks.
    """

    weeks: Floats
    score: Floats
    information: Floats
    u: Floats
    age: Floats


def estimate_intensity(counts: WeekCounts) -> Intensity | None:
    """Return the likelihood of weekly log intensities, given each customer's number of inner active days; None for too few weeks.

    Given the first, the last and the number of inner active days, a customer's inner days fall into the weeks between as
    ``exp(u[week] + age effects)``, whatever the customer's own rate, and whether customers leave after an event or at any time: growth, mix
    and churn cancel. Of all customers with the same first and last week only the sums matter, and the sums over the last week of
    ``exp(u)`` are running sums: a step costs one product of two (W, W) matrices.
    """
    n_weeks = counts.n_weeks
    if n_weeks < FEWEST_WEEKS:
        return None
    total = counts.by_ends[::-1, ::-1] / SCALE  # (first, last): first 0 lies before the weeks, 1 is the oldest week
    weekly = counts.by_first[::-1, ::-1] / SCALE
    likelihood = Likelihood(total, weekly)
    n = n_weeks + len(AGES)
    step = np.diff(np.eye(n_weeks), axis=0)
    prior = np.diag(np.r_[np.full(n_weeks, _WIDE), np.full(len(AGES), _AGE)])
    prior[:n_weeks, :n_weeks] += _SMOOTH * step.T @ step
    theta = np.zeros(n)
    gradient, hessian = likelihood.at(theta)
    for _ in range(25):
        move = np.linalg.solve(hessian + prior, gradient - prior @ theta)
        theta = theta + min(1.0, 2 / max(float(np.abs(move).max()), 1e-12)) * move
        gradient, hessian = likelihood.at(theta)
        if np.abs(move).max() < 1e-2:  # the rest is one more step, and what follows takes it: it reads slope and bend, not the place
            break
    u, age = theta[:n_weeks], theta[n_weeks:]
    # age is integrated out, with its prior
    within = np.linalg.solve(hessian[n_weeks:, n_weeks:] + _AGE * np.eye(len(AGES)), hessian[n_weeks:, :n_weeks])
    information = hessian[:n_weeks, :n_weeks] - hessian[:n_weeks, n_weeks:] @ within
    information = (information + information.T) / 2 / _DOUBT
    slope = gradient[:n_weeks] - (gradient[n_weeks:] - _AGE * age) @ within
    weeks = (np.arange(n_weeks) - n_weeks + 0.5) * 7.0
    return Intensity(weeks, slope / _DOUBT + information @ u, information, u - u.mean(), age)


class Likelihood:
    """Gradient and negative Hessian of the multinomial log likelihood in (u, age)."""

    def __init__(self, total: Floats, weekly: Floats) -> None:
        self.n_weeks = total.shape[1]
        first, week = np.arange(self.n_weeks + 1)[:, None], np.arange(self.n_weeks)
        self.inside = week >= first
        age = np.where(self.inside, week - first + 1, 0)
        self.ages = np.stack([np.where(self.inside, np.exp(-age / scale), 0.0) for scale in AGES])
        self.total = total
        self.seen = np.r_[weekly.sum(axis=0), [float((weekly * a).sum()) for a in self.ages]]

    def at(self, theta: Floats) -> tuple[Floats, Floats]:
        n, total = self.n_weeks, self.total
        z = theta[:n] + np.tensordot(theta[n:], self.ages, 1)
        e = np.where(self.inside, np.exp(z - z[self.inside].max()), 0.0)
        sums = _before(np.cumsum(e, axis=1))  # over the weeks before each last week
        some = total > 0
        share = np.divide(total, sums, out=np.zeros_like(total), where=some)
        expected = e * _after(share)
        gradient, hessian = self.seen.copy(), np.zeros((n + len(self.ages),) * 2)
        gradient[:n] -= expected.sum(axis=0)
        squared = _after(np.divide(share, sums, out=np.zeros_like(total), where=some))
        both = np.tril((e * squared).T @ e)  # the later week of two says which last weeks know both
        hessian[:n, :n] = np.diag(expected.sum(axis=0)) - both - both.T + np.diag(np.diag(both))
        means = [np.divide(_before(np.cumsum(e * a, axis=1)), sums, out=np.zeros_like(total), where=some) for a in self.ages]
        for i, (a, mean) in enumerate(zip(self.ages, means, strict=True)):
            gradient[n + i] -= float((expected * a).sum())
            hessian[n + i, :n] = hessian[:n, n + i] = (expected * a - e * _after(share * mean)).sum(axis=0)
            for j in range(i + 1):
                cross = float((expected * a * self.ages[j]).sum() - (total * mean * means[j]).sum())
                hessian[n + i, n + j] = hessian[n + j, n + i] = cross
        return gradient, hessian


def _before(running: Floats) -> Floats:
    """Return running sums up to the week before each."""
    shifted = np.zeros_like(running)
    shifted[:, 1:] = running[:, :-1]
    return shifted


def _after(values: Floats) -> Floats:
    """Return sums over the later weeks of each."""
    running = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    shifted = np.zeros_like(running)
    shifted[:, :-1] = running[:, 1:]
    return shifted
