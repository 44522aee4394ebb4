"""Rows of the catalog and streams of events become one frame of features, indexed by customer and cutoff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.events.snapshots import index_of, sorted_pairs
from churnpredict.events.streams import Stream, positions
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, NEVER, span
from churnpredict.features import kernels
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.features.feature import AGGREGATES, Feature

__all__ = ["build_features"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
_BLOCK = 1 << 15  # snapshots at a time: their edges stay in the cache
_YEAR = 365.2425


@dataclass(frozen=True)
class _Pairs:
    """Snapshots as arrays, sorted by customer, then cutoff."""

    customers: npt.NDArray[np.int32]
    cutoffs: Ints

    def blocks(self, size: int = _BLOCK) -> Iterable[tuple[int, _Pairs]]:
        for start in range(0, len(self.customers), size):
            yield start, _Pairs(self.customers[start : start + size], self.cutoffs[start : start + size])


def build_features(
    tables: EventTables, snapshots: pd.DataFrame, *, features: Sequence[Feature] | None = None, history: str | None = None
) -> pd.DataFrame:
    """What was known of each customer at each cutoff.

    All cutoffs of a customer are computed in one pass over the customer's time-sorted rows, so many cutoffs cost little more than one.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    features : list of Feature, optional
        Rows of the catalog, your own among them; :func:`catalog` by default.
    history : str, optional
        How far back features may look, such as ``"730d"``; without limit by default.

    Returns
    -------
    DataFrame
        float32, missing as NaN; labels as categories; index (customer_id, cutoff), sorted; columns ``driver__...`` in the order of
        the rows.

    Raises
    ------
    UsageError
        ``unknown-table``, ``needs-column``, ``duplicate-feature``.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(50, seed=0)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, every="30d")
    >>> rows = cp.catalog(shop.tables) + [cp.Feature("orders", "sum", "45d")]
    >>> X = cp.build_features(shop.tables, past, features=rows)
    >>> X.index.names, "value__orders_sum_45d" in X
    (FrozenList(['customer_id', 'cutoff']), True)
    """
    pairs = _Pairs(*sorted_pairs(tables, snapshots))
    limit = None if history is None else span(history, "history")
    latest = pd.Timestamp(int(pairs.cutoffs.max()), unit="us", tz="UTC") if len(pairs.cutoffs) else None
    rows = catalog(tables, before=latest, history=history) if features is None else [with_driver(f, tables) for f in features]
    _check(rows, tables)
    numeric = [r for r in rows if not _is_label(r, tables)]
    out = np.empty((len(numeric), len(pairs.customers)), np.float32)
    streams: dict[tuple[str, str | None], list[tuple[int, Feature]]] = defaultdict(list)
    for column, row in enumerate(numeric):
        if row.table in tables.streams:
            streams[row.table, row.kind].append((column, row))
        else:
            out[column] = _of_customer(row, tables, pairs)
    for (name, kind), wanted in streams.items():
        _fill(tables, tables.stream(name, kind), wanted, pairs, limit, out)
    frame = pd.DataFrame(out.T, index=index_of(tables, pairs.customers, pairs.cutoffs), columns=[r.name for r in numeric], copy=False)
    labels = {r.name: _label(r, tables, pairs, latest) for r in rows if _is_label(r, tables)}
    return frame.assign(**labels)[[r.name for r in rows]] if labels else frame


def _check(rows: Sequence[Feature], tables: EventTables) -> None:
    names: set[str] = set()
    for row in rows:
        needs = AGGREGATES[row.aggregate].needs
        profile = tables.profile
        if row.table in tables.streams:
            if needs in ("value", "item") and needs not in tables.streams[row.table].columns:
                raise UsageError(
                    "needs-column", f'"{row.aggregate}" needs a column', table=row.table, remedy=f"Declare it: Events(..., {needs}=...)."
                )
            if needs in ("since", "attribute") or row.aggregate.startswith("season"):
                raise UsageError(
                    "needs-column",
                    f'"{row.aggregate}" is not for a table of events',
                    table=row.table,
                    remedy="Name the table of customers.",
                )
        elif row.aggregate.startswith("season"):
            pass
        elif profile is None or row.table != profile.name or needs not in ("since", "attribute"):
            tables.stream(row.table)  # says which tables there are
        elif needs == "since" and profile.since is None:
            raise UsageError(
                "needs-column",
                f'"{row.aggregate}" needs the moment of joining',
                table=row.table,
                remedy="Declare it: Customers(..., since=...).",
            )
        elif needs == "attribute" and row.column not in (*profile.numbers, *profile.labels):
            raise UsageError(
                "needs-column",
                f'"{row.column}" is no declared attribute',
                table=row.table,
                remedy="Declare it: Customers(..., attributes=[...]).",
            )
        if row.name in names:
            raise UsageError("duplicate-feature", f'two rows make "{row.name}"', remedy="Keep one, or give one another driver.")
        names.add(row.name)


def _is_label(row: Feature, tables: EventTables) -> bool:
    return row.aggregate == "attribute" and tables.profile is not None and row.column in tables.profile.labels


def _label(row: Feature, tables: EventTables, pairs: _Pairs, latest: pd.Timestamp | None) -> pd.Categorical:
    """An attribute as categories: only those of customers who had joined before the latest cutoff, so that the future adds none."""
    assert tables.profile is not None
    codes, names = tables.profile.labels[str(row.column)]
    there = codes
    if tables.profile.since is not None and latest is not None:
        there = codes[tables.profile.since < int(tables.instants(latest)[0])]
    used = np.unique(there[there >= 0])
    place = np.full(len(names) + 1, -1, np.int32)
    place[used] = np.arange(len(used))
    return pd.Categorical.from_codes(
        place[codes[pairs.customers]], categories=pd.Index([str(names[int(i)].as_py()) for i in used], dtype=object)
    )


def _of_customer(row: Feature, tables: EventTables, pairs: _Pairs) -> Floats:
    """Features of the customer or of the calendar, without a stream."""
    if row.aggregate.startswith("season"):
        distinct, place = np.unique(pairs.cutoffs, return_inverse=True)
        angle = 2 * np.pi * (tables.wall_times(distinct).day_of_year.to_numpy() - 1) / _YEAR
        return (np.sin(angle) if row.aggregate == "season_sin" else np.cos(angle)).astype(np.float32)[place]
    profile = tables.profile
    assert profile is not None
    if row.aggregate == "attribute":
        return profile.numbers[str(row.column)][pairs.customers].astype(np.float32)
    assert profile.since is not None
    since = profile.since[pairs.customers]
    joined = (since != NEVER) & (since < pairs.cutoffs)
    tenure = np.where(joined, (pairs.cutoffs - np.where(joined, since, 0)) / DAY, np.nan)
    return (tenure if row.aggregate == "tenure_days" else np.floor(tenure / _YEAR) + 1).astype(np.float32)


def _origins(tables: EventTables, stream: Stream) -> Ints:
    """When each customer began: joined, or else first appeared in the table."""
    first = np.full(len(tables), NEVER, np.int64)
    some = np.diff(stream.offsets) > 0
    first[some] = stream.times[stream.offsets[:-1][some]]
    if tables.profile is None or tables.profile.since is None:
        return first
    return np.where(tables.profile.since == NEVER, first, tables.profile.since)


def _fill(tables: EventTables, stream: Stream, wanted: list[tuple[int, Feature]], pairs: _Pairs, limit: int | None, out: Floats) -> None:
    """Compute all features of one stream, block after block of snapshots."""
    wanted, copies = _without_repeats(wanted, limit)
    spans, families = _plan(wanted, limit)
    runs = [(_FAMILIES[aggregates], rows) for aggregates, rows in families.items()]
    if "known" not in stream.columns:
        origins = _origins(tables, stream)
        for start, block in pairs.blocks():
            _run_block(stream, spans, runs, block, origins, out, start)
        _copy(out, copies)
        return
    # Late rows: a snapshot may only see what was known, so each cutoff gets the stream as it stood then.
    for cutoff in np.unique(pairs.cutoffs):
        rows = np.flatnonzero(pairs.cutoffs == cutoff)
        part = np.empty((len(out), len(rows)), np.float32)
        past, some = stream.known_before(int(cutoff)), _Pairs(pairs.customers[rows], pairs.cutoffs[rows])
        for start, block in some.blocks():
            _run_block(past, spans, runs, block, _origins(tables, past), part, start)
        columns = [c for c, _ in wanted]
        out[np.ix_(columns, rows)] = part[columns]
    _copy(out, copies)


def _without_repeats(wanted: list[tuple[int, Feature]], limit: int | None) -> tuple[list[tuple[int, Feature]], list[tuple[int, int]]]:
    """Features that compute the same (two drivers, "14d" and "2w", windows beyond the history) once, and what to copy from where."""
    first: dict[tuple[Any, ...], tuple[int, Feature]] = {}
    copies: list[tuple[int, int]] = []
    for column, row in wanted:
        length: int | None = None if row.window in (None, "all") else span(str(row.window))
        if length is not None and limit is not None and length >= limit and row.aggregate not in ("decayed", "first_count"):
            length = None
        kept = first.setdefault((row.aggregate, length, row.nth), (column, row))
        if kept[0] != column:
            copies.append((column, kept[0]))
    return list(first.values()), copies


def _copy(out: Floats, copies: list[tuple[int, int]]) -> None:
    for column, kept in copies:
        out[column] = out[kept]


def _run_block(stream: Stream, spans: Ints, runs: list[Any], block: _Pairs, origins: Ints, out: Floats, start: int) -> None:
    edges = np.empty((len(spans) + 1, len(block.customers)), np.int64)
    positions(stream.offsets, stream.times, block.customers, block.cutoffs, spans, edges)
    context = _Block(stream, spans, block, edges, origins, out, start)
    for family, rows in runs:
        family(context, rows)


def _plan(wanted: list[tuple[int, Feature]], limit: int | None) -> tuple[Ints, dict[tuple[str, ...], list[tuple[int, Feature]]]]:
    """The windows whose edges are needed (the bound of the history first), and the features by the kernel that computes them."""
    lengths: set[int] = set()
    families: dict[tuple[str, ...], list[tuple[int, Feature]]] = defaultdict(list)
    for column, row in wanted:
        if AGGREGATES[row.aggregate].takes == "window" and row.window != "all" and row.aggregate != "first_count":
            lengths.add(span(str(row.window)))
            if row.aggregate == "trend":
                lengths.add(2 * span(str(row.window)))
        families[next(f for f in _FAMILIES if row.aggregate in f)].append((column, row))
    bounded = sorted(w if limit is None else min(w, limit) for w in lengths)
    return np.array([-1 if limit is None else limit, *dict.fromkeys(bounded)], dtype=np.int64), families


@dataclass(frozen=True)
class _Block:
    """Everything a kernel may want to know of a block of snapshots."""

    stream: Stream
    spans: Ints
    pairs: _Pairs
    edges: Ints
    origins: Ints
    out: Floats
    at: int

    def window(self, row: Feature, factor: int = 1) -> int:
        """The row of ``edges`` that holds the start of the feature's window."""
        if row.window == "all":
            return 1
        length = factor * span(str(row.window))
        limit = int(self.spans[0])
        return 1 if 0 <= limit <= length else 2 + int(np.searchsorted(self.spans[1:], length))

    def nested(self, rows: list[tuple[int, Feature]]) -> list[tuple[int, int, Feature]]:
        """(window, column, row), shortest window first and the whole history last."""
        found = [(self.window(row), column, row) for column, row in rows]
        return sorted(found, key=lambda w: (w[0] == 1, w[0], w[1]))


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _one(rows: list[tuple[int, Feature]], aggregate: str) -> int:
    return next((c for c, r in rows if r.aggregate == aggregate), -1)


def _by_nth(rows: list[tuple[int, Feature]], aggregate: str) -> Ints:
    """Columns by nth, from the first; -1 where one is not wanted."""
    found = {int(r.nth or 0): c for c, r in rows if r.aggregate == aggregate}
    return _ints(found.get(n, -1) for n in range(1, max(found, default=0) + 1))


def _counts(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    kernels.counts(b.edges, _ints(b.window(r) for _, r in rows), _ints(c for c, _ in rows), b.out, b.at)


def _active_days(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    _, _, place = b.stream.active_days
    kernels.active_days(place, b.edges, _ints(b.window(r) for _, r in rows), _ints(c for c, _ in rows), b.out, b.at)


def _trends(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    windows, befores = _ints(b.window(r) for _, r in rows), _ints(b.window(r, 2) for _, r in rows)
    kernels.trends(b.edges, windows, befores, _ints(c for c, _ in rows), b.out, b.at)


def _ages(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    kernels.ages(b.stream.times, b.pairs.cutoffs, b.edges, _one(rows, "days_since_last"), _one(rows, "days_since_first"), b.out, b.at)


def _values(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    nested = b.nested(rows)
    windows = list(dict.fromkeys(w for w, _, _ in nested))
    column = {(w, r.aggregate): c for w, c, r in nested}
    wanted = [_ints(column.get((w, a), -1) for w in windows) for a in ("sum", "mean", "max")]
    kernels.value_windows(b.stream.columns["value"], b.edges, _ints(windows), *wanted, b.out, b.at)


def _distinct(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    nested = b.nested(rows)
    kernels.distinct_items(
        b.stream.columns["item"],
        b.stream.next_same_item,
        b.edges,
        _ints(w for w, _, _ in nested),
        _ints(c for _, c, _ in nested),
        b.out,
        b.at,
    )


def _rhythm(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    _, days, place = b.stream.active_days
    wanted = [_one(rows, a) for a in ("gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer")]
    kernels.rhythm(b.stream.times, place, days, b.pairs.cutoffs, b.edges, *wanted, _by_nth(rows, "last_gap"), b.out, b.at)


def _decayed(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    _, days, place = b.stream.active_days
    half_lives = np.array([span(str(r.window)) / DAY for _, r in rows])
    longest = int(days.max(initial=0) - days.min(initial=0)) + 1 if len(days) else 1
    decay = np.exp2(-np.arange(longest + 1)[None, :] / half_lives[:, None])
    kernels.decayed_days(
        b.pairs.customers, b.stream.times, place, days, b.pairs.cutoffs, b.edges, decay, half_lives, _ints(c for c, _ in rows), b.out, b.at
    )


def _values_back(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    kernels.values_back(b.stream.columns["value"], b.edges, _by_nth(rows, "last_value"), b.out, b.at)


def _first_counts(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    spans, columns = _ints(span(str(r.window)) for _, r in rows), _ints(c for c, _ in rows)
    kernels.first_counts(
        b.stream.offsets, b.stream.times, b.origins, b.pairs.customers, b.pairs.cutoffs, b.edges, spans, columns, b.out, b.at
    )


def _nth_days(b: _Block, rows: list[tuple[int, Feature]]) -> None:
    nth, columns = _ints(int(r.nth or 1) for _, r in rows), _ints(c for c, _ in rows)
    kernels.nth_days(b.stream.offsets, b.stream.times, b.origins, b.pairs.customers, b.pairs.cutoffs, b.edges, nth, columns, b.out, b.at)


_FAMILIES: dict[tuple[str, ...], Any] = {
    ("count",): _counts,
    ("active_days",): _active_days,
    ("trend",): _trends,
    ("days_since_last", "days_since_first"): _ages,
    ("sum", "mean", "max"): _values,
    ("distinct",): _distinct,
    ("gap_mean", "gap_sd", "gap_max", "gap_ratio", "gap_share_longer", "last_gap"): _rhythm,
    ("decayed",): _decayed,
    ("last_value",): _values_back,
    ("first_count",): _first_counts,
    ("days_to",): _nth_days,
}
