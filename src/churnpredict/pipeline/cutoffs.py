"""Cutoffs for training, testing and scoring."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.outcomes import immature
from churnpredict.churn.rule import ChurnRule, window_after, window_before
from churnpredict.churn.snapshots import grid, take_snapshots
from churnpredict.clock import DAY, days_between
from churnpredict.errors import ImmatureError, TimeError, UsageError, warn
from churnpredict.events.tables import EventTables
from churnpredict.moments import moment_column
from churnpredict.number_checks import check_whole_number
from churnpredict.spans import Span, span

__all__ = [
    "as_known",
    "backtest_cutoffs",
    "check_mature",
    "default_step",
    "in_sample",
    "latest_within",
    "learnt_until",
    "observed_until",
    "one_moment",
    "scoring_cutoff",
    "scoring_snapshots",
    "snapshots_of_training",
    "training_cutoffs",
    "training_snapshots",
    "warn_in_sample",
    "window_ends",
]

_STALE = Span(days=7)


def as_known(tables: EventTables, until: Any) -> EventTables:
    """Return the tables as known before ``until``; unchanged without it."""
    return tables if until is None else tables.known_before(one_moment(tables, until, "until"))


def one_moment(tables: EventTables, when: Any, what: str) -> int:
    """Return exactly one moment, in microseconds UTC."""
    moments = tables.instants(when, what)
    if len(moments) > 1:
        raise UsageError("one-cutoff", f"{what} holds {len(moments)} times", remedy="Give one; call once for each.")
    return int(moments[0])


def window_ends(tables: EventTables, churn: ChurnRule, X: pd.DataFrame, horizons: Sequence[str]) -> dict[str, pd.DatetimeIndex]:
    """Return when the outcome window of each row of X closes, on the wall clock: for every earlier horizon, shortest first, and the whole
    one.
    """
    opens = churn.gap_span.after(moment_column(X.index.get_level_values("cutoff"), "cutoff", tables.timezone), tables.timezone)
    earlier = {name: span(name, "horizons") for name in horizons}
    spans = dict(sorted(earlier.items(), key=lambda item: item[1].nominal)) | {str(churn.horizon_span): churn.horizon_span}
    return {name: tables.wall_times(length.after(opens, tables.timezone)) for name, length in spans.items()}


def observed_until(tables: EventTables, churn: ChurnRule) -> int:
    """Return the moment up to which outcomes are observed, in microseconds UTC."""
    return churn.settled_until(tables)


def learnt_until(tables: EventTables, churn: ChurnRule, trained_on: Sequence[pd.Timestamp]) -> int:
    """Return the moment up to which a model has learnt from outcomes: the end of the newest outcome window it was trained on."""
    return window_after(churn, int(tables.instants(trained_on[-1])[0]), tables.timezone)[1]


def in_sample(tables: EventTables, churn: ChurnRule, trained_on: Sequence[pd.Timestamp], moments: Any) -> bool:
    """Return whether a model looks back at moments (cutoffs, a list or a DatetimeIndex) whose outcomes it was trained on."""
    # Not made an index: pandas 2 counts nanoseconds in a list's, which end in 2262.
    first = moments.min() if isinstance(moments, pd.Index) else min(moments, default=pd.NaT)
    return not pd.isna(first) and int(tables.instants(first)[0]) < learnt_until(tables, churn, trained_on)


def warn_in_sample(*, stacklevel: int = 4) -> None:
    """Warn that the model was trained on outcomes after the cutoff."""
    warn(
        "in-sample",
        "the model was trained on outcomes after this cutoff, so its scores look better than a forecast would have been",
        remedy="Use a model that was trained until this cutoff, or run a backtest, which trains one at each cutoff.",
        stacklevel=stacklevel,
    )


def _aware(moment: int) -> pd.Timestamp:
    return pd.Timestamp(moment, unit="us", tz="UTC")


def default_step(churn: ChurnRule) -> Span:
    """Return a sixth of the horizon, in whole days where it is longer than one; in whole months where it is six months or a multiple of
    them.
    """
    horizon, step = churn.horizon_span, churn.horizon_span.nominal // 6
    if horizon.months and horizon.months % 6 == 0 and not horizon.days and not horizon.microseconds:
        return Span(months=horizon.months // 6)
    return Span(days=step // DAY) if step >= DAY else Span(microseconds=max(step // (DAY // 24), 1) * (DAY // 24))


def training_snapshots(
    tables: EventTables,
    churn: ChurnRule,
    *,
    every: Any = None,
    since: Any = None,
    most_cutoffs: int = 24,
    most_rows: int = 2_000_000,
) -> pd.DataFrame:
    """Return snapshots from the latest mature cutoff backwards, in steps of a sixth of the horizon.

    Parameters
    ----------
    tables : EventTables
        The tables as known at the time of training.
    churn : churn rule
    every : span, optional
        Step between cutoffs, instead of the default.
    since : time, optional
        Earliest cutoff.
    most_cutoffs : int
        Maximum number of cutoffs. With 24 steps of a sixth of the horizon, training looks back over four horizons: a year for 90 days.
    most_rows : int
        Maximum number of snapshots; the oldest cutoffs are left out beyond it.

    Returns
    -------
    DataFrame
        As :func:`churnpredict.take_snapshots` gives it.

    Raises
    ------
    TimeError
        ``no-history``: no cutoff has both a full history before it and a full outcome window after it.
    """
    most_rows = check_whole_number(most_rows, "most_rows", least=1)
    moments = training_cutoffs(tables, churn, every=every, since=since, most_cutoffs=most_cutoffs)
    snapshots = take_snapshots(tables, churn, at=moments)
    kept = latest_within(snapshots["cutoff"].value_counts(), most_rows)
    return snapshots if len(kept) == len(moments) else snapshots[snapshots["cutoff"].isin(kept)].reset_index(drop=True)


def snapshots_of_training(pipeline: Any, past: EventTables) -> pd.DataFrame:
    """Return the snapshots that a pipeline trains on by its settings; ``past`` are the tables as known at the moment of training."""
    return training_snapshots(
        past,
        pipeline.churn,
        every=pipeline.step_between(past),
        since=pipeline.since,
        most_cutoffs=pipeline.most_cutoffs,
        most_rows=pipeline.most_rows,
    )


def training_cutoffs(
    tables: EventTables, churn: ChurnRule, *, every: Any = None, since: Any = None, most_cutoffs: int = 24
) -> list[pd.Timestamp]:
    """Return the cutoffs of :func:`training_snapshots`, latest first."""
    step = default_step(churn) if every is None else span(every, "every")
    last = churn.latest_cutoff(tables)
    first = churn.first_cutoff(tables) if since is None else one_moment(tables, since, "since")
    if first > last and since is None:
        first = _short_history(tables, churn, first, last)
    if first > last:
        raise TimeError(
            "no-history",
            f"the first possible cutoff, {tables.stamp(first)}, lies after the last one whose outcomes are observed, {tables.stamp(last)}",
            remedy="Take more history, train until a later moment, or shorten the horizon or active_within=.",
        )
    most_cutoffs = check_whole_number(most_cutoffs, "most_cutoffs", least=1)
    return [_aware(int(c)) for c in grid(last, first, step, tables.timezone, most_cutoffs)[::-1]]


def check_mature(tables: EventTables, churn: ChurnRule, moments: npt.NDArray[np.int64]) -> None:
    """Refuse cutoffs whose outcomes are not observed yet.

    Raises
    ------
    ImmatureError
        ``immature``.
    """
    latest = churn.latest_cutoff(tables)
    late = int(immature(tables, churn, moments).sum())
    if late:
        raise ImmatureError(
            "immature",
            f"cutoffs whose outcome window is not fully observed yet; the latest that can be labelled is {tables.stamp(latest)}",
            rows=late,
            total=len(moments),
            remedy="Take earlier cutoffs.",
        )


def latest_within(counts: pd.Series, most_rows: int) -> pd.Index:
    """Return the latest cutoffs that together have at most ``most_rows`` snapshots, but at least one cutoff."""
    held = counts.sort_index(ascending=False).cumsum()
    return held.index[: max(1, int((held <= most_rows).sum()))]


def _short_history(tables: EventTables, churn: ChurnRule, first: int, last: int) -> int:
    """Return a first cutoff before the whole risk set can be seen, where no later one is left, and warn: better a model of few weeks than
    none.
    """
    earliest = _third(churn.horizon_span).after(tables.first_event(), tables.timezone)
    if earliest > last:
        return first
    warn(
        "short-history",
        f"the history is too short to see everybody at risk before {tables.stamp(first)}: training takes cutoffs from "
        f"{tables.stamp(earliest)}",
        remedy="Load more history if there is any, or shorten the horizon or active_within=.",
    )
    return earliest


def _third(horizon: Span) -> Span:
    third = horizon.nominal // 3
    return Span(days=third // DAY) if third >= DAY else Span(microseconds=third)


def backtest_cutoffs(tables: EventTables, churn: ChurnRule, at: Any = None, *, n: int = 3) -> list[pd.Timestamp]:
    """Return the cutoffs of a backtest: those given, else the latest ``n`` whose outcome windows are observed and do not overlap."""
    churn.check(tables)
    if at is not None:
        return [_aware(int(c)) for c in tables.instants(at, "at")]
    first, last = churn.first_cutoff(tables), churn.latest_cutoff(tables)
    cutoffs = [last]
    while len(cutoffs) <= n:
        cutoffs.append(window_before(churn, cutoffs[-1], tables.timezone))
    usable = [c for c, before in pairwise(cutoffs) if before >= first]
    if not usable:
        raise TimeError(
            "no-history",
            f"a backtest needs a training cutoff whose outcomes are known before the test cutoff; "
            f"the first possible training cutoff is {tables.stamp(first)}, the last possible test cutoff {tables.stamp(last)}",
            remedy="Take more history, or shorten the horizon or active_within=.",
        )
    return [_aware(c) for c in sorted(usable)]


def _days(tables: EventTables, start: int, end: int) -> int:
    return int(days_between(np.array([start]), np.array([end]), tables.timezone)[0])


def scoring_snapshots(tables: EventTables, churn: ChurnRule, at: Any = None) -> pd.DataFrame:
    """Return everybody at risk at one cutoff; by default at the end of what was observed.

    Raises
    ------
    TimeError
        ``cutoff-past-data``.
    DataError
        ``nobody-at-risk``.
    """
    return take_snapshots(tables, churn, at=_aware(scoring_cutoff(tables, churn, at)))


def scoring_cutoff(tables: EventTables, churn: ChurnRule, at: Any = None) -> int:
    """Return the moment of a scoring, in microseconds UTC; by default the end of what was observed.

    Raises
    ------
    TimeError
        ``cutoff-past-data``: so long after the last row that everybody would look silent.
    """
    churn.check(tables)
    known = observed_until(tables, churn)
    moment = known if at is None else one_moment(tables, at, "at")
    late = moment - known
    if late > max(_STALE, default_step(churn), key=lambda s: s.nominal).nominal:
        raise TimeError(
            "cutoff-past-data",
            f"the cutoff {tables.stamp(moment)} lies {_days(tables, known, moment)} days after the last row, "
            f"{tables.stamp(known)}: everybody would look silent",
            remedy="Load the newer rows, take an earlier cutoff, or declare how far the tables are complete with observed_until=.",
        )
    if late > 0:
        warn(
            "stale-data",
            f"the cutoff {tables.stamp(moment)} lies after the last row of the tables, {tables.stamp(known)}",
            remedy="Load the newer rows, or declare observed_until= if nothing happened since.",
        )
    return moment
