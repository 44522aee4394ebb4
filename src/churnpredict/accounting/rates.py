"""Churn rates and revenue churn per period."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import Accounts, Groups, check_least, hide, members, share_of
from churnpredict.accounting.bridge_cells import levels_at_edges
from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.documented_rates import documented_rate
from churnpredict.accounting.ledger import Ledger, Periods
from churnpredict.accounting.paid_for import MONTH, UNTOLD, amounts_per
from churnpredict.accounting.recurring import holdings
from churnpredict.accounting.revenue_steps import Steps
from churnpredict.accounting.worth import Worth
from churnpredict.argument_checks import shows_call
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import UsageError
from churnpredict.events.tables import EventTables
from churnpredict.intervals import wilson
from churnpredict.moments import Moment
from churnpredict.number_checks import check_share
from churnpredict.signatures import CustomerId

__all__ = ["churn_rate", "revenue_churn"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@shows_call('cp.churn_rate(tables, churn, period="M")')
def churn_rate(
    tables: EventTables,
    churn: ChurnRule,
    *,
    period: str = "Q",
    by: str | pd.Series | Mapping[CustomerId, Hashable] | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    value: str | float | None = None,
    payments: float | None = None,
    min_group: int = 5,
    level: float = 0.95,
    like: str | None = None,
    free: str | None = None,
    trials: Sequence[str] = (),
    pauses: str | None = None,
) -> Accounts:
    """Count the customers lost in each period: rate = lost / customers at its start.

    Parameters
    ----------
    tables : EventTables
    churn : Inactivity, SubscriptionEnd, Cancellation, TrialEnd or DownSell
        The rule decides who is a customer and when customers leave; its horizon is independent of the periods. Under inactivity a customer
        leaves when the silence has lasted the horizon (``active_within`` is not used).
    period : {"W", "M", "Q", "Y"}
        Weeks, months, quarters or years of the business's calendar; ``"Q-JAN"`` and ``"Y-MAR"`` are those of a fiscal year that ends with
        January or March, ``"W-SAT"`` weeks that end with Saturday.
    by : str, Series or mapping, optional
        Groups: an attribute of the customers table as it was at the start of the period, ``"owner"``, ``"tenure_year"``, or segments by
        customer: a Series with customer ids as its index, or a mapping. Customers who are not in it are counted as "unknown".
    start, end : time, optional
        Periods that begin in [start, end); by default from the first moment at which all customers can be seen to the end of the data.
    value : str or float, optional
        The payments: a table of events with a value (payments of the lost customers in the period before, by the calendar), a table of
        intervals with a value or a table of states (the price at the start of the period; ``"prices.price"`` where there are several
        columns), or the number itself. Contracts that say what their amounts are paid for (``per``) have one payment a month.
    payments : float, optional
        Number of payments per customer and period; counted by default in a table of events, else 1.
    min_group : int
        Figures of fewer customers than this are missing, with a note. Where a single group of a period is hidden, it can be recovered from
        the total; use larger groups for untrusted readers.
    level : float
        Level of the interval.
    like : {"chartmogul", "stripe", "baremetrics"}, optional
        Count as that service documents it, for customers who pay according to the contracts or prices of ``value``: see
        :func:`churnpredict.accounting.revenue_bridge`. It says when customers leave, what becomes of those who join and leave in one
        month or come back in it, and what the losses are divided by.
    free, trials, pauses
        With ``like``: free contracts, trials and pauses, as for :func:`churnpredict.accounting.revenue_bridge`.

    Returns
    -------
    Accounts
        One row per period, or per period and group: ``period``, the group, ``customers`` at the start, ``lost`` of them until the end,
        of which ``voluntary`` and ``involuntary``, ``rate``, ``low`` and ``high`` (Wilson), and with ``value`` the ``average_payment``
        of the lost, their ``payments`` and ``money_lost`` = lost x average payment x payments; ``note``. Periods whose end is not observed
        yet are immature: their losses are missing, never 0. With ``like`` also how many ``joined``, ``lost`` as the service counts them,
        and neither outcomes nor money.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``bad-period``, ``no-such-group``, ``too-many-groups``, ``no-such-value``, ``bad-argument``; with ``like``
        also ``not-documented``, ``needs-cancellations`` and what the bridge raises.
    IdentityError
        ``id-types-differ``, ``default-index``, ``duplicate-customer``, ``unknown-ids``: of ``by``.
    TimeError
        ``no-period``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(400, random_state=3, rule="cancellation")
    >>> rates = cp.churn_rate(shop.tables, shop.churn, period="Y", value="payments")
    >>> rates[["period", "customers", "lost", "voluntary", "involuntary", "rate", "note"]]  # doctest: +NORMALIZE_WHITESPACE
    period  customers  lost  voluntary  involuntary  rate  note
    2023          174    89         77           12  51 %
    2024          191                                      immature until 2025-01-01
    """
    if like is not None:
        _refuse_payments(payments)
        check_share(level, "level", open_=True)
        options: dict[str, Any] = {"period": period, "start": start, "end": end, "min_group": min_group, "free": free, "pauses": pauses}
        return documented_rate(tables, churn, like, value=value, level=level, by=by, trials=trials, **options)
    if free is not None or pauses is not None or trials:
        remedy = 'Give like= too, such as like="chartmogul", or take revenue_bridge: without it the rule alone decides.'
        raise UsageError("bad-argument", "free, trials and pauses are only used with like", remedy=remedy)
    ledger = Ledger(tables, churn, "churn_rate(tables, churn)")
    periods = _periods(ledger, period, start, end)
    worth = None if value is None else Worth(ledger.tables, value, payments, grace=ledger.grace)
    check_least(min_group)
    groups = None if by is None else Groups.of(tables, by)
    tallies = _tally(ledger, periods, groups, worth)
    frame = Accounts(tallies)
    customers, lost = frame["customers"].to_numpy(), frame["lost"].to_numpy()
    frame["rate"] = share_of(lost, customers)
    frame["low"], frame["high"] = wilson(lost, customers, level)
    if worth is not None:
        _money(frame, worth)
    frame["note"] = ""
    frame.loc[customers == 0, "note"] = "no customers"
    _hide_immature(frame, frame["_ends"].to_numpy(), ledger, shown=["customers"])
    hide(frame, (customers > 0) & (customers < min_group), f"fewer than {min_group} customers")
    first = ["period", *([] if groups is None else [groups.name])]
    counts = ["customers", "lost", "voluntary", "involuntary"]
    money = [] if worth is None else ["average_payment", "payments", "money_lost"]
    found = Accounts(frame[[*first, *counts, "rate", "low", "high", *money, "note"]])
    found.amounts_per = MONTH if worth is not None and worth.monthly and payments is None else UNTOLD
    return found


def _refuse_payments(payments: float | None) -> None:
    if payments is not None:
        raise UsageError("bad-argument", "payments is given, and like counts customers only", remedy="Leave out payments=, or like=.")


def _periods(ledger: Ledger, period: str, start: Moment | None, end: Moment | None) -> Periods:
    first = ledger.first if start is None else ledger.tables.instant(start, "start")
    last = ledger.observed_until if end is None else ledger.tables.instant(end, "end")
    return Periods.between(ledger.tables, period, first, min(last, ledger.observed_until))


def _tally(ledger: Ledger, periods: Periods, groups: Groups | None, worth: Worth | None) -> dict[str, Any]:
    """Return counts and money per period and group; groups without customers have no row."""
    n_groups = 1 if groups is None else len(groups.labels) + 1
    size = (len(periods), n_groups)
    counts = np.zeros((3, *size), np.int64)
    sums = np.zeros((3, *size))
    for customers, place in members(ledger, periods):
        starts = periods.starts[place]
        left_at, outcome = ledger.leaving(customers, starts)
        lost = ledger.gone_by(left_at, periods.ends[place])
        group = np.zeros(len(customers), np.int64) if groups is None else groups.codes(ledger.tables, customers, starts)
        cell = place * n_groups + group
        for i, mask in enumerate((slice(None), lost & (outcome != 2), lost & (outcome == 2))):
            counts[i] += np.bincount(cell[mask], minlength=counts[i].size).reshape(size)
        if worth is not None:
            total, number = worth.before(customers[lost], periods.earlier[place][lost], starts[lost])
            paid = ~np.isnan(total)
            for i, what in enumerate((total[paid], number[paid], np.ones(int(paid.sum())))):
                sums[i] += np.bincount(cell[lost][paid], what, minlength=sums[i].size).reshape(size)
    shown = np.ones(size, bool) if groups is None else counts[0] > 0
    row, column = np.nonzero(shown)
    table: dict[str, Any] = {"period": np.array(periods.labels, object)[row], "_ends": periods.ends[row]}
    if groups is not None:
        table[groups.name] = groups.named(column)
    table |= {"customers": counts[0][shown], "lost": (counts[1] + counts[2])[shown]}
    table |= {"voluntary": counts[1][shown], "involuntary": counts[2][shown]}
    if worth is not None:
        table |= {"_paid": sums[0][shown], "_number": sums[1][shown], "_payers": sums[2][shown], "_earlier": periods.earlier[row]}
    return table


def _money(frame: pd.DataFrame, worth: Worth) -> None:
    paid, number, payers = (frame.pop(c).to_numpy() for c in ("_paid", "_number", "_payers"))
    earlier = frame.pop("_earlier").to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        average, each = paid / number, number / payers
    early = earlier < worth.first if worth.counted else np.zeros(len(frame), bool)
    average[early], each[early] = np.nan, np.nan  # payments before the table begins are unknown
    frame["average_payment"], frame["payments"] = average, each
    lost = frame["lost"].to_numpy()
    nobody_paid = (payers > 0) & (number == 0) & ~early
    frame["money_lost"] = np.where((lost == 0) | nobody_paid, 0.0, lost * average * each)


def revenue_churn(
    tables: EventTables,
    churn: ChurnRule,
    *,
    value: str,
    period: str = "Q",
    start: Moment | None = None,
    end: Moment | None = None,
    min_group: int = 5,
) -> Accounts:
    """Return revenue churn per period: the recurring revenue of the customers at its start, followed to its end.

    Parameters
    ----------
    tables, churn, period, start, end, min_group
        As for :func:`churn_rate`.
    value : str
        A table of intervals with a value (revenue at a moment: the sum over running contracts, as in
        :func:`churnpredict.accounting.revenue_bridge`), a table of states (the current value), or a table of events with a value (sums over
        the previous and this period).

    Returns
    -------
    Accounts
        One row per period: ``customers`` at the start, their revenue at the ``start``, ``lost_revenue`` (of customers who left),
        ``contraction`` and ``expansion`` (of customers who stayed and pay less or more), ``end`` = start - lost - contraction + expansion,
        ``gross_churn`` = (lost + contraction) / start, ``net_retention`` = end / start; ``note``. New customers are not counted.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``bad-period``, ``no-such-value``, ``not-money``, ``bad-argument``.
    TimeError
        ``no-period``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(400, random_state=3, rule="cancellation")
    >>> kept = cp.accounting.revenue_churn(shop.tables, shop.churn, value="subscriptions", period="Y", end="2024-01-01")
    >>> kept[["period", "customers", "gross_churn", "net_retention"]]
    period  customers  gross_churn  net_retention
    2023          174         50 %           51 %
    """
    ledger = Ledger(tables, churn, "revenue_churn(tables, churn)")
    periods = _periods(ledger, period, start, end)
    check_least(min_group)
    paid = amounts_per(ledger.tables, value)
    worth = Worth(ledger.tables, value, None, grace=ledger.grace)
    sums = np.zeros((5, len(periods)))
    running = None if worth.contracts is None else _Running(ledger, worth, value.partition(".")[0], periods)
    for customers, place in members(ledger, periods):
        starts, ends = periods.starts[place], periods.ends[place]
        left_at, _ = ledger.leaving(customers, starts)
        lost = ledger.gone_by(left_at, ends) & ~ledger.customers_at(customers, ends)
        spans = ((periods.earlier[place], starts), (starts, ends))
        if running is not None:
            begin, then = running.around(customers, place)
        else:
            begin, then = (np.nan_to_num(worth.before(customers, since, until)[0]) for since, until in spans)
        then = np.where(lost, 0.0, then)
        change = np.where(lost, 0.0, then - begin)
        for i, what in enumerate(
            (np.ones(len(begin)), begin, np.where(lost, begin, 0.0), np.maximum(-change, 0.0), np.maximum(change, 0.0))
        ):
            sums[i] += np.bincount(place, what, minlength=len(periods))
    counted, first, gone, less, more = sums
    frame = Accounts({"period": np.array(periods.labels, object), "customers": counted.astype(np.int64), "start": first})
    frame = frame.assign(lost_revenue=gone, contraction=less, expansion=more, end=first - gone - less + more)
    frame["gross_churn"], frame["net_retention"] = share_of(gone + less, first), share_of(frame["end"], first)
    frame["note"], frame.amounts_per = "", paid
    early = periods.earlier < worth.first if worth.counted else np.zeros(len(periods), bool)
    hide(frame, early, "no whole period of payments before it", shown=["customers"])
    _hide_immature(frame, periods.ends, ledger, shown=["customers"])
    hide(frame, counted < min_group, f"fewer than {min_group} customers")
    return frame


class _Running:
    """What running contracts are worth at the edges of periods, as in the bridge: one that ends as a period does is over then, unless
    another of the customer begins at that moment.
    """

    def __init__(self, ledger: Ledger, worth: Worth, name: str, periods: Periods) -> None:
        largest = max(float(np.nanmax(np.abs(worth.values), initial=0.0)), 1.0)
        digits = int(np.clip(np.floor(np.log10(2**51 / largest)), 0, 6))
        same = ledger.contracts is not None and ledger.churn.table(ledger.tables) == name
        held = holdings(ledger.tables, ledger.churn if same else None, name, digits, Definition())
        self.unit, self.steps, self.n = 10.0**digits, Steps.of(held, name), len(periods)
        self.places = self.steps.places(np.append(periods.starts, periods.ends[-1]))

    def around(self, customers: npt.NDArray[np.int32], place: Ints) -> tuple[Floats, Floats]:
        """Return the worth at the start and at the end of periods, shape (n,) each."""
        if not len(customers):
            return np.zeros(0), np.zeros(0)
        people = np.unique(customers)
        seen = self.steps.of_customers(int(people[0]), int(people[-1]) + 1)
        own = np.isin(self.steps.owners[seen], people)
        change = np.where(own, (self.steps.after - self.steps.before)[seen], 0)
        levels = levels_at_edges(people, self.steps, self.places, seen, self.n, change) / self.unit
        row = np.searchsorted(people, customers)
        return levels[row, place], levels[row, place + 1]


def _hide_immature(frame: pd.DataFrame, ends: Ints, ledger: Ledger, *, shown: list[str]) -> None:
    """Set figures of periods that are not fully observed yet to missing, never to 0."""
    known_at = ledger.waiting.after(ends, ledger.tables.timezone)
    immature = ledger.open_until(ends)
    hide(frame, immature, [f"immature until {ledger.tables.stamp(int(t))}" for t in known_at[immature]], shown=shown)
