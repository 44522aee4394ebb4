"""Effects of a randomised contact: a test of no effect on anybody, and the effect in each group of customers with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.number_checks import check_share

__all__ = ["effects_by_group", "mean_effect", "no_effect_test"]

Floats = npt.NDArray[np.float64]

_FEWEST_LEAVERS = 10  # of a group; fewer give an interval that is too narrow


def mean_effect(y: Floats, arm: Floats, *, sample_weight: Any = None) -> float:
    """Return the share of leavers among held-out rows minus that among contacted ones.

    >>> mean_effect(np.array([0., 1., 0., 1.]), np.array([1., 1., 0., 0.]))
    0.0
    """
    w = np.ones(len(y)) if sample_weight is None else sample_weight
    return float(np.average(y[arm == 0], weights=w[arm == 0]) - np.average(y[arm == 1], weights=w[arm == 1]))


def no_effect_test(
    y: Floats, arm: Floats, *, customers: Any = None, cutoffs: Any = None, rounds: int = 1000, random_state: int = 0
) -> float:
    """Return the p-value of the hypothesis that a contact changed nothing for anybody: Fisher's randomisation test of the mean effect.

    Arms are drawn again as they were drawn: by customer where each customer has one arm throughout, else within each cutoff. The test is
    two-sided, and exact for a randomised log whatever its size.

    Parameters
    ----------
    y, arm : (n,) arrays of 0 and 1
        1 left; 1 contacted.
    customers, cutoffs : (n,) arrays, optional
    rounds : int

    Examples
    --------
    >>> arm = np.tile([0.0, 1.0], 100)
    >>> no_effect_test(1 - arm, arm, rounds=99), no_effect_test(np.repeat([0.0, 1.0], 100), arm, rounds=99)
    (0.01, 1.0)
    """
    rng = np.random.default_rng(random_state)
    unit = np.arange(len(y)) if customers is None else pd.factorize(np.asarray(customers))[0]
    n_units = int(unit.max()) + 1
    size, contacted = np.bincount(unit, minlength=n_units), np.bincount(unit, weights=arm, minlength=n_units)
    whole = n_units < len(y) and bool(np.all((contacted == 0) | (contacted == size)))
    strata = np.zeros(len(y), np.int64) if cutoffs is None or whole else pd.factorize(np.asarray(cutoffs))[0]
    blocks = [np.flatnonzero(strata == s) for s in range(int(strata.max()) + 1)]
    found, as_far = abs(mean_effect(y, arm)), 0
    own = contacted > 0
    for _ in range(rounds):
        if whole:
            drawn = rng.permutation(own)[unit].astype(np.float64)
        else:
            drawn = arm.copy()
            for rows in blocks:
                drawn[rows] = rng.permutation(drawn[rows])
        if 0 < drawn.sum() < len(y):
            as_far += abs(mean_effect(y, drawn)) >= found - 1e-12
    return (as_far + 1) / (rounds + 1)


def effects_by_group(groups: Any, gain: Floats, y: Floats, arm: Floats, *, customers: Any = None, level: float = 0.95) -> pd.DataFrame:
    """Return the mean effect of a contact in each group, with intervals that hold for all groups together.

    Parameters
    ----------
    groups : (n,) array
        Of each row, known before the contact, such as the first reason; missing values belong to no group.
    gain : (n,) array
        An outcome whose mean over both arms is the effect: what :class:`churnpredict.evaluation.uplift.UpliftModel` learns from.
    y, arm : (n,) arrays of 0 and 1
    customers : (n,) array, optional
        Rows of one customer are not independent.
    level : float
        Of all intervals together (Bonferroni).

    Returns
    -------
    DataFrame
        Index ``group``, the largest effect first; ``rows``, ``leavers``, ``effect`` (by how much a contact lowers the risk), ``low``,
        ``high`` (missing below 10 leavers in either arm) and ``proven``: whether the interval excludes zero.

    Examples
    --------
    >>> y, arm = np.array([1., 0., 1., 0.] * 40), np.array([0., 1., 0., 1.] * 40)
    >>> effects_by_group(["price"] * 160, (1 - 2 * arm) * y / 0.5, y, arm)["effect"].tolist()
    [1.0]
    """
    from scipy.stats import norm

    level = check_share(level, "level")
    label = np.asarray(groups, dtype=object).ravel()
    if len(label) != len(y):
        raise UsageError("unequal-lengths", f"there are {len(y)} rows and {len(label)} groups", remedy="Give one group per row.")
    known = pd.notna(label)
    names = sorted(set(label[known].tolist()), key=str)
    unit = np.arange(len(y)) if customers is None else pd.factorize(np.asarray(customers))[0]
    wide = float(norm.ppf(1 - (1 - level) / 2 / max(len(names), 1)))
    rows: list[dict[str, Any]] = []
    for name in names:
        here = np.flatnonzero(label == name)
        effect = float(gain[here].mean())
        away = np.bincount(np.unique(unit[here], return_inverse=True)[1], weights=gain[here] - effect)
        reach = wide * float(np.sqrt(away @ away)) / len(here)
        if min(y[here][arm[here] == a].sum() for a in (0, 1)) < _FEWEST_LEAVERS:
            reach = float("nan")
        rows.append(
            {
                "group": name,
                "rows": len(here),
                "leavers": int(y[here].sum()),
                "effect": effect,
                "low": effect - reach,
                "high": effect + reach,
            }
        )
    table = pd.DataFrame(rows, columns=["group", "rows", "leavers", "effect", "low", "high"]).set_index("group")
    table["proven"] = (table["low"] > 0) | (table["high"] < 0)
    return table.sort_values("effect", ascending=False, kind="stable")
