"""Future-poison test: features must not change when everything after the cutoff is replaced by garbage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.pairs import sorted_pairs
from churnpredict.events.expected import check_tables
from churnpredict.events.streams import Stream, group_rows
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, OPEN
from churnpredict.events.wide_rows import LATER_MOMENTS
from churnpredict.number_checks import check_whole_number

__all__ = ["poisoned", "probe_features"]

Ints = npt.NDArray[np.int64]
_GARBAGE = 1e6


def probe_features(
    function: Callable[[EventTables, pd.DataFrame], pd.DataFrame],
    tables: EventTables,
    snapshots: pd.DataFrame,
    *,
    cutoffs: int = 3,
    random_state: int = 0,
) -> pd.DataFrame:
    """Find features that use the future.

    For some cutoffs, everything that happened or became known at or after the cutoff is replaced by garbage, and the features are computed
    again.

    Parameters
    ----------
    function : callable
        ``function(tables, snapshots) -> frame`` with one row per snapshot, such as :func:`~churnpredict.build_features` or your own.
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    cutoffs : int
        Number of cutoffs to test, spread over those of the snapshots.
    random_state : int

    Returns
    -------
    DataFrame
        One row per feature that changed: ``feature``, ``cutoff``, ``rows`` (how many changed), ``share``. Empty if none did.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(100, random_state=0)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, at="2024-01-01")
    >>> len(cp.diagnostics.probe_features(cp.build_features, shop.tables, past))
    0
    """
    check_tables(tables, "probe_features(function, tables, snapshots)")
    _, moments = sorted_pairs(tables, snapshots)
    distinct = np.unique(moments)
    cutoffs, random_state = check_whole_number(cutoffs, "cutoffs", least=1), check_whole_number(random_state, "random_state")
    chosen = distinct[np.unique(np.linspace(0, len(distinct) - 1, cutoffs).round().astype(int))]
    found = []
    for k, cutoff in enumerate(chosen):
        moment = tables.wall_times(np.array([cutoff]))[0]
        some = snapshots[pd.to_datetime(snapshots["cutoff"]) == moment]
        if not len(some):
            continue
        clean = function(tables, some)
        spoilt = function(poisoned(tables, int(cutoff), seed=random_state + k), some)
        for name in clean.columns:
            moved = _moved(clean[name], spoilt[name]) if name in spoilt else np.ones(len(clean), np.bool_)
            if moved.any():
                found.append({"feature": name, "cutoff": moment, "rows": int(moved.sum()), "share": float(moved.mean())})
    return pd.DataFrame(found, columns=["feature", "cutoff", "rows", "share"])


def _moved(one: pd.Series, other: pd.Series) -> npt.NDArray[np.bool_]:
    if len(one) != len(other):
        return np.ones(len(one), np.bool_)
    if isinstance(one.dtype, np.dtype) and isinstance(other.dtype, np.dtype) and one.dtype.kind == other.dtype.kind == "f":
        x, y = one.to_numpy(), other.to_numpy()
        return np.asarray((x != y) & ~(np.isnan(x) & np.isnan(y)))
    a, b = (s.astype(object).where(s.notna(), None).to_numpy() for s in (one, other))
    return np.array([x != y for x, y in zip(a, b, strict=True)], np.bool_)


def poisoned(tables: EventTables, cutoff: int, *, seed: int = 0) -> EventTables:
    """Return the tables with rows known before the cutoff, and garbage from then on."""
    rng = np.random.default_rng(seed)
    streams = {name: _poison(stream, cutoff, rng) for name, stream in tables.streams.items()}
    profile = tables.profile
    if profile is not None and profile.since is not None:
        moved = np.where(profile.since >= cutoff, cutoff + rng.integers(0, 365 * DAY, len(profile.since)), profile.since)
        profile = replace(profile, since=moved)
    return tables.with_streams(streams, profile)


def _poison(stream: Stream, cutoff: int, rng: np.random.Generator) -> Stream:
    past = stream.known_before(cutoff)
    n = max(len(stream) - len(past), min(stream.n_customers, 1000))
    owners = np.concatenate([past.owners, rng.integers(0, max(stream.n_customers, 1), n, dtype=np.int32)])
    times = np.concatenate([past.times, cutoff + rng.integers(0, 365 * DAY, n)])
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, values in past.columns.items():
        columns[name] = np.concatenate([values, _garbage(name, stream.columns[name], times[len(past) :], rng)])
    for name in LATER_MOMENTS:  # open intervals may end, be answered or be reopened at any time from now on
        if name in columns:
            still = (np.arange(len(owners)) < len(past)) & (columns[name] == OPEN) & (rng.random(len(owners)) < 0.5)
            columns[name] = np.where(still, cutoff + rng.integers(0, 365 * DAY, len(owners)), columns[name])
    if "value_at_end" in columns:
        unwritten = columns["end"] >= cutoff
        columns["value_at_end"] = np.where(unwritten, rng.normal(0, _GARBAGE, len(owners)), columns["value_at_end"])
    if "known" in columns:  # late rows: they happened before, and became known after
        late = rng.random(len(owners)) < 0.3
        late &= np.arange(len(owners)) >= len(past)
        times = np.where(late, cutoff - rng.integers(1, 90 * DAY, len(owners)), times)
        columns["known"] = np.where(late, cutoff + rng.integers(0, 30 * DAY, len(owners)), np.maximum(columns["known"], times))
    return group_rows(owners, np.arange(stream.n_customers, dtype=np.int32), stream.n_customers, times, columns, stream.timezone)[0]


def _garbage(name: str, like: npt.NDArray[Any], times: Ints, rng: np.random.Generator) -> npt.NDArray[Any]:
    n = len(times)
    if name == "known":
        return times.copy()
    if name in (*LATER_MOMENTS, "planned_end"):
        return times + rng.integers(0, 365 * DAY, n)
    if like.dtype.kind == "f":
        return rng.normal(0, _GARBAGE, n)
    return rng.choice(like, n) if len(like) else np.full(n, -1, like.dtype)
