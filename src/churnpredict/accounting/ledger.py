"""Ledger of customers: when each was a customer and when each left, in hindsight."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.rule import ChurnRule, check_rule, left_by
from churnpredict.clock import DAY, NEVER, OPEN, local_time, utc_time
from churnpredict.errors import TimeError, UsageError, closest
from churnpredict.events.expected import check_tables
from churnpredict.events.spells import Contracts
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.window_edges import latest_known, positions
from churnpredict.spans import Span

__all__ = ["Ledger", "Periods"]

Ints = npt.NDArray[np.int64]
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FREQUENCIES = {
    **{"W": "W-SUN", "M": "M", "Q": "Q-DEC", "Y": "Y-DEC", "A": "Y-DEC"},
    **{f"W-{day}": f"W-{day}" for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")},
    **{f"{unit}-{month}": f"{'Q' if unit == 'Q' else 'Y'}-{month}" for unit in "QYA" for month in _MONTHS},
}
_LIFETIME = "100y"  # longer than any customer stays


@dataclasses.dataclass(frozen=True)
class Periods:
    """Weeks, months, quarters or years on the calendar of the business; each begins at local midnight.

    ``"Q-JAN"`` and ``"Y-MAR"`` (or ``"A-MAR"``) are quarters and years of a fiscal year that ends with January, or with March, and are
    named after the year in which that lies; ``"W-SAT"`` are weeks that end with Saturday. Without a suffix weeks end with Sunday, quarters
    and years with December.

    Attributes
    ----------
    labels : list of str
        Such as ``"2024Q1"``.
    starts, ends : ndarray of shape (n,), int64
        Half-open: [start, end), in microseconds UTC.
    earlier : ndarray of shape (n,), int64
        When the period before each begins: months and quarters differ in length.
    """

    labels: list[str]
    starts: Ints
    ends: Ints
    earlier: Ints

    @classmethod
    def between(cls, tables: EventTables, period: str, first: int, last: int) -> Periods:
        """Return the periods that begin at or after ``first`` and before ``last``.

        Raises
        ------
        UsageError
            ``bad-period``.
        TimeError
            ``no-period``.
        """
        if not isinstance(period, str) or period not in _FREQUENCIES:
            known = 'W (weeks), M (months), Q (quarters) or Y (years), or "Q-JAN", "Y-MAR" for fiscal ones and "W-SAT" for other weeks'
            raise UsageError("bad-period", f"period is {period!r}", remedy=f"Use {known}.{closest(str(period), _FREQUENCIES)}")
        walls = tables.wall_times(np.array([first, max(first, last)], np.int64))
        calendar = pd.period_range(walls[0], walls[1] + pd.Timedelta(days=1), freq=_FREQUENCIES[period])
        edges = tables.instants([p.start_time for p in [calendar[0] - 1, *calendar, calendar[-1] + 1]], "period")
        earlier, starts, ends = edges[:-2], edges[1:-1], edges[2:]
        keep = (starts >= first) & (starts < last)
        if not keep.any():
            raise TimeError(
                "no-period",
                f"no period begins between {tables.stamp(first)}, the first moment that can be judged, and {tables.stamp(last)}",
                remedy='Take shorter periods, such as period="M", or give start= and end=.',
            )
        return cls([str(p) for p, k in zip(calendar, keep, strict=True) if k], starts[keep], ends[keep], earlier[keep])

    @classmethod
    def start_of(cls, tables: EventTables, period: str, moment: int) -> int:
        """Return the start of the period that a moment lies in."""
        return int(cls.between(tables, period, moment - 367 * DAY, moment + 1).starts[-1])

    def __len__(self) -> int:
        return len(self.labels)


class Ledger:
    """Customers of a business under one churn rule: who is a customer at a moment, and when each leaves; ``call`` is the user's call.

    Accounts are kept in hindsight: a cancellation counts from when it happened, not from when it became known. Under inactivity a
    customer leaves at the moment at which the silence has lasted the horizon, and is a customer until then, whatever ``active_within`` is:
    with any other boundary the same silence would be counted twice, or not at all. Under contracts a customer stays as long as each
    contract is renewed within the grace period, and leaves at the end of the spell: a contract that ends as a period begins was lost in the
    period before.

    Raises
    ------
    UsageError
        ``rule-not-accountable``: the rule does not define when a customer leaves. ``not-tables``, ``needs-whole-tables``, ``not-a-rule``.
    """

    def __init__(self, tables: EventTables, churn: ChurnRule, call: str = "Ledger(tables, churn)") -> None:
        check_tables(tables, call)
        check_rule(churn, call)
        settings: set[str] = {f.name for f in dataclasses.fields(churn)} if dataclasses.is_dataclass(churn) else set()
        self._left_by = left_by(churn)
        self._ends_with_period = bool(getattr(churn, "ends_with_period", False))
        unclear = churn.decided_at_end and self._left_by != "silence"
        if self._left_by is None or unclear or not {"horizon", "gap"} <= settings:
            raise UsageError(
                "rule-not-accountable",
                f"{type(churn).__name__} does not define when a customer leaves",
                remedy="Use Inactivity, SubscriptionEnd, Cancellation, TrialEnd or DownSell.",
            )
        churn.check(tables)
        self.tables = in_hindsight(tables)
        rule: Any = churn
        self.churn: Any = dataclasses.replace(rule, gap="0d")
        if self._left_by == "silence":
            self.churn = dataclasses.replace(self.churn, active_within=None)
        self.ends_of_silence = ends_of_silence(self.churn.visits(self.tables), churn.horizon_span) if self._left_by == "silence" else None
        self.contracts: Contracts | None = self.churn.contracts(self.tables) if self._left_by == "contract" else None
        self.spells = None if self.contracts is None else self.contracts.spells.seen_until(self.observed_until)

    @property
    def first(self) -> int:
        """The first moment at which all customers can be seen."""
        return int(self.churn.first_cutoff(self.tables))

    @property
    def observed_until(self) -> int:
        """The moment up to which it is known who is a customer."""
        return (
            self.tables.observed_until(self.churn.table(self.tables)) if self.ends_of_silence is not None else self.tables.observed_until()
        )

    @property
    def grace(self) -> str:
        """How late a contract may be renewed under the rule."""
        return str(getattr(self.churn, "grace", "0d"))

    @property
    def waiting(self) -> Span:
        """How long after leaving it is known to be final: the grace period."""
        return self.churn.grace_span if hasattr(self.churn, "grace") else Span()

    @property
    def settled_until(self) -> int:
        """The moment before which all departures are known."""
        return self.waiting.before(self.observed_until, self.tables.timezone)

    def customers_at(self, customers: npt.NDArray[np.int32], moments: Ints) -> npt.NDArray[np.bool_]:
        """Return whether each customer is one at each moment (pairs, sorted by both), shape (n,)."""
        if self.spells is not None:
            there = self.spells.at(customers, moments) >= 0
        elif self.ends_of_silence is not None:  # the same boundary as that of leaving, also where months differ in length
            stream = self.churn.visits(self.tables)
            last = latest_known(stream, customers, moments)
            silent_from = self.churn.horizon_span.after(np.append(stream.times, NEVER)[last], self.tables.timezone)
            there = (last >= 0) & (silent_from >= moments)
        else:
            return np.asarray(self.churn.at_risk(self.tables, customers, moments))
        return there if self.joined is None else there & (self.joined[customers] < moments)

    def leaving(self, customers: npt.NDArray[np.int32], moments: Ints) -> tuple[Ints, npt.NDArray[np.int8]]:
        """Return when each customer next leaves at or after each moment (``OPEN``: not yet), and whether they left (1) or were lost (2)."""
        if self.contracts is not None and self.spells is not None:
            spell = self.spells.at(customers, moments)
            lost = np.append(self.contracts.lost[self.spells.last], False)[spell]
            return self.spells.end_of(spell, OPEN), np.where(spell < 0, 0, np.where(lost, 2, 1)).astype(np.int8)
        if self.ends_of_silence is not None:
            edges = np.empty((1, len(customers)), np.int64)
            positions(self.ends_of_silence.offsets, self.ends_of_silence.times, customers, moments, edges)
            there = edges[0] < self.ends_of_silence.offsets[customers + 1]
            left_at = np.append(self.ends_of_silence.times, OPEN)[np.where(there, edges[0], len(self.ends_of_silence))]
            return left_at, there.astype(np.int8)
        for_ever = dataclasses.replace(self.churn, horizon=_LIFETIME)
        duration, outcome = for_ever.outcomes(self.tables, customers, moments)
        walls = local_time(moments, self.tables.timezone) + np.rint(duration * DAY).astype(np.int64)
        left_at = np.where(outcome > 0, utc_time(walls, self.tables.timezone), OPEN)
        return left_at, np.maximum(outcome, 0).astype(np.int8)

    def lost_before(self, customers: npt.NDArray[np.int32], moments: Ints) -> npt.NDArray[np.bool_]:
        """Return whether the last departure before each moment was involuntary (pairs, sorted by both); of customers who have left, shape
        (n,).
        """
        if self.ends_of_silence is not None:
            return np.zeros(len(customers), np.bool_)
        stream = self.tables.stream(self.churn.table(self.tables))
        offsets, times = (stream.offsets, stream.times) if self.spells is None else (self.spells.offsets, self.spells.starts)
        edges = np.empty((1, len(customers)), np.int64)
        positions(offsets, times, customers, moments, edges)
        last = np.where(edges[0] > offsets[customers], edges[0] - 1, -1)
        if self.contracts is not None and self.spells is not None:
            return np.append(self.contracts.lost[self.spells.last], False)[last]
        return self.leaving(customers, np.append(times, 0)[last])[1] == 2

    def gone_by(self, left_at: Ints, ends: Ints) -> npt.NDArray[np.bool_]:
        """Return whether these times of leaving are before the ends of periods, shape (n,).

        An event at the end of a period belongs to the next one; a contract that ends then was lost in this one.
        """
        if not self._ends_with_period:
            return left_at < ends
        return (left_at <= ends) & (left_at < self.settled_until)

    def open_until(self, ends: Ints) -> npt.NDArray[np.bool_]:
        """Return whether it is not known yet who left by the ends of periods, shape (n,).

        Of contracts that end as the last period does, the renewals may begin at the first moment that is not observed.
        """
        late = ends > self.settled_until
        if not self._ends_with_period:
            return late
        last = ends == self.settled_until
        return late | (last & np.isin(ends, self.tables.stream(self.churn.table(self.tables)).columns["end"]))

    def entries(self) -> Ints:
        """Return when each became a customer (``OPEN``: never, ``NEVER``: unknown), shape (n_customers,).

        The day of joining where it is declared, or the first row of the table that the rule reads, whichever is later; under
        :class:`Cancellation` without a day of joining, the first row of any table.
        """
        if self._left_by == "row":
            first = np.full(len(self.tables), OPEN, np.int64)
            for stream in self.tables.streams.values():
                first = np.minimum(first, _firsts(stream))
            return first if self.joined is None else self.joined
        stream = self.tables.stream(self.churn.table(self.tables)) if self.ends_of_silence is None else self.churn.visits(self.tables)
        first = _firsts(stream) if self.spells is None else self.spells.first_starts
        return first if self.joined is None else np.maximum(first, self.joined)

    @property
    def joined(self) -> Ints | None:
        """The declared moment of joining, shape (n_customers,)."""
        return None if self.tables.profile is None else self.tables.profile.since

    def gone(self) -> Ints:
        """Return when each former customer left for good (``OPEN``: still a customer at the end, or never one), shape (n_customers,).

        Raises
        ------
        UsageError
            ``rule-not-accountable``.
        """
        everybody = np.arange(len(self.tables), dtype=np.int32)
        stream = self.tables.stream(self.churn.table(self.tables))
        if self.ends_of_silence is not None:
            last = _lasts(self.ends_of_silence, self.ends_of_silence.times)
        elif self._left_by == "row":
            last = _lasts(stream, stream.times)
        elif self.spells is not None:
            last = self.spells.final_ends
            last = np.where((last != OPEN) & (last < self.settled_until), last, NEVER)
        else:
            raise UsageError(
                "rule-not-accountable",
                f"{type(self.churn).__name__} does not define who has left for good",
                remedy="Use Inactivity, SubscriptionEnd or Cancellation.",
            )
        there = self.customers_at(everybody, np.full(len(everybody), self.observed_until, np.int64))
        return np.where((last == NEVER) | there | (last >= self.observed_until), OPEN, last)


def in_hindsight(tables: EventTables) -> EventTables:
    """Return the same tables with everything known when it happened."""
    view = copy.copy(tables)
    view.streams = {
        name: dataclasses.replace(stream, columns={k: v for k, v in stream.columns.items() if k != "known"})
        for name, stream in tables.streams.items()
    }
    return view


def ends_of_silence(stream: Stream, horizon: Span) -> Stream:
    """Return the moments at which a silence has lasted the horizon, per customer."""
    ended = stream.where(stream.following > horizon.after(stream.times, stream.timezone))
    return dataclasses.replace(ended, times=horizon.after(ended.times, stream.timezone), columns={})


def _firsts(stream: Stream) -> Ints:
    return np.where(np.diff(stream.offsets) > 0, np.append(stream.times, OPEN)[stream.offsets[:-1]], OPEN)


def _lasts(stream: Stream, values: Ints) -> Ints:
    """Return the greatest value of each customer, ``NEVER`` for none."""
    greatest = np.full(stream.n_customers, NEVER, np.int64)
    np.maximum.at(greatest, stream.owners, values)
    return greatest
