"""Snapshots of the risk set: one row per customer at risk and cutoff."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.argument_checks import shows_call
from churnpredict.churn.rule import ChurnRule, check_rule
from churnpredict.errors import DataError, TimeError
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import stamp
from churnpredict.moments import Moment, Moments
from churnpredict.spans import Span, SpanLike, span

__all__ = ["check_somebody", "choose_cutoffs", "grid", "pairs_at_risk", "take_snapshots"]

Ints = npt.NDArray[np.int64]
BLOCK = 1 << 20


@shows_call('cp.take_snapshots(tables, churn, every="15d")')
def take_snapshots(
    tables: EventTables,
    churn: ChurnRule,
    *,
    at: Moments | None = None,
    every: SpanLike | None = None,
    since: Moment | None = None,
    last: Moment | None = None,
    treatments: str | None = None,
) -> pd.DataFrame:
    """Take a snapshot of everybody at risk at each cutoff.

    Parameters
    ----------
    tables : EventTables
    churn : Inactivity or another churn rule
        The rule decides who is at risk.
    at : time or list of times, optional
        The cutoffs.
    every : span, optional
        A step such as ``"15d"`` or ``"1 month"``, instead of ``at``: cutoffs from ``last`` backwards in this step to ``since``. Days
        and longer steps keep the time of the day; in months that are too short, the last day is taken.
    since : time, optional
        First cutoff allowed; by default the first at which the rule can see its whole risk set.
    last : time, optional
        The newest cutoff, included; by default the latest whose outcome window is fully observed.
    treatments : str, optional
        A table of past retention contacts: snapshots whose outcome window holds one are left out, and the same share of leavers as of
        stayers, as in training: see :func:`churnpredict.churn.treatments.untouched`. All cutoffs must be mature.

    Returns
    -------
    DataFrame
        Columns ``customer_id`` and ``cutoff``, sorted by both, one row per customer at risk and cutoff.

    Raises
    ------
    TimeError
        ``before-first-event``, ``no-cutoff``, ``at-or-every``, ``no-history``.
    DataError
        ``nobody-at-risk`` at a cutoff.
    ImmatureError
        ``immature``: with ``treatments``, a cutoff whose outcome window is not fully observed.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "b", "a"], "day": ["2024-01-01", "2024-01-20", "2024-03-01"]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    >>> cp.take_snapshots(tables, cp.Inactivity("30d"), at=["2024-01-15", "2024-02-10"])
      customer_id     cutoff
    0           a 2024-01-15
    1           b 2024-02-10
    """
    check_tables(tables, "take_snapshots(tables, churn)")
    check_rule(churn, "take_snapshots(tables, churn)")
    cutoffs = choose_cutoffs(tables, churn, at=at, every=every, since=since, last=last)
    customers, moments = pairs_at_risk(tables, churn, cutoffs)
    check_somebody(cutoffs, np.isin(cutoffs, moments), tables.timezone)
    ids = pd.Index(tables.ids.to_pandas())
    snapshots = pd.DataFrame({"customer_id": ids.take(customers), "cutoff": tables.wall_times(moments)})
    if treatments is None:
        return snapshots
    from churnpredict.churn.treatments import untouched

    return untouched(tables, snapshots, churn, treatments)


def choose_cutoffs(
    tables: EventTables,
    churn: ChurnRule,
    *,
    at: Moments | None = None,
    every: SpanLike | None = None,
    since: Moment | None = None,
    last: Moment | None = None,
) -> Ints:
    """Return the cutoffs that the arguments mean, in microseconds UTC, ascending; see :func:`take_snapshots`."""
    churn.check(tables)
    if (at is None) == (every is None):
        raise TimeError("at-or-every", "give either the cutoffs or a step between them", remedy='Write at="2024-09-01" or every="15d".')
    cutoffs = tables.instants(at, "at") if at is not None else _steps(tables, churn, every, since, last)
    _check_cutoffs(tables, cutoffs)
    return cutoffs


def check_somebody(cutoffs: Ints, found: npt.NDArray[np.bool_], timezone: str) -> None:
    """Refuse cutoffs without customers at risk.

    Raises
    ------
    DataError
        ``nobody-at-risk``.
    """
    if not found.all():
        first = stamp(int(cutoffs[~found][0]), timezone)
        raise DataError(
            "nobody-at-risk",
            f"nobody is at risk at {int((~found).sum())} of {len(cutoffs)} cutoffs, the first of them {first}",
            remedy="Choose cutoffs within the history of the business, or widen active_within=.",
        )


def grid(last: int, first: int, step: Span, timezone: str, most: int | None = None) -> Ints:
    """Return cutoffs from the last one backwards in steps of the wall clock, none before the first, ascending.

    Each step is counted from the last cutoff, so that short months do not shift the others.
    """
    n = max(int((last - first) // max(step.nominal, 1)), 0) + 2
    n = n if most is None else min(n, most)
    found = np.array([last], np.int64)
    steps = [step.times(k).before(last, timezone) for k in range(1, n)] if step.days or step.months else []
    cutoffs = np.append(found, np.array(steps, np.int64)) if steps else last - np.arange(n, dtype=np.int64) * step.nominal
    return np.unique(cutoffs[cutoffs >= first])


def _steps(tables: EventTables, churn: ChurnRule, every: SpanLike | None, since: Moment | None, last: Moment | None) -> Ints:
    step = span(every, "every")
    newest = churn.latest_cutoff(tables) if last is None else tables.instant(last, "last")
    first = churn.first_cutoff(tables) if since is None else tables.instant(since, "since")
    if first > newest:
        raise TimeError(
            "no-history",
            f"the first possible cutoff, {tables.stamp(first)}, lies after the last one, {tables.stamp(newest)}",
            remedy="The history is too short for this horizon: shorten the horizon or active_within=, or give since= and last=.",
        )
    return grid(newest, first, step, tables.timezone)


def _check_cutoffs(tables: EventTables, cutoffs: Ints) -> None:
    first = min(tables.first_event(), int(cutoffs.max()))
    early = cutoffs <= first
    if early.any():
        raise TimeError(
            "before-first-event",
            f"cutoffs at or before the first event ({tables.stamp(first)}): no data were known then",
            rows=int(early.sum()),
            total=len(cutoffs),
            remedy="Choose later cutoffs.",
        )


def pairs_at_risk(tables: EventTables, churn: ChurnRule, cutoffs: Ints) -> tuple[npt.NDArray[np.int32], Ints]:
    """Return all pairs at risk, sorted by customer, then cutoff; in blocks of customers, so that the full cross product is never in
    memory.
    """
    people, moments = [], []
    step = max(1, BLOCK // len(cutoffs))
    for start in range(0, len(tables), step):
        stop = min(start + step, len(tables))
        customers = np.repeat(np.arange(start, stop, dtype=np.int32), len(cutoffs))
        times = np.tile(cutoffs, stop - start)
        keep = churn.at_risk(tables, customers, times)
        people.append(customers[keep])
        moments.append(times[keep])
    return np.concatenate(people), np.concatenate(moments)
