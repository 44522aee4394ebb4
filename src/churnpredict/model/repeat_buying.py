"""Expected purchases and spend under BG/NBD, MBG/NBD and gamma-gamma, from purchase days and amounts.

``x`` repeat purchases, the last ``t_x`` after the first, which lies ``T`` ago; all in days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, hyp2f1

from churnpredict.errors import TrainingError

__all__ = ["BUYING", "RepeatBuying", "SpendModel", "fit_repeat_buying", "fit_spend"]

BUYING = ("MBG/NBD", "BG/NBD")
_NEAR_ONE = 1e-5  # the expectation has a removable singularity at a = 1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RepeatBuying:
    """Parameters of MBG/NBD (Batislam, Denizel and Filiztekin 2007) or BG/NBD (Fader, Hardie and Lee 2005).

    Under BG/NBD a customer can leave only after a repeat purchase, so a customer who bought once is alive for certain; under MBG/NBD after
    the first one, too.
    """

    kind: str
    r: float
    alpha: float
    a: float
    b: float

    @property
    def _later(self) -> int:
        """Chances to leave that a customer with no repeat purchase has had."""
        return 1 if self.kind == "MBG/NBD" else 0

    def _odds_of_gone(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        chances = x + self._later
        ratio = np.exp((self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + t_x)))
        return np.where(chances > 0, self.a / np.maximum(self.b + chances - 1, 1e-300) * ratio, 0.0)

    def alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Return the probability of still being a customer (n,)."""
        return 1 / (1 + self._odds_of_gone(x, t_x, T))

    def purchases(self, x: Floats, t_x: Floats, T: Floats, days: float) -> Floats:
        """Return the expected purchases in the next days (n,)."""
        if abs(self.a - 1) < _NEAR_ONE / 2:
            low, high = (RepeatBuying(self.kind, self.r, self.alpha, 1 + s * _NEAR_ONE, self.b) for s in (-1, 1))
            return (low.purchases(x, t_x, T, days) + high.purchases(x, t_x, T, days)) / 2
        c = self.a + self.b + x + self._later - 1
        z = days / (self.alpha + T + days)
        quiet = np.exp((self.r + x) * (np.log(self.alpha + T) - np.log(self.alpha + T + days)))
        inner = hyp2f1(self.r + x, self.b + x + self._later, c, z)
        return c / (self.a - 1) * (1 - quiet * inner) / (1 + self._odds_of_gone(x, t_x, T))

    def log_likelihood(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Return the log-likelihood of each history (n,)."""
        common = gammaln(self.r + x) - gammaln(self.r) + self.r * np.log(self.alpha) - betaln(self.a, self.b)
        chances = x + self._later
        alive = betaln(self.a, self.b + chances) - (self.r + x) * np.log(self.alpha + T)
        gone = betaln(self.a + 1, self.b + np.maximum(chances, 1) - 1) - (self.r + x) * np.log(self.alpha + t_x)
        return np.asarray(common + np.where(chances > 0, np.logaddexp(alive, gone), alive))


@dataclass(frozen=True)
class SpendModel:
    """Parameters of gamma-gamma (Fader and Hardie 2013): how much a purchase is worth."""

    p: float
    q: float
    v: float

    @property
    def usual(self) -> float:
        """The mean purchase of all customers."""
        return self.v * self.p / (self.q - 1)

    def expected(self, x: Floats, mean: Floats) -> Floats:
        """Return the expected value of a purchase (n,): own mean of x purchases, shrunk towards that of all."""
        own = self.p * x / (self.p * x + self.q - 1)
        return np.where(x > 0, (1 - own) * self.usual + own * np.where(x > 0, mean, 0.0), self.usual)


def fit_repeat_buying(kind: str, x: Floats, t_x: Floats, T: Floats) -> RepeatBuying:
    """Return the maximum likelihood fit; equal histories are computed once.

    Raises
    ------
    TrainingError
        ``nobody-returned``.
    """
    if not (x > 0).any():
        raise TrainingError("nobody-returned", "no customer has bought on a second day", remedy="Load more history, or name another table.")
    unique, counts = np.unique(np.column_stack([x, t_x, T]), axis=0, return_counts=True)
    x, t_x, T = unique.T
    w, scale = counts / counts.sum(), float(max(T.max(), 1e-9)) / 10

    def loss(theta: Floats) -> float:
        r, alpha, a, b = np.exp(theta)
        return -float(w @ RepeatBuying(kind, r, alpha, a, b).log_likelihood(x, t_x / scale, T / scale))

    r, alpha, a, b = np.exp(_lowest(loss, [np.log([1.0, 0.5, 0.8, 2.0]), np.log([0.3, 1.0, 0.5, 1.0])]))
    return RepeatBuying(kind, float(r), float(alpha * scale), float(a), float(b))


def fit_spend(x: Floats, mean: Floats) -> SpendModel:
    """Return the maximum likelihood fit to customers with repeat purchases of positive mean value.

    Raises
    ------
    TrainingError
        ``no-spend``: fewer than two such customers, or no finite mean purchase.
    """
    there = (x > 0) & (mean > 0)
    remedy = "Check the values of the table, or leave them out."
    if there.sum() < 2:
        raise TrainingError("no-spend", "fewer than two customers have repeat purchases with a value", remedy=remedy)
    x, mean = x[there], mean[there]
    scale = float(mean.mean())
    m = mean / scale

    def loss(theta: Floats) -> float:
        p, q, v = np.exp(theta)
        terms = gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        terms = terms + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * np.log(x * m + v)
        return -float(terms.mean())

    p, q, v = np.exp(_lowest(loss, [np.log([1.0, 2.0, 1.0]), np.log([6.0, 4.0, 0.5])]))
    if q <= 1:
        raise TrainingError("no-spend", "values differ so much that a mean purchase does not exist", remedy=remedy)
    return SpendModel(float(p), float(q), float(v * scale))


def _lowest(loss: Callable[[Floats], float], starts: list[Floats]) -> Floats:
    """Return the logarithms of the parameters of least loss."""
    from scipy.optimize import minimize

    found = []
    for start in starts:
        first = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-7, "fatol": 1e-12})
        found.append(minimize(loss, first.x, method="L-BFGS-B", bounds=[(-12, 12)] * len(start), options={"ftol": 1e-14, "gtol": 1e-9}))
    return np.asarray(min(found, key=lambda one: one.fun).x)
