"""Rows of the catalog and streams of events become one frame of features, indexed by customer and cutoff."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.errors import UsageError, closest
from churnpredict.events.snapshots import index_of, sorted_pairs
from churnpredict.events.streams import Stream, latest_known, positions
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY, NEVER, span
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.features.families import Block, Plan, Wanted
from churnpredict.features.feature import AGGREGATES, OF_KIND, Feature

__all__ = ["build_features"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
_BLOCK = 1 << 15  # snapshots at a time: their edges stay in the cache
_YEAR = 365.2425


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
    customers, cutoffs = sorted_pairs(tables, snapshots)
    limit = None if history is None else span(history, "history")
    latest = int(cutoffs.max()) if len(cutoffs) else NEVER
    if features is None:
        rows = catalog(tables, before=pd.Timestamp(latest, unit="us", tz="UTC") if len(cutoffs) else None, history=history)
    else:
        rows = [with_driver(f, tables) for f in features]
    _check(rows, tables)
    labels = {r.name: _label(r, tables, customers, cutoffs, limit, latest) for r in rows if _is_label(r, tables)}
    numeric = [r for r in rows if r.name not in labels]
    out = np.empty((len(numeric), len(customers)), np.float32)
    streams: dict[tuple[str, str | None], Wanted] = defaultdict(list)
    for column, row in enumerate(numeric):
        if row.aggregate in ("attribute", "state"):
            out[column] = _latest_number(row, tables, customers, cutoffs, limit)
        elif row.table in tables.streams:
            streams[row.table, None if row.aggregate in OF_KIND else row.kind].append((column, row))
        else:
            out[column] = _of_calendar(row, tables, cutoffs) if row.table == "calendar" else _of_tenure(row, tables, customers, cutoffs)
    for (name, kind), wanted in streams.items():
        kinds = [str(k) for k in _names(tables, name).get("kind", pa.array([], pa.string())).to_pylist()]
        _fill(tables, tables.stream(name, kind), Plan(wanted, limit, kinds), customers, cutoffs, out)
    frame = pd.DataFrame(out.T, index=index_of(tables, customers, cutoffs), columns=[r.name for r in numeric], copy=False)
    return frame.assign(**labels)[[r.name for r in rows]] if labels else frame


def _check(rows: Sequence[Feature], tables: EventTables) -> None:
    """Refuse rows that name what is not there, before anything is computed."""
    names: set[str] = set()
    for row in rows:
        aggregate = AGGREGATES[row.aggregate]
        if row.table == "calendar" or (tables.profile is not None and row.table == tables.profile.name):
            there = (
                {"calendar"}
                if row.table == "calendar"
                else {"attribute", *(["since"] if tables.profile and tables.profile.since is not None else [])}
            )
            columns = [] if tables.profile is None else tables.profile.attributes
        else:
            stream = tables.stream(row.table)
            there = {"", *stream.columns, *(["state"] if hasattr(tables.declarations[row.table], "values") else ["attribute"])}
            columns = list(stream.columns)
        if aggregate.needs not in there:
            raise UsageError(
                "needs-column",
                f'"{row.aggregate}" needs {aggregate.needs or "a table of events"}, which the table does not declare',
                table=row.table,
                remedy="Name another table, or declare the column where the tables are declared.",
            )
        if row.column is not None and row.column not in columns:
            remedy = f"Declare it.{closest(row.column, columns)}"
            raise UsageError("needs-column", "this column is not declared", table=row.table, column=row.column, remedy=remedy)
        if row.name in names:
            raise UsageError("duplicate-feature", f'two rows make "{row.name}"', remedy="Keep one, or give one another driver.")
        names.add(row.name)


def _is_label(row: Feature, tables: EventTables) -> bool:
    return row.aggregate in ("attribute", "state") and row.column in _names(tables, row.table)


def _names(tables: EventTables, table: str) -> dict[str, pa.Array]:
    """What the codes of a table's labels stand for."""
    return tables.labels.get(table, {})


def _rows_that_hold(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: int | None) -> tuple[Stream, Ints]:
    """The stream of the feature's table, and the row of it that held at each snapshot, -1 for none."""
    if tables.profile is not None and row.table == tables.profile.name:
        found = tables.profile.as_of(customers, cutoffs)
        return tables.profile.versions, found
    stream = tables.stream(row.table, row.kind)
    return stream, latest_known(stream, customers, cutoffs, -1 if limit is None else limit)


def _latest_number(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: int | None) -> Floats:
    stream, held = _rows_that_hold(row, tables, customers, cutoffs, limit)
    return np.append(stream.columns[str(row.column)], np.nan)[held].astype(np.float32)


def _label(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: int | None, latest: int) -> pd.Categorical:
    """A label as it stood. Categories are those known before the latest cutoff, so that the future adds none."""
    stream, held = _rows_that_hold(row, tables, customers, cutoffs, limit)
    codes, names = stream.columns[str(row.column)], _names(tables, row.table)[str(row.column)]
    known = stream.columns.get("known", stream.times) < latest
    if tables.profile is not None and row.table == tables.profile.name:
        known &= tables.profile.joined_before(latest)[stream.owners]
    used = np.unique(codes[known & (codes >= 0)])
    place = np.full(len(names) + 1, -1, np.int32)  # the last place is that of missing labels
    place[used] = np.arange(len(used))
    categories = pd.Index([str(names[int(i)].as_py()) for i in used], dtype=object)
    return pd.Categorical.from_codes(place[np.append(codes, -1)[held]], categories=categories)


def _of_calendar(row: Feature, tables: EventTables, cutoffs: Ints) -> Floats:
    place, distinct = pd.factorize(cutoffs)
    angle = 2 * np.pi * (tables.wall_times(distinct).day_of_year.to_numpy() - 1) / _YEAR
    return np.asarray(np.sin(angle) if row.aggregate == "season_sin" else np.cos(angle), np.float32)[place]


def _of_tenure(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints) -> Floats:
    assert tables.profile is not None
    assert tables.profile.since is not None
    since = tables.profile.since[customers]
    joined = (since != NEVER) & (since < cutoffs)
    tenure = np.where(joined, (cutoffs - np.where(joined, since, 0)) / DAY, np.nan)
    return np.asarray(tenure if row.aggregate == "tenure_days" else np.floor(tenure / _YEAR) + 1, np.float32)


def _origins(tables: EventTables, stream: Stream, owners: Codes | None = None) -> Ints:
    """When each customer of the stream began: joined, or else first appeared in the table."""
    first = np.full(stream.n_customers, NEVER, np.int64)
    some = np.diff(stream.offsets) > 0
    first[some] = stream.times[stream.offsets[:-1][some]]
    if tables.profile is None or tables.profile.since is None:
        return first
    since = tables.profile.since if owners is None else tables.profile.since[owners]
    return np.where(since == NEVER, first, since)


def _fill(tables: EventTables, stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, out: Floats) -> None:
    """Compute all features of one stream, block after block of snapshots."""
    origins = _origins(tables, stream)
    for start in range(0, len(customers), _BLOCK):
        block = slice(start, start + _BLOCK)
        _run(stream, plan, customers[block], cutoffs[block], origins, out, start)
    if "known" in stream.columns:
        _correct_for_late_rows(tables, stream, plan, customers, cutoffs, out)
    plan.copy_repeats(out)


def _run(stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, origins: Ints, out: Floats, start: int) -> None:
    edges = np.empty((len(plan.spans) + 1, len(customers)), np.int64)
    positions(stream.offsets, stream.times, customers, cutoffs, plan.spans, edges)
    plan.run(stream, Block(customers, cutoffs, edges, origins, out, start))


def _correct_for_late_rows(tables: EventTables, stream: Stream, plan: Plan, customers: Codes, cutoffs: Ints, out: Floats) -> None:
    """Compute again the snapshots that some row had reached in time, but not in knowledge.

    Each of them becomes a customer of its own whose history is what was known, so that the kernels need not know of late rows.
    """
    late = _visible_rows(stream.offsets, stream.times, stream.columns["known"], customers, cutoffs)
    wrong = np.flatnonzero(late >= 0)
    for start in range(0, len(wrong), _BLOCK):
        some = wrong[start : start + _BLOCK]
        offsets = np.concatenate([[0], np.cumsum(late[some])])
        picked = _pick_visible(stream.offsets, stream.times, stream.columns["known"], customers[some], cutoffs[some], offsets)
        past = Stream(offsets, stream.times[picked], {k: v[picked] for k, v in stream.columns.items()}, stream.timezone)
        part = np.empty((len(out), len(some)), np.float32)
        _run(past, plan, np.arange(len(some), dtype=np.int32), cutoffs[some], _origins(tables, past, customers[some]), part, 0)
        out[np.ix_(np.array(plan.columns), some)] = part[plan.columns]


@nb.njit(cache=True, nogil=True)
def _visible_rows(offsets, times, known, customers, cutoffs):  # type: ignore[no-untyped-def]
    """For each snapshot the number of rows known before it if some row was late, else -1."""
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
