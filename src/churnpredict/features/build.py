"""Build the feature frame from catalog rows and streams, indexed by customer and cutoff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.argument_checks import shows_call
from churnpredict.churn.pairs import index_of, sorted_pairs
from churnpredict.clock import NEVER, calendar_time
from churnpredict.errors import MismatchError, UsageError, closest, kind_of, warn
from churnpredict.events.expected import check_tables
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables, Intervals, States
from churnpredict.events.values.labels import labels_of
from churnpredict.events.visits import visits
from churnpredict.events.window_edges import window_edges
from churnpredict.features.aggregates import Block, Plan, Wanted
from churnpredict.features.asof import RowsThatHold, is_label, label_that_holds, names_of, number_that_holds, season, seats_of, tenure
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import AGGREGATES, OF_ATTRIBUTES, OF_KIND, OF_SEATS, OF_VISITS, WRITTEN_LATER, Feature
from churnpredict.features.peers import PEER_AGGREGATES, PeerCounts, count_peers, of_peers
from churnpredict.features.threads import in_threads
from churnpredict.spans import SpanLike, span

__all__ = ["build_features", "build_rows", "check_kinds", "check_rows", "checked_rows", "features_listed"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
_LISTED = "Give a list of features: cp.catalog(tables) + [...]."
BLOCK = 1 << 15  # snapshots at a time: their edges stay in the cache


@shows_call('cp.build_features(tables, snapshots) with snapshots = cp.take_snapshots(tables, churn, every="15d")')
def build_features(
    tables: EventTables,
    snapshots: pd.DataFrame,
    *,
    features: Sequence[Feature | OwnFeature] | None = None,
    history: SpanLike | None = None,
    n_jobs: int = 1,
) -> pd.DataFrame:
    """Build the features of each customer at each cutoff.

    All cutoffs of a customer are computed in one pass over the customer's time-sorted rows, so many cutoffs cost little more than one.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    features : list of Feature or OwnFeature, optional
        Rows of the catalog and your own; :func:`catalog` by default.
    history : span, optional
        How far back features may look, such as ``"730d"`` or ``"2y"``; without limit by default.
    n_jobs : int
        Threads; -1 for one per core. Features do not depend on it.

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
    >>> shop = cp.make_business(50, random_state=0)
    >>> past = cp.take_snapshots(shop.tables, shop.churn, every="30d")
    >>> rows = cp.catalog(shop.tables) + [cp.Feature("orders", "sum", "45d")]
    >>> X = cp.build_features(shop.tables, past, features=rows)
    >>> X.index.names, "value__orders_sum_45d" in X
    (FrozenList(['customer_id', 'cutoff']), True)
    """
    check_tables(tables, "build_features(tables, snapshots)")
    customers, cutoffs = sorted_pairs(tables, snapshots)
    if features is None:
        latest = pd.Timestamp(int(cutoffs.max()), unit="us", tz="UTC") if len(cutoffs) else None
        features = catalog(tables, until=latest, history=history)
    rows = checked_rows(features, tables)
    counts = PeerCounts()
    count_peers([r for r in rows if isinstance(r, Feature)], tables, cutoffs, counts)
    return build_rows(tables, customers, cutoffs, rows, counts, history=history, n_jobs=n_jobs)


def features_listed(given: Any) -> list[Any]:
    """Return features as a list; anything but features is refused.

    >>> features_listed(["orders"])
    Traceback (most recent call last):
    churnpredict.errors.UsageError: features holds a text. Give a list of features: cp.catalog(tables) + [...]. [bad-argument]
    """
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise UsageError("bad-argument", f"features is {kind_of(given)}", remedy=_LISTED)
    listed = list(given)
    others = [f for f in listed if not isinstance(f, (Feature, OwnFeature))]
    if others:
        raise UsageError("bad-argument", f"features holds {kind_of(others[0])}", remedy=_LISTED)
    return listed


def checked_rows(features: Sequence[Feature | OwnFeature], tables: EventTables) -> list[Feature | OwnFeature]:
    """Return the features with their drivers settled, after :func:`check_rows`."""
    features = features_listed(features)
    rows = [f if isinstance(f, OwnFeature) else with_driver(f, tables) for f in features]
    check_rows(rows, tables)
    return rows


def build_rows(
    tables: EventTables,
    customers: Codes,
    cutoffs: Ints,
    rows: Sequence[Feature | OwnFeature],
    counts: PeerCounts,
    *,
    history: SpanLike | None,
    n_jobs: int,
    built: Mapping[str, Callable[[Floats], object]] = MappingProxyType({}),
) -> pd.DataFrame:
    """Return the features of checked rows for sorted snapshots; ``counts`` are those of all customers, of whom ``tables`` may be a part.

    Features in ``built`` were computed before: each name has a function that writes its values into an array of shape (n,).
    """
    limit = None if history is None else span(history, "history")
    holding = RowsThatHold(tables, customers, cutoffs, limit)
    labels = {r.name: label_that_holds(r, holding) for r in rows if isinstance(r, Feature) and is_label(r, tables)}
    numeric = [r for r in rows if r.name not in labels]
    out = np.empty((len(numeric), len(customers)), np.float32)
    # Features of a stream are not computed here one by one, but collected: (table, kind, visits alone) -> its features, for one pass.
    rows_of: dict[tuple[str, str | None, bool], Wanted] = defaultdict(list)
    for column, row in enumerate(numeric):
        if row.name in built:
            built[row.name](out[column])
        elif isinstance(row, OwnFeature):
            out[column] = row.compute(tables, customers, cutoffs)
        elif row.aggregate in PEER_AGGREGATES:
            out[column] = of_peers(row, tables, customers, cutoffs, counts)
        elif row.aggregate in ("attribute", "state", "days_until"):
            out[column] = number_that_holds(row, holding)
        elif row.table in tables.streams:
            kind = None if row.aggregate in OF_KIND else row.kind
            rows_of[row.table, kind, kind is None and row.aggregate in OF_VISITS].append((column, row))
        else:
            out[column] = season(row, tables, cutoffs) if row.table == "calendar" else tenure(row, tables, customers, cutoffs)
    for name in dict.fromkeys(name for name, _, _ in rows_of):
        if (name, None, True) in rows_of and visits(tables, name) is tables.stream(name):  # all are visits: one pass is enough
            rows_of[name, None, False] += rows_of.pop((name, None, True))
    for (name, kind, visited), wanted in rows_of.items():
        stream = visits(tables, name) if visited else tables.stream(name, kind)
        kinds = names_of(tables, name).get("kind", pa.array([], pa.string())).to_pylist()
        replies, session = (getattr(tables.declarations[name], role, None) for role in ("replies", "session"))
        _fill(tables, stream, Plan(wanted, limit, kinds, labels_of(replies or ()), session), customers, cutoffs, out, n_jobs)
    for column, row in enumerate(numeric):
        if isinstance(row, Feature) and row.aggregate in OF_SEATS and row.name not in built:
            # Here the column holds a number of people: of the paid seats it becomes a share.
            paid = number_that_holds(seats_of(row, tables), holding)
            out[column] = np.divide(out[column], paid, out=np.full_like(paid, np.nan), where=paid > 0)
    frame = pd.DataFrame(out.T, index=index_of(tables, customers, cutoffs), columns=[r.name for r in numeric], copy=False)
    return frame.assign(**labels)[[r.name for r in rows]] if labels else frame


def check_rows(rows: Sequence[Feature | OwnFeature], tables: EventTables) -> None:
    """Refuse rows that name missing tables or columns, before anything is computed."""
    names: set[str] = set()
    for row in rows:
        if row.name in names:
            raise UsageError(
                "duplicate-feature",
                f'two rows have the name "{row.name}"',
                remedy="Keep one, or give one another name: driver=, or called= for its kind or column.",
            )
        names.add(row.name)
        if isinstance(row, OwnFeature):
            for table in row.tables:
                tables.stream(table)
            continue
        offered, columns = _declared(row, tables)
        needs = AGGREGATES[row.aggregate].needs
        if needs not in offered:
            raise UsageError(
                "needs-column",
                f'"{row.aggregate}" needs {needs or "a table of events"}, which the table does not declare',
                table=row.table,
                remedy="Name another table, or declare the column where the tables are declared.",
            )
        if needs == "seats":
            seats_of(row, tables)
        if row.column is not None and row.column not in columns:
            remedy = f"Declare it.{closest(row.column, columns)}"
            raise UsageError("needs-column", "this column is not declared", table=row.table, column=row.column, remedy=remedy)


def check_kinds(rows: Sequence[Feature | OwnFeature], tables: EventTables, *, refuse: bool = False) -> None:
    """Warn about tables with none of the kinds of their features: most likely the kinds have been renamed.

    Raises
    ------
    MismatchError
        ``absent-kinds``, with ``refuse``.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if isinstance(row, Feature) and row.kind is not None:
            wanted[row.table].add(row.kind)
    for table, kinds in wanted.items():
        occurring = tables.labels.get(table, {}).get("kind")
        if occurring is None or not len(tables.streams[table]) or kinds & set(occurring.to_pylist()):
            continue
        what = f"the model was trained with {len(kinds):,} kinds of rows, and none of them occurs here: their features are all empty"
        remedy = "Write the kinds as in training (check 1 against 1.0, yes against true), or train again."
        if refuse:
            raise MismatchError("absent-kinds", what, table=table, remedy=remedy)
        warn("absent-kinds", what, table=table, remedy=remedy, stacklevel=5)


def _declared(row: Feature, tables: EventTables) -> tuple[set[str], list[str]]:
    """Return what the feature's table offers to aggregates, and its columns."""
    if row.table == "calendar":
        return {"calendar"}, []
    profile = tables.profile
    ours = profile is not None and row.table == profile.name
    stream = profile.versions if profile is not None and ours else tables.stream(row.table)
    declared = tables.declarations[row.table]
    changing = isinstance(declared, Intervals) and row.column in declared.attributes and row.aggregate in OF_ATTRIBUTES
    holds = {"state" if changing or isinstance(declared, States) else "attribute"}
    if row.column in tables.labels[row.table] and row.column != "user":  # people are counted within accounts
        holds.add("label")
    elif row.column in getattr(declared, "dates", ()):
        holds = {"date", "state"} if isinstance(declared, States) and row.aggregate != "state" else {"date"}
    if profile is not None and ours:
        return holds | ({"since"} if profile.since is not None else set()), [*profile.attributes, *getattr(declared, "dates", ()), "owner"]
    if "user" in stream.columns:
        holds |= {f"user and {role}" for role in ("kind", "item", "value") if role in stream.columns}
    known = [name for name in stream.columns if name not in WRITTEN_LATER]
    return {"", *stream.columns, *holds, *(role for role in ("replies", "seats") if getattr(declared, role, None))}, known


def _origins(tables: EventTables, stream: Stream, owners: Codes | None = None) -> Ints:
    """Return when each customer of the stream began: joined, or else first appeared in the table."""
    first = np.full(stream.n_customers, NEVER, np.int64)
    some = np.diff(stream.offsets) > 0
    first[some] = stream.times[stream.offsets[:-1][some]]
    if tables.profile is None or tables.profile.since is None:
        return first
    since = tables.profile.since if owners is None else tables.profile.since[owners]
    return np.where(since == NEVER, first, since)


def _fill(tables: EventTables, stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, out: Floats, n_jobs: int) -> None:
    """Compute all features of one stream, block after block of snapshots."""
    origins = _origins(tables, stream)

    def run(start: int) -> None:
        block = slice(start, start + BLOCK)
        _run(stream, plan, customers[block], cutoffs[block], origins, out, start)

    in_threads(run, range(0, len(customers), BLOCK), n_jobs)
    if "known" in stream.columns:
        correct_for_late_rows(tables, stream, plan, customers, cutoffs, out)
    plan.copy_repeats(out)


def _run(stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, origins: Ints, out: Floats, start: int) -> None:
    edges = window_edges(stream, customers, cutoffs, plan.spans)
    plan.run(stream, Block(customers, cutoffs, calendar_time(cutoffs, stream.timezone), edges, origins, out, start))


def correct_for_late_rows(tables: EventTables, stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, out: Floats) -> None:
    """Compute again the snapshots with rows that had happened before the cutoff, but became known after it.

    Each of these snapshots becomes a separate customer whose history is what was known, so that the kernels need not handle late rows.
    """
    late = _visible_rows(stream.offsets, stream.times, stream.columns["known"], customers, cutoffs)
    wrong = np.flatnonzero(late >= 0)
    for start in range(0, len(wrong), BLOCK):
        some = wrong[start : start + BLOCK]
        offsets = np.concatenate([[0], np.cumsum(late[some])])
        picked = _pick_visible(stream.offsets, stream.times, stream.columns["known"], customers[some], cutoffs[some], offsets)
        past = Stream(offsets, stream.times[picked], {k: v[picked] for k, v in stream.columns.items()}, stream.timezone)
        part = np.empty((len(out), len(some)), np.float32)
        _run(past, plan, np.arange(len(some), dtype=np.int32), cutoffs[some], _origins(tables, past, customers[some]), part, 0)
        out[np.ix_(np.array(plan.columns), some)] = part[plan.columns]


@nb.njit(cache=True, nogil=True)
def _visible_rows(offsets, times, known, customers, cutoffs):  # type: ignore[no-untyped-def]
    """Write for each snapshot the number of rows known before it if some row was late, else -1."""
    found = np.empty(customers.size, np.int64)
    for r in range(customers.size):
        n, late = 0, False
        i = offsets[customers[r]]
        while i < offsets[customers[r] + 1] and times[i] < cutoffs[r]:
            if known[i] < cutoffs[r]:
                n += 1
            else:
                late = True
            i += 1
        found[r] = n if late else -1
    return found


@nb.njit(cache=True, nogil=True)
def _pick_visible(offsets, times, known, customers, cutoffs, places):  # type: ignore[no-untyped-def]
    picked = np.empty(places[-1], np.int64)
    for r in range(customers.size):
        p = places[r]
        i = offsets[customers[r]]
        while i < offsets[customers[r] + 1] and times[i] < cutoffs[r]:
            if known[i] < cutoffs[r]:
                picked[p] = i
                p += 1
            i += 1
    return picked
