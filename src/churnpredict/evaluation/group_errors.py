"""Error rates and calibration by a declared group, with intervals; small groups are not shown."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ChurnWarning, SchemaError, UsageError
from churnpredict.intervals import wilson
from churnpredict.number_checks import check_number, check_numbers, check_share, check_whole_number
from churnpredict.per_customer import by_customer
from churnpredict.signatures import Column

__all__ = ["ALL", "NOT_KNOWN", "SMALL", "called_share", "error_rates"]

ALL = "all shown"
SMALL = "small groups together"
NOT_KNOWN = "not known"
_FEWEST = 5  # leavers, and stayers, of whom a rate is shown
_Z = 1.959963984540054

Floats = npt.NDArray[np.float64]


def error_rates(
    predictions: pd.DataFrame,
    group: Column | pd.DataFrame | Mapping[Hashable, object],
    *,
    risk: str = "model",
    called: float | None = 0.1,
    threshold: float | None = None,
    least: int = 20,
) -> pd.DataFrame:
    """Return false alarm rates, missed leavers and calibration per group.

    Parameters
    ----------
    predictions : Backtest or DataFrame
        A :class:`churnpredict.Backtest`, or its ``predictions``: index (customer_id, cutoff), ``outcome`` (0/1) and a column of risks.
    group : mapping or Series by customer, or array (n,)
        Groups to compare: a region, an age class, a contract type. Values are shown as text.
    risk : str
        The column of risks to judge.
    called : float, optional
        Share of the customers of each cutoff with the highest risk who are called, over all groups together. Customers whose risk equals
        that of the last one called count in part.
    threshold : float, optional
        Instead: customers with at least this risk are called.
    least : int
        Groups of fewer customers are put together, and left out where they are too few even then.

    Returns
    -------
    DataFrame
        One row per group, then those that were put together, then all that are shown: ``group``, ``customers``, ``rows`` (snapshots),
        ``left`` (share), ``called`` (share), ``false_positive_rate`` (called among those who stayed) and ``false_negative_rate`` (not
        called among those who left), ``mean_risk``, ``calibration_gap`` (mean risk minus the share that left); rates and gap with ``_low``
        and ``_high`` (95 %). The interval of a rate is Wilson's over customers, and that of the gap counts a customer's snapshots as
        dependent. A group of fewer than five leavers, or of fewer than five who stayed, has only its size and mean risk: everything else
        would tell the outcome of single customers.

    Raises
    ------
    UsageError
        ``no-predictions``, ``bad-argument``.
    SchemaError
        ``missing-column``.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([range(100), [pd.Timestamp("2024-01-01")]], names=["customer_id", "cutoff"])
    >>> told = pd.DataFrame({"outcome": [1, 0] * 50, "model": np.tile([0.9, 0.1, 0.1, 0.2], 25)}, index=index)
    >>> found = error_rates(told, {i: "north" if i < 50 else "south" for i in range(100)}, threshold=0.5)
    >>> found[["group", "customers", "false_positive_rate", "false_negative_rate"]].round(2).values.tolist()
    [['north', 50, 0.0, 0.48], ['south', 50, 0.0, 0.52], ['all shown', 100, 0.0, 0.5]]
    """
    told = _predictions(predictions, risk)
    least = check_whole_number(least, "least", least=_FEWEST)
    known = told[risk].notna().to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChurnWarning)  # a profile names all customers, and not all of them were at risk
        values = by_customer(group, told.index.get_level_values("customer_id"), "group", positional=True, partial=True)[known]
    told, customers = told[known], told.index.get_level_values("customer_id")[known]
    names = np.array([NOT_KNOWN if pd.isna(v) else str(v) for v in values], dtype=object)
    y = check_numbers(told["outcome"].to_numpy(), "outcome", least=0, most=1)
    p = check_numbers(told[risk].to_numpy(), risk, least=0, most=1)
    if threshold is not None:
        calls = (p >= check_number(threshold, "threshold", least=0, most=1)).astype(np.float64)
    elif called is None:
        raise UsageError("bad-argument", "nothing says who is called", remedy="Give called=, a share of the customers, or threshold=.")
    else:
        calls = called_share(p, told.index.get_level_values("cutoff"), check_share(called, "called"))
    size = {name: customers[names == name].nunique() for name in pd.unique(names)}
    large = sorted(name for name, n in size.items() if n >= least)
    small = np.isin(names, [name for name in size if name not in large])
    together = customers[small].nunique()
    parts = [(name, names == name) for name in large] + ([(SMALL, small)] if together >= least else [])
    shown = np.isin(names, large) | (small if together >= least else False)
    parts += [(ALL, shown)] if len(parts) > 1 else []  # of what is shown only: a total of everybody would give the rest away
    columns = ["group", "customers", "rows", "left", "called"]
    for name in ("false_positive_rate", "false_negative_rate"):
        columns += [name, f"{name}_low", f"{name}_high"]
    columns += ["mean_risk", "calibration_gap", "calibration_gap_low", "calibration_gap_high"]
    rows = [(name, *_figures(y[here], p[here], calls[here], customers[here])) for name, here in parts]
    return pd.DataFrame(rows, columns=columns)


def called_share(p: Floats, cutoffs: Any, share: float) -> Floats:
    """Return how far each row is among the share of its cutoff with the highest risk, shape (n,): 1, 0, or a part for ties at the edge.

    >>> called_share(np.array([0.9, 0.5, 0.5, 0.1]), ["a"] * 4, 0.5).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    found = np.zeros(len(p))
    keys = pd.Index(cutoffs)
    for cutoff in keys.unique():
        here = np.flatnonzero(keys == cutoff)
        room, risks = share * len(here), p[here]
        edge = np.sort(risks)[::-1][max(min(int(np.ceil(room)), len(here)), 1) - 1]
        above, at = risks > edge, risks == edge
        found[here] = above + at * min(max(room - above.sum(), 0.0) / at.sum(), 1.0)
    return found


def _figures(y: Floats, p: Floats, calls: Floats, customers: pd.Index) -> tuple[Any, ...]:
    stayed, left = y == 0, y == 1
    n_stayed, n_left = customers[stayed].nunique(), customers[left].nunique()
    size = (customers.nunique(), len(y))
    if min(n_stayed, n_left) < _FEWEST:
        return (*size, *[np.nan] * 8, float(p.mean()), *[np.nan] * 3)
    rates: list[float] = []
    for share, n in ((calls[stayed].mean(), n_stayed), (1 - calls[left].mean(), n_left)):
        low, high = wilson(share * n, n)
        rates += [float(share), float(low), float(high)]
    gap = p - y
    sums = pd.Series(gap - gap.mean()).groupby(pd.factorize(customers)[0]).sum().to_numpy()
    half = _Z * float(np.sqrt(sums @ sums)) / len(gap)
    middle = float(gap.mean())
    return (*size, float(y.mean()), float(calls.mean()), *rates, float(p.mean()), middle, middle - half, middle + half)


def _predictions(given: Any, risk: str) -> pd.DataFrame:
    told = getattr(given, "predictions", given)
    remedy = "Give the object that pipeline.backtest(tables) returned, or its predictions."
    if not isinstance(told, pd.DataFrame) or list(told.index.names) != ["customer_id", "cutoff"]:
        raise UsageError("no-predictions", "error rates need predicted risks by customer and cutoff", remedy=remedy)
    for name in ("outcome", risk):
        if name not in told:
            raise SchemaError("missing-column", f"the predictions have no column {name!r}", remedy=remedy)
    if not len(told):
        raise UsageError("no-predictions", "the predictions are empty", remedy=remedy)
    return told
