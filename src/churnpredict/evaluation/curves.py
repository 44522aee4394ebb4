"""Curves behind the displays: reliability, gain and profit, exact under ties; the interval of a share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from churnpredict.evaluation.metrics import bins_of, by_score, checked, checked_risks, profits_of, resampled
from churnpredict.number_checks import check_bins

__all__ = ["gain_curve", "profit_curve", "reliability_curve", "resampled_weights"]


def reliability_curve(y: Any, p: Any, *, sample_weight: Any = None, bins: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean risk, share that left and weight of each bin of equal weight; equal risks share a bin, empty bins are left out.

    >>> [v.tolist() for v in reliability_curve([0, 1, 1, 1], [.2, .2, .8, .8], bins=2)]
    [[0.2, 0.8], [0.5, 1.0], [2.0, 2.0]]
    """
    target, risk, w = checked_risks(y, p, sample_weight)
    bins = check_bins(bins)
    where = bins_of(risk, w, bins)
    n = np.bincount(where, weights=w, minlength=bins)
    used = n > 0
    said, seen = (np.bincount(where, weights=w * v, minlength=bins)[used] / n[used] for v in (risk, target))
    return said, seen, n[used]


def gain_curve(y: Any, p: Any, *, shares: Any, sample_weight: Any = None) -> np.ndarray:
    """Return the share of all leavers among each top share of customers; equal scores are crossed in a straight line, like a random order.

    >>> gain_curve([1, 0, 0, 0], [.5, .5, .5, .5], shares=[0, .25, 1]).tolist()
    [0.0, 0.25, 1.0]
    """
    left, stayed = by_score(*checked(y, p, sample_weight))
    if left.sum() <= 0:
        return np.full(len(np.asarray(shares)), np.nan)
    size, caught = np.r_[0.0, np.cumsum(left + stayed)], np.r_[0.0, np.cumsum(left)]
    return np.asarray(np.interp(np.asarray(shares) * size[-1], size, caught) / caught[-1])


def profit_curve(
    y: Any,
    p: Any,
    *,
    value: Any,
    offer_cost: float,
    contact_cost: float,
    acceptance: float = 0.3,
    sample_weight: Any = None,
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Return share contacted and profit per customer, highest expected profit first, and the point where further contacts have no expected
    profit.

    >>> share, profit, stop = profit_curve([1, 0], [1.0, 0.0], value=200, offer_cost=10, contact_cost=1)
    >>> share.tolist(), profit.tolist(), stop
    ([0.0, 0.5, 1.0], [0.0, 28.0, 22.5], (0.5, 28.0))
    """
    money = {"value": value, "offer_cost": offer_cost, "contact_cost": contact_cost, "acceptance": acceptance}
    promised, earned, w = profits_of(y, p, sample_weight=sample_weight, **money)
    earned = w * earned
    order = np.argsort(-promised, kind="stable")
    ends = np.flatnonzero(np.r_[promised[order][1:] != promised[order][:-1], True])  # equal expected profits are contacted together
    total = w.sum()
    share = np.r_[0.0, np.cumsum(w[order])[ends] / total]
    profit = np.r_[0.0, np.cumsum(earned[order])[ends] / total]
    told = promised > 0
    return share, profit, (float(w[told].sum() / total), float(earned[told].sum() / total))


def resampled_weights(n: int, *, customers: Any = None, rounds: int = 100, random_state: int = 0) -> Iterator[np.ndarray]:
    """Yield weights (n,) of each bootstrap round: customers are drawn, with all of their rows."""
    yield from resampled(customers, n, rounds, random_state)
