"""Leaving times: when each customer of a snapshot left, as far as it was observed, beyond the horizon of the rule too."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.pairs import index_of, sorted_pairs
from churnpredict.churn.rule import ChurnRule, SilenceRule, is_of_silence
from churnpredict.churn.rule_questions import first_from
from churnpredict.clock import OPEN, days_between
from churnpredict.errors import SchemaError, UsageError
from churnpredict.events.tables import EventTables

__all__ = ["leaving_days", "leaving_times", "return_times"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def leaving_times(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, days: float) -> pd.DataFrame:
    """Return when the customer of each snapshot left, as far as it was observed.

    Under :class:`churnpredict.Inactivity` a customer leaves when a silence of the whole horizon is complete: nobody has left before
    the first horizon has passed, everybody whose outcome is 1 leaves at its end, and customers who came back leave at the end of
    their first later silence of that length.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    churn : churn rule
    days : float
        How far ahead to look.

    Returns
    -------
    DataFrame
        ``days`` from the start of the outcome window until the customer left, or until the end of what was observed; ``outcome`` (0 not
        seen to leave, 1 left, 2 lost); index (customer_id, cutoff), sorted. Customers who left in the gap have no row.

    Raises
    ------
    UsageError
        ``bad-argument``: a rule of one's own that has no longer horizon.
    """
    customers, cutoffs = sorted_pairs(tables, snapshots)
    opens = churn.gap_span.after(cutoffs, tables.timezone)
    observed = np.maximum(days_between(opens, np.full(len(opens), churn.settled_until(tables)), tables.timezone), 0.0)
    if is_of_silence(churn):
        left = days_between(opens, silent_at(tables, churn, customers, opens), tables.timezone)
        outcome = np.ones(len(left), np.int8)
        seen = left <= observed
    else:
        rule: Any = churn
        if not is_dataclass(rule) or not hasattr(rule, "horizon"):
            remedy = "Use one of the rules of churnpredict, such as cp.Cancellation, or leave out over=."
            raise UsageError("bad-argument", f"the churn rule {type(churn).__name__} has no longer horizon", remedy=remedy)
        longer = cast(ChurnRule, replace(cast(Any, rule), horizon=f"{int(np.ceil(days)) + 1}d"))
        from_cutoff, outcome = longer.outcomes(tables, customers, cutoffs)
        left = from_cutoff - days_between(cutoffs, opens, tables.timezone)
        seen = (outcome > 0) & (left < observed)
    there = outcome >= 0
    seen &= left <= days
    frame = {"days": np.where(seen, left, np.minimum(observed, days)), "outcome": np.where(seen, outcome, 0).astype(np.int8)}
    return pd.DataFrame({k: v[there] for k, v in frame.items()}, index=index_of(tables, customers[there], cutoffs[there]))


def leaving_days(tables: EventTables, outcomes: pd.DataFrame, churn: ChurnRule) -> pd.Series:
    """Return the days from each cutoff until its customer left; NaN for customers who stayed.

    Under :class:`churnpredict.Inactivity` a customer leaves when the silence since the last activity has lasted for the whole horizon: the
    longer a customer has been silent at a cutoff, the fewer days are left. They are negative where the silence was complete by then, which
    is possible with ``active_within`` longer than the horizon.

    Parameters
    ----------
    tables : EventTables
    outcomes : Outcomes
        What :func:`churnpredict.label_churn` returned for this rule.
    churn : churn rule

    Returns
    -------
    Series of float64
        In the order of the outcomes.

    Raises
    ------
    SchemaError
        ``missing-column``: these are not outcomes.

    Examples
    --------
    >>> import churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "b", "b", "c"], "day": ["2024-01-10", "2024-01-05", "2024-02-01", "2024-03-01"]})
    >>> tables, churn = cp.EventTables(orders=cp.Events(log, customer="user", time="day")), cp.Inactivity("30d")
    >>> outcomes = cp.label_churn(tables, cp.take_snapshots(tables, churn, at="2024-01-20"), churn)
    >>> cp.diagnostics.leaving_days(tables, outcomes, churn).tolist()
    [20.0, nan]
    """
    if not isinstance(outcomes, pd.DataFrame) or not {"duration", "outcome"} <= set(outcomes.columns):
        remedy = "Give what label_churn(tables, snapshots, churn) returned."
        raise SchemaError("missing-column", "outcomes have no duration and outcome", remedy=remedy)
    if is_of_silence(churn):
        customers, cutoffs = sorted_pairs(tables, outcomes.index.to_frame(index=False))
        days = days_between(cutoffs, _quiet_from_the_last(tables, churn, customers, cutoffs), tables.timezone)
        lasting = pd.Series(days, index=index_of(tables, customers, cutoffs)).reindex(outcomes.index)
    else:
        lasting = outcomes["duration"]
    return lasting.where(outcomes["outcome"].to_numpy() != 0).astype(np.float64).rename("days")


def _quiet_from_the_last(tables: EventTables, churn: SilenceRule, customers: npt.NDArray[np.int32], cutoffs: Ints) -> Ints:
    """Return when a whole horizon has passed since the last activity before the outcome window, in microseconds UTC."""
    stream, opens = churn.visits(tables), churn.gap_span.after(cutoffs, tables.timezone)
    following = first_from(stream, customers, opens)
    last = np.where(following < 0, stream.offsets[customers + 1], following) - 1
    active = last >= stream.offsets[customers]  # a rule of one's own may have customers at risk without a row: silent from the window on
    return churn.horizon_span.after(np.where(active, np.append(stream.times, 0)[last], opens), tables.timezone)


def return_times(tables: EventTables, snapshots: pd.DataFrame, churn: SilenceRule) -> Floats:
    """Return the days from the start of the outcome window until the customer's next activity (n,), infinite where none was seen, in the
    order of the snapshots sorted by customer, then cutoff.
    """
    customers, cutoffs = sorted_pairs(tables, snapshots)
    opens = churn.gap_span.after(cutoffs, tables.timezone)
    stream = churn.visits(tables)
    following = first_from(stream, customers, opens)
    back = np.append(stream.times, OPEN)[following]
    there = following >= 0
    return np.where(there, days_between(opens, np.where(there, back, opens), tables.timezone), np.inf)


def silent_at(tables: EventTables, churn: SilenceRule, customers: npt.NDArray[np.int32], opens: Ints) -> Ints:
    """Return when the first silence of a whole horizon from each opening on is complete, in microseconds UTC."""
    stream = churn.visits(tables)
    closes = churn.horizon_span.after(opens, tables.timezone)
    complete = churn.horizon_span.after(stream.times, tables.timezone) if len(stream) else stream.times
    following = first_from(stream, customers, opens)
    silent = (following < 0) | (np.append(stream.times, OPEN)[following] >= closes)
    last = np.ones(len(stream), np.bool_)  # of its customer
    last[:-1] = stream.owners[1:] != stream.owners[:-1]
    ends = last.copy()
    ends[:-1] |= stream.times[1:] >= complete[:-1]
    place = np.where(ends, np.arange(len(stream)), len(stream))
    next_end = np.minimum.accumulate(place[::-1])[::-1] if len(stream) else place
    found = np.append(complete, 0)[np.append(next_end, len(stream))[following]]
    return np.where(silent, closes, np.maximum(found, closes + 1))  # a visit at the very opening is a return: its silence ends later
