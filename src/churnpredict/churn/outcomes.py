"""What leaving means: rules that say who is at risk at a cutoff, and who then left."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import ImmatureError, OutcomeError, TimeError
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, span, stamp

__all__ = ["ChurnRule", "Outcomes", "label_churn"]

Ints = npt.NDArray[np.int64]


@runtime_checkable
class ChurnRule(Protocol):
    """What every churn rule answers; all spans are in microseconds."""

    @property
    def horizon_span(self) -> int: ...

    @property
    def gap_span(self) -> int: ...

    @property
    def decided_at_end(self) -> bool:
        """Whether leaving is known only when the whole window has passed."""
        ...

    def check(self, tables: EventTables) -> None:
        """Refuse tables that the rule cannot be applied to."""
        ...

    def first_cutoff(self, tables: EventTables) -> int:
        """The first moment at which the whole risk set can be seen."""
        ...

    def latest_cutoff(self, tables: EventTables) -> int:
        """The last moment whose outcome window is fully observed."""
        ...

    def at_risk(self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> npt.NDArray[np.bool_]:
        """Whether each customer can still leave at each cutoff (pairs, sorted by customer, then cutoff)."""
        ...

    def outcomes(
        self, tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
        """Duration in days and outcome of each pair; outcome -1 for who left in the gap, before the window opened."""
        ...


class Outcomes(pd.DataFrame):
    """What became of each snapshot: columns ``duration`` (days from the cutoff) and ``outcome`` (0 stayed, 1 left, 2 lost)."""

    _metadata = ["horizon_span", "gap_span", "decided_at_end"]  # noqa: RUF012 - pandas adds it to a list when unpickling
    horizon_span: int
    gap_span: int
    decided_at_end: bool

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
        Who left in the gap, before the window opened, has no row: nobody could have acted on it.

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
    from churnpredict.churn.snapshots import index_of, sorted_pairs

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
    in_question = outcome >= 0
    if not in_question.all():
        customers, cutoffs, duration, outcome = customers[in_question], cutoffs[in_question], duration[in_question], outcome[in_question]
    labelled = Outcomes({"duration": duration, "outcome": outcome}, index=index_of(tables, customers, cutoffs))
    labelled.horizon_span, labelled.gap_span = churn.horizon_span, churn.gap_span
    labelled.decided_at_end = churn.decided_at_end
    return labelled
