"""What leaving means: rules that say who is at risk at a cutoff, and who then left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ImmatureError, OutcomeError, TimeError, UsageError
from churnpredict.events.streams import latest_known, positions
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, span, stamp

__all__ = ["ChurnRule", "Inactivity", "Outcomes", "label_churn"]

Ints = npt.NDArray[np.int64]
EVER = "ever"


@runtime_checkable
class ChurnRule(Protocol):
    """What every churn rule answers; all spans are in microseconds."""

    @property
    def horizon_span(self) -> int: ...

    @property
    def gap_span(self) -> int: ...

    def check(self, tables: EventTables) -> None:
        """Refuse tables that the rule cannot be applied to."""

    def first_cutoff(self, tables: EventTables) -> int:
        """The first moment at which the whole risk set can be seen."""

    def latest_cutoff(self, tables: EventTables) -> int:
        """The last moment whose outcome window is fully observed."""

    def at_risk(self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> npt.NDArray[np.bool_]:
        """Whether each customer can still leave at each cutoff (pairs, sorted by customer, then cutoff)."""

    def outcomes(
        self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        """Duration in days and outcome of each pair."""


class Outcomes(pd.DataFrame):
    """What became of each snapshot: columns ``duration`` (days from the cutoff) and ``outcome`` (0 stayed, 1 left, 2 lost)."""

    _metadata = ("horizon_span", "gap_span", "decided_at_end")

    @property
    def _constructor(self) -> type[Outcomes]:
        return Outcomes

    def within(self, horizon: str | None = None) -> pd.Series:
        """0/1: whether the customer left or was lost within the horizon (the rule's own by default).

        Raises
        ------
        OutcomeError
            ``longer-horizon`` if it is longer than what was observed; ``shorter-horizon`` if leaving is decided only at the end of the
            window, as with inactivity.
        """
        wanted = self.horizon_span if horizon is None else span(horizon, "horizon")
        if wanted > self.horizon_span:
            raise OutcomeError(
                "longer-horizon",
                f"outcomes were observed for {self.horizon_span / DAY:g} days",
                remedy="Label with a rule of the longer horizon.",
            )
        if wanted < self.horizon_span and self.decided_at_end:
            raise OutcomeError(
                "shorter-horizon",
                f"whether a customer is inactive for {self.horizon_span / DAY:g} days is known only at their end",
                remedy="Label with a rule of the shorter horizon.",
            )
        left = (self["outcome"].to_numpy() != 0) & (self["duration"].to_numpy() <= (self.gap_span + wanted) / DAY)
        return pd.Series(left.astype(np.int8), index=self.index, name="left")


@dataclass(frozen=True)
class Inactivity:
    """A customer has left who does nothing for a whole horizon.

    Outcome window: [cutoff + gap, cutoff + gap + horizon). At risk: who was active in [cutoff - active_within, cutoff).

    Parameters
    ----------
    horizon : str
        Length of the silence, such as ``"90d"``.
    of : str, optional
        Table whose events count; the only table of events by default.
    active_within : str, optional
        How recently a customer must have been active to be at risk: a span, or ``"ever"`` for all who have joined. The horizon by default.
    gap : str
        Time between the cutoff and the start of the outcome window, in which a retention team can act.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.Inactivity("90d", of="orders", active_within="180d")
    Inactivity(horizon='90d', of='orders', active_within='180d', gap='0d')
    """

    horizon: str
    of: str | None = field(default=None, kw_only=True)
    active_within: str | None = field(default=None, kw_only=True)
    gap: str = field(default="0d", kw_only=True)

    def __post_init__(self) -> None:
        if span(self.horizon, "horizon") <= 0:
            raise UsageError("bad-span", "horizon is no time at all", remedy='Give a span such as "90d".')
        span(self.gap, "gap")
        if self.active_within not in (None, EVER):
            span(self.active_within, "active_within")

    @property
    def horizon_span(self) -> int:
        return span(self.horizon, "horizon")

    @property
    def gap_span(self) -> int:
        return span(self.gap, "gap")

    @property
    def active_span(self) -> int:
        """How far back activity counts; negative for ever."""
        if self.active_within == EVER:
            return -1
        return self.horizon_span if self.active_within is None else span(self.active_within, "active_within")

    def table(self, tables: EventTables) -> str:
        """The table whose events count."""
        if self.of is not None:
            return self.of
        names = tables.logs()
        if len(names) > 1:
            raise UsageError(
                "which-table",
                f"there are several tables of events: {', '.join(names)}",
                remedy=f'Say whose silence counts: Inactivity("{self.horizon}", of="{names[0]}").',
            )
        return names[0]

    def check(self, tables: EventTables) -> None:
        tables.stream(self.table(tables))

    def first_cutoff(self, tables: EventTables) -> int:
        return tables.first_event(self.table(tables)) + (self.horizon_span if self.active_span < 0 else self.active_span)

    def latest_cutoff(self, tables: EventTables) -> int:
        return tables.observed_until(self.table(tables)) - self.gap_span - self.horizon_span

    def at_risk(self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> npt.NDArray[np.bool_]:
        stream = tables.stream(self.table(tables))
        active = latest_known(stream, customers, cutoffs, self.active_span) >= 0
        if self.active_span < 0 and tables.profile is not None and tables.profile.since is not None:
            active[:] = True  # who joined and never came is at risk too
        return _joined(tables, customers, cutoffs) & active

    def outcomes(
        self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        stream = tables.stream(self.table(tables))
        opens = cutoffs + self.gap_span
        edges = np.empty((1, len(customers)), np.int64)
        positions(stream.offsets, stream.times, customers, opens, np.empty(0, np.int64), edges)
        following = edges[0]
        there = following < stream.offsets[customers + 1]
        back = np.zeros(len(customers), np.bool_)
        back[there] = stream.times[following[there]] < opens[there] + self.horizon_span
        duration = np.full(len(customers), (self.gap_span + self.horizon_span) / DAY)
        return duration, (~back).astype(np.int8)


def _joined(tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> npt.NDArray[np.bool_]:
    if tables.profile is None or tables.profile.since is None:
        return np.ones(len(customers), np.bool_)
    return np.asarray(tables.profile.since[customers] < cutoffs)


def label_churn(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, *, drop_immature: bool = False) -> Outcomes:
    """Say what became of each snapshot.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``, as :func:`take_snapshots` gives them.
    churn : Inactivity or another churn rule
    drop_immature : bool
        Leave out snapshots whose outcome window is not fully observed yet, instead of refusing them. They are never labelled 0.

    Returns
    -------
    Outcomes
        Columns ``duration`` (days from the cutoff) and ``outcome`` (0 stayed, 1 left, 2 lost); index (customer_id, cutoff), sorted.

    Raises
    ------
    ImmatureError
        ``immature``: names the latest cutoff that can be labelled.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "a", "b", "c"], "day": ["2024-01-01", "2024-02-20", "2024-01-15", "2024-03-31"]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    >>> churn = cp.Inactivity("30d")
    >>> past = cp.take_snapshots(tables, churn, at="2024-01-25")
    >>> cp.label_churn(tables, past, churn).within("30d").tolist()
    [0, 1]
    """
    from churnpredict.events.snapshots import index_of, sorted_pairs

    churn.check(tables)
    customers, cutoffs = sorted_pairs(tables, snapshots)
    latest = churn.latest_cutoff(tables)
    late = cutoffs > latest
    if late.any():
        if not drop_immature:
            raise ImmatureError(
                "immature",
                f"snapshots whose outcome window is not fully observed yet; the latest cutoff that can be labelled is {stamp(latest)}",
                rows=int(late.sum()),
                total=len(late),
                remedy="Take earlier cutoffs, or leave these out with drop_immature=True.",
            )
        customers, cutoffs = customers[~late], cutoffs[~late]
        if not len(customers):
            raise TimeError(
                "no-mature-snapshot",
                f"no snapshot is mature; the latest cutoff that can be labelled is {stamp(latest)}",
                remedy="Take earlier cutoffs.",
            )
    duration, outcome = churn.outcomes(tables, customers, cutoffs)
    labelled = Outcomes({"duration": duration, "outcome": outcome}, index=index_of(tables, customers, cutoffs))
    labelled.horizon_span, labelled.gap_span = churn.horizon_span, churn.gap_span
    labelled.decided_at_end = isinstance(churn, Inactivity)
    return labelled
