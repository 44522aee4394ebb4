"""The cells of a revenue bridge: cents and customers, added up by period and group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.accounts import Groups
from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.revenue_steps import Steps
from churnpredict.events.streams import local_days
from churnpredict.events.tables import EventTables

__all__ = ["COUNTED", "MOVES", "Cells", "levels_at_edges"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MOVES = ("new", "expansion", "contraction", "churn", "returned")
COUNTED = {"joined": "new", "lost": "churn", "came_back": "returned"}  # how many customers make a move
BLOCK = 1 << 20


@dataclass(frozen=True)
class Cells:
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
    def of(cls, tables: EventTables, steps: Steps, periods: Periods, definition: Definition, groups: Groups | None) -> Cells:
        """Return what is added up block by block, so that customers times periods are never in memory at once."""
        n, edges = len(periods), np.append(periods.starts, periods.ends[-1])
        shape = (n, 1 if groups is None else len(groups.labels) + 1)
        money = {k: np.zeros(shape, np.int64) for k in ("start", *MOVES, "moved", "end", "kept", "stayed")}
        found = cls(money, {k: np.zeros(shape, np.int64) for k in ("customers", "gone", *COUNTED)}, np.zeros(shape, np.int64))
        places = steps.places(edges)
        moves, place, kind = _moves(steps, places, n, definition, tables.timezone)
        everybody, size = np.unique(steps.owners), max(1, BLOCK // (n + 1))
        for begin in range(0, len(everybody), size):
            people = everybody[begin : begin + size]
            span = int(people[0]), int(people[-1]) + 1
            seen = steps.of_customers(*span)
            levels = levels_at_edges(people, steps, places, seen, n, (steps.after - steps.before)[seen])
            there = levels_at_edges(people, steps, places, seen, n, (steps.here_after.astype(np.int64) - steps.here_before)[seen]) > 0
            group = np.zeros(levels.shape, np.int64)
            if groups is not None:
                every = np.repeat(people, n + 1), np.tile(edges, len(people))
                group = groups.codes(tables, *every).reshape(levels.shape)
            here = moves.of_customers(*span)
            amount = np.abs(moves.after - moves.before)[here]
            found._add(levels, there, group, (np.searchsorted(people, moves.owners[here]), place[here], kind[here], amount))
        return found

    def _add(self, levels: Ints, there: Bools, group: Ints, moves: tuple[Ints, Ints, Ints, Ints]) -> None:
        """Add customers: their revenue at the edges of periods, whether they are customers then, their groups, and their moves, which are
        customer, period, kind and cents.
        """
        first, last = levels[:, :-1], levels[:, 1:]
        paid, here = first > 0, there[:, :-1]
        rows = np.arange(first.shape[1]) * self.involved.shape[1]
        cell, after = rows + np.where(here, group[:, :-1], group[:, 1:]), rows + group[:, 1:]
        other = here & (last > 0) & (after != cell)
        who, place, kind, amount = moves
        at = cell[who, place]
        seen = here | (last > 0)
        seen[who, place] = True
        _sum(self.involved, cell[seen])
        _sum(self.involved, after[other])
        _sum(self.money["start"], cell, first)
        _sum(self.money["end"], after, last)
        _sum(self.money["moved"], after[other], last[other])
        _sum(self.money["moved"], cell[other], -last[other])
        _sum(self.money["kept"], cell[paid], np.minimum(first, last)[paid])
        _sum(self.money["stayed"], cell[paid], last[paid])
        _sum(self.counts["customers"], cell[here])
        _sum(self.counts["gone"], cell[here & ~there[:, 1:]])
        for i, name in enumerate(MOVES):
            _sum(self.money[name], at[kind == i], amount[kind == i])
        for name, move in COUNTED.items():
            _sum(self.counts[name], at[kind == MOVES.index(move)])


def _sum(into: Ints, cell: Ints, what: Ints | int = 1) -> None:
    np.add.at(into.reshape(-1), cell, what)


def levels_at_edges(people: npt.NDArray[np.int32], steps: Steps, places: Ints, seen: slice, n: int, change: Ints) -> Ints:
    """Return what the changes of customers have led to at the edges of periods, shape (n_people, n_periods + 1)."""
    levels = np.zeros((len(people), n + 1), np.int64)
    inside = places[seen] < n
    who = np.searchsorted(people, steps.owners[seen][inside])
    np.add.at(levels, (who, places[seen][inside] + 1), change[inside])
    return np.cumsum(levels, axis=1)


def _moves(steps: Steps, places: Ints, n: int, definition: Definition, timezone: str) -> tuple[Steps, Ints, Ints]:
    """Return the changes of customers within n periods, the period of each, and which move each is, as places."""
    first = np.arange(len(places))
    paid_from = steps.paid_from
    days = local_days(np.where(steps.opens, steps.times, steps.times - 1), timezone).astype(np.int64)
    if definition.changes != "each":
        steps, first = steps.together(places if definition.changes == "net" else days)
    place, back = places[first], paid_from[first] < first
    if definition.after_free == "new":
        back &= ~steps.free_before
    more, less = steps.after > steps.before, steps.after < steps.before
    joins, leaves = ~steps.here_before & steps.here_after, steps.here_before & ~steps.here_after
    kind = np.select([joins & ~back, joins, leaves, more, less], [0, 4, 3, 1, 2], -1)
    keep = (kind >= 0) & (place >= 0) & (place < n)
    if definition.short == "ignored":
        keep &= ~_short(steps, kind, days[first].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64))
    return steps.where(keep), place[keep], kind[keep]


def _short(steps: Steps, kind: Ints, months: Ints) -> Bools:
    """Return which changes are of customers who join and leave in one calendar month, shape (n,)."""
    leaving = np.where(kind == MOVES.index("churn"), np.arange(len(kind)), len(kind))
    following = np.minimum.accumulate(leaving[::-1])[::-1]
    joined = np.flatnonzero((kind == MOVES.index("new")) & (following < len(kind)))
    until = following[joined]
    same = (steps.owners[joined] == steps.owners[until]) & (months[joined] == months[until])
    edges = np.zeros(len(kind) + 1, np.int64)
    np.add.at(edges, joined[same], 1)
    np.add.at(edges, until[same] + 1, -1)
    return np.cumsum(edges)[:-1] > 0
