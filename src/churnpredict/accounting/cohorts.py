"""Tenure years, cohorts, and stated reasons compared with predicted drivers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnpredict.accounting.accounts import Accounts, check_least, hide, share_of
from churnpredict.accounting.ledger import Ledger, Periods
from churnpredict.churn.rule import ChurnRule
from churnpredict.clock import DAY, NEVER, OPEN
from churnpredict.errors import IdentityError, TimeError, UsageError
from churnpredict.events.tables import EventTables
from churnpredict.intervals import wilson
from churnpredict.moments import Moment
from churnpredict.per_customer import keyed, match_ids
from churnpredict.spans import Span, whole_years

__all__ = ["cohorts", "reasons_against_drivers", "tenure_table"]


def tenure_table(tables: EventTables, churn: ChurnRule, *, min_group: int = 5, level: float = 0.95) -> Accounts:
    """Return churn by year as a customer: the first, the second, and so on, each counted from the customer's own anniversary.

    Parameters
    ----------
    tables, churn, min_group, level
        As for :func:`churn_rate`.

    Returns
    -------
    Accounts
        One row per year: ``tenure_year``, ``customers`` (customers at the start of that year whose whole year is observed), ``lost`` in it,
        ``voluntary``, ``involuntary``, ``rate``, ``low``, ``high``, and ``immature`` (whose year is not yet over: in none of the other
        figures); ``note``. Years run from one anniversary to the next by the calendar; a contract that ends on an anniversary has run to
        the end of that year. A customer starts on the day of joining, or with the first row of the table that the rule reads, whichever is
        later; customers with an unknown start are left out.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``bad-argument``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(600, random_state=3, rule="cancellation")
    >>> years = cp.accounting.tenure_table(shop.tables, shop.churn)
    >>> years[["tenure_year", "customers", "lost", "rate", "immature"]]
    tenure_year  customers  lost  rate  immature
              1        433   168  39 %       167
              2        144    79  55 %       121
              3                               65
    """
    ledger = Ledger(tables, churn, "tenure_table(tables, churn)")
    check_least(min_group)
    entry = ledger.entries()
    everybody = np.flatnonzero((entry != OPEN) & (entry != NEVER) & (entry < ledger.observed_until)).astype(np.int32)
    entry = entry[everybody]
    zone, now = ledger.tables.timezone, np.array([ledger.observed_until])
    longest = int(whole_years(entry.min(keepdims=True), now, zone)[0]) + 1 if len(entry) else 0
    rows = []
    for year in range(1, longest + 1):
        starts = Span(months=12 * (year - 1)).after(entry, zone) + (1 if year == 1 else 0)  # known strictly before: just after the entry
        begun = starts < ledger.observed_until
        customers, starts, ends = everybody[begun], starts[begun], Span(months=12 * year).after(entry[begun], zone)
        there = ledger.customers_at(customers, starts)
        customers, starts, ends = customers[there], starts[there], ends[there]
        mature = ~ledger.open_until(ends)
        left_at, outcome = ledger.leaving(customers, starts)
        lost = ledger.gone_by(left_at, ends) & mature
        rows.append((year, int(mature.sum()), int((lost & (outcome != 2)).sum()), int((lost & (outcome == 2)).sum()), int((~mature).sum())))
    frame = Accounts(np.array(rows, np.int64).reshape(-1, 5), columns=["tenure_year", "customers", "voluntary", "involuntary", "immature"])
    frame.insert(2, "lost", frame["voluntary"] + frame["involuntary"])
    customers_, lost_ = frame["customers"].to_numpy(), frame["lost"].to_numpy()
    rate = share_of(lost_, customers_)
    low, high = wilson(lost_, customers_, level)
    for place, (name, values) in enumerate((("rate", rate), ("low", low), ("high", high))):
        frame.insert(5 + place, name, values)
    frame["note"] = ""
    hide(frame, customers_ < min_group, f"fewer than {min_group} customers", shown=["tenure_year", "immature"])
    hide(frame, (customers_ == 0) & (frame["immature"] > 0).to_numpy(), "no whole year observed yet", shown=["tenure_year", "immature"])
    return frame


def cohorts(
    tables: EventTables, churn: ChurnRule, *, period: str = "M", start: Moment | None = None, end: Moment | None = None, min_group: int = 5
) -> Accounts:
    """Retention by the period in which customers joined.

    Parameters
    ----------
    tables, churn, min_group
        As for :func:`churn_rate`.
    period : {"W", "M", "Q", "Y"}
        A calendar or fiscal period, as for :func:`churn_rate`.
    start, end : time, optional
        Cohorts whose period begins in [start, end).

    Returns
    -------
    Accounts
        One row per cohort (index ``joined``): ``customers`` who joined in it, and in column k the share of them who are customers at the
        start of the k-th period after it. Missing where that lies in the future, or where a cohort has fewer than ``min_group``
        customers. Under rules that let customers come back, a share may rise again.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``bad-period``, ``bad-argument``.
    TimeError
        ``no-period``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(400, random_state=3, rule="cancellation", months=12)
    >>> cp.accounting.cohorts(shop.tables, shop.churn, period="Q")  # doctest: +NORMALIZE_WHITESPACE
    joined  customers     1     2     3     4
    2022Q1        185  93 %  83 %  76 %  68 %
    2022Q2         92  99 %  91 %  77 %
    2022Q3         84  95 %  89 %
    2022Q4         39  90 %
    """
    ledger = Ledger(tables, churn, "cohorts(tables, churn)")
    check_least(min_group)
    entry = ledger.entries()
    known = (entry != OPEN) & (entry != NEVER) & (entry < ledger.observed_until)
    calendar = Periods.between(
        ledger.tables,
        period,
        _period_start(ledger.tables, period, int(entry[known].min(initial=ledger.observed_until))),
        ledger.observed_until,
    )
    first = int(calendar.starts[0]) if start is None else ledger.tables.instant(start, "start")
    last = OPEN if end is None else ledger.tables.instant(end, "end")
    cohort = np.where(known, np.searchsorted(calendar.starts, entry, side="right") - 1, -1)
    sizes = np.bincount(cohort[known], minlength=len(calendar))
    edges = calendar.starts[1:]
    edges = np.append(edges, calendar.ends[-1:][calendar.ends[-1:] <= ledger.observed_until])
    retained = np.full((len(calendar), len(edges)), np.nan)
    for k in range(1, len(edges) + 1):
        members = np.flatnonzero((cohort >= 0) & (cohort + k <= len(edges))).astype(np.int32)
        there = ledger.customers_at(members, edges[cohort[members] + k - 1])
        counted = np.bincount(cohort[members][there], minlength=len(calendar)).astype(np.float64)
        reached = (np.arange(len(calendar)) + k <= len(edges)) & (sizes > 0)
        retained[reached, k - 1] = counted[reached] / sizes[reached]
    small = sizes < min_group
    retained[small] = np.nan
    frame = Accounts(retained, index=pd.Index(calendar.labels, name="joined"), columns=range(1, len(edges) + 1))
    frame.insert(0, "customers", pd.Series(sizes, index=frame.index).astype("Int64").mask(small & (sizes > 0)))
    keep = (calendar.starts >= first) & (calendar.starts < last)
    if not keep.any():
        remedy = f"Give start= and end= that hold one: periods begin from {calendar.labels[0]} to {calendar.labels[-1]}."
        raise TimeError("no-period", "no period begins between start and end", remedy=remedy)
    frame = frame.loc[keep]
    empty = [k for k in range(1, len(edges) + 1) if frame[k].isna().all()]
    return Accounts(frame.drop(columns=empty))


def _period_start(tables: EventTables, period: str, moment: int) -> int:
    """Return the start of the period that a moment lies in."""
    widest = 367 * DAY
    around = Periods.between(tables, period, moment - widest, moment + 1)
    return int(around.starts[-1])


def reasons_against_drivers(stated: pd.Series, drivers: pd.Series | pd.DataFrame, *, min_group: int = 5) -> pd.DataFrame:
    """Compare the reasons that leavers stated with the model's first drivers, in a cross table.

    Parameters
    ----------
    stated : Series
        The reason each leaver gave (an exit survey, the kind of a cancellation), index customer id; missing reasons are "not stated".
    drivers : Series or DataFrame
        The first driver of each customer before leaving, index customer id; or one column per driver, such as ``Explanation.drivers``
        (index customer_id, cutoff), of which the largest of the customer's latest cutoff is taken.
    min_group : int
        Reasons of fewer customers than this are counted together, as "other".

    Returns
    -------
    DataFrame
        Customers by stated reason (rows) and first driver (columns), with ``all`` at the end of both; only customers found in both.

    Raises
    ------
    IdentityError
        ``duplicate-customer``, ``id-types-differ``, ``default-index``, ``nobody-in-both``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> said = pd.Series(["too expensive", "too expensive", "moved"], index=["a", "b", "c"])
    >>> first = pd.Series({"a": "price", "b": "support", "c": "lifecycle"})
    >>> cp.accounting.reasons_against_drivers(said, first, min_group=1)  # doctest: +NORMALIZE_WHITESPACE
    driver         lifecycle  price  support  all
    stated
    moved                  1      0        0    1
    too expensive          0      1        1    2
    all                    1      1        1    3
    """
    check_least(min_group)
    first = drivers.idxmax(axis=1) if isinstance(drivers, pd.DataFrame) else pd.Series(drivers)
    if isinstance(first.index, pd.MultiIndex):
        first = first.sort_index().groupby(level=0).last()
    (asked, reason), (known, _) = _by_id(stated, "stated", first.index), _by_id(first, "drivers", stated)
    place, _ = match_ids(asked, known, "stated")
    match_ids(known, asked, "drivers")  # each customer once
    both = np.flatnonzero(place >= 0)
    if not len(both):
        remedy = "Check that both are of the same customers; both need customer ids as their index."
        raise IdentityError("nobody-in-both", "no customer has both a stated reason and a driver", remedy=remedy)
    said = pd.Series(np.asarray(reason, dtype=object)[place[both]])
    said = said.where(said.notna(), "not stated")
    said = said.where(said.map(said.value_counts()) >= min_group, "other")
    driver = pd.Series(first.to_numpy(dtype=object)[both], name="driver")
    return pd.crosstab(said.rename("stated"), driver, margins=True, margins_name="all")


def _by_id(given: Any, name: str, customers: Any) -> tuple[Any, Any]:
    found = keyed(given, name, getattr(customers, "index", customers))
    if found is None:
        raise UsageError(
            "bad-argument", f"{name} does not name customers", remedy="Give a Series with customer ids as its index, or a mapping."
        )
    return found
