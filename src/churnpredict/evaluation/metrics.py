"""Metrics of risks: each one function of (y, p, sample_weight), exact under ties.

``y`` (n,) is 1 where the customer left, ``p`` (n,) the risk or, for rankings, any score.
Longer than most modules because all metrics are in it; each is short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.special import betainc

from churnpredict.errors import UsageError
from churnpredict.model.calibration import AffineCalibration, sigmoid
from churnpredict.model.labels import leaving_of, risk_of
from churnpredict.number_checks import (
    as_float,
    check_bins,
    check_number,
    check_numbers,
    check_rounds,
    check_share,
    check_whole_number,
    is_number,
)
from churnpredict.row_order import in_row_order

__all__ = [
    "BrierParts",
    "Interval",
    "auc",
    "average_precision",
    "bootstrap_interval",
    "brier",
    "brier_decomposition",
    "calibration_error",
    "calibration_intercept",
    "calibration_slope",
    "compare",
    "empc",
    "expected_profit",
    "gain",
    "interval",
    "lift",
    "log_loss",
    "mpc",
    "qini",
    "scorers",
]

Metric = Callable[..., float]


def checked(y: Any, p: Any, sample_weight: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    p, sample_weight = in_row_order(p, y, "p", "y"), in_row_order(sample_weight, y, "sample_weight", "y")
    target, score = _numbers_of(y, "y"), _numbers_of(p, "p")
    w = np.ones_like(target) if sample_weight is None else check_numbers(sample_weight, "sample_weight", least=0)
    if not len(target) == len(score) == len(w):
        raise UsageError("unequal-lengths", "y, p and sample_weight differ in length", remedy="Pass one value per row in each.")
    if np.isnan(score).any() or np.isnan(target).any():
        raise UsageError("nan-in-metric", "y or p holds NaN", remedy="Score labelled rows only.")
    other = (target != 0) & (target != 1)
    if other.any():
        what, remedy = "y holds other than 0 and 1", "Give 1 where the customer left."
        raise UsageError("bad-argument", what, rows=int(other.sum()), total=len(target), remedy=remedy)
    keep = w > 0
    return (target, score, w) if keep.all() else (target[keep], score[keep], w[keep])


def _numbers_of(given: Any, name: str) -> np.ndarray:
    """Return numbers as floats (n,), NaN included; labels in words are refused, since it is unknown which of them means "left"."""
    try:
        return np.asarray(given, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError):
        remedy = "Give 1 where the customer left and 0 elsewhere." if name == "y" else "Give one number per row."
        raise UsageError("bad-argument", f"{name} holds what is not a number", remedy=remedy) from None


def checked_risks(y: Any, p: Any, sample_weight: Any = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check as :func:`checked` does, and that the scores are probabilities, for measures that read them as such."""
    target, risk, w = checked(y, p, sample_weight)
    return target, check_numbers(risk, "p", least=0, most=1), w


def by_score(y: np.ndarray, p: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of leavers and of stayers in each group of equal scores, highest score first."""
    order = np.argsort(-p, kind="stable")
    ranked = p[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(p) else np.zeros(0, int)
    left = np.add.reduceat(w[order] * y[order], starts)
    stayed = np.add.reduceat(w[order] * (1 - y[order]), starts)
    return left, stayed


def auc(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return the probability that a leaver scores above a stayer, ties counted half; NaN with one class.

    >>> auc([0, 1, 1], [.2, .2, .9])
    0.75
    """
    left, stayed = by_score(*checked(y, p, sample_weight))
    pairs = left.sum() * stayed.sum()
    if pairs <= 0:
        return float("nan")
    below = stayed.sum() - np.cumsum(stayed)
    return float(left @ (below + stayed / 2) / pairs)


def average_precision(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return area under precision over recall, by steps at distinct scores; NaN without leavers.

    >>> average_precision([0, 1, 1], [.1, .9, .5])
    1.0
    """
    left, stayed = by_score(*checked(y, p, sample_weight))
    if left.sum() <= 0:
        return float("nan")
    hits = np.cumsum(left)
    return float(left @ (hits / (hits + np.cumsum(stayed))) / hits[-1])


def log_loss(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return mean negative log-likelihood in nats; probabilities are kept 1e-15 away from 0 and 1.

    >>> round(log_loss([0, 1], [.5, .5]), 4)
    0.6931
    """
    target, risk, w = checked_risks(y, p, sample_weight)
    risk = np.clip(risk, 1e-15, 1 - 1e-15)
    return float(-(w @ (target * np.log(risk) + (1 - target) * np.log1p(-risk))) / w.sum())


def brier(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return mean squared error of the risk.

    >>> brier([0, 1], [.5, .5])
    0.25
    """
    target, risk, w = checked_risks(y, p, sample_weight)
    return float(w @ (risk - target) ** 2 / w.sum())


class BrierParts(NamedTuple):
    """``brier = reliability - resolution + uncertainty + within``."""

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def bins_of(p: np.ndarray, w: np.ndarray, bins: int) -> np.ndarray:
    """Bin of equal weight for each row; equal risks are never separated."""
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    group = np.cumsum(np.r_[False, ranked[1:] != ranked[:-1]])
    middle = np.cumsum(w[order]) - w[order] / 2
    centre = np.bincount(group, weights=middle * w[order]) / np.bincount(group, weights=w[order])
    out = np.empty(len(p), dtype=np.int64)
    out[order] = np.minimum((centre[group] / w.sum() * bins).astype(np.int64), bins - 1)
    return out


def brier_decomposition(y: Any, p: Any, *, sample_weight: Any = None, bins: int = 10) -> BrierParts:
    """Return Murphy's (1973) parts of the Brier score in bins of equal weight, with the variation within bins (Stephenson et al. 2008).

    >>> parts = brier_decomposition([0, 1, 0, 1], [.2, .2, .8, .8])
    >>> round(parts.reliability - parts.resolution + parts.uncertainty + parts.within, 12)
    0.34
    """
    bins = check_bins(bins)
    target, risk, w = checked_risks(y, p, sample_weight)
    where = bins_of(risk, w, bins)
    n = np.bincount(where, weights=w, minlength=bins)
    used = n > 0
    n = n[used]
    seen = np.bincount(where, weights=w * target, minlength=bins)[used] / n
    said = np.bincount(where, weights=w * risk, minlength=bins)[used] / n
    rate, total = float(w @ target / w.sum()), w.sum()
    reliability = float(n @ (said - seen) ** 2 / total)
    resolution = float(n @ (seen - rate) ** 2 / total)
    uncertainty = rate * (1 - rate)
    within = brier(target, risk, sample_weight=w) - reliability + resolution - uncertainty
    return BrierParts(reliability, resolution, uncertainty, within)


def _log_odds(p: np.ndarray) -> np.ndarray:
    risk = np.clip(p, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(risk) - np.log1p(-risk))


def calibration_intercept(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return log-odds to add to every risk so that the mean risk is the observed share (0 is perfect; Cox 1958).

    >>> round(calibration_intercept([0, 1], [.5, .5]), 6)
    0.0
    """
    target, risk, w = checked_risks(y, p, sample_weight)
    rate = w @ target / w.sum()
    if not 0 < rate < 1:
        return float("nan")
    from scipy.optimize import brentq

    z = _log_odds(risk)
    return float(brentq(lambda c: w @ (sigmoid(z + c) - target), -80, 80, xtol=1e-12))  # pyright: ignore[reportArgumentType]


def calibration_slope(y: Any, p: Any, *, sample_weight: Any = None) -> float:
    """Return the slope of the outcome on the log-odds of the risk (1 is perfect, below 1 is overconfident); NaN for constant risks.

    >>> y = [0] * 8 + [1] * 2 + [0] * 2 + [1] * 8
    >>> round(calibration_slope(y, [.2] * 10 + [.8] * 10), 3)
    1.0
    """
    target, risk, w = checked_risks(y, p, sample_weight)
    z = _log_odds(risk)
    rate = w @ target / w.sum()
    if not 0 < rate < 1 or np.ptp(z) < 1e-12:
        return float("nan")
    # The likelihood is concave, so its best slope has the sign of its gradient at 0; a reversed ranking has a negative one.
    sign = 1.0 if (w * (target - rate)) @ z >= 0 else -1.0
    return sign * AffineCalibration(prior=0.0).fit(sign * z, target, w).slope


def calibration_error(y: Any, p: Any, *, sample_weight: Any = None, bins: int = 10) -> float:
    """Return mean distance between risk and observed share over bins of equal weight; equal risks share a bin.

    >>> round(calibration_error([0, 1, 0, 1], [.5, .5, .5, .5]), 6)
    0.0
    """
    bins = check_bins(bins)
    target, risk, w = checked_risks(y, p, sample_weight)
    where = bins_of(risk, w, bins)
    return float(np.abs(np.bincount(where, weights=w * (risk - target), minlength=bins)).sum() / w.sum())


def gain(y: Any, p: Any, *, k: float = 0.1, sample_weight: Any = None) -> float:
    """Return the share of all leavers among the top share ``k`` of customers.

    Customers with equal scores at the border count by their share: what a random order would give on average.

    >>> gain([1, 0, 0, 0], [.5, .5, .5, .5], k=.25)
    0.25
    """
    k = _share(k)
    left, stayed = by_score(*checked(y, p, sample_weight))
    if left.sum() <= 0:
        return float("nan")
    size = np.r_[0.0, np.cumsum(left + stayed)]
    caught = np.r_[0.0, np.cumsum(left)]
    return float(np.interp(k * size[-1], size, caught) / caught[-1])


def lift(y: Any, p: Any, *, k: float = 0.1, sample_weight: Any = None) -> float:
    """Return the share of leavers among the top share ``k`` of customers, divided by the overall share; constant scores give exactly 1, in
    any row order.

    >>> lift([1, 0, 0, 1], [.3, .3, .3, .3])
    1.0
    """
    return gain(y, p, k=k, sample_weight=sample_weight) / _share(k)


def _share(k: Any) -> float:
    if not is_number(k) or not 0 < as_float(k) <= 1:
        raise UsageError("bad-share", f"k={k!r:.40} is not a share", remedy="Give a number above 0 and at most 1.")
    return as_float(k)


def mpc(
    y: Any, p: Any, *, value: float, offer_cost: float, contact_cost: float, acceptance: float = 0.3, sample_weight: Any = None
) -> float:
    """Return the maximum profit per customer at the best threshold, in units of ``value`` (Verbraken, Verbeke and Baesens 2013, eq. 7).

    ``value`` is the worth of a retained customer, ``offer_cost`` the incentive, ``contact_cost`` the cost of reaching one customer,
    ``acceptance`` the share of would-be leavers who accept.

    >>> round(mpc([1] * 2 + [0] * 8, [.9] * 2 + [.1] * 8, value=200, offer_cost=10, contact_cost=1), 6)
    11.2
    """
    value, offer_cost, contact_cost = _money(value, offer_cost, contact_cost)
    acceptance = check_share(acceptance, "acceptance")
    left, stayed = by_score(*checked(y, p, sample_weight))
    total = (left + stayed).sum()
    f0, f1 = np.r_[0.0, np.cumsum(left)] / total, np.r_[0.0, np.cumsum(stayed)] / total
    profit = (acceptance * (value - offer_cost) - contact_cost) * f0 - (offer_cost + contact_cost) * f1
    return float(profit.max())


def empc(  # names from the paper
    y: Any,
    p: Any,
    *,
    value: float,
    offer_cost: float,
    contact_cost: float,
    alpha: float = 6,
    beta: float = 14,
    sample_weight: Any = None,
) -> float:
    """Return expected maximum profit per customer when acceptance is Beta(alpha, beta) (Verbraken, Verbeke and Baesens 2013, section 4).

    >>> round(empc([1] * 2 + [0] * 8, [.9] * 2 + [.1] * 8, value=200, offer_cost=10, contact_cost=1), 6)
    11.2
    """
    value, offer_cost, contact_cost = _money(value, offer_cost, contact_cost)
    alpha, beta = (check_number(given, name, least=0, open_=True) for given, name in ((alpha, "alpha"), (beta, "beta")))
    left, stayed = by_score(*checked(y, p, sample_weight))
    total = (left + stayed).sum()
    pi0, pi1 = left.sum() / total, stayed.sum() / total
    if pi0 == 0:
        return 0.0
    f0, f1 = roc_hull(left, stayed)
    delta, phi = offer_cost / value, contact_cost / value
    d0, d1 = np.diff(f0), np.diff(f1)
    with np.errstate(divide="ignore"):  # along a level edge of the hull no acceptance rate is high enough
        turn = (pi1 * (delta + phi) * d1 + pi0 * phi * d0) / (pi0 * (1 - delta) * d0)
    turn = np.r_[0.0, turn]
    keep = turn < 1
    gamma = np.r_[turn[keep], 1.0]
    f0, f1 = f0[keep], f1[keep]
    mean = alpha / (alpha + beta)
    first = np.diff(betainc(alpha + 1, beta, gamma)) * mean
    zeroth = np.diff(betainc(alpha, beta, gamma))
    return float(np.sum(value * (1 - delta) * pi0 * f0 * first - value * (phi * pi0 * f0 + (delta + phi) * pi1 * f1) * zeroth))


def _money(value: Any, offer_cost: Any, contact_cost: Any) -> tuple[float, float, float]:
    """Check the money of a contact: a positive value of a customer, larger than the offer, and costs of at least 0."""
    offer_cost, contact_cost = check_number(offer_cost, "offer_cost", least=0), check_number(contact_cost, "contact_cost", least=0)
    return check_number(value, "value", least=offer_cost, open_=True, what="the value of a customer,"), offer_cost, contact_cost


def roc_hull(left: np.ndarray, stayed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices of the upper convex hull of the ROC curve: share of leavers and of stayers contacted."""
    from scipy.optimize import isotonic_regression

    size = left + stayed
    # Building the hull pools adjacent groups until the share of leavers falls (Fawcett and Niculescu-Mizil 2007).
    at = isotonic_regression(left / size, weights=size, increasing=False).blocks
    f0 = np.r_[0.0, np.cumsum(left)][at] / left.sum()
    f1 = np.r_[0.0, np.cumsum(stayed)][at] / max(stayed.sum(), 1e-300)
    return f0, f1


def expected_profit(
    y: Any,
    p: Any,
    *,
    value: Any,
    offer_cost: float,
    contact_cost: float,
    acceptance: float = 0.3,
    sample_weight: Any = None,
) -> float:
    """Return the mean profit per customer of contacting all with a positive expected profit, computed from the observed outcomes.

    Customers are contacted if ``p * acceptance * (value - offer_cost) - (1 - p) * offer_cost - contact_cost > 0``; ``value`` is
    one number or one per customer (n,).

    >>> round(expected_profit([1, 0], [1.0, 0.0], value=200, offer_cost=10, contact_cost=1), 6)
    28.0
    """
    money = {"value": value, "offer_cost": offer_cost, "contact_cost": contact_cost, "acceptance": acceptance}
    promised, earned, w = profits_of(y, p, sample_weight=sample_weight, **money)
    return float(w @ np.where(promised > 0, earned, 0.0) / w.sum())


def profits_of(
    y: Any, p: Any, *, sample_weight: Any, value: Any, offer_cost: float, contact_cost: float, acceptance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the expected profit of a contact, the realised one and its weight, (n,) each; the parameters are those of
    :func:`expected_profit`.
    """
    p, sample_weight = in_row_order(p, y, "p", "y"), in_row_order(sample_weight, y, "sample_weight", "y")
    target, risk, _ = checked_risks(y, p)
    offer_cost, contact_cost = check_number(offer_cost, "offer_cost", least=0), check_number(contact_cost, "contact_cost", least=0)
    acceptance = check_share(acceptance, "acceptance")
    if np.ndim(value) == 0:
        worth = np.full(len(target), check_number(value, "value"))
    else:
        worth = check_numbers(in_row_order(value, y, "value", "y"), "value")
        if len(worth) != len(target):
            raise UsageError("unequal-lengths", "y and value differ in length", remedy="Pass one value per row, or one for all.")
    w = np.ones(len(target)) if sample_weight is None else check_numbers(sample_weight, "sample_weight", least=0)
    promised, earned = (chance * acceptance * (worth - offer_cost) - (1 - chance) * offer_cost - contact_cost for chance in (risk, target))
    return promised, earned, w


def qini(y: Any, p: Any, *, treated: Any, sample_weight: Any = None) -> float:
    """Return area between the Qini curve of a ranking and that of a random one, per customer (Radcliffe 2007).

    For randomised treatment: ``treated`` (n,) is 1 where the customer was contacted, ``p`` (n,) ranks whom to contact
    first, and a contact helps where it keeps a customer (``y`` 0 instead of 1). Ties are crossed in a straight line.

    >>> y, t = [0, 1, 1, 1, 0, 0], [1, 0, 1, 0, 1, 0]
    >>> qini(y, [.9, .9, .1, .1, .1, .1], treated=t) > 0
    True
    """
    treated, sample_weight = in_row_order(treated, y, "treated", "y"), in_row_order(sample_weight, y, "sample_weight", "y")
    target, score, w = checked(y, p, sample_weight)
    arm = _numbers_of(treated, "treated")
    if len(arm) != len(np.asarray(y)):
        raise UsageError("unequal-lengths", "y and treated differ in length", remedy="Pass one value per row in each.")
    other = (arm != 0) & (arm != 1)
    if other.any():
        what, remedy = "treated holds other than 0 and 1", "Give 1 where the customer was contacted."
        raise UsageError("bad-argument", what, rows=int(other.sum()), total=len(arm), remedy=remedy)
    if sample_weight is not None:
        arm = arm[np.asarray(sample_weight, dtype=np.float64).ravel() > 0]
    if arm.min(initial=1) == 1 or arm.max(initial=0) == 0:
        raise UsageError("one-arm", "all rows are treated, or none", remedy="Keep a random hold-out: uplift needs both arms.")
    kept = 1 - target
    kept1, n1 = (np.r_[0.0, np.cumsum(v)] for v in by_score(kept, score, w * arm))
    kept0, n0 = (np.r_[0.0, np.cumsum(v)] for v in by_score(kept, score, w * (1 - arm)))
    n1, n0 = n1 + kept1, n0 + kept0
    gained = kept1 - kept0 * np.divide(n1, n0, out=np.zeros_like(n1), where=n0 > 0)
    curve, share = gained / n1[-1], (n1 + n0) / (n1[-1] + n0[-1])
    from scipy.integrate import trapezoid  # NumPy has it only since 2.0

    return float(trapezoid(curve, share) - curve[-1] / 2)


class Interval(NamedTuple):
    """A metric with its interval."""

    value: float
    low: float
    high: float


def as_rows(y: Any, **given: Any) -> list[Any]:
    return [in_row_order(one, y, name, "y") for name, one in given.items()]


def resampled(customers: Any, n: int, rounds: int, seed: int) -> Any:
    """Yield weights (n,) of each bootstrap round: customers are drawn, with all of their rows."""
    rounds, seed = check_rounds(rounds), check_whole_number(seed, "random_state")  # 0: no interval
    if customers is not None and np.shape(customers) != (n,):
        raise UsageError("unequal-lengths", "y and customers differ in length", remedy="Pass one customer per row.")
    who = np.arange(n) if customers is None else np.unique(np.asarray(customers), return_inverse=True)[1].ravel()
    rng = np.random.default_rng(seed)
    size = int(who.max()) + 1 if n else 0
    for _ in range(rounds):
        yield np.bincount(rng.integers(0, size, size), minlength=size)[who].astype(np.float64)


def bootstrap_interval(
    metric: Metric,
    y: Any,
    p: Any,
    *,
    customers: Any = None,
    sample_weight: Any = None,
    rounds: int = 500,
    level: float = 0.95,
    random_state: int = 0,
    **options: Any,
) -> Interval:
    """Return a metric with its percentile interval over customers, whose rows are drawn together.

    >>> y, p = np.tile([0, 1], 100), np.tile([.2, .8], 100)
    >>> bootstrap_interval(auc, y, p, rounds=20)
    Interval(value=1.0, low=1.0, high=1.0)
    """
    p, customers, sample_weight = as_rows(y, p=p, customers=customers, sample_weight=sample_weight)
    target, score = _numbers_of(y, "y"), _numbers_of(p, "p")
    base = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    drawn = [metric(target, score, sample_weight=base * w, **options) for w in resampled(customers, len(target), rounds, random_state)]
    return interval(metric(target, score, sample_weight=base, **options), drawn, level)


def interval(value: float, drawn: Any, level: float = 0.95) -> Interval:
    """Return a figure with the middle ``level`` of the draws, NaN left out.

    >>> interval(2.0, [1.0, 2.0, 3.0], level=1.0)
    Interval(value=2.0, low=1.0, high=3.0)
    """
    level = check_share(level, "level")
    if level == 0:
        raise UsageError("bad-argument", "level is 0", remedy="Give a share above 0, such as 0.95.")
    values = np.asarray(drawn, dtype=np.float64)
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))


def compare(
    y: Any,
    p1: Any,
    p2: Any,
    *,
    metric: Metric = log_loss,
    customers: Any = None,
    sample_weight: Any = None,
    rounds: int = 500,
    level: float = 0.95,
    random_state: int = 0,
    **options: Any,
) -> Interval:
    """Return difference ``metric(p1) - metric(p2)`` with its interval over the same resampled customers.

    >>> y = np.tile([0, 1], 100)
    >>> compare(y, np.where(y, .8, .2), np.full(200, .5), rounds=20).high < 0
    True
    """
    p1, p2, customers, sample_weight = as_rows(y, p1=p1, p2=p2, customers=customers, sample_weight=sample_weight)
    target, one, two = _numbers_of(y, "y"), _numbers_of(p1, "p1"), _numbers_of(p2, "p2")
    base = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)

    def difference(w: np.ndarray) -> float:
        return metric(target, one, sample_weight=w, **options) - metric(target, two, sample_weight=w, **options)

    drawn = [difference(base * w) for w in resampled(customers, len(target), rounds, random_state)]
    return interval(difference(base), drawn, level)


def scorers(**money: float) -> dict[str, Any]:
    """Return scikit-learn scorers by name, for ``cross_validate(..., scoring=scorers())``; losses are negated.

    With ``value=``, ``offer_cost=`` and ``contact_cost=`` those of profit are among them, ``mpc`` and ``empc``. Labels may be words: each
    scorer takes the label that means "left" from the classifier, wherever its column stands.

    >>> sorted(scorers())[:3]
    ['auc', 'average_precision', 'gain']
    """
    higher: dict[str, Metric] = {"auc": auc, "average_precision": average_precision, "lift": lift, "gain": gain}
    profits: dict[str, Metric] = {"mpc": mpc, "empc": empc} if money else {}
    lower: dict[str, Metric] = {"log_loss": log_loss, "brier": brier, "calibration_error": calibration_error}
    out = {name: _Scorer(f) for name, f in higher.items()} | {name: _Scorer(f, money=money) for name, f in profits.items()}
    return out | {f"neg_{name}": _Scorer(f, sign=-1) for name, f in lower.items()}


@dataclass(frozen=True)
class _Scorer:
    """A metric of a fitted classifier, called as scikit-learn calls its scorers."""

    metric: Metric
    sign: int = 1
    money: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        left = np.asarray(y) == leaving_of(estimator)
        return self.sign * self.metric(left.astype(np.float64), risk_of(estimator, X), sample_weight=sample_weight, **self.money)
