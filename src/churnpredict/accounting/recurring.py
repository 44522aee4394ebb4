"""Recurring revenue of each customer as a path in time: what is paid, from when to when, in whole cents."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.paid_for import in_months
from churnpredict.accounting.worth import Worth
from churnpredict.churn.rule import ChurnRule, left_by
from churnpredict.churn.rule_questions import check_kinds, first_from, is_kind
from churnpredict.clock import OPEN
from churnpredict.errors import ContentError, UsageError, warn
from churnpredict.events.spells import Contracts, Spells
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.window_edges import positions
from churnpredict.spans import Span

__all__ = ["Holdings", "holdings"]

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
        Whether it ended because the customer cancelled or paused: such an end is an event, and belongs to the period that it opens.
    keeps : ndarray of shape (n,), bool
        Whether it costs nothing, and who paid before is a customer as long as it runs.
    free : ndarray of shape (n,), bool
        Whether it is a contract that costs nothing, and not a pause of another.
    """

    owners: npt.NDArray[np.int32]
    starts: Ints
    ends: Ints
    cents: Ints
    cut: Bools
    keeps: Bools
    free: Bools

    def where(self, keep: Bools | Ints) -> Holdings:
        """Return those that ``keep`` marks or counts."""
        return Holdings(*(getattr(self, f.name)[keep] for f in dataclasses.fields(self)))


def holdings(
    tables: EventTables,
    churn: ChurnRule | None,
    value: str,
    decimals: int,
    definition: Definition,
    *,
    trials: Sequence[str] = (),
    pauses: str | None = None,
    per: str | None = None,
) -> Holdings:
    """Return what customers pay: the contracts or prices of a table, as far as the rule says that they are customers.

    Raises
    ------
    UsageError
        ``not-recurring``, ``rule-not-accountable``, ``unknown-table``, ``no-such-value``, ``not-money``, ``no-planned-end``, ``no-kinds``.
    ContentError
        ``amount-too-large``.
    """
    name = value.partition(".")[0]
    worth = Worth(tables, value, None)
    stream = worth.stream
    if worth.counted:
        remedy = "Name a table of intervals with a value (contracts), or a table of states (prices)."
        raise UsageError("not-recurring", "the values of events are single payments, not recurring revenue", table=name, remedy=remedy)
    cents = _in_cents(in_months(tables, name, worth.values, per), decimals, name)
    ends = stream.columns["end"] if worth.contracts is not None else stream.following  # each price applies until the next
    free, none = cents == 0, np.zeros(len(stream), np.bool_)
    held = Holdings(stream.owners, stream.times, ends, cents, cut=none, keeps=free & (definition.free == "contraction"), free=free)
    real = held.ends > held.starts
    if trials:
        check_kinds(tables, name, trials)
        if "kind" not in stream.columns:
            raise UsageError(
                "no-kinds", "the table has no declared kinds", table=name, remedy="Declare the column: Intervals(..., kind=...)."
            )
        real &= ~is_kind(tables, name, trials)[:-1] | (definition.trials == "amount")
    held = held.where(real)
    rule: Any = churn
    how = None if churn is None else left_by(churn)
    if how == "contract":
        same = rule.table(tables) == name
        held = _over_seams(held, rule.grace_span, tables.timezone) if same else _within(held, rule.contracts(tables).spells)
    elif how == "row":
        if definition.leaves == "cancellation":
            held = _until_cancelled(held, tables.stream(rule.table(tables)))
    elif churn is not None:
        raise UsageError(
            "rule-not-accountable",
            f"{type(churn).__name__} does not define how long revenue recurs",
            remedy="Use SubscriptionEnd or Cancellation, or give no rule: contracts then count from their starts to their ends.",
        )
    return (
        held if pauses is None or definition.pauses == "on" else _paused(held, _pauses(tables, pauses), definition.pauses == "contraction")
    )


def _pauses(tables: EventTables, name: str) -> Stream:
    stream = tables.stream(name)
    if "end" not in stream.columns:
        remedy = "Declare the pauses as intervals: Intervals(..., start=..., end=...)."
        raise UsageError("not-intervals", "pauses have a start and an end", table=name, remedy=remedy)
    return stream


def _paused(held: Holdings, pauses: Stream, keep: bool) -> Holdings:
    """Return the same where nothing is paid during pauses; whether a pause keeps its customer is ``keep``."""
    if not len(held.owners) or not len(pauses):
        return held
    spells = Contracts.of(pauses, pauses.columns["end"]).spells
    low = _first_at(spells.offsets, spells.ends, held.owners, held.starts + 1)
    high = _first_at(spells.offsets, spells.starts, held.owners, held.ends)
    parts = [held.where(high <= low)]
    for row in np.flatnonzero(high > low):
        start, whole = held.starts[row], held.where(np.array([row]))
        for pause in range(low[row], high[row]):
            begin, end = max(start, spells.starts[pause]), min(held.ends[row], spells.ends[pause])
            if begin > start:
                parts.append(dataclasses.replace(whole, starts=np.array([start]), ends=np.array([begin]), cut=np.array([True])))
            if keep:
                again = np.array([end < held.ends[row] or held.cut[row]])
                idle = dataclasses.replace(whole, cents=np.zeros(1, np.int64), keeps=np.array([True]), free=np.array([False]), cut=again)
                parts.append(dataclasses.replace(idle, starts=np.array([begin]), ends=np.array([end])))
            start = end
        if start < held.ends[row]:
            parts.append(dataclasses.replace(whole, starts=np.array([start])))
    joined = Holdings(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(Holdings)))
    return joined.where(np.lexsort((joined.starts, joined.owners)))


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
    """Return the same where a late renewal carries on the contracts before it: they end as it begins.

    A renewal is late where no contract runs before it. It carries on those that have ended since the newest of them began, and within the
    grace period: two lines that end a day apart, and are renewed together, are both carried on.
    """
    n = len(held.starts)
    if not n or not grace:
        return held
    distinct, rank = np.unique(held.ends, return_inverse=True)
    reach = np.maximum.accumulate(rank + held.owners.astype(np.int64) * len(distinct)) % len(distinct)  # the latest end so far, by customer
    first = np.r_[True, held.owners[1:] != held.owners[:-1]]
    begins = first | (held.starts > distinct[np.r_[0, reach[:-1]]])
    rows = np.flatnonzero(begins)
    block = np.cumsum(begins) - 1
    newest = held.starts[np.r_[rows[1:], n] - 1]
    following = np.where(np.r_[first[rows[1:]], True], OPEN, np.r_[held.starts[rows[1:]], OPEN])[block]
    late = (following != OPEN) & (held.ends > newest[block]) & (grace.after(held.ends, timezone) >= following)
    return dataclasses.replace(held, ends=np.where(late, following, held.ends))


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
    positions(offsets, times, owners[order], moments[order], found)
    places = np.empty(len(owners), np.int64)
    places[order] = found[0]
    return places
