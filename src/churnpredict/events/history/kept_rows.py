"""The kept rows of one table and one partition of customers: grouped, in order, merged, cut, and taken apart again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.one_row import HIDDEN
from churnpredict.events.reading import are_midnights
from churnpredict.events.rows import Rows
from churnpredict.events.sources.spill import bucket_of, id_texts
from churnpredict.events.streams import UNIT, are_events, event_columns, group_rows

__all__ = ["KeptRows", "group_by_partition", "merge_rows", "without_units"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Columns = dict[str, npt.NDArray[Any]]
_NONE = np.empty(0, np.int32)


@dataclass(frozen=True)
class KeptRows:
    """Rows of one table, grouped by their sorted customer ids and in the one order that :func:`group_rows` knows.

    That order depends on nothing but the rows: so the rows of two, merged, are the rows of both, grouped at once. This is what a kept
    history rests on.

    Attributes
    ----------
    ids : pyarrow.Array
        Sorted; each has rows.
    offsets : ndarray of shape (n_ids + 1,), int64
    times : ndarray of shape (n,), int64
    columns : dict of str to ndarray of shape (n,)
        As :class:`Rows` has them, with the unit of each row under ``UNIT``, and the keys by which rows are brought together.
    labels : dict of str to pyarrow.Array
        Sorted; each is on some row.
    days_only : bool
        Whether all times are midnights.
    """

    ids: pa.Array
    offsets: Ints
    times: Ints
    columns: dict[str, npt.NDArray[Any]]
    labels: dict[str, pa.Array]
    days_only: bool

    def __len__(self) -> int:
        return len(self.times)

    def unmarked(self) -> KeptRows:
        """Return them without their units."""
        return replace(self, columns={name: values for name, values in self.columns.items() if name != UNIT})

    def rows(self, aware: bool | None) -> Rows:
        """Return them as they are read from a source, but grouped."""
        return Rows(_NONE, self.ids, self.times, self.columns, self.labels, aware, self.days_only, None, self.offsets)


def group_by_partition(rows: Rows, n: int, timezone: str) -> dict[int, KeptRows]:
    """Return the rows of each of n partitions of customers that has some."""
    if not len(rows.times):
        return {}
    used = np.zeros(len(rows.ids), np.bool_)
    used[rows.codes] = True
    partition = bucket_of(id_texts(rows.ids), n)
    ranked = np.asarray(pc.sort_indices(rows.ids).to_numpy(zero_copy_only=False), np.int64)
    ranked = ranked[used[ranked]]
    order = ranked[np.argsort(partition[ranked], kind="stable")]
    remap = np.full(len(rows.ids), -1, np.int32)
    remap[order] = np.arange(len(order), dtype=np.int32)
    units = np.zeros(len(rows.times), np.int32) if rows.units is None else rows.units.astype(np.int32)
    plain, beside = _apart({**rows.columns, UNIT: units})
    grouped, _ = group_rows(rows.codes, remap, len(order), rows.times, {**plain, UNIT: np.arange(len(units), dtype=np.int32)}, timezone)
    ordered = _joined(grouped.columns, beside)
    ids = rows.ids.take(pa.array(order))
    ends = np.searchsorted(partition[order], np.arange(n + 1))
    found = {}
    for number in np.flatnonzero(np.diff(ends)).tolist():
        a, b = ends[number], ends[number + 1]
        some = slice(grouped.offsets[a], grouped.offsets[b])
        columns = {name: values[some] for name, values in ordered.items()}
        offsets = grouped.offsets[a : b + 1] - grouped.offsets[a]
        kept = KeptRows(ids.slice(a, b - a), offsets, grouped.times[some], columns, dict(rows.labels), rows.days_only)
        found[number] = _with_used_labels(kept)
    return found


def _apart(columns: Columns) -> tuple[Columns, Columns]:
    """Return columns that decide on the order of rows, and those that only go along with them."""
    plain = {name: values for name, values in columns.items() if not name.startswith(HIDDEN)}
    return plain, {name: values for name, values in columns.items() if name.startswith(HIDDEN)}


def _joined(ordered: Columns, beside: Columns) -> Columns:
    """Return ordered rows with what goes along with them; before, each had its place among all under ``UNIT``."""
    place = ordered[UNIT]
    plain = {name: values for name, values in ordered.items() if name != UNIT}
    return plain | {name: values[place] for name, values in beside.items()}


def without_units(kept: KeptRows, gone: Collection[int], timezone: str) -> KeptRows | None:
    """Return the rows that came from other units, None for none."""
    stay = ~np.isin(kept.columns[UNIT], np.array(sorted(gone), np.int32))
    if not stay.any():
        return None
    counts = np.add.reduceat(np.append(stay, False).astype(np.int64), kept.offsets[:-1])
    there = counts > 0
    offsets = np.append(0, np.cumsum(counts[there]))
    columns = {name: values[stay] for name, values in kept.columns.items()}
    times = kept.times[stay]
    ids = kept.ids.filter(pa.array(there))
    return _with_used_labels(KeptRows(ids, offsets, times, columns, kept.labels, are_midnights(times, timezone)))


def _with_used_labels(kept: KeptRows) -> KeptRows:
    """Return the rows with only the labels that are on some of them."""
    columns, labels = dict(kept.columns), {}
    for name, values in kept.labels.items():
        used = np.bincount(columns[name] + 1, minlength=len(values) + 1)[1:] > 0
        labels[name] = values if used.all() else values.filter(pa.array(used))
        if not used.all():
            columns[name] = np.append(np.cumsum(used, dtype=np.int32) - 1, np.int32(-1))[columns[name]]
    return replace(kept, columns=columns, labels=labels)


def merge_rows(first: KeptRows, second: KeptRows, timezone: str) -> KeptRows:
    """Return the rows of both: what :func:`group_by_partition` returns of all of them, read together.

    Labels are sorted, so that codes into those of both are in the order of the codes before, and no row changes its place.
    """
    ids, places = _united([first.ids, second.ids])
    labels, columns = {}, [dict(first.columns), dict(second.columns)]
    for name in first.labels:
        labels[name], own = _united([first.labels[name], second.labels[name]])
        for side, place in zip(columns, own, strict=True):
            if len(place) < len(labels[name]):
                side[name] = np.append(place, np.int32(-1))[side[name]]
    days_only = first.days_only and second.days_only
    keyed = [name for name in first.columns if name.startswith(HIDDEN) and name != UNIT]
    beside: Columns = {}
    if keyed:  # the kernel moves one column beside those of events: the place of each row
        beside = {name: np.concatenate([columns[0].pop(name), columns[1].pop(name)]) for name in [*keyed, *({UNIT} & set(columns[0]))]}
        n = len(first)
        columns[0][UNIT], columns[1][UNIT] = np.arange(n, dtype=np.int32), np.arange(n, n + len(second), dtype=np.int32)
    if not are_events(columns[0]):
        owners = [np.repeat(place, np.diff(side.offsets)) for place, side in zip(places, (first, second), strict=True)]
        joined = {name: np.concatenate([columns[0][name], columns[1][name]]) for name in columns[0]}
        times, n = np.concatenate([first.times, second.times]), len(ids)
        stream, _ = group_rows(np.concatenate(owners), np.arange(n, dtype=np.int32), n, times, joined, timezone)
        return KeptRows(ids, stream.offsets, stream.times, _joined(stream.columns, beside) if keyed else stream.columns, labels, days_only)
    names = list(columns[0])
    n, total = len(ids), len(first) + len(second)
    offsets, times = np.zeros(n + 1, np.int64), np.empty(total, np.int64)  # made by NumPy, which asks for large pages
    merged = {name: np.empty(total, columns[0][name].dtype) for name in names}
    sides = [
        (kept.offsets, kept.times, *event_columns(own), own.get(UNIT, _NONE)) for kept, own in zip((first, second), columns, strict=True)
    ]
    _merge_events(places[0], places[1], sides[0], sides[1], offsets, times, *event_columns(merged), merged.get(UNIT, _NONE))
    np.cumsum(offsets, out=offsets)
    return KeptRows(ids, offsets, times, _joined(merged, beside) if keyed else merged, labels, days_only)


def _united(values: list[pa.Array]) -> tuple[pa.Array, list[Codes]]:
    """Return the sorted values of both, and the place of each one's among them."""
    first, second = values[0], values[1] if values[1].type == values[0].type else values[1].cast(values[0].type)
    place = pc.index_in(second, value_set=first)
    if place.null_count == 0 and len(first):
        return first, [np.arange(len(first), dtype=np.int32), place.to_numpy(zero_copy_only=False).astype(np.int32)]
    both = pc.unique(pa.chunked_array([first, second]))
    both = both.take(pc.sort_indices(both))
    return both, [pc.index_in(v, value_set=both).to_numpy(zero_copy_only=False).astype(np.int32) for v in (first, second)]


@nb.njit(cache=True, nogil=True)
def _is_after(t, v, k, m, s, w, i, other_t, other_v, other_k, other_m, other_s, other_w, j):  # type: ignore[no-untyped-def]  # noqa: PLR0911 - one return a column
    """Return whether row i of one comes after row j of the other: by time, value, kind, item, user and known time, as rows are sorted."""
    if t[i] != other_t[j]:
        return t[i] > other_t[j]
    if v.size and v[i] != other_v[j]:
        return v[i] > other_v[j]
    if k.size and k[i] != other_k[j]:
        return k[i] > other_k[j]
    if m.size and m[i] != other_m[j]:
        return m[i] > other_m[j]
    if s.size and s[i] != other_s[j]:
        return s[i] > other_s[j]
    if w.size and w[i] != other_w[j]:
        return w[i] > other_w[j]
    return False


@nb.njit(cache=True, nogil=True)
def _copy(source, a, b, target, p):  # type: ignore[no-untyped-def]
    """Copy rows from a to b to the place p, if the column is there."""
    if target.size:
        for i in range(b - a):
            target[p + i] = source[a + i]


@nb.njit(cache=True, nogil=True)
def _merge_events(place_1, place_2, side_1, side_2, offsets, t, v, k, m, s, w, u):  # type: ignore[no-untyped-def]
    """Merge two sets of rows, customer by customer; of equal rows those of the first come first.

    The second is the smaller one: the place of each of its rows is searched for, and the rows before it are copied together.
    ``place_1`` and ``place_2``, ascending, say which customer each one's ids are; a column that is not there is empty. ``offsets`` receives
    the number of rows of customer c at c + 1.
    """
    o1, t1, v1, k1, m1, s1, w1, u1 = side_1
    o2, t2, v2, k2, m2, s2, w2, u2 = side_2
    b1, b2 = v1.view(np.int64), v2.view(np.int64)  # values are compared by their bits, as rows are sorted
    for c in range(place_1.size):
        offsets[place_1[c] + 1] = o1[c + 1] - o1[c]
    done, c1, p = 0, 0, 0  # rows of the first that are copied, the id that comes next, and the place for the next row
    for c2 in range(place_2.size):
        c = place_2[c2]
        offsets[c + 1] += o2[c2 + 1] - o2[c2]
        while c1 < place_1.size and place_1[c1] < c:
            c1 += 1
        low = o1[c1]
        end = o1[c1 + 1] if c1 < place_1.size and place_1[c1] == c else low
        for j in range(o2[c2], o2[c2 + 1]):
            high = end
            if low < end and not _is_after(t1, b1, k1, m1, s1, w1, end - 1, t2, b2, k2, m2, s2, w2, j):
                low = end  # most new rows are the last of their customer
            while low < high:
                middle = (low + high) // 2
                if _is_after(t1, b1, k1, m1, s1, w1, middle, t2, b2, k2, m2, s2, w2, j):
                    high = middle
                else:
                    low = middle + 1
            _copy(t1, done, low, t, p)
            _copy(v1, done, low, v, p)
            _copy(k1, done, low, k, p)
            _copy(m1, done, low, m, p)
            _copy(s1, done, low, s, p)
            _copy(w1, done, low, w, p)
            _copy(u1, done, low, u, p)
            p, done = p + low - done, low
            _copy(t2, j, j + 1, t, p)
            _copy(v2, j, j + 1, v, p)
            _copy(k2, j, j + 1, k, p)
            _copy(m2, j, j + 1, m, p)
            _copy(s2, j, j + 1, s, p)
            _copy(w2, j, j + 1, w, p)
            _copy(u2, j, j + 1, u, p)
            p += 1
    _copy(t1, done, t1.size, t, p)
    _copy(v1, done, t1.size, v, p)
    _copy(k1, done, t1.size, k, p)
    _copy(m1, done, t1.size, m, p)
    _copy(s1, done, t1.size, s, p)
    _copy(w1, done, t1.size, w, p)
    _copy(u1, done, t1.size, u, p)
