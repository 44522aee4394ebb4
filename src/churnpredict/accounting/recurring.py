"""Recurring revenue of each customer as a path in time: what is paid, from when to when, in whole cents."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.worth import Worth
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.rule_questions import first_from
from churnpredict.churn.rules import Cancellation, SubscriptionEnd
from churnpredict.clock import OPEN
from churnpredict.errors import ContentError, UsageError, warn
from churnpredict.events.spells import Spells
from churnpredict.events.streams import Stream, positions
from churnpredict.events.tables import EventTables
from churnpredict.spans import Span

__all__ = ["Holdings", "Steps", "holdings"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_LARGEST = 2**52  # cents: any sum of fewer than 2,000 of them fits in 64 bits, and each is a float without loss


@dataclasses.dataclass(frozen=True)
class Holdings:
    """What customers pay, as intervals [start, end) sorted by customer and start.

    Attributes
    ----------
    owners : ndarray of shape (n,), int32
        The customer of each.
    starts, ends : ndarray of shape (n,), int64
        Microseconds UTC, ``OPEN`` for one that has not ended. None is empty.
    cents : ndarray of shape (n,), int64
    cut : ndarray of shape (n,), bool
        Whether it ended because the customer cancelled: such an end is an event, and belongs to the period that it opens.
    """

    owners: npt.NDArray[np.int32]
    starts: Ints
    ends: Ints
    cents: Ints
    cut: Bools

    def where(self, keep: Bools | Ints) -> Holdings:
        """Return those that ``keep`` marks or counts."""
        return Holdings(*(getattr(self, f.name)[keep] for f in dataclasses.fields(self)))


def holdings(tables: EventTables, churn: ChurnRule | None, value: str, decimals: int) -> Holdings:
    """Return what customers pay: the contracts or prices of a table, as far as the rule says that they are customers.

    Raises
    ------
    UsageError
        ``not-recurring``, ``rule-not-accountable``, ``unknown-table``, ``no-such-value``, ``not-money``.
    ContentError
        ``amount-too-large``.
    """
    name = value.partition(".")[0]
    worth = Worth(tables, value, None)
    stream = worth.stream
    if worth.counted:
        remedy = "Name a table of intervals with a value (contracts), or a table of states (prices)."
        raise UsageError("not-recurring", "the values of events are single payments, not recurring revenue", table=name, remedy=remedy)
    ends = stream.columns["end"] if worth.contracts is not None else _until_next(stream)
    held = Holdings(stream.owners, stream.times, ends, _in_cents(worth.values, decimals, name), np.zeros(len(stream), np.bool_))
    held = held.where(held.ends > held.starts)
    if isinstance(churn, SubscriptionEnd):
        if churn.table(tables) == name:
            return _over_seams(held, churn.grace_span, tables.timezone)
        return _within(held, churn.contracts(tables).spells)
    if isinstance(churn, Cancellation):
        return _until_cancelled(held, tables.stream(churn.table(tables)))
    if churn is not None:
        raise UsageError(
            "rule-not-accountable",
            f"{type(churn).__name__} does not define how long revenue recurs",
            remedy="Use SubscriptionEnd or Cancellation, or give no rule: contracts then count from their starts to their ends.",
        )
    return held


def _until_next(stream: Stream) -> Ints:
    """Return until when each state applies: the next row of the customer, ``OPEN`` after the last."""
    following = np.append(stream.times[1:], OPEN)
    following[stream.offsets[1:][np.diff(stream.offsets) > 0] - 1] = OPEN
    return following


def _in_cents(values: npt.NDArray[np.float64], decimals: int, name: str) -> Ints:
    missing = np.isnan(values)
    if missing.any():
        remedy = "Fill in the amounts; 0 for contracts that cost nothing."
        warn("no-amount", "rows without an amount count as 0", table=name, rows=int(missing.sum()), total=len(values), remedy=remedy)
    scaled = np.where(missing, 0.0, values) * 10.0**decimals
    large = ~(np.abs(scaled) < _LARGEST)
    if large.any():
        remedy = "Check the amounts, or give fewer decimals=."
        raise ContentError(
            "amount-too-large", f"amounts of {_LARGEST} cents and more", table=name, rows=int(large.sum()), total=len(values), remedy=remedy
        )
    cents = np.rint(scaled).astype(np.int64)
    vanished = (cents == 0) & (scaled != 0)
    if vanished.any():
        remedy = f"Give more decimals= than {decimals}."
        warn("amounts-vanish", "amounts are rounded to 0", table=name, rows=int(vanished.sum()), total=len(values), remedy=remedy)
    return cents


def _over_seams(held: Holdings, grace: Span, timezone: str) -> Holdings:
    """Return the same where a late renewal carries on what was paid just before it: its end is the start of the renewal."""
    n = len(held.starts)
    if not n or not grace:
        return held
    distinct, rank = np.unique(held.ends, return_inverse=True)
    reach = np.maximum.accumulate(rank + held.owners.astype(np.int64) * len(distinct)) % len(distinct)  # the latest end so far, by customer
    first = np.r_[True, held.owners[1:] != held.owners[:-1]]
    begins = first | (held.starts > distinct[np.r_[0, reach[:-1]]])
    rows = np.flatnonzero(begins)
    block = np.cumsum(begins) - 1
    ended = distinct[reach[np.r_[rows[1:], n] - 1]]
    following = np.where(np.r_[first[rows[1:]], True], OPEN, np.r_[held.starts[rows[1:]], OPEN])
    carried = (following != OPEN) & (grace.after(ended, timezone) >= following)
    late = carried[block] & (held.ends == ended[block])
    return dataclasses.replace(held, ends=np.where(late, following[block], held.ends))


def _until_cancelled(held: Holdings, cancellations: Stream) -> Holdings:
    """Return the same up to the first cancellation after each start."""
    row = first_from(cancellations, held.owners, held.starts + 1)
    left_at = np.where(row < 0, OPEN, np.append(cancellations.times, OPEN)[row])
    cut = left_at < held.ends
    return dataclasses.replace(held, ends=np.where(cut, left_at, held.ends), cut=cut)


def _within(held: Holdings, spells: Spells) -> Holdings:
    """Return the parts of intervals that lie in spells of contracts."""
    low = _first_at(spells.offsets, spells.ends, held.owners, held.starts + 1)
    high = _first_at(spells.offsets, spells.starts, held.owners, held.ends)
    counts = np.maximum(high - low, 0)
    row = np.repeat(np.arange(len(counts)), counts)
    spell = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    parts = held.where(row)
    starts, ends = np.maximum(parts.starts, spells.starts[spell]), np.minimum(parts.ends, spells.ends[spell])
    return dataclasses.replace(parts, starts=starts, ends=ends)


def _first_at(offsets: Ints, times: Ints, owners: npt.NDArray[np.int32], moments: Ints) -> Ints:
    """Return the first of each owner's times at or after each moment; the end of the owner's times for none, shape (n,)."""
    order = np.lexsort((moments, owners))
    found = np.empty((1, len(owners)), np.int64)
    positions(offsets, times, owners[order], moments[order], np.empty(0, np.int64), found)
    places = np.empty(len(owners), np.int64)
    places[order] = found[0]
    return places


@dataclasses.dataclass(frozen=True)
class Steps:
    """The moments at which revenue changes, sorted by customer and time; several changes of a customer at one moment are one.

    Attributes
    ----------
    owners : ndarray of shape (n,), int32
    times : ndarray of shape (n,), int64
    opens : ndarray of shape (n,), bool
        Whether something begins at that moment. If so, the whole change belongs to the period that the moment opens, such as a renewal
        for another amount on the first of a month; if not, to the period that it closes, such as a contract that runs to the end of a
        month.
    before, after : ndarray of shape (n,), int64
        Cents.
    """

    owners: npt.NDArray[np.int32]
    times: Ints
    opens: Bools
    before: Ints
    after: Ints

    @classmethod
    def of(cls, held: Holdings, name: str) -> Steps:
        """Return the steps of intervals.

        Raises
        ------
        ContentError
            ``negative-revenue``.
        """
        ended = held.ends != OPEN
        owners = np.r_[held.owners, held.owners[ended]]
        times = np.r_[held.starts, held.ends[ended]]
        change = np.r_[held.cents, -held.cents[ended]]
        opens = np.r_[np.ones(len(held.starts), np.bool_), held.cut[ended]]
        order = np.lexsort((times, owners))
        owners, times, change, opens = owners[order], times[order], change[order], opens[order]
        if not len(owners):
            return cls(owners, times, opens, change, change)
        first = np.flatnonzero(np.r_[True, (owners[1:] != owners[:-1]) | (times[1:] != times[:-1])])
        owners, times = owners[first], times[first]
        change, opens = np.add.reduceat(change, first), np.logical_or.reduceat(opens, first)
        total = np.cumsum(change)
        begins = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        carried = np.repeat((total - change)[begins], np.diff(np.r_[begins, len(owners)]))
        after = total - carried
        below = np.unique(owners[after < 0])
        if len(below):
            remedy = "Give credits and refunds in a table of their own; amounts of contracts must not be below 0 in sum."
            raise ContentError("negative-revenue", f"{len(below):,} customers pay less than nothing", table=name, remedy=remedy)
        return cls(owners, times, opens, after - change, after)

    def where(self, keep: Bools) -> Steps:
        """Return those that ``keep`` marks."""
        return Steps(*(getattr(self, f.name)[keep] for f in dataclasses.fields(self)))

    def of_customers(self, low: int, high: int) -> slice:
        """Return where the steps of customers in [low, high) are."""
        return slice(*np.searchsorted(self.owners, [low, high]))

    def places(self, edges: Ints) -> Ints:
        """Return the period of each step among those between edges: -1 before the first, the number of periods after the last."""
        inside = np.searchsorted(edges, self.times, side="left"), np.searchsorted(edges, self.times, side="right")
        return np.where(self.opens, inside[1], inside[0]) - 1

    @property
    def paid_from(self) -> Ints:
        """The first step of each step's customer after which there is revenue; n where there never is, shape (n,)."""
        found = np.full(int(self.owners.max(initial=-1)) + 1, len(self.owners), np.int64)
        paying = np.flatnonzero(self.after > 0)
        np.minimum.at(found, self.owners[paying], paying)
        return found[self.owners]

    def together(self, unit: Ints) -> tuple[Steps, Ints]:
        """Return the steps of a customer that share a unit, such as a day, as one, and the place of the first step of each."""
        first = np.flatnonzero(np.r_[True, (self.owners[1:] != self.owners[:-1]) | (unit[1:] != unit[:-1])][: len(unit)])
        last = np.r_[first[1:], len(unit)] - 1
        return Steps(self.owners[first], self.times[first], self.opens[first], self.before[first], self.after[last]), first
