"""Value of a customer per day: own payments, shrunk towards those of all customers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Credibility", "credible_rate", "learn_credibility"]

BOUND = 0.99  # quantile of the payments of all customers: higher ones are bounded, unless they are usual for the customer
OWN = 2.0  # multiple of the customer's own median period that counts as usual
_NEVER = 1e9  # days until a customer's own payments count, where customers do not differ

Floats = npt.NDArray[np.float64]


class Credibility(NamedTuple):
    """What :func:`learn_credibility` learns from all customers, per day.

    Attributes
    ----------
    mean : float
        What customers pay per day.
    doubt : float
        Days of own payments that weigh as much as the average of all customers.
    bound : float
        The 99th percentile of the payment per day in a period.
    """

    mean: float
    doubt: float
    bound: float


def learn_credibility(paid: Floats, days: Floats) -> Credibility:
    """Learn mean, doubt and bound from the payments of all customers: the credibility model of Bühlmann and Straub (1970), on bounded
    periods.

    With the rate ``x_ij`` of customer i in period j, known for ``w_ij`` days, and own mean ``x_i``: the variance within customers is
    ``s2 = sum w_ij (x_ij - x_i)^2 / sum (n_i - 1)``, that between them ``a = (sum w_i (x_i - m)^2 - (I - 1) s2) / (w - sum w_i^2 / w)``,
    and the doubt is ``s2 / a``. One order of a hundred times the usual size would distort both variances, so rates above the 99th
    percentile of all customers are bounded by it, or by twice the customer's own median period if that is more: consistently high payments
    are not reduced.

    Parameters
    ----------
    paid, days : ndarray of shape (n, periods)
        Paid in each period, in any unit, and days of the period in which the customer was one (0: none).

    Examples
    --------
    >>> paid = np.array([[100.0, 100.0], [20.0, 40.0], [0.0, 20.0], [60.0, 40.0]])
    >>> learn_credibility(paid, np.full((4, 2), 10.0)).mean
    4.75
    """
    seen = days > 0
    rates = np.divide(paid, days, out=np.zeros_like(paid, dtype=np.float64), where=seen)
    if not seen.any():
        return Credibility(0.0, _NEVER, 0.0)
    whole = days >= days.max() / 2  # an order on the first day of a period does not give a rate
    bound = max(float(np.quantile(rates[whole], BOUND)), 0.0)
    known = seen.any(axis=1)
    rates, weight = _bounded(rates, seen, bound)[known], days[known].astype(np.float64)
    total = weight.sum(axis=1)
    own = (weight * rates).sum(axis=1) / total
    every = float(total.sum())
    mean = float(total @ own) / every
    again = int(seen.sum()) - len(own)
    within = float((weight * (rates - own[:, None]) ** 2).sum()) / again if again else 0.0
    spread = every - float((total**2).sum()) / every
    between = (float(total @ (own - mean) ** 2) - (len(own) - 1) * within) / spread if spread > 0 else 0.0
    doubt = min(within / between, _NEVER) if between > 0 else _NEVER
    belief = total / (total + doubt)
    return Credibility(float(belief @ own) / float(belief.sum()), doubt, bound)


def credible_rate(paid: Floats, days: Floats, book: Credibility) -> Floats:
    """Return what each customer pays per day (n,): ``Z x_i + (1 - Z) m`` with ``Z = w_i / (w_i + doubt)``; 0 for customers who never paid.

    Examples
    --------
    >>> credible_rate(np.array([[50.0], [50.0], [0.0]]), np.array([[10.0], [90.0], [0.0]]), Credibility(1.0, 30.0, 9.0)).round(3).tolist()
    [2.0, 0.667, 0.0]
    """
    seen = days > 0
    rates = _bounded(np.divide(paid, days, out=np.zeros_like(paid, dtype=np.float64), where=seen), seen, book.bound)
    total = days.sum(axis=1)
    own = np.divide((days * rates).sum(axis=1), total, out=np.zeros(len(paid)), where=total > 0)
    belief = np.divide(total, total + book.doubt, out=np.zeros(len(paid)), where=total > 0)
    return np.where(total > 0, np.maximum(belief * own + (1 - belief) * book.mean, 0.0), 0.0)


def _bounded(rates: Floats, seen: npt.NDArray[np.bool_], bound: float) -> Floats:
    """Lower rates above the bound, or above twice the own median period if that is more, to it."""
    ordered, rows, n = np.sort(np.where(seen, rates, np.inf), axis=1), np.arange(len(rates)), seen.sum(axis=1)
    middle = (ordered[rows, np.maximum(n - 1, 0) // 2] + ordered[rows, n // 2]) / 2
    usual = np.where(n > 1, middle, 0.0)  # a single period has no usual value
    return np.asarray(np.minimum(rates, np.maximum(bound, OWN * usual)[:, None]))
