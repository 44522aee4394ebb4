"""Curves and figures of an uplift ranking on a randomised experiment: uplift, Qini, AUUC and the maximum profit of contacting a top share.

Published figures of one name differ, so each says what it is. With k1, k0 the weight of contacted and held-out customers who stayed among
the first n1, n0, and N1, N0 all of them:

- Qini (Radcliffe 2007; scikit-uplift's ``qini_curve``): ``k1 - k0 n1 / n0``, here divided by N1;
- uplift (Gutierrez and Gérardy 2017; scikit-uplift's ``uplift_curve``): ``(k1 / n1 - k0 / n0) (n1 + n0)``, here divided by N1 + N0.
  causalml's ``get_cumgain`` is the same curve on one row per rank, ties in the order of the rows.

:func:`auuc` is the plain area under the uplift curve. scikit-uplift's ``uplift_auc_score`` subtracts the area of a random ranking and
divides by that of a perfect one; causalml's ``auuc_score`` divides the curve by its last value first, which is unstable where the effect is
small. Ties are crossed in a straight line, as a random order would on average, so the order of the rows never matters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.errors import UsageError
from churnpredict.evaluation.metrics import by_score, checked

__all__ = ["auuc", "max_uplift_profit", "qini_curve", "uplift_curve", "uplift_profit_curve"]

Floats = npt.NDArray[np.float64]


def _counts(y: Any, p: Any, treated: Any, sample_weight: Any) -> tuple[Floats, Floats, Floats, Floats]:
    """Return running weights of contacted who stayed, contacted, held out who stayed, held out: one per distinct score."""
    arm = np.asarray(treated, dtype=np.float64).ravel()
    if len(arm) != len(np.asarray(y).ravel()):
        raise UsageError("unequal-lengths", "y and treated differ in length", remedy="Pass one value per row in each.")
    if sample_weight is not None:
        arm = arm[np.asarray(sample_weight, dtype=np.float64).ravel() > 0]
    target, score, w = checked(y, p, sample_weight)
    if not np.isin(arm, (0, 1)).all():
        raise UsageError("bad-argument", "treated is not 0 or 1 in every row", remedy="Give 1 for contacted, 0 for held out.")
    if arm.min(initial=1) == 1 or arm.max(initial=0) == 0:
        raise UsageError("one-arm", "all rows are treated, or none", remedy="Keep a random hold-out: uplift needs both arms.")
    gone1, kept1 = (np.r_[0.0, np.cumsum(v)] for v in by_score(target, score, w * arm))
    gone0, kept0 = (np.r_[0.0, np.cumsum(v)] for v in by_score(target, score, w * (1 - arm)))
    return kept1, kept1 + gone1, kept0, kept0 + gone0


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def uplift_curve(y: Any, p: Any, *, treated: Any, sample_weight: Any = None) -> tuple[Floats, Floats]:
    """Return the share of customers, and the share of all customers that contacting them keeps, for each distinct score from the top.

    Parameters
    ----------
    y : (n,) array
        1 left, 0 stayed.
    p : (n,) array
        Ranks whom to contact first.
    treated : (n,) array
        1 contacted, 0 held out by chance.

    Raises
    ------
    UsageError
        ``one-arm``, ``unequal-lengths``, ``bad-argument``, ``nan-in-metric``.

    Examples
    --------
    >>> share, kept = uplift_curve([0, 1, 0, 0], [.9, .9, .1, .1], treated=[1, 0, 1, 0])
    >>> share.tolist(), kept.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.5, 0.5])
    """
    kept1, n1, kept0, n0 = _counts(y, p, treated, sample_weight)
    share = (n1 + n0) / (n1[-1] + n0[-1])
    return share, (_ratio(kept1, n1) - _ratio(kept0, n0)) * share


def qini_curve(y: Any, p: Any, *, treated: Any, sample_weight: Any = None) -> tuple[Floats, Floats]:
    """Return the share of customers, and customers kept per contacted customer of all (Radcliffe 2007), for each distinct score.

    The area between it and the straight line to its end is :func:`churnpredict.evaluation.metrics.qini`.

    >>> share, kept = qini_curve([0, 1, 0, 0], [.9, .9, .1, .1], treated=[1, 0, 1, 0])
    >>> kept.tolist()
    [0.0, 0.5, 0.5]
    """
    kept1, n1, kept0, n0 = _counts(y, p, treated, sample_weight)
    return (n1 + n0) / (n1[-1] + n0[-1]), (kept1 - kept0 * _ratio(n1, n0)) / n1[-1]


def auuc(y: Any, p: Any, *, treated: Any, sample_weight: Any = None) -> float:
    """Return the area under the uplift curve, without any normalisation; half the effect where the ranking is random.

    >>> auuc([0, 1, 0, 0], [.9, .9, .1, .1], treated=[1, 0, 1, 0])
    0.375
    """
    from scipy.integrate import trapezoid  # NumPy has it only since 2.0

    share, kept = uplift_curve(y, p, treated=treated, sample_weight=sample_weight)
    return float(trapezoid(kept, share))


def uplift_profit_curve(
    y: Any, p: Any, *, treated: Any, value: float, offer_cost: float = 0.0, contact_cost: float = 0.0, sample_weight: Any = None
) -> tuple[Floats, Floats]:
    """Return the share of customers, and the profit per customer that contacting them would have earned, for each distinct score.

    A customer who is kept by the contact is worth ``value``; every contact costs ``contact_cost``; every contacted customer who stays
    takes the offer, which costs ``offer_cost``.

    >>> share, profit = uplift_profit_curve([0, 1, 0, 0], [.9, .9, .1, .1], treated=[1, 0, 1, 0], value=100, contact_cost=2)
    >>> profit[1:].tolist()
    [49.0, 48.0]
    """
    kept1, n1, kept0, n0 = _counts(y, p, treated, sample_weight)
    share = (n1 + n0) / (n1[-1] + n0[-1])
    stayed = _ratio(kept1, n1)
    return share, share * (value * (stayed - _ratio(kept0, n0)) - offer_cost * stayed - contact_cost)


def max_uplift_profit(
    y: Any, p: Any, *, treated: Any, value: float, offer_cost: float = 0.0, contact_cost: float = 0.0, sample_weight: Any = None
) -> tuple[float, float]:
    """Return the highest profit per customer that contacting a top share would have earned, and that share (Devriendt, Berrevoets,
    Verbeke 2021, maximum profit uplift).

    The money is that of :func:`uplift_profit_curve`. Contacting nobody earns nothing, so the profit is never below 0.

    Examples
    --------
    >>> profit, share = max_uplift_profit([0, 1, 0, 0], [.9, .9, .1, .1], treated=[1, 0, 1, 0], value=100, offer_cost=10, contact_cost=2)
    >>> profit, share
    (44.0, 0.5)
    """
    money = {"value": value, "offer_cost": offer_cost, "contact_cost": contact_cost}
    share, profit = uplift_profit_curve(y, p, treated=treated, sample_weight=sample_weight, **money)
    best = int(np.argmax(profit))
    return float(profit[best]), float(share[best])
