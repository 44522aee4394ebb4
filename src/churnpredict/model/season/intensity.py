"""Weekly log intensity of a living customer, from counts of inner weeks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba as nb
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
        n = total.shape[1]
        age = np.arange(1, n + 1)
        self.ages = np.stack([np.exp(-age / scale) for scale in AGES])  # of a week, by its distance from the first one
        self.total = np.ascontiguousarray(total[:n])  # customers whose first week is the last one have no inner weeks
        seen = [sum(float(weekly[f, f:] @ a[: n - f]) for f in range(n)) for a in self.ages]
        self.seen = np.r_[weekly.sum(axis=0), seen]

    def at(self, theta: Floats) -> tuple[Floats, Floats]:
        from scipy.linalg.blas import dtrmm

        n = self.total.shape[1]
        u = np.exp(theta[:n] - theta[:n].max())
        expected, by_age, crossed, e, bent = _sums(u, np.exp(theta[n:] @ self.ages), self.ages, self.total)
        gradient, hessian = self.seen.copy(), np.zeros((len(theta),) * 2)
        gradient[:n] -= expected
        gradient[n:] -= by_age[:, n]
        both = np.tril(dtrmm(1.0, bent.T, e, lower=1))  # the later week of two says which last weeks know both
        hessian[:n, :n] = np.diag(expected) - both - both.T + np.diag(np.diag(both))
        hessian[n:, :n], hessian[:n, n:] = by_age[:, :n], by_age[:, :n].T
        hessian[n:, n:] = crossed
        return gradient, hessian


@nb.njit(cache=True, nogil=True)
def _sums(u, growth, ages, total):  # type: ignore[no-untyped-def]
    """Return, summed over customers, the expected counts of the weeks (W,), their covariances with the age effects (A, W + 1; the last
    column is the expected effects), those of the age effects (A, A), and by first week the intensities and their share in the bend.
    """
    n, n_ages = u.size, len(ages)
    expected, by_age, crossed = np.zeros(n), np.zeros((n_ages, n + 1)), np.zeros((n_ages, n_ages))
    e, bent = np.zeros((n, n)), np.zeros((n, n))
    share, squared, mean = np.zeros(n), np.zeros(n), np.zeros((n_ages, n))
    weighed, later = np.zeros(n_ages), np.zeros(n_ages)
    for first in range(n):
        inner = 0.0
        weighed[:] = 0.0
        for week in range(first, n):  # sums over the weeks before each last week
            share[week] = squared[week] = 0.0
            mean[:, week] = 0.0
            if total[first, week] > 0 and inner > 0:
                share[week] = total[first, week] / inner
                squared[week] = share[week] / inner
                mean[:, week] = weighed / inner
            e[first, week] = u[week] * growth[week - first]
            inner += e[first, week]
            for i in range(n_ages):
                weighed[i] += e[first, week] * ages[i, week - first]
        after = after_squared = 0.0
        later[:] = 0.0
        for week in range(n - 1, first - 1, -1):  # sums over the last weeks after each week
            here = e[first, week] * after
            expected[week] += here
            bent[first, week] = e[first, week] * after_squared
            for i in range(n_ages):
                aged = here * ages[i, week - first]
                by_age[i, n] += aged
                by_age[i, week] += aged - e[first, week] * later[i]
                for j in range(n_ages):
                    crossed[i, j] += aged * ages[j, week - first] - total[first, week] * mean[i, week] * mean[j, week]
                later[i] += share[week] * mean[i, week]
            after += share[week]
            after_squared += squared[week]
    return expected, by_age, crossed, e, bent
