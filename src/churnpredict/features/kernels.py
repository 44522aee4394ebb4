"""Compiled kernels over streams: each computes one family of aggregates for a block of snapshots.

Every kernel reads the rows ``[low, high)`` of each snapshot: ``edges[0, r]`` is the first row not before the cutoff, ``edges[s, r]`` the
first row of window ``s``; ``edges[1]`` is always the bound of the history. It writes feature ``f`` to ``out[columns[f], at + r]``;
``which[f]`` is the window of feature ``f``, windows ascending. Nothing a kernel computes depends on a row at or after the cutoff, nor on
other customers.

An example: orders on the days 1, 3, 3 and 8 are the rows 0 to 3. At a cutoff on day 10, with a window of 7 days, the history begins at
row 0, the window at row 1, and the cutoff is before row 4. So the window has 4 - 1 = 3 rows. They are on the active days number 1, 1 and
2, so on 2 - 1 + 1 = 2 days:

>>> edges, window = np.array([[4], [0], [1]]), np.array([2])
>>> out = np.zeros((2, 1))
>>> counts(edges, window, np.array([0]), out, 0)
>>> active_days(np.array([0, 1, 1, 2]), edges, window, np.array([1]), out, 0)
>>> out[:, 0].tolist()
[3.0, 2.0]
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from churnpredict.clock import DAY, NEVER

__all__ = [
    "active_days",
    "ages",
    "counts",
    "decayed_days",
    "distinct_items",
    "first_counts",
    "nth_days",
    "rhythm",
    "trends",
    "value_history",
    "value_ratios",
    "value_windows",
    "values_back",
]

USUAL_VALUES = 12  # number of values that define the usual one: a year of monthly invoices
LARGEST_RATIO = 1e30  # the usual value may be close to 0, and float32 ends at 3e38
RHYTHM_GAPS = 32  # maximum number of gaps of a rhythm, so that it is the customer's present one
_jit = nb.njit(cache=True, nogil=True)


@_jit
def counts(edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Count the rows in each window."""
    for f in range(columns.size):
        low = edges[which[f]]
        for r in range(edges.shape[1]):
            out[columns[f], at + r] = edges[0, r] - low[r]


@_jit
def active_days(place, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Count the distinct calendar days with a row in each window; ``place`` numbers the active days row by row."""
    for f in range(columns.size):
        low = edges[which[f]]
        for r in range(edges.shape[1]):
            high = edges[0, r]
            out[columns[f], at + r] = place[high - 1] - place[low[r]] + 1 if high > low[r] else 0


@_jit
def trends(edges, which, before, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute (last window - the one before) / (both together): from -1, all activity is past, to 1, all is new."""
    for f in range(columns.size):
        low, far = edges[which[f]], edges[before[f]]
        for r in range(edges.shape[1]):
            both = edges[0, r] - far[r]
            out[columns[f], at + r] = (edges[0, r] - 2 * low[r] + far[r]) / both if both > 0 else np.nan


@_jit
def ages(walls, cutoffs, edges, last, first, out, at):  # type: ignore[no-untyped-def]
    """Compute days since the last row (column ``last``) and since the first (column ``first``), on the wall clock; -1 for not wanted."""
    for r in range(edges.shape[1]):
        high, low = edges[0, r], edges[1, r]
        some = high > low
        if last >= 0:
            out[last, at + r] = (cutoffs[r] - walls[high - 1]) / DAY if some else np.nan
        if first >= 0:
            out[first, at + r] = (cutoffs[r] - walls[low]) / DAY if some else np.nan


@_jit
def _rows_back(edges, which):  # type: ignore[no-untyped-def]
    """Return how many rows the widest of some windows has, shape (n,)."""
    rows = np.zeros(edges.shape[1], np.int64)
    for f in range(which.size):
        low = edges[which[f]]
        for r in range(rows.size):
            rows[r] = max(rows[r], edges[0, r] - low[r])
    return rows


@_jit
def value_windows(values, edges, which, sums, means, maxima, out, at):  # type: ignore[no-untyped-def]
    """Compute sum, mean and maximum of the values in windows; missing values do not count.

    Each snapshot's values are added up once, from the newest row back; a window of k rows has what was there after k of them.
    """
    rows = _rows_back(edges, which)
    most_rows = rows.max()
    totals, numbers, largest = np.zeros(most_rows + 1), np.zeros(most_rows + 1), np.zeros(most_rows + 1)
    for r in range(edges.shape[1]):
        high = edges[0, r]
        total, number, most = 0.0, 0.0, -np.inf
        for k in range(1, rows[r] + 1):
            v = values[high - k]
            there = not math.isnan(v)
            total += v if there else 0.0
            number += there
            most = v if v > most else most
            totals[k], numbers[k], largest[k] = total, number, most
        for f in range(which.size):
            k = high - edges[which[f], r]
            if sums[f] >= 0:
                out[sums[f], at + r] = totals[k]
            if means[f] >= 0:
                out[means[f], at + r] = totals[k] / numbers[k] if numbers[k] > 0 else np.nan
            if maxima[f] >= 0:
                out[maxima[f], at + r] = largest[k] if numbers[k] > 0 else np.nan


@_jit
def value_history(values, edges, column_sum, column_mean, column_max, out, at):  # type: ignore[no-untyped-def]
    """Compute the same of the whole history, from the oldest row on, continued from one cutoff to the next; -1 for not wanted."""
    begun, done = -1, -1
    total, number, most = 0.0, 0, -np.inf
    for r in range(edges.shape[1]):
        high, low = edges[0, r], edges[1, r]
        if low != begun or done > high:  # another customer, or the bound of the history has moved
            begun, done, total, number, most = low, low, 0.0, 0, -np.inf
        while done < high:
            v = values[done]
            if not math.isnan(v):
                total += v
                number += 1
                most = max(most, v)
            done += 1
        if column_sum >= 0:
            out[column_sum, at + r] = total
        if column_mean >= 0:
            out[column_mean, at + r] = total / number if number else np.nan
        if column_max >= 0:
            out[column_max, at + r] = most if number else np.nan


@_jit
def distinct_items(following, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Count distinct items in windows: a row counts if the customer's next row with its item does not come before the cutoff.

    The rows of each snapshot are counted once, from the newest back; a window of k rows has as many as were counted after k of them.
    """
    rows = _rows_back(edges, which)
    counted = np.zeros(rows.max() + 1, np.int64)
    for r in range(edges.shape[1]):
        high, n = edges[0, r], 0
        for k in range(1, rows[r] + 1):
            n += following[high - k] >= high
            counted[k] = n
        for f in range(which.size):
            out[columns[f], at + r] = counted[high - edges[which[f], r]]


@_jit
def rhythm(walls, place, days, cutoffs, edges, mean, sd, longest, ratio, share, back, out, at):  # type: ignore[no-untyped-def]
    """Compute the customer's own rhythm: gaps in days between the latest active days, and how the present silence compares.

    ``mean``, ``sd``, ``longest`` of the gaps; ``ratio`` = silence / mean gap; ``share`` = (gaps longer than the silence + 1) / (gaps + 2);
    ``back[k]`` = the k-th last gap. Columns, -1 for not wanted.
    """
    for r in range(edges.shape[1]):
        high, low = edges[0, r], edges[1, r]
        newest = place[high - 1] if high > low else 0
        oldest = max(place[low], newest - RHYTHM_GAPS) if high > low else 0
        n = newest - oldest
        silence = (cutoffs[r] - walls[high - 1]) / DAY if high > low else np.nan
        centre, spread, most, over = np.nan, np.nan, np.nan, 0
        if n > 0:
            centre = (days[newest] - days[oldest]) / n
            squares = 0.0
            most = 0.0
            for j in range(oldest, newest):
                g = np.float64(days[j + 1] - days[j])
                squares += (g - centre) * (g - centre)
                most = max(most, g)
                if g > silence:
                    over += 1
            spread = math.sqrt(squares / n)
        if mean >= 0:
            out[mean, at + r] = centre
        if sd >= 0:
            out[sd, at + r] = spread
        if longest >= 0:
            out[longest, at + r] = most
        if ratio >= 0:
            out[ratio, at + r] = silence / centre
        if share >= 0:
            out[share, at + r] = (over + 1) / (n + 2) if high > low else np.nan
        for k in range(back.size):
            if back[k] >= 0:
                out[back[k], at + r] = days[newest - k] - days[newest - k - 1] if k < n else np.nan


@_jit
def decayed_days(customers, walls, place, days, cutoffs, edges, decay, half_lives, columns, out, at):  # type: ignore[no-untyped-def]
    """Sum active days, each counting 2^(-age / half-life); ``decay[h, d]`` is the factor of a gap of d whole days."""
    for h in range(columns.size):
        weight, done, begun, previous = 0.0, 0, -1, -1
        for r in range(edges.shape[1]):
            high, low = edges[0, r], edges[1, r]
            if high <= low:
                out[columns[h], at + r] = 0.0
                continue
            first = place[low]
            if customers[r] != previous or first != begun:  # another customer, or the bound of the history has moved
                previous, begun, done, weight = customers[r], first, first, 0.0
            while done <= place[high - 1]:
                if done > begun:
                    weight *= decay[h, min(days[done] - days[done - 1], decay.shape[1] - 1)]
                weight += 1.0
                done += 1
            age = (cutoffs[r] - walls[high - 1]) / DAY
            out[columns[h], at + r] = weight * np.exp2(-age / half_lives[h])


@_jit
def values_back(values, edges, columns, out, at):  # type: ignore[no-untyped-def]
    """Write the value of the k-th last row."""
    for k in range(columns.size):
        for r in range(edges.shape[1]):
            i = edges[0, r] - 1 - k
            if columns[k] >= 0:
                out[columns[k], at + r] = values[i] if i >= edges[1, r] else np.nan


@_jit
def value_ratios(values, edges, column, out, at):  # type: ignore[no-untyped-def]
    """Divide the last value by the usual one: the median of up to ``USUAL_VALUES`` before it, missing ones left out."""
    usual = np.empty(USUAL_VALUES)  # the values of rows [a, b), sorted; carried from one cutoff of a customer to the next
    n, a, b = 0, -1, -1
    for r in range(edges.shape[1]):
        last = edges[0, r] - 1
        first = max(edges[1, r], last - USUAL_VALUES)
        if first < a or first >= b or last < b:  # another customer, or nothing in common with the cutoff before
            n, a, b = 0, first, first
        while a < first:
            v = values[a]
            a += 1
            if not math.isnan(v):
                i = 0
                while usual[i] != v:
                    i += 1
                n -= 1
                while i < n:
                    usual[i] = usual[i + 1]
                    i += 1
        while b < last:
            v = values[b]
            b += 1
            if not math.isnan(v):
                i = n
                while i > 0 and usual[i - 1] > v:
                    usual[i] = usual[i - 1]
                    i -= 1
                usual[i] = v
                n += 1
        middle = (usual[(n - 1) // 2] + usual[n // 2]) / 2 if n else 0.0
        ratio = values[last] / middle if middle > 0 else np.nan
        out[column, at + r] = ratio if np.isnan(ratio) else max(-LARGEST_RATIO, min(LARGEST_RATIO, ratio))


@_jit
def first_counts(offsets, times, origins, customers, cutoffs, edges, until, columns, out, at):  # type: ignore[no-untyped-def]
    """Count rows from the origin (joining, or the first row) to ``until[f, customer]``; missing where the history does not reach back to
    it.
    """
    previous, begin = -1, 0
    ends = np.zeros(columns.size, np.int64)
    for r in range(edges.shape[1]):
        c = customers[r]
        if c != previous:
            previous, begin = c, offsets[c]
            while begin < offsets[c + 1] and times[begin] < origins[c]:
                begin += 1
            for f in range(columns.size):
                ends[f] = begin
                while ends[f] < offsets[c + 1] and times[ends[f]] < until[f, c]:
                    ends[f] += 1
        seen = edges[1, r] == offsets[c] and NEVER < origins[c] < cutoffs[r]
        for f in range(columns.size):
            out[columns[f], at + r] = max(min(ends[f], edges[0, r]) - begin, 0) if seen else np.nan


@_jit
def nth_days(offsets, walls, origins, begun, customers, cutoffs, edges, nth, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute days from the origin (``begun`` on the wall clock) to the n-th row; missing until it has happened."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            c = customers[r]
            i = offsets[c] + nth[f] - 1
            there = i < edges[0, r] and edges[1, r] == offsets[c] and NEVER < origins[c] < cutoffs[r]
            out[columns[f], at + r] = (walls[i] - begun[c]) / DAY if there else np.nan
