"""Compare explanations of the same customers by two models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnpredict.errors import IdentityError, UsageError
from churnpredict.explanation.attribution import Explanation
from churnpredict.per_customer import by_customer, check_kind, id_form

__all__ = ["compare_reasons", "confused_reasons"]

_CLEAR = 0.05  # log-odds; a smaller lead is reversed by a month of new outcomes of 1,500 customers


def compare_reasons(first: Explanation, second: Explanation, *, k: int = 3) -> pd.Series:
    """Return agreement of two explanations, of two retrains or two seeds, over the rows that both hold.

    Parameters
    ----------
    first, second : Explanation
        Rows are matched by index, which must be unique in each, and drivers by key.
    k : int
        Number of reasons compared for ``overlap``.

    Returns
    -------
    Series
        rows; same_first: share of rows whose strongest driver is the same (also: none in both); clear: share of rows whose strongest
        driver leads by a twentieth in log-odds (5 % of the odds) or more in ``first``; same_clear: same_first of these, NaN without
        any; ranked: share of rows whose first two reasons can be ranked in ``first`` (not :attr:`Explanation.about_equal`);
        same_ranked: same_first of these; overlap: mean share of the k strongest that both name; risk_change: mean ``|p - p'|``;
        driver_change: mean over rows and drivers of the absolute change in log-odds; feature_change: the same for the sum of the absolute
        changes of a driver's features (NaN without values per feature); ratio: driver_change / feature_change, at most 1: below 1 where
        changes cancel within drivers.

    Raises
    ------
    UsageError
        No common rows (``no-common-rows``), or an index with repeats (``repeated-rows``).
    IdentityError
        ``id-types-differ``.

    Examples
    --------
    >>> from churnpredict import ChurnClassifier, explain
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"habit__a": rng.normal(size=300), "price__b": rng.normal(size=300)})
    >>> why = explain(ChurnClassifier(n_estimators=20, n_jobs=1).fit(X, (X["habit__a"] > 0).astype(int)), X)
    >>> float(compare_reasons(why, why)["same_first"])
    1.0
    """
    if first.index.has_duplicates or second.index.has_duplicates:
        raise UsageError("repeated-rows", "the index has duplicate rows", remedy="Explain each customer and cutoff once.")
    kinds = [id_form(why.index.get_level_values(0))[0] for why in (first, second)]
    check_kind(kinds[0], kinds[1], "the first explanation")
    common = first.index.intersection(second.index, sort=False)
    if not len(common):
        raise UsageError("no-common-rows", "the two explanations share no row", remedy="Explain the same customers with both models.")
    one, two = first[first.index.get_indexer(common)], second[second.index.get_indexer(common)]
    names = [_named(one, k), _named(two, k)]
    same = np.array([a == b for a, b in zip(_named(one, 1), _named(two, 1), strict=True)])
    clear, ranked = one.lead.to_numpy() >= _CLEAR, ~one.about_equal.to_numpy()
    overlap = [len(a & b) / max(len(a), len(b)) if a or b else 1.0 for a, b in zip(*names, strict=True)]
    keys = list(dict.fromkeys([*one.table, *two.table]))
    tables = [why.drivers.reindex(columns=keys, fill_value=0.0).to_numpy() for why in (one, two)]
    driver_change = float(np.abs(tables[0] - tables[1]).mean())
    feature_change = _feature_change(one, two, len(keys))
    return pd.Series(
        {
            "rows": float(len(common)),
            "same_first": float(same.mean()),
            "clear": float(clear.mean()),
            "same_clear": float(same[clear].mean()) if clear.any() else float("nan"),
            "ranked": float(ranked.mean()),
            "same_ranked": float(same[ranked].mean()) if ranked.any() else float("nan"),
            "overlap": float(np.mean(overlap)),
            "risk_change": float(np.abs(one.risk.to_numpy() - two.risk.to_numpy()).mean()),
            "driver_change": driver_change,
            "feature_change": feature_change,
            "ratio": driver_change / feature_change if feature_change > 0 else float("nan"),
        }
    )


def _named(why: Explanation, k: int) -> list[set[str]]:
    keys = list(why.table)
    return [{keys[j] for j in row if j >= 0} for row in why.strongest(k)[0]]


def _feature_change(one: Explanation, two: Explanation, n_drivers: int) -> float:
    if one.by_feature is None or two.by_feature is None:
        return float("nan")
    names = list(dict.fromkeys([*one.features, *two.features]))
    values = [why.values.reindex(columns=names, fill_value=0.0).to_numpy() for why in (one, two)]
    return float(np.abs(values[0] - values[1]).sum(axis=1).mean() / n_drivers)


def confused_reasons(why: Explanation, truth: pd.Series) -> pd.DataFrame:
    """Return the confusion of true driver and strongest driver, as shares of each true driver's rows.

    Parameters
    ----------
    why : Explanation
    truth : Series of driver keys, or mapping
        Indexed as the explanation, or by its first level (the customer).

    Returns
    -------
    DataFrame
        True drivers (rows) by strongest driver (columns), "none" where no driver raises the risk; rows sum to 1. Rows without a true driver
        are not counted.

    Raises
    ------
    IdentityError
        ``id-types-differ``, ``default-index``, ``duplicate-customer``, ``unknown-ids``.

    Examples
    --------
    >>> from churnpredict import ChurnClassifier, explain
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"habit__a": rng.normal(size=300), "price__b": rng.normal(size=300)})
    >>> why = explain(ChurnClassifier(n_estimators=20, n_jobs=1).fit(X, (X["habit__a"] > 0).astype(int)), X)
    >>> truth = pd.Series("habit", index=X.index)[X["habit__a"] > 1]
    >>> confused_reasons(why, truth)["habit"].tolist()
    [1.0]
    """
    who = why.index.get_level_values(0)
    if isinstance(truth, pd.Series) and truth.index.equals(why.index):
        known = truth.to_numpy(dtype=object)
    elif isinstance(truth, pd.Series) and truth.index.nlevels == why.index.nlevels == 2:
        known = _of_rows(truth, why.index)
    else:
        known = by_customer(truth, who, "truth", partial=True)
    top = why.top(1)["reason_1"].fillna("none").to_numpy()
    rows = pd.notna(known)
    return pd.crosstab(pd.Series(known[rows], name="true"), pd.Series(top[rows], name="said"), normalize="index")


def _of_rows(truth: pd.Series, rows: pd.Index) -> np.ndarray:
    """Return the truth of each customer and cutoff, (n,)."""
    kinds = [id_form(index.get_level_values(0))[0] for index in (truth.index, rows)]
    check_kind(kinds[0], kinds[1], "truth")
    if truth.index.has_duplicates:
        twice = int(truth.index.duplicated().sum())
        remedy = "Keep one row per customer and cutoff."
        raise IdentityError("duplicate-customer", "customers with several rows in truth", rows=twice, total=len(truth), remedy=remedy)
    place = truth.index.get_indexer(rows)
    if len(truth) and (place < 0).all():
        remedy = "Compare the ids and the cutoffs of both."
        raise IdentityError("unknown-ids", "truth names none of the explained rows", rows=len(truth), total=len(truth), remedy=remedy)
    known: np.ndarray = truth.to_numpy(dtype=object)[place]
    known[place < 0] = None
    return known
