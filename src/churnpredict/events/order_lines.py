"""Merge the lines of an order into one event."""

from __future__ import annotations

from dataclasses import replace

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.events.rows import Rows

__all__ = ["ODD", "one_row_per_order"]

Ints = npt.NDArray[np.int64]
ODD = -7046029254386353131  # 2^64 / golden ratio, as a signed word
_MOST_PARTS = 64  # of an exact sum: floats that share no digit, of which there are at most 40
_jit = nb.njit(cache=True, nogil=True)


def one_row_per_order(rows: Rows, high: Ints, low: Ints) -> Rows:
    """Merge the lines of each customer's order into one event: the sum of their values at their first moment, known when the last is.

    The line with the largest value gives the labels. No result depends on the order of the rows: a sum is rounded once.

    Parameters
    ----------
    rows : Rows
        In any order, ungrouped.
    high, low : ndarray of shape (n,)
        Together they say which order a row belongs to; a row whose ``high`` is negative is an order by itself.

    Examples
    --------
    >>> import pyarrow as pa
    >>> lines = Rows(np.zeros(3, np.int32), pa.array(["a"]), np.array([5, 3, 9]), {"value": np.array([1.0, 2.0, 4.0])})
    >>> merged = one_row_per_order(lines, np.array([0, 0, -1]), np.array([7, 7, 0]))
    >>> merged.times.tolist(), merged.columns["value"].tolist()
    ([9, 3], [4.0, 3.0])
    """
    n = len(rows.times)
    first = np.empty(n, np.int64)
    _find_first_lines(rows.codes, high, low, np.zeros(1 << (2 * n).bit_length(), np.int64), first)
    sizes = np.bincount(first, minlength=n)
    shared = sizes[first] > 1
    if not shared.any():
        return rows
    alone = rows.keep(~shared)
    leaders = np.flatnonzero(sizes > 1)
    ends = np.cumsum(sizes[leaders])
    lines = np.empty(int(ends[-1]), np.int64)
    _group(first, sizes, leaders, ends, lines)
    starts = ends - sizes[leaders]
    value = rows.columns.get("value", np.empty(0))
    best, total = np.empty(len(leaders), np.int64), np.empty(len(leaders))
    labels = [rows.columns.get(name, np.empty(0, np.int32)) for name in ("user", "item", "kind")]
    _merge(lines, starts, ends, value, *labels, best, total)
    columns = {name: column[best] for name, column in rows.columns.items()}
    if "value" in columns:
        columns["value"] = total
    if "known" in columns:
        columns["known"] = np.maximum.reduceat(rows.columns["known"][lines], starts)
    times = np.append(alone.times, np.minimum.reduceat(rows.times[lines], starts))
    columns = {name: np.append(column, columns[name]) for name, column in alone.columns.items()}
    return replace(rows, codes=np.append(alone.codes, rows.codes[best]), times=times, columns=columns)


@_jit
def _find_first_lines(codes, high, low, places, first):  # type: ignore[no-untyped-def]
    """Find the first line of the order of each row, in a hash table of their places + 1; 0 is an empty place."""
    last = places.size - 1
    for i in range(codes.size):
        first[i] = i
        if high[i] < 0:
            continue
        mixed = (low[i] ^ ((high[i] ^ (codes[i] * ODD)) * ODD)) * ODD
        at = (mixed ^ ((mixed >> 32) & 0xFFFFFFFF)) & last
        while places[at] != 0:
            j = places[at] - 1
            if low[i] == low[j] and high[i] == high[j] and codes[i] == codes[j]:
                first[i] = j
                break
            at = (at + 1) & last
        if first[i] == i:
            places[at] = i + 1


@_jit
def _group(first, sizes, leaders, ends, lines):  # type: ignore[no-untyped-def]
    """Write the lines of each order side by side, those of its first line's place up to ``ends``."""
    place = np.zeros(first.size, np.int64)
    for k in range(leaders.size):
        place[leaders[k]] = ends[k] - sizes[leaders[k]]
    for i in range(first.size):
        if sizes[first[i]] > 1:
            lines[place[first[i]]] = i
            place[first[i]] += 1


@_jit
def _merge(lines, starts, ends, value, user, item, kind, best, total):  # type: ignore[no-untyped-def]
    """Find the line of each order that gives the labels, and the sum of its values; NaN where none has a value."""
    parts = np.empty(_MOST_PARTS)
    for k in range(starts.size):
        a, b = starts[k], ends[k]
        best[k] = lines[a]
        for p in range(a + 1, b):
            if _comes_before(lines[p], best[k], value, user, item, kind):
                best[k] = lines[p]
        total[k] = _exact_sum(value, lines, a, b, parts) if value.size else np.nan


@_jit
def _comes_before(i, j, value, user, item, kind):  # type: ignore[no-untyped-def]
    """Return whether row i has the larger amount, or an equal one and the first user, item and kind."""
    if value.size:
        one, other = abs(value[i]), abs(value[j])
        one, other = 0.0 if np.isnan(one) else one, 0.0 if np.isnan(other) else other
        if one != other:
            return one > other
    if user.size and user[i] != user[j]:
        return user[i] < user[j]
    if item.size and item[i] != item[j]:
        return item[i] < item[j]
    return kind.size > 0 and kind[i] < kind[j]


@_jit
def _exact_sum(value, lines, a, b, parts):  # type: ignore[no-untyped-def]
    """Return the sum of the values of some lines, rounded once, as :func:`math.fsum` does; NaN if none has a value.

    ``parts`` are floats without common digits, the smallest first, whose sum is exact.
    """
    n, there = 0, False
    for p in range(a, b):
        x = value[lines[p]]
        if np.isnan(x):
            continue
        there, left = True, 0
        for j in range(n):
            y = parts[j]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                parts[left] = low
                left += 1
            x = high
        parts[left] = x
        n = left + 1
    if not there:
        return np.nan
    high, low = parts[n - 1], 0.0
    n -= 1
    while n > 0 and low == 0.0:
        x, y = high, parts[n - 1]
        n -= 1
        high = x + y
        low = y - (high - x)
    if n > 0 and ((low < 0.0 and parts[n - 1] < 0.0) or (low > 0.0 and parts[n - 1] > 0.0)):  # half a unit, and more below it
        twice = 2.0 * low
        x = high + twice
        if x - high == twice:
            high = x
    return high
