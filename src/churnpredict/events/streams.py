"""Streams: the rows of each customer in order of time, as flat arrays with offsets.

A little longer than most modules because the kernels that group, sort and search rows belong beside the arrays they are about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY, OPEN, calendar_time, local_time
from churnpredict.events.wide_rows import LATER_MOMENTS, count_same, sort_rows
from churnpredict.spans import Span

__all__ = [
    "UNIT",
    "Stream",
    "are_events",
    "count_labels",
    "event_columns",
    "group_rows",
    "local_days",
    "spread_rows",
]

Ints = npt.NDArray[np.int64]
T = TypeVar("T")
_EVENT_COLUMNS = ("value", "kind", "item", "user", "known")
_NO_TIME = Span()
UNIT = "\x1funit"  # a column that says from which part of its source a row came; it has no say in the order of rows


@dataclass(frozen=True)
class Stream:
    """The rows of one table, or of one kind of it, grouped by customer and sorted by time.

    Attributes
    ----------
    offsets : ndarray of shape (n_customers + 1,), int64
        Rows of customer ``c`` are ``offsets[c]:offsets[c + 1]``.
    times : ndarray of shape (n,), int64
        Microseconds UTC.
    columns : dict of str to ndarray of shape (n,)
        ``value`` (float64, NaN for missing), ``kind``, ``item`` and ``user`` (int32, -1 for missing), ``known`` (int64), as declared.
    timezone : str
        Whose calendar days are counted.
    """

    offsets: Ints
    times: Ints
    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    timezone: str = "UTC"

    def __len__(self) -> int:
        return len(self.times)

    @property
    def n_customers(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def owners(self) -> npt.NDArray[np.int32]:
        """The customer of each row, shape (n,)."""
        return np.repeat(np.arange(self.n_customers, dtype=np.int32), np.diff(self.offsets))

    @cached_property
    def active_days(self) -> tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Distinct calendar days with a row: offsets by customer, the days, and for each row the position of its day."""
        starts, days, place = np.zeros_like(self.offsets), np.empty(len(self), np.int32), np.empty(len(self), np.int64)
        _distinct_days(self.offsets, local_days(self.times, self.timezone), starts, days, place)
        return starts, days[: starts[-1]].copy(), place

    @cached_property
    def calendar_times(self) -> Ints:
        """The same for counting days: a day without a midnight begins at midnight all the same, shape (n,)."""
        return calendar_time(self.times, self.timezone)

    @cached_property
    def wall_times(self) -> Ints:
        """The clock on the wall of the business at each row, shape (n,)."""
        return local_time(self.times, self.timezone)

    def calendar_of(self, column: str, after: Span = _NO_TIME) -> Ints:
        """Return the calendar times of a column of moments, or a span after them; ``OPEN`` stays what it is, shape (n,)."""
        times = self.columns[column]
        if self.timezone == "UTC" and not after:
            return times
        found = self._walls.get((column, after))
        if found is None:
            there = after.after(np.where(times == OPEN, 0, times), self.timezone)
            found = self._walls[column, after] = np.where(times == OPEN, OPEN, calendar_time(there, self.timezone))
        return found

    @cached_property
    def _walls(self) -> dict[tuple[str, Span], Ints]:
        return {}

    @property
    def following(self) -> Ints:
        """The moment of the customer's next row, ``OPEN`` after the last, shape (n,)."""
        found = np.append(self.times[1:], OPEN)[: len(self.times)]
        found[self.offsets[1:][np.diff(self.offsets) > 0] - 1] = OPEN
        return found

    @cached_property
    def next_same_item(self) -> Ints:
        """For each row the position of the customer's next row with the same item, n for none; -1 for a row without an item."""
        items = self.columns["item"]
        following = np.full(len(items), len(items), np.int64)
        _next_same(self.offsets, items, np.full(int(items.max(initial=-1)) + 2, -1, np.int64), following)
        return following

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return what is made of these rows under a key, made once: blocks of customers ask for the same again and again."""
        if key not in self._made:
            self._made[key] = make()
        found: T = self._made[key]
        return found

    def where(self, keep: npt.NDArray[np.bool_]) -> Stream:
        """Return the rows that ``keep`` marks, for the same customers."""
        rows = np.flatnonzero(keep)  # found once for all columns
        offsets = np.searchsorted(rows, self.offsets).astype(self.offsets.dtype, copy=False)
        return replace(self, offsets=offsets, times=self.times[rows], columns={k: v[rows] for k, v in self.columns.items()})

    def known_before(self, moment: int) -> Stream:
        """Return only what was known strictly before ``moment``."""
        keep = self.times < moment
        if "known" in self.columns:
            keep &= self.columns["known"] < moment
        past = self if bool(keep.all()) else self.where(keep)
        columns = dict(past.columns)
        for name in LATER_MOMENTS:  # what has not happened yet
            if name in columns and ((columns[name] >= moment) & (columns[name] != OPEN)).any():
                columns[name] = np.where(columns[name] >= moment, OPEN, columns[name])
                if name == "end" and "value_at_end" in columns:
                    columns["value_at_end"] = np.where(columns["end"] == OPEN, np.nan, columns["value_at_end"])
                past = replace(past, columns=columns)
        return past


def local_days(times: Ints, timezone: str) -> npt.NDArray[np.int32]:
    """Return the calendar day of each time in ``timezone``, as days since 1970, shape (n,)."""
    days = np.empty(len(times), np.int32)  # large arrays are made by NumPy, which asks for large pages
    _floor_days(local_time(times, timezone), days)
    return days


@nb.njit(cache=True, nogil=True)
def _floor_days(times, days):  # type: ignore[no-untyped-def]
    for i in range(times.size):
        days[i] = times[i] // DAY


@nb.njit(cache=True, nogil=True)
def _distinct_days(offsets, days, starts, distinct, place):  # type: ignore[no-untyped-def]
    n = 0
    for c in range(offsets.size - 1):
        starts[c] = n
        for i in range(offsets[c], offsets[c + 1]):
            if i == offsets[c] or days[i] != days[i - 1]:
                distinct[n] = days[i]
                n += 1
            place[i] = n - 1
    starts[offsets.size - 1] = n


@nb.njit(cache=True, nogil=True)
def _next_same(offsets, items, seen, following):  # type: ignore[no-untyped-def]
    """Write the next row of each item into ``following``, which holds n, and -1 for a missing item; ``seen`` holds -1 for each item."""
    for c in range(offsets.size - 1):
        for i in range(offsets[c + 1] - 1, offsets[c] - 1, -1):
            last = seen[items[i]]  # a missing item, -1, has the last place
            if items[i] < 0:
                following[i] = -1
            elif last >= 0:
                following[i] = last
            seen[items[i]] = i
        for i in range(offsets[c], offsets[c + 1]):
            seen[items[i]] = -1


@nb.njit(cache=True, nogil=True)
def count_labels(offsets, codes, since, n_labels):  # type: ignore[no-untyped-def]
    """Count the rows and customers of each label, and say since when it is there; and the customers with any. A code of -1 means none."""
    first = np.full(n_labels, OPEN, np.int64)
    rows, holders = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
    latest = np.full(n_labels, -1, np.int64)
    anybody = 0
    for c in range(offsets.size - 1):
        found = False
        for i in range(offsets[c], offsets[c + 1]):
            k = codes[i]
            if k >= 0:
                found = True
                rows[k] += 1
                first[k] = min(first[k], since[i])
                if latest[k] != c:
                    latest[k] = c
                    holders[k] += 1
        anybody += found
    return rows, holders, first, anybody


@nb.njit(cache=True, nogil=True)
def _offsets_of(indices, remap, n_customers):  # type: ignore[no-untyped-def]
    offsets = np.zeros(n_customers + 1, np.int64)
    for i in range(indices.size):
        c = remap[indices[i]]
        if c >= 0:
            offsets[c + 1] += 1
    for c in range(n_customers):
        offsets[c + 1] += offsets[c]
    return offsets


@nb.njit(cache=True, nogil=True)
def _scatter(indices, remap, offsets, given, sorted_columns):  # type: ignore[no-untyped-def]
    """Sort rows by customer with a stable counting sort that moves every column once; an empty column is absent."""
    times, values, kinds, items, users, known, units = given
    t, v, k, m, s, w, u = sorted_columns
    place = offsets[:-1].copy()
    for i in range(indices.size):
        c = remap[indices[i]]
        if c < 0:
            continue
        p = place[c]
        place[c] = p + 1
        t[p] = times[i]
        if values.size:
            v[p] = values[i]
        if kinds.size:
            k[p] = kinds[i]
        if items.size:
            m[p] = items[i]
        if users.size:
            s[p] = users[i]
        if known.size:
            w[p] = known[i]
        if units.size:
            u[p] = units[i]


@nb.njit(cache=True, nogil=True)
def _repeats_within(a, b, t, v, k, m, s, w):  # type: ignore[no-untyped-def]
    """Count rows from a to b that repeat the row before them in every column."""
    bits, repeats = v.view(np.int64), 0
    for i in range(a + 1, b):
        if (
            t[i] == t[i - 1]
            and (v.size == 0 or bits[i] == bits[i - 1])
            and (k.size == 0 or k[i] == k[i - 1])
            and (m.size == 0 or m[i] == m[i - 1])
            and (s.size == 0 or s[i] == s[i - 1])
            and (w.size == 0 or w[i] == w[i - 1])
        ):
            repeats += 1
    return repeats


@nb.njit(cache=True, nogil=True)
def _count_repeats(offsets, t, v, k, m, s, w):  # type: ignore[no-untyped-def]
    repeats = 0
    for c in range(offsets.size - 1):
        repeats += _repeats_within(offsets[c], offsets[c + 1], t, v, k, m, s, w)
    return repeats


@nb.njit(cache=True, nogil=True)
def sort_within(offsets, t, v, k, m, s, w, u):  # type: ignore[no-untyped-def]  # noqa: PLR0912 - one branch a column
    """Sort each customer's rows by time, and rows of the same time by value, kind, item, user and known time, so that the
    order in which they arrived does not matter. Returns how many rows repeat the row before them in every column."""
    bits = v.view(np.int64)
    repeats = 0
    for c in range(offsets.size - 1):
        a, b = offsets[c], offsets[c + 1]
        settled = True
        for i in range(a + 1, b):
            if t[i] < t[i - 1] or (t[i] == t[i - 1] and (v.size or k.size or m.size or s.size or w.size)):
                settled = False
                break
        if not settled:
            order = np.arange(b - a)
            if w.size:
                order = order[np.argsort(w[a:b][order], kind="mergesort")]
            if s.size:
                order = order[np.argsort(s[a:b][order], kind="mergesort")]
            if m.size:
                order = order[np.argsort(m[a:b][order], kind="mergesort")]
            if k.size:
                order = order[np.argsort(k[a:b][order], kind="mergesort")]
            if v.size:
                order = order[np.argsort(bits[a:b][order], kind="mergesort")]
            order = order[np.argsort(t[a:b][order], kind="mergesort")]
            t[a:b] = t[a:b][order]
            if v.size:
                v[a:b] = v[a:b][order]
            if k.size:
                k[a:b] = k[a:b][order]
            if m.size:
                m[a:b] = m[a:b][order]
            if s.size:
                s[a:b] = s[a:b][order]
            if w.size:
                w[a:b] = w[a:b][order]
            if u.size:
                u[a:b] = u[a:b][order]
        repeats += _repeats_within(a, b, t, v, k, m, s, w)
    return repeats


def group_rows(
    indices: npt.NDArray[Any],
    remap: npt.NDArray[np.int32],
    n_customers: int,
    times: Ints,
    columns: dict[str, npt.NDArray[Any]],
    timezone: str,
) -> tuple[Stream, int]:
    """Group rows by customer and sort each customer's in time, without sorting the whole.

    Parameters
    ----------
    indices : ndarray of shape (n,), int
        Position of each row's id among the table's distinct ids.
    remap : ndarray of shape (n_ids,), int32
        Customer of each distinct id; -1 leaves its rows out.
    n_customers : int
    times : ndarray of shape (n,), int64
    columns : dict
        ``value``, ``kind``, ``item``, ``user``, ``known``, or any others: those of events take the fast road. ``UNIT`` goes along.
    timezone : str

    Returns
    -------
    stream : Stream
    repeats : int
        Rows that repeat another one in every column.
    """
    if not are_events(columns):
        return _sort_whole(remap[indices], n_customers, times, columns, timezone)
    codes = np.ascontiguousarray(indices, dtype=np.int32)
    given = (times, *event_columns(columns), columns.get(UNIT, np.empty(0, np.int32)))
    offsets = _offsets_of(codes, remap, n_customers)
    # made by NumPy, which asks for large pages: half the cost of writing to so many places
    found = tuple(np.empty(offsets[-1] if len(column) else 0, column.dtype) for column in given)
    _scatter(codes, remap, offsets, given, found)
    repeats = int(sort_within(offsets, *found))
    sorted_columns: dict[str, npt.NDArray[Any]] = dict(zip((*_EVENT_COLUMNS, UNIT), found[1:], strict=True))
    return Stream(offsets, found[0], {name: sorted_columns[name] for name in columns}, timezone), repeats


def event_columns(columns: dict[str, npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    """Return values, kinds, items, users and known times of events, empty where they are not declared."""
    none: dict[str, npt.NDArray[Any]] = {"value": np.empty(0), "known": np.empty(0, np.int64)}
    return tuple(columns.get(name, none.get(name, np.empty(0, np.int32))) for name in _EVENT_COLUMNS)


def are_events(columns: Iterable[str]) -> bool:
    """Return whether rows have no columns but those of events."""
    return set(columns) <= {*_EVENT_COLUMNS, UNIT}


def _sort_whole(
    customers: npt.NDArray[np.int32], n_customers: int, times: Ints, columns: dict[str, npt.NDArray[Any]], timezone: str
) -> tuple[Stream, int]:
    """Group rows of any columns by customer, by one sort."""
    order, repeats = sort_rows(customers, times, {name: values for name, values in columns.items() if name != UNIT})
    offsets = np.zeros(n_customers + 1, np.int64)
    np.cumsum(np.bincount(customers[order], minlength=n_customers), out=offsets[1:])
    return Stream(offsets, times[order], {name: values[order] for name, values in columns.items()}, timezone), repeats


def spread_rows(
    offsets: Ints,
    remap: npt.NDArray[np.int32],
    n_customers: int,
    times: Ints,
    columns: dict[str, npt.NDArray[Any]],
    timezone: str,
    *,
    count: bool = True,
) -> tuple[Stream, int]:
    """Return what :func:`group_rows` does of rows that it has grouped before, by ids that ``remap``, ascending, makes customers.

    Parameters
    ----------
    offsets : ndarray of shape (n_ids + 1,), int64
        Rows of id ``i`` are ``offsets[i]:offsets[i + 1]``.
    remap : ndarray of shape (n_ids,), int32
        Customer of each id; -1 leaves its rows out.
    n_customers, times, columns, timezone
        As for :func:`group_rows`. The arrays are used as they are where no row is left out.
    count : bool
        Whether to count the rows that repeat another one; 0 without.
    """
    counts = np.diff(offsets)
    there = remap >= 0
    if not there.all():
        keep = np.repeat(there, counts)
        times, columns = times[keep], {name: values[keep] for name, values in columns.items()}
    ends = np.zeros(n_customers + 1, np.int64)
    ends[1:][remap[there]] = counts[there]
    np.cumsum(ends, out=ends)
    stream = Stream(ends, times, columns, timezone)
    if not count:
        return stream, 0
    if are_events(columns):
        return stream, int(_count_repeats(ends, times, *event_columns(columns)))
    return stream, count_same([stream.owners, times, *columns.values()])
