"""Which cutoffs a pipeline trains on, tests on and scores at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.outcomes import ChurnRule
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.errors import ImmatureError, TimeError, UsageError, warn
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, span, stamp

__all__ = [
    "as_known",
    "backtest_cutoffs",
    "check_mature",
    "latest_within",
    "observed_until",
    "one_moment",
    "scoring_cutoff",
    "scoring_snapshots",
    "training_cutoffs",
    "training_snapshots",
]

_STALE = 7 * DAY


def as_known(tables: EventTables, until: Any) -> EventTables:
    """The tables as they stood at ``until``; as they are without it."""
    return tables if until is None else tables.known_before(one_moment(tables, until, "until"))


def one_moment(tables: EventTables, when: Any, what: str) -> int:
    """Exactly one moment, in microseconds UTC."""
    moments = tables.instants(when, what)
    if len(moments) > 1:
        raise UsageError("one-cutoff", f"{what} holds {len(moments)} times", remedy="Give one; call once for each.")
    return int(moments[0])


def observed_until(tables: EventTables, churn: ChurnRule) -> int:
    """The moment up to which outcomes are observed, in microseconds UTC."""
    return churn.latest_cutoff(tables) + churn.gap_span + churn.horizon_span


def _aware(moment: int) -> pd.Timestamp:
    return pd.Timestamp(moment, unit="us", tz="UTC")


def default_step(churn: ChurnRule) -> int:
    """A sixth of the horizon, in whole days where it is longer than one, in microseconds."""
    step = churn.horizon_span // 6
    return max(step // DAY * DAY if step >= DAY else step // (DAY // 24) * (DAY // 24), DAY // 24)


def training_snapshots(
    tables: EventTables,
    churn: ChurnRule,
    *,
    every: str | None = None,
    since: Any = None,
    most_cutoffs: int = 24,
    most_rows: int = 2_000_000,
) -> pd.DataFrame:
    """Snapshots from the latest mature cutoff backwards, in steps of a sixth of the horizon.

    Parameters
    ----------
    tables : EventTables
        As known at the moment of training.
    churn : churn rule
    every : str, optional
        Another step.
    since : time, optional
        No earlier cutoff.
    most_cutoffs : int
        With 24 steps of a sixth of the horizon, training looks back over four horizons: a year and its seasons for 90 days.
    most_rows : int
        The oldest cutoffs are left out where all together have more snapshots than this.

    Returns
    -------
    DataFrame
        As :func:`churnpredict.take_snapshots` gives it.

    Raises
    ------
    TimeError
        ``no-history``: no cutoff has both a full history before it and a full outcome window after it.
    """
    moments = training_cutoffs(tables, churn, every=every, since=since, most_cutoffs=most_cutoffs)
    snapshots = take_snapshots(tables, churn, at=moments)
    kept = latest_within(snapshots["cutoff"].value_counts(), most_rows)
    return snapshots if len(kept) == len(moments) else snapshots[snapshots["cutoff"].isin(kept)].reset_index(drop=True)


def training_cutoffs(
    tables: EventTables, churn: ChurnRule, *, every: str | None = None, since: Any = None, most_cutoffs: int = 24
) -> list[pd.Timestamp]:
    """The cutoffs of :func:`training_snapshots`, latest first."""
    step = default_step(churn) if every is None else span(every, "every")
    if step <= 0:
        raise TimeError("bad-span", "every is no time at all", remedy='Give a step such as "15d".')
    last = churn.latest_cutoff(tables)
    first = churn.first_cutoff(tables) if since is None else one_moment(tables, since, "since")
    if first > last and since is None:
        first = _short_history(tables, churn, first, last)
    if first > last:
        raise TimeError(
            "no-history",
            f"the first possible cutoff, {stamp(first)}, lies after the last one whose outcomes are observed, {stamp(last)}",
            remedy="Take more history, train until a later moment, or shorten the horizon or active_within=.",
        )
    return [_aware(int(c)) for c in np.arange(last, first - 1, -step, dtype=np.int64)[:most_cutoffs]]


def check_mature(tables: EventTables, churn: ChurnRule, moments: npt.NDArray[np.int64]) -> None:
    """Refuse cutoffs whose outcomes are not observed yet.

    Raises
    ------
    ImmatureError
        ``immature``.
    """
    latest = churn.latest_cutoff(tables)
    late = int((moments > latest).sum())
    if late:
        raise ImmatureError(
            "immature",
            f"cutoffs whose outcome window is not fully observed yet; the latest that can be labelled is {stamp(latest)}",
            rows=late,
            total=len(moments),
            remedy="Take earlier cutoffs.",
        )


def latest_within(counts: pd.Series, most_rows: int) -> pd.Index:
    """Of the numbers of snapshots by cutoff, the latest cutoffs that together have no more than ``most_rows``, but at least one."""
    held = counts.sort_index(ascending=False).cumsum()
    return held.index[: max(1, int((held <= most_rows).sum()))]


def _short_history(tables: EventTables, churn: ChurnRule, first: int, last: int) -> int:
    """A first cutoff before the risk set can be seen whole, where nothing else is left: better a model of few weeks than none."""
    earliest = tables.first_event() + churn.horizon_span // 3
    if earliest > last:
        return first
    warn(
        "short-history",
        f"the history is too short to see everybody at risk before {stamp(first)}: training takes cutoffs from {stamp(earliest)}",
        remedy="Load more history if there is any, or shorten the horizon or active_within=.",
    )
    return earliest


def backtest_cutoffs(tables: EventTables, churn: ChurnRule, at: Any = None, *, n: int = 3) -> list[pd.Timestamp]:
    """The cutoffs of a backtest: those given, else the latest ``n`` whose outcome windows are observed and do not overlap."""
    if at is not None:
        return [_aware(int(c)) for c in tables.instants(at, "at")]
    window = churn.gap_span + churn.horizon_span
    first, last = churn.first_cutoff(tables), churn.latest_cutoff(tables)
    cutoffs = [last - i * window for i in range(n)]
    usable = [c for c in cutoffs if c - window >= first]
    if not usable:
        raise TimeError(
            "no-history",
            f"a backtest needs a training cutoff whose outcomes are known before the test cutoff; "
            f"the first possible training cutoff is {stamp(first)}, the last possible test cutoff {stamp(last)}",
            remedy="Take more history, or shorten the horizon or active_within=.",
        )
    return [_aware(c) for c in sorted(usable)]


def scoring_snapshots(tables: EventTables, churn: ChurnRule, at: Any = None) -> pd.DataFrame:
    """Everybody at risk at one cutoff; by default at the end of what was observed.

    Raises
    ------
    TimeError
        ``cutoff-past-data``.
    DataError
        ``nobody-at-risk``.
    """
    return take_snapshots(tables, churn, at=_aware(scoring_cutoff(tables, churn, at)))


def scoring_cutoff(tables: EventTables, churn: ChurnRule, at: Any = None) -> int:
    """The moment of a scoring, in microseconds UTC; by default the end of what was observed.

    Raises
    ------
    TimeError
        ``cutoff-past-data``: so long after the last row that everybody would look silent.
    """
    churn.check(tables)
    known = observed_until(tables, churn)
    moment = known if at is None else one_moment(tables, at, "at")
    late = moment - known
    if late > max(_STALE, default_step(churn)):
        raise TimeError(
            "cutoff-past-data",
            f"the cutoff {stamp(moment)} lies {late // DAY} days after the last row, {stamp(known)}: everybody would look silent",
            remedy="Load the newer rows, take an earlier cutoff, or declare how far the tables are complete with observed_until=.",
        )
    if late > 0:
        warn(
            "stale-data",
            f"the cutoff {stamp(moment)} lies after the last row of the tables, {stamp(known)}",
            remedy="Load the newer rows, or declare observed_until= if nothing happened since.",
        )
    return moment
