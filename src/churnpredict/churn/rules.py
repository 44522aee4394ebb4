"""Churn rules: which customers can still leave at a cutoff, which of them left, and when.

Longer than most modules because the rules share their kernels and are easiest to compare side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from churnpredict.amounts import slack
from churnpredict.argument_checks import check_text, shows_call
from churnpredict.churn.base_rule import GONE_BEFORE, LEFT, LOST, BaseRule, Labelled
from churnpredict.churn.rule import rule_name, window_after
from churnpredict.churn.rule_questions import (
    are_present,
    check_kinds,
    contracts_of,
    first_below,
    first_from,
    have_joined,
    is_kind,
    keep_as_list,
    keep_as_text,
    known_first,
    same_moment,
    unknown_before,
)
from churnpredict.clock import NEVER, OPEN, days_between
from churnpredict.errors import UsageError, warn
from churnpredict.events.spells import Contracts
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables, Intervals, States
from churnpredict.events.visits import kinds_of_activity, visits
from churnpredict.events.window_edges import latest_known
from churnpredict.number_checks import check_share
from churnpredict.spans import Span, span

__all__ = ["Cancellation", "DownSell", "Inactivity", "SubscriptionEnd", "TrialEnd", "WinBack", "rules_by_name"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
EVER = "ever"


@shows_call('cp.Inactivity("90d", of="orders")')
@dataclass(frozen=True)
class Inactivity(BaseRule):
    """Churn by inactivity: a customer who does nothing for a whole horizon has left.

    Outcome window: [cutoff + gap, cutoff + gap + horizon). At risk: customers who were active in [cutoff - active_within, cutoff).

    Parameters
    ----------
    horizon : str
        Length of the silence, such as ``"90d"``.
    of : str, optional
        Table whose events count; the only table of events by default.
    kinds : list of str
        Kinds of events that count as activity, instead of those that the table declares; refunds do not: see :class:`churnpredict.Events`.
    active_within : str, optional
        How recently a customer must have been active to be at risk: a span, or ``"ever"`` for all who have joined. The horizon by default.
    gap : str
        Time between the cutoff and the start of the outcome window, in which a retention team can act.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.Inactivity("90d", of="orders", active_within="180d")
    Inactivity(horizon='90d', of='orders', gap='0d', active_within='180d')
    """

    left_by = "silence"

    active_within: str | None = field(default=None, kw_only=True)
    kinds: Sequence[str] = field(default=(), kw_only=True, repr=False)

    def __repr__(self) -> str:
        told = [f"{name}={getattr(self, name)!r}" for name in ("horizon", "of", "gap", "active_within", *(["kinds"] if self.kinds else []))]
        return f"{type(self).__name__}({', '.join(told)})"

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_as_list(self, "kinds")
        if self.active_within is not None and not (isinstance(self.active_within, str) and self.active_within == EVER):
            keep_as_text(self, "active_within")

    @property
    def decided_at_end(self) -> bool:
        return True

    @property
    def active_span(self) -> Span | None:
        """How far back activity counts; None for any time."""
        if self.active_within == EVER:
            return None
        return self.horizon_span if self.active_within is None else span(self.active_within, "active_within")

    def check(self, tables: EventTables) -> None:
        super().check(tables)
        name = self.table(tables)
        check_kinds(tables, name, self.kinds or kinds_of_activity(tables.declarations[name]))

    def visits(self, tables: EventTables) -> Stream:
        """Return the rows that count as activity."""
        return visits(tables, self.table(tables), self.kinds)

    def first_cutoff(self, tables: EventTables) -> int:
        return (self.active_span or self.horizon_span).after(tables.first_event(self.table(tables)), tables.timezone)

    def settled_until(self, tables: EventTables) -> int:
        return tables.observed_until(self.table(tables))

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        active = latest_known(self.visits(tables), customers, cutoffs, self.active_span) >= 0
        if self.active_span is None and tables.profile is not None and tables.profile.since is not None:
            active[:] = True  # customers who joined and were never active are at risk too
        return have_joined(tables, customers, cutoffs) & active

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        stream = self.visits(tables)
        opens, closes = window_after(self, cutoffs, tables.timezone)
        following = first_from(stream, customers, opens)
        back_at = np.append(stream.times, OPEN)[following]
        return days_between(cutoffs, closes, tables.timezone), (back_at >= closes).astype(np.int8)


@shows_call('cp.Cancellation("90d", of="cancellations")')
@dataclass(frozen=True)
class Cancellation(BaseRule):
    """Churn by cancellation: a row in a table of cancellations means that the customer has left.

    At risk: customers who have joined (are listed, or have appeared in any table) and have no known cancellation, or have come back since
    (a row in ``back``). A row in ``back`` at the same moment as a cancellation is a return too, such as a change of plan: the customer has
    not left. Of several cancellations at one moment, the one that was known first decides whether the customer left or was lost; in a tie,
    an involuntary one.

    Parameters
    ----------
    horizon, of, gap : str
        As for :class:`Inactivity`.
    involuntary : list of str
        Kinds of cancellation that are not the customer's decision (failed payment, death, fraud): outcome 2, lost.
    back : str, optional
        Table whose rows after a cancellation mean that the customer has come back.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=0, rule="cancellation")
    >>> churn = cp.Cancellation("90d", of="cancellations", involuntary=["payment_failure"])
    >>> past = cp.take_snapshots(shop.tables, churn, at="2024-01-01")
    >>> sorted(set(cp.label_churn(shop.tables, past, churn)["outcome"]))
    [0, 1, 2]
    """

    left_by = "row"

    involuntary: Sequence[str] = field(default=(), kw_only=True)
    back: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_as_list(self, "involuntary")
        if self.back is not None:
            check_text(self.back, "back", "Give the name of a table.")

    def check(self, tables: EventTables) -> None:
        super().check(tables)
        check_kinds(tables, self.table(tables), self.involuntary)
        if self.back is not None:
            tables.stream(self.back)

    def first_cutoff(self, tables: EventTables) -> int:
        first = min(tables.first_event(name) for name in tables.streams if len(tables.streams[name]))
        return self.horizon_span.after(first, tables.timezone)

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        gone = tables.stream(self.table(tables))
        last = latest_known(gone, customers, cutoffs)
        staying = last < 0
        if self.back is not None:
            active = visits(tables, self.back)
            seen = latest_known(active, customers, cutoffs)
            both = (last >= 0) & (seen >= 0)
            staying[both] = active.times[seen[both]] >= gone.times[last[both]]
        return staying & are_present(tables, customers, cutoffs)

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        name = self.table(tables)
        stream, lost = tables.stream(name), is_kind(tables, name, self.involuntary)
        if self.back is not None:
            for_good = ~same_moment(stream, visits(tables, self.back))
            stream, lost = stream.where(for_good), np.append(lost[:-1][for_good], False)
        following = known_first(stream, lost, first_from(stream, customers, cutoffs))
        there = following >= 0
        left_at = np.where(there, np.append(stream.times, OPEN)[following], OPEN)
        duration, outcome = self._judge(tables, cutoffs, left_at, np.where(there & lost[following], LOST, LEFT).astype(np.int8))
        unknown = unknown_before(stream, customers, cutoffs)  # had left by then, which became known later
        return duration, np.where(unknown, GONE_BEFORE, outcome).astype(np.int8)


@shows_call('cp.SubscriptionEnd("90d", of="subscriptions")')
@dataclass(frozen=True)
class SubscriptionEnd(BaseRule):
    """Churn at the end of a contract: a customer leaves when the last contract ends and is not renewed within the grace period.

    Contracts run in [start, end). Contracts that overlap, or follow each other within the grace period, are one spell. At risk: customers
    with a contract that began before the cutoff and, as known then, ends after it. A contract that ends exactly at the cutoff has ended,
    unless the customer renews at that moment. A customer who signs up again after the grace period is at risk again.

    Parameters
    ----------
    horizon, of, gap : str
        As for :class:`Inactivity`; ``of`` names a table of intervals.
    grace : str
        How late a renewal may be.
    involuntary : list of str
        Kinds of contract whose end is not the customer's decision: outcome 2, lost. Of several contracts that end together, one is enough.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(200, random_state=0)
    >>> churn = cp.SubscriptionEnd("90d", of="subscriptions", grace="30d")
    >>> past = cp.take_snapshots(shop.tables, churn, at="2023-10-01")
    >>> sorted(set(cp.label_churn(shop.tables, past, churn)["outcome"]))
    [0, 1]
    """

    left_by = "contract"
    ends_with_period = True

    grace: str = field(default="30d", kw_only=True)
    involuntary: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_as_list(self, "involuntary")
        keep_as_text(self, "grace", zero=True)

    @property
    def grace_span(self) -> Span:
        """How late a renewal may be."""
        return span(self.grace, "grace", zero=True)

    def table(self, tables: EventTables) -> str:
        names = [n for n, d in tables.declarations.items() if isinstance(d, Intervals)] if self.of is None else [self.of]
        if len(names) != 1 or "end" not in tables.stream(names[0]).columns:
            remedy = f'Name a table of intervals: {type(self).__name__}("{self.horizon}", of="subscriptions").'
            raise UsageError("which-table", "the rule needs one table of intervals", remedy=remedy)
        return names[0]

    def check(self, tables: EventTables) -> None:
        name = self.table(tables)
        check_kinds(tables, name, self.involuntary)
        overlapping = self.contracts(tables).overlapping
        if overlapping:
            remedy = "If a new contract replaces the previous one, give the previous one an end."
            warn(
                "overlapping-intervals",
                "overlapping contracts are merged into one",
                table=name,
                rows=overlapping,
                total=len(tables.stream(name)),
                remedy=remedy,
                stacklevel=4,
            )

    def first_cutoff(self, tables: EventTables) -> int:
        return self.horizon_span.after(tables.first_event(self.table(tables)), tables.timezone)

    def settled_until(self, tables: EventTables) -> int:
        return self.grace_span.before(tables.observed_until(), tables.timezone)

    def contracts(self, tables: EventTables) -> Contracts:
        """Return the contracts that the rule reads; those that follow each other within the grace period are one spell."""
        name = self.table(tables)
        stream = tables.stream(name)
        lost = is_kind(tables, name, self.involuntary)[:-1]
        return stream.once(("contracts", self.grace, *self.involuntary), lambda: contracts_of(stream, self.grace_span, lost))

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        return self.contracts(tables).running(customers, cutoffs) & have_joined(tables, customers, cutoffs)

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        contracts = self.contracts(tables)
        spell = contracts.spells.at(customers, cutoffs)
        lost = np.append(contracts.lost[contracts.spells.last], False)[spell]
        return self._judge(tables, cutoffs, contracts.spells.end_of(spell), np.where(lost, LOST, LEFT).astype(np.int8))


@dataclass(frozen=True)
class TrialEnd(BaseRule):
    """Churn after a trial: a customer leaves when the trial ends and no paid contract begins within the grace period.

    At risk: customers on a trial that has begun before the cutoff and ends after it.

    Parameters
    ----------
    horizon, of, gap : str
        As for :class:`SubscriptionEnd`.
    kinds : list of str
        The kinds of contract that are trials.
    grace : str
        How late the paid contract may begin.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.rules.TrialEnd("30d", of="subscriptions", kinds=["trial"])
    TrialEnd(horizon='30d', of='subscriptions', gap='0d', kinds=['trial'], grace='14d')
    """

    ends_with_period = True

    kinds: Sequence[str] = field(default=("trial",), kw_only=True)
    grace: str = field(default="14d", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_as_list(self, "kinds")
        keep_as_text(self, "grace", zero=True)

    @property
    def grace_span(self) -> Span:
        """How late the paid contract may begin."""
        return span(self.grace, "grace", zero=True)

    def table(self, tables: EventTables) -> str:
        return SubscriptionEnd(self.horizon, of=self.of).table(tables)

    def check(self, tables: EventTables) -> None:
        check_kinds(tables, self.table(tables), self.kinds)

    def first_cutoff(self, tables: EventTables) -> int:
        return tables.first_event(self.table(tables)) + 1

    def settled_until(self, tables: EventTables) -> int:
        return self.grace_span.before(tables.observed_until(), tables.timezone)

    def _split(self, tables: EventTables) -> tuple[Contracts, Stream]:
        """Return trials, merged where one begins as another ends, and paid contracts that are longer than nothing."""
        name = self.table(tables)
        stream = tables.stream(name)

        def split() -> tuple[Contracts, Stream]:
            trial = is_kind(tables, name, self.kinds)[:-1]
            return contracts_of(stream.where(trial), Span()), stream.where(~trial & (stream.columns["end"] > stream.times))

        return stream.once(("trials", *self.kinds), split)

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        trials, paid = self._split(tables)
        return trials.running(customers, cutoffs) & (latest_known(paid, customers, cutoffs) < 0) & have_joined(tables, customers, cutoffs)

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        trials, paid = self._split(tables)
        left_at = trials.spells.end_of(trials.spells.at(customers, cutoffs))
        left_at[latest_known(replace(paid, columns={}), customers, cutoffs) >= 0] = NEVER  # no longer on trial, which became known later
        following = first_from(paid, customers, cutoffs)
        starts = np.where(following >= 0, np.append(paid.times, OPEN)[following], OPEN)
        latest = self.grace_span.after(left_at, tables.timezone)
        converted = (starts != OPEN) & (left_at != NEVER) & (starts <= latest)
        return self._judge(tables, cutoffs, np.where(converted, OPEN, left_at), np.full(len(customers), LEFT, np.int8))


@dataclass(frozen=True)
class DownSell(BaseRule):
    """Partial churn: a customer's value falls by a given share or more, and the customer stays.

    At risk: customers with a value above zero at the cutoff. The outcome is 1 at the first row in the window that is lower by ``drop`` or
    more: from 29.00 to 20.30 is exactly 30 %, despite binary rounding. Of several rows at one moment the one that was known last counts. A
    table of states is enough: the rule needs no events.

    Parameters
    ----------
    horizon, of, gap : str
        As for :class:`Inactivity`; ``of`` names a table of states.
    value : str
        The column of that table, such as a monthly price.
    drop : float
        The share of the value at the cutoff that must be lost, above 0 and at most 1.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.rules.DownSell("90d", of="prices", value="price", drop=0.2)
    DownSell(horizon='90d', of='prices', gap='0d', value='price', drop=0.2)
    """

    value: str = field(default="value", kw_only=True)
    drop: float = field(default=0.1, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.value is not None:
            check_text(self.value, "value", "Give the name of a value.")
        object.__setattr__(self, "drop", check_share(self.drop, "drop"))
        if self.drop == 0:
            raise UsageError("bad-argument", "drop is 0", remedy="Give a share above 0 and at most 1, such as 0.3 for 30 %.")

    def table(self, tables: EventTables) -> str:
        names = [n for n, d in tables.declarations.items() if isinstance(d, States)] if self.of is None else [self.of]
        if len(names) != 1:
            raise UsageError(
                "which-table", "the rule needs one table of states", remedy=f'Name it: DownSell("{self.horizon}", of="prices").'
            )
        return names[0]

    def check(self, tables: EventTables) -> None:
        stream = tables.stream(self.table(tables))
        if self.value not in stream.columns or stream.columns[self.value].dtype.kind != "f":
            raise UsageError(
                "no-such-value",
                f'"{self.value}" is not a number of the table',
                table=self.table(tables),
                remedy="Name one of the declared values.",
            )

    def first_cutoff(self, tables: EventTables) -> int:
        return self.horizon_span.after(tables.first_event(self.table(tables)), tables.timezone)

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        stream = tables.stream(self.table(tables))
        now = np.append(stream.columns[self.value], np.nan)[latest_known(stream, customers, cutoffs)]
        return np.asarray(now > 0) & have_joined(tables, customers, cutoffs)

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        stream = tables.stream(self.table(tables))
        values = stream.columns[self.value]
        now = np.append(values, np.nan)[latest_known(stream, customers, cutoffs)]
        bounds = now * (1 - self.drop)
        left_at = first_below(stream.offsets, stream.times, values, customers, cutoffs, bounds + slack(now, bounds))
        return self._judge(tables, cutoffs, left_at, np.full(len(customers), LEFT, np.int8))


@dataclass(frozen=True)
class WinBack(BaseRule):
    """Win-back: whether customers who have gone silent return within the horizon (outcome 1 is the return).

    At risk: customers who were active once, but not in ``silent_for`` before the cutoff.

    Parameters
    ----------
    horizon, of, gap : str
        As for :class:`Inactivity`.
    silent_for : str
        How long a customer must have been silent to count as gone.
    kinds : list of str
        As for :class:`Inactivity`.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.rules.WinBack("60d", of="orders", silent_for="180d")
    WinBack(horizon='60d', of='orders', gap='0d', silent_for='180d', kinds=())
    """

    left_by = None

    silent_for: str = field(default="180d", kw_only=True)
    kinds: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_as_list(self, "kinds")
        keep_as_text(self, "silent_for")

    def check(self, tables: EventTables) -> None:
        super().check(tables)
        name = self.table(tables)
        check_kinds(tables, name, self.kinds or kinds_of_activity(tables.declarations[name]))

    def visits(self, tables: EventTables) -> Stream:
        """Return the rows that count as activity."""
        return visits(tables, self.table(tables), self.kinds)

    def first_cutoff(self, tables: EventTables) -> int:
        return span(self.silent_for, "silent_for").after(tables.first_event(self.table(tables)), tables.timezone) + 1

    def settled_until(self, tables: EventTables) -> int:
        return tables.observed_until(self.table(tables))

    def at_risk(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> npt.NDArray[np.bool_]:
        stream = self.visits(tables)
        ever = latest_known(stream, customers, cutoffs) >= 0
        lately = latest_known(stream, customers, cutoffs, span(self.silent_for, "silent_for")) >= 0
        return ever & ~lately & have_joined(tables, customers, cutoffs)

    def outcomes(self, tables: EventTables, customers: Codes, cutoffs: Ints) -> Labelled:
        stream = self.visits(tables)
        following = first_from(stream, customers, cutoffs)
        back_at = np.where(following >= 0, np.append(stream.times, OPEN)[following], OPEN)
        return self._judge(tables, cutoffs, back_at, np.full(len(customers), LEFT, np.int8))


def rules_by_name() -> dict[str, type[BaseRule]]:
    """Return every rule by its name in ``churn.toml``, in the order of the documentation."""
    return {rule_name(rule): rule for rule in (Inactivity, SubscriptionEnd, Cancellation, TrialEnd, DownSell, WinBack)}
