"""The revenue bridge: from the recurring revenue at the start of a period to that at its end, to the cent."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import UNKNOWN, Accounts, Groups, check_least, hide, share_of
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.recurring import Steps, holdings
from churnpredict.churn.rule import ChurnRule, check_rule
from churnpredict.clock import DAY
from churnpredict.errors import UsageError, closest
from churnpredict.events.expected import check_tables
from churnpredict.events.streams import local_days
from churnpredict.events.tables import EventTables, Intervals
from churnpredict.moments import Moment
from churnpredict.number_checks import check_whole_number
from churnpredict.signatures import CustomerId
from churnpredict.spans import Span

__all__ = ["RevenueBridge", "revenue_bridge"]

Ints = npt.NDArray[np.int64]
_CHANGES = ("net", "day", "each")
_MOVES = ("new", "expansion", "contraction", "churn", "returned")
_COUNTED = {"joined": "new", "lost": "churn", "came_back": "returned"}
_BLOCK = 1 << 20


class RevenueBridge(Accounts):
    """A revenue bridge: accounts whose money is exact to the cent.

    Attributes
    ----------
    decimals : int
        Digits behind the point of the currency.
    cents : DataFrame
        The money in whole cents, of type ``Int64``: missing where it is hidden or not known yet.
    """

    _metadata = ["decimals"]  # noqa: RUF012 (pandas asks for a list)
    decimals: int = 2

    @property
    def _constructor(self) -> type[RevenueBridge]:
        return RevenueBridge

    @property
    def cents(self) -> pd.DataFrame:
        money = [c for c in ("start", *_MOVES, "moved", "end") if c in self]
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
    changes: str = "net",
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
        Until when revenue recurs. Under ``SubscriptionEnd`` of the same table a renewal within the grace period carries on what was paid
        just before it; of another table, prices count while there is a contract. Under ``Cancellation`` all that a customer pays ends
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
    changes : {"net", "day", "each"}
        What is one change. "net": the end of a period against its start, per customer, so that a customer who joins and leaves in one
        period is neither new nor lost. "day": the end of each day against its start. "each": every change at its moment, so that the
        months of a quarter add up to the quarter. Changes of a customer at one moment are always one: a contract that follows another is
        a renewal.
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
        the start, and how many ``joined``, were ``lost`` and ``came_back``; ``note``. Periods whose end is not observed yet are immature:
        their figures are missing, never 0.

    Raises
    ------
    UsageError
        ``not-recurring``, ``rule-not-accountable``, ``bad-argument``, ``bad-period``, ``no-such-group``, ``too-many-groups``,
        ``no-such-value``, ``not-money``.
    ContentError
        ``negative-revenue``, ``amount-too-large``.
    TimeError
        ``no-period``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> rows = [("a", "2024-01-10", "2024-04-01", 100), ("a", "2024-04-01", None, 130), ("b", "2024-02-05", "2024-03-01", 49.90)]
    >>> contracts = pd.DataFrame(rows, columns=["user", "from", "to", "monthly"])
    >>> subscriptions = cp.Intervals(contracts, customer="user", start="from", end="to", end_inclusive=False, value="monthly")
    >>> tables = cp.EventTables(subscriptions=subscriptions, observed_until="2024-06-01")
    >>> bridge = cp.accounting.revenue_bridge(tables, value="subscriptions", changes="each", end="2024-05-01", min_group=1)
    >>> bridge[["period", "start", "new", "expansion", "churn", "end", "net_retention"]]  # doctest: +NORMALIZE_WHITESPACE
    period   start     new  expansion  churn     end  net_retention
    2024-01   0.00  100.00       0.00   0.00  100.00
    2024-02  100.00  49.90       0.00  49.90  100.00          100 %
    2024-03  100.00   0.00       0.00   0.00  100.00          100 %
    2024-04  100.00   0.00      30.00   0.00  130.00          130 %
    """
    call = "revenue_bridge(tables, value=...)"
    check_tables(tables, call)
    if churn is not None:
        check_rule(churn, call)
    if changes not in _CHANGES:
        remedy = f'Write one of "net", "day" and "each".{closest(str(changes), _CHANGES)}'
        raise UsageError("bad-argument", f"changes is {changes!r}", remedy=remedy)
    check_whole_number(decimals, "decimals", least=0, most=6, what="the digits behind the point of the currency")
    check_least(min_group)
    name = value.partition(".")[0] if isinstance(value, str) else ""
    if not name:
        remedy = 'Name a table of contracts or prices: value="subscriptions".'
        raise UsageError("bad-argument", f"value is {value!r}", remedy=remedy)
    steps = Steps.of(holdings(tables, churn, value, decimals), name)
    grace: Span = getattr(churn, "grace_span", Span())
    observed = _observed(tables, name)
    settled = grace.before(observed, tables.timezone)
    periods = _periods(tables, period, start, end, steps, observed)
    groups = None if by is None else Groups.of(tables, by)
    cells = _Cells.of(tables, steps, periods, changes, groups)
    row, column = np.nonzero(np.ones_like(cells.involved) if groups is None else cells.involved)
    frame = _frame(cells, (row, column), periods, groups, 10.0**decimals)
    frame.decimals = decimals
    first = ["period", *([] if groups is None else [groups.name])]
    involved, ends = cells.involved[row, column], periods.ends[row]
    hide(frame, (involved < min_group) & (involved > 0), f"fewer than {min_group} customers", shown=first)
    immature = (ends > settled) | ((ends == settled) & _ends_at(tables, name, settled))
    known_at = grace.after(ends[immature], tables.timezone)
    hide(frame, immature, [f"immature until {tables.stamp(int(t))}" for t in known_at], shown=[*first, "start", "customers"])
    return frame


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
    first = int(steps.times.min(initial=observed))
    around = Periods.between(tables, period, first - 367 * DAY, max(first + 1, last))
    return Periods.between(tables, period, int(around.starts[around.starts <= first][-1]), last)


@dataclass(frozen=True)
class _Cells:
    """Cents and customers by period and group, each of shape (n_periods, n_groups).

    Attributes
    ----------
    money, counts : dict of str to ndarray, int64
        Besides the columns of the bridge: what the customers at the start pay at the end, with ("stayed") and without ("kept") more.
    involved : ndarray, int64
        Customers who pay at the start or at the end, or whose revenue changes.
    """

    money: dict[str, Ints]
    counts: dict[str, Ints]
    involved: Ints

    @classmethod
    def of(cls, tables: EventTables, steps: Steps, periods: Periods, changes: str, groups: Groups | None) -> _Cells:
        """Return what is added up block by block, so that customers times periods are never in memory at once."""
        n, edges = len(periods), np.append(periods.starts, periods.ends[-1])
        shape = (n, 1 if groups is None else len(groups.labels) + 1)
        money = {k: np.zeros(shape, np.int64) for k in ("start", *_MOVES, "moved", "end", "kept", "stayed")}
        found = cls(money, {k: np.zeros(shape, np.int64) for k in ("customers", *_COUNTED)}, np.zeros(shape, np.int64))
        places = steps.places(edges)
        moves, place, kind = _moves(steps, places, n, changes, tables.timezone)
        everybody, size = np.unique(steps.owners), max(1, _BLOCK // (n + 1))
        for begin in range(0, len(everybody), size):
            people = everybody[begin : begin + size]
            span = int(people[0]), int(people[-1]) + 1
            levels = _levels(people, steps, places, steps.of_customers(*span), n)
            group = np.zeros(levels.shape, np.int64)
            if groups is not None:
                every = np.repeat(people, n + 1), np.tile(edges, len(people))
                group = groups.codes(tables, *every).reshape(levels.shape)
            here = moves.of_customers(*span)
            amount = np.abs(moves.after - moves.before)[here]
            found._add(levels, group, (np.searchsorted(people, moves.owners[here]), place[here], kind[here], amount))
        return found

    def _add(self, levels: Ints, group: Ints, moves: tuple[Ints, Ints, Ints, Ints]) -> None:
        """Add customers, from their revenue and groups at the edges of periods, and their moves: customer, period, kind, cents."""
        first, last = levels[:, :-1], levels[:, 1:]
        paid = first > 0
        rows = np.arange(first.shape[1]) * self.involved.shape[1]
        cell, after = rows + np.where(paid, group[:, :-1], group[:, 1:]), rows + group[:, 1:]
        other = paid & (last > 0) & (after != cell)
        who, place, kind, amount = moves
        at = cell[who, place]
        there = paid | (last > 0)
        there[who, place] = True
        _sum(self.involved, cell[there])
        _sum(self.involved, after[other])
        _sum(self.money["start"], cell, first)
        _sum(self.money["end"], after, last)
        _sum(self.money["moved"], after[other], last[other])
        _sum(self.money["moved"], cell[other], -last[other])
        _sum(self.money["kept"], cell[paid], np.minimum(first, last)[paid])
        _sum(self.money["stayed"], cell[paid], last[paid])
        _sum(self.counts["customers"], cell[paid])
        for i, name in enumerate(_MOVES):
            _sum(self.money[name], at[kind == i], amount[kind == i])
        for name, move in _COUNTED.items():
            _sum(self.counts[name], at[kind == _MOVES.index(move)])


def _sum(into: Ints, cell: Ints, what: Ints | int = 1) -> None:
    np.add.at(into.reshape(-1), cell, what)


def _levels(people: npt.NDArray[np.int32], steps: Steps, places: Ints, seen: slice, n: int) -> Ints:
    """Return the revenue of customers at the edges of periods, shape (n_people, n_periods + 1)."""
    levels = np.zeros((len(people), n + 1), np.int64)
    inside = places[seen] < n
    who = np.searchsorted(people, steps.owners[seen][inside])
    np.add.at(levels, (who, places[seen][inside] + 1), (steps.after - steps.before)[seen][inside])
    return np.cumsum(levels, axis=1)


def _moves(steps: Steps, places: Ints, n: int, changes: str, timezone: str) -> tuple[Steps, Ints, Ints]:
    """Return the changes of customers within n periods, the period of each, and which move each is, as places."""
    first = np.arange(len(places))
    paid_from = steps.paid_from
    if changes != "each":
        unit = places if changes == "net" else local_days(np.where(steps.opens, steps.times, steps.times - 1), timezone).astype(np.int64)
        steps, first = steps.together(unit)
    place, back = places[first], paid_from[first] < first
    more, less = steps.after > steps.before, steps.after < steps.before
    begins, stops = steps.before == 0, steps.after == 0
    kind = np.select([more & begins & ~back, more & begins, more, less & stops, less], [0, 4, 1, 3, 2], -1)
    keep = (kind >= 0) & (place >= 0) & (place < n)
    return steps.where(keep), place[keep], kind[keep]


def _frame(
    cells: _Cells, shown: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], periods: Periods, groups: Groups | None, unit: float
) -> RevenueBridge:
    row, column = shown
    table: dict[str, object] = {"period": np.array(periods.labels, object)[row]}
    if groups is not None:
        table[groups.name] = pd.Series([[*groups.labels, UNKNOWN][c] for c in column], dtype=object)
    columns = ["start", *_MOVES, *([] if groups is None else ["moved"]), "end"]
    table |= {key: cells.money[key][shown] / unit for key in columns}
    first = cells.money["start"][shown]
    table["gross_retention"] = share_of(cells.money["kept"][shown], first)
    table["net_retention"] = share_of(cells.money["stayed"][shown], first)
    table |= {key: counted[shown] for key, counted in cells.counts.items()}
    table["note"] = ""
    return RevenueBridge(table)
