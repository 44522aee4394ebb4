"""The revenue bridge: from the recurring revenue at the start of a period to that at its end, to the cent."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import Accounts, Groups, check_least, hide, share_of
from churnpredict.accounting.bridge_cells import COUNTED, MOVES, Cells
from churnpredict.accounting.definitions import LIKE, Definition
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.paid_for import amounts_per
from churnpredict.accounting.recurring import holdings
from churnpredict.accounting.revenue_steps import Steps
from churnpredict.argument_checks import check_choice
from churnpredict.churn.rule import ChurnRule, check_rule, left_by
from churnpredict.errors import UsageError
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables, Intervals
from churnpredict.events.terms import PERIODS
from churnpredict.moments import Moment
from churnpredict.number_checks import check_whole_number
from churnpredict.signatures import CustomerId
from churnpredict.spans import Span

__all__ = ["RevenueBridge", "revenue_bridge"]

Ints = npt.NDArray[np.int64]
_CHANGES = ("net", "day", "each")


class RevenueBridge(Accounts):
    """A revenue bridge: accounts whose money is exact to the cent.

    Attributes
    ----------
    decimals : int
        Digits behind the point of the currency.
    cents : DataFrame
        The money in whole cents, of type ``Int64``: missing where it is hidden or not known yet.
    """

    _metadata = ["decimals", "amounts_per"]  # noqa: RUF012 (pandas asks for a list)
    decimals: int = 2

    @property
    def _constructor(self) -> type[RevenueBridge]:
        return RevenueBridge

    @property
    def cents(self) -> pd.DataFrame:
        """The money in whole units of its last decimal, such as cents: sums of them are exact."""
        money = [c for c in ("start", *MOVES, "moved", "end") if c in self]
        return pd.DataFrame({c: (self[c] * 10.0**self.decimals).round().astype("Int64") for c in money}, index=self.index)

    def printed(self) -> pd.DataFrame:
        """Return the table as text for display, with the cents where there are any."""
        text, cents = super().printed(), self.cents
        unit = 10**self.decimals
        digits = self.decimals if any((cents[c].dropna() % unit).any() for c in cents) else 0
        for column in cents:
            text[column] = ["" if pd.isna(v) else f"{v:,.{digits}f}" for v in self[column]]
        return text


def revenue_bridge(
    tables: EventTables,
    churn: ChurnRule | None = None,
    *,
    value: str,
    period: str = "M",
    by: str | pd.Series | Mapping[CustomerId, Hashable] | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    changes: str | None = None,
    like: str | None = None,
    free: str | None = None,
    trials: Sequence[str] = (),
    pauses: str | None = None,
    per: str | None = None,
    decimals: int = 2,
    min_group: int = 5,
) -> RevenueBridge:
    """Return the revenue bridge of each period: start + new + expansion - contraction - churn + returned = end, to the cent.

    The revenue of a customer at a moment is the sum over running contracts, or the price that applies; a customer is anybody who pays more
    than nothing. Amounts are rounded to cents once, row by row, and added as whole numbers. The end of a period is the start of the next.

    Parameters
    ----------
    tables : EventTables
    churn : SubscriptionEnd or Cancellation, optional
        Until when revenue recurs. Under ``SubscriptionEnd`` of the same table a renewal within the grace period carries on the contracts
        that it follows; of another table, prices count while there is a contract. Under ``Cancellation`` all that a customer pays ends
        with a cancellation; what begins at or after it counts. By default contracts count from their starts to their ends, and prices
        until the next one.
    value : str
        A table of intervals with a value (contracts), or a table of states (``"prices.price"`` where there are several columns).
    period : {"W", "M", "Q", "Y"}
        A calendar or fiscal period, as for :func:`churn_rate`.
    by : str, Series or mapping, optional
        Groups, as for :func:`churn_rate`. Customers who pay at the start of a period are counted in their group then, others in that at its
        end. ``moved`` is the revenue of customers who have changed their group, plus in the new one, minus in the old one.
    start, end : time, optional
        Periods that begin in [start, end); by default from the period of the first contract.
    changes : {"net", "day", "each"}, optional
        What is one change. "net", the default: the end of a period against its start, per customer, so that a customer who joins and
        leaves in one period is neither new nor lost. "day": the end of each day against its start. "each": every change at its moment, so
        that the months of a quarter add up to the quarter. Changes of a customer at one moment are always one: a contract that follows
        another is a renewal.
    like : {"chartmogul", "stripe", "baremetrics", "profitwell"}, optional
        Count as that service documents it: what is one change, when revenue ends, trials, customers who join and leave in one month, free
        contracts, pauses, and churn rates. "stripe" needs ``Cancellation``, the others end revenue with the contract. What the
        documentation of a service does not say is refused; see "The definitions of others" in the documentation.
    free : {"churn", "contraction"}, optional
        What a change from paid contracts to free ones is, those with an amount of 0. By default "churn", or as ``like`` says.
    trials : list of str
        Kinds of contracts that are trials: they are not revenue, whatever their amount.
    pauses : str, optional
        A table of intervals in which customers have paused: they stay customers who pay nothing, or as ``like`` says.
    per : {"month", "year", "contract"}, optional
        What amounts of contracts are paid for; all are counted per month. "contract": the whole contract, which is divided by its months
        as agreed (``planned_end``), so that a year of 1,200 is 100 per month. By default as the table declares it
        (:class:`churnpredict.Intervals`); where it does not, amounts are taken to be per month, with a warning.
    decimals : int
        Digits behind the point of the currency, 0 to 6.
    min_group : int
        Figures of fewer customers than this are missing, with a note.

    Returns
    -------
    RevenueBridge
        One row per period, or per period and group: ``period``, the group, ``start``, ``new`` (customers who pay for the first time),
        ``expansion`` and ``contraction`` (customers who pay more or less), ``churn`` (customers who pay nothing any more), ``returned``
        (customers who had paid nothing for some time), with groups ``moved``, and ``end``; ``gross_retention`` and ``net_retention`` of the
        customers at the start: what they pay at the end as a share of the start, with and without what each pays more; ``customers`` at
        the start, and how many ``joined``, were ``lost`` and ``came_back``; ``note``. With ``like``, as far as it is documented, also
        ``gross_churn`` and ``net_churn`` of revenue and ``customer_churn``. Periods whose end is not observed yet are immature: their
        figures are missing, never 0.

    Raises
    ------
    UsageError
        ``not-recurring``, ``rule-not-accountable``, ``bad-argument``, ``bad-period``, ``no-such-group``, ``too-many-groups``,
        ``no-such-value``, ``not-money``, ``no-planned-end``, ``no-kinds``, ``not-intervals``, ``not-documented``, ``needs-cancellations``.
    ContentError
        ``negative-revenue``, ``amount-too-large``.
    TimeError
        ``no-period``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> rows = [("a", "2024-01-10", "2024-04-01", 100), ("a", "2024-04-01", None, 130), ("b", "2024-02-05", "2024-03-01", 49.90)]
    >>> contracts = pd.DataFrame(rows, columns=["user", "from", "to", "monthly"])
    >>> roles = {"customer": "user", "start": "from", "end": "to", "end_inclusive": False, "value": "monthly"}
    >>> subscriptions = cp.Intervals(contracts, **roles, money=True, per="month")
    >>> tables = cp.EventTables(subscriptions=subscriptions, observed_until="2024-06-01")
    >>> bridge = cp.accounting.revenue_bridge(tables, value="subscriptions", changes="each", end="2024-05-01", min_group=1)
    >>> bridge[["period", "start", "new", "expansion", "churn", "end", "net_retention"]]  # doctest: +NORMALIZE_WHITESPACE
    period   start     new  expansion  churn     end  net_retention
    2024-01   0.00  100.00       0.00   0.00  100.00
    2024-02  100.00  49.90       0.00  49.90  100.00          100 %
    2024-03  100.00   0.00       0.00   0.00  100.00          100 %
    2024-04  100.00   0.00      30.00   0.00  130.00          130 %
    Amounts are per month.
    """
    call = "revenue_bridge(tables, value=...)"
    check_tables(tables, call)
    if churn is not None:
        check_rule(churn, call)
    definition = _definition(churn, like, {"changes": changes, "free": free, "pauses": pauses, "per": per, "period": period})
    check_whole_number(decimals, "decimals", least=0, most=6, what="the digits behind the point of the currency")
    check_least(min_group)
    name = value.partition(".")[0] if isinstance(value, str) else ""
    if not name:
        remedy = 'Name a table of contracts or prices: value="subscriptions".'
        raise UsageError("bad-argument", f"value is {value!r}", remedy=remedy)
    paid = amounts_per(tables, name, per)
    steps = Steps.of(holdings(tables, churn, value, decimals, definition, trials=trials, pauses=pauses, per=per), name)
    if definition.free is None:
        _refuse_free(steps, definition)
    grace: Span = getattr(churn, "grace_span", Span())
    observed = _observed(tables, name)
    settled = grace.before(observed, tables.timezone)
    periods = _periods(tables, period, start, end, steps, observed)
    groups = None if by is None else Groups.of(tables, by)
    cells = Cells.of(tables, steps, periods, definition, groups)
    row, column = np.nonzero(np.ones_like(cells.involved) if groups is None else cells.involved)
    frame = _frame(cells, (row, column), periods, groups, 10.0**decimals, definition)
    frame.decimals, frame.amounts_per = decimals, paid
    first = ["period", *([] if groups is None else [groups.name])]
    involved, ends = cells.involved[row, column], periods.ends[row]
    hide(frame, (involved < min_group) & (involved > 0), f"fewer than {min_group} customers", shown=first)
    immature = (ends > settled) | ((ends == settled) & _ends_at(tables, name, settled))
    known_at = grace.after(ends[immature], tables.timezone)
    hide(frame, immature, [f"immature until {tables.stamp(int(t))}" for t in known_at], shown=[*first, "start", "customers"])
    return frame


def _definition(churn: ChurnRule | None, like: str | None, given: dict[str, str | None]) -> Definition:
    """Return what counts as what; refuse what contradicts it, and what is not documented."""
    known: dict[str, tuple[str, ...]] = {"changes": _CHANGES, "free": ("churn", "contraction"), "per": PERIODS}
    for name, choices in known.items():
        if given[name] is not None:
            check_choice(given[name], name, choices, code="bad-argument")
    if like is None:
        return Definition(changes=given["changes"] or "net", free=given["free"] or "churn")
    found = LIKE[check_choice(like, "like", LIKE, code="bad-argument")]
    if given["changes"] is not None:
        remedy = f'Leave out changes=; like="{like}" says what is one change.'
        raise UsageError("bad-argument", f"changes is {given['changes']!r} and like is {like!r}", remedy=remedy)
    if given["pauses"] is not None and found.pauses is None:
        remedy = "Leave out pauses=: revenue then runs on; or leave out like=: customers who pause then pay nothing."
        raise UsageError("not-documented", f"the documentation of {found.name} that was read does not say what a pause is", remedy=remedy)
    if found.leaves == "cancellation" and left_by(churn) != "row":
        remedy = 'Give a table of cancellations: revenue_bridge(tables, cp.Cancellation("30d", of="cancellations"), ...).'
        raise UsageError("needs-cancellations", f"revenue ends when customers cancel, according to {found.name}", remedy=remedy)
    if found.short == "ignored" and str(given["period"]).startswith("W"):
        remedy = "Take months, quarters or years."
        raise UsageError("bad-period", f"{found.name} leaves out customers who join and leave in one calendar month", remedy=remedy)
    return replace(found, free=given["free"]) if given["free"] is not None else found


def _refuse_free(steps: Steps, definition: Definition) -> None:
    rows = int(((steps.before > 0) & (steps.after == 0) & steps.free_after).sum())
    if rows:
        raise UsageError(
            "not-documented",
            f"the documentation of {definition.name} that was read does not say what a change from paid to free contracts is",
            rows=rows,
            total=len(steps.owners),
            remedy='Choose: free="churn" or free="contraction".',
        )


def _observed(tables: EventTables, name: str) -> int:
    declared = getattr(tables.declarations[name], "observed_until", None)
    return tables.observed_until(name if declared is not None else None)


def _ends_at(tables: EventTables, name: str, moment: int) -> bool:
    """Return whether contracts end at the last moment that is observed: their renewals would begin at the first that is not."""
    return isinstance(tables.declarations[name], Intervals) and bool((tables.stream(name).columns["end"] == moment).any())


def _periods(tables: EventTables, period: str, start: Moment | None, end: Moment | None, steps: Steps, observed: int) -> Periods:
    last = observed if end is None else min(tables.instant(end, "end"), observed)
    if start is not None:
        return Periods.between(tables, period, tables.instant(start, "start"), last)
    return Periods.between(tables, period, Periods.start_of(tables, period, int(steps.times.min(initial=observed))), last)


def _frame(
    cells: Cells, shown: tuple[Ints, Ints], periods: Periods, groups: Groups | None, unit: float, definition: Definition
) -> RevenueBridge:
    row, column = shown
    table: dict[str, object] = {"period": np.array(periods.labels, object)[row]}
    if groups is not None:
        table[groups.name] = groups.named(column)
    columns = ["start", *MOVES, *([] if groups is None else ["moved"]), "end"]
    money, counts = ({key: cell[shown] for key, cell in kind.items()} for kind in (cells.money, cells.counts))
    table |= {key: money[key] / unit for key in columns}
    first = money["start"]
    table["gross_retention"], table["net_retention"] = share_of(money["kept"], first), share_of(money["stayed"], first)
    gone = money["churn"] + money["contraction"]
    if definition.gross:
        table["gross_churn"] = share_of(gone, first)
    if definition.net:
        table["net_churn"] = share_of(gone - money["expansion"] - (money["returned"] if definition.returned else 0), first)
    if definition.customers:
        lost = counts["lost"] if definition.all_losses else counts["gone"]
        table["customer_churn"] = share_of(lost, counts["customers"] + (counts["joined"] if definition.newcomers else 0))
    table |= {key: counts[key] for key in ("customers", *COUNTED)}
    table["note"] = ""
    return RevenueBridge(table)
