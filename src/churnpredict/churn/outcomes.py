"""Outcomes of snapshots: whether the customer stayed, left or was lost, and after how many days."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import check_flag, shows_call
from churnpredict.churn.pairs import index_of, sorted_pairs
from churnpredict.churn.rule import ChurnRule, check_rule, window_after
from churnpredict.clock import days_between
from churnpredict.errors import ImmatureError, OutcomeError, TimeError
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import stamp
from churnpredict.spans import Span, span

__all__ = ["Outcomes", "immature", "label_churn"]

Ints = npt.NDArray[np.int64]


class Outcomes(pd.DataFrame):
    """The outcome of each snapshot: columns ``duration`` (calendar days from the cutoff) and ``outcome`` (0 stayed, 1 left, 2 lost)."""

    _metadata = ["horizon_span", "gap_span", "decided_at_end"]  # noqa: RUF012 - pandas adds it to a list when unpickling
    horizon_span: Span
    gap_span: Span
    decided_at_end: bool

    @property
    def _constructor(self) -> type[Outcomes]:
        return Outcomes

    def within(self, horizon: str | None = None) -> pd.Series:
        """Return 0 or 1: whether the customer left or was lost within the horizon (the rule's own by default).

        Raises
        ------
        OutcomeError
            ``longer-horizon`` if it is longer than the observed horizon; ``shorter-horizon`` if leaving is decided only at the end of the
            window, as with inactivity.
        """
        wanted = self.horizon_span if horizon is None else span(horizon, "horizon")
        left = self["outcome"].to_numpy() != 0
        if wanted != self.horizon_span:
            cutoffs = self.index.get_level_values("cutoff").to_numpy().astype("datetime64[us]").astype(np.int64)  # wall times
            opens = self.gap_span.after(cutoffs)
            ends, observed = wanted.after(opens), self.horizon_span.after(opens)
            if (ends > observed).any():
                raise OutcomeError(
                    "longer-horizon",
                    f"outcomes were observed for {self.horizon_span}, and {wanted} is longer",
                    remedy="Label again with a rule of the longer horizon.",
                )
            if self.decided_at_end and (ends < observed).any():
                raise OutcomeError(
                    "shorter-horizon",
                    f"whether a customer is inactive for {self.horizon_span} is known only at their end",
                    remedy="Label again with a rule of the shorter horizon.",
                )
            left = left & (self["duration"].to_numpy() < days_between(cutoffs, ends)) | (left & (ends == observed))
        return pd.Series(left.astype(np.int8), index=self.index, name="left")


def immature(tables: EventTables, churn: ChurnRule, cutoffs: Ints) -> npt.NDArray[np.bool_]:
    """Return whether the outcome window of each cutoff is not fully observed yet, shape (n,)."""
    latest, late = churn.latest_cutoff(tables), np.zeros(len(cutoffs), np.bool_)
    newer = cutoffs > latest
    if newer.any():  # months differ in length: the window of a later cutoff may close as early
        late[newer] = window_after(churn, cutoffs[newer], tables.timezone)[1] > churn.settled_until(tables)
    return late


@shows_call('cp.label_churn(tables, snapshots, churn) with snapshots = cp.take_snapshots(tables, churn, every="15d")')
def label_churn(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, *, drop_immature: bool = False) -> Outcomes:
    """Label each snapshot with its outcome.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``, from :func:`take_snapshots`.
    churn : Inactivity or another churn rule
    drop_immature : bool
        Leave out snapshots whose outcome window is not fully observed yet, instead of refusing them. They are never labelled 0.

    Returns
    -------
    Outcomes
        Columns ``duration`` (calendar days from the cutoff) and ``outcome`` (0 stayed, 1 left, 2 lost); index (customer_id, cutoff),
        sorted. Customers who left in the gap, before the window opened, have no row: there was no time to act.

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
    check_tables(tables, "label_churn(tables, snapshots, churn)")
    check_rule(churn, "label_churn(tables, snapshots, churn)")
    check_flag(drop_immature, "drop_immature")
    churn.check(tables)
    customers, cutoffs = sorted_pairs(tables, snapshots)
    late = immature(tables, churn, cutoffs)
    if late.any():
        latest = stamp(churn.latest_cutoff(tables), tables.timezone)
        if not drop_immature:
            raise ImmatureError(
                "immature",
                f"snapshots whose outcome window is not fully observed yet; the latest cutoff that can be labelled is {latest}",
                rows=int(late.sum()),
                total=len(late),
                remedy="Take earlier cutoffs, or leave these out with drop_immature=True.",
            )
        customers, cutoffs = customers[~late], cutoffs[~late]
        if not len(customers):
            raise TimeError(
                "no-mature-snapshot",
                f"no snapshot is mature; the latest cutoff that can be labelled is {latest}",
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
