"""Compiled kernels for the people inside an account: who is active, new or lost, and how much depends on the busiest one.

People are numbered within their account, in the order of their first rows: an account has few, however many there are in all, and
nothing depends on their names. A missing user, -1, is nobody. Windows are those of :mod:`churnpredict.features.kernels`; they move from
one cutoff of a customer to the next, so that each row enters and leaves a window once, however many cutoffs there are.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from churnpredict.clock import DAY

__all__ = ["first_seen", "number_pairs", "number_within", "pairs_per_user", "user_windows"]

GONE = 2  # times the own mean gap
_jit = nb.njit(cache=True, nogil=True)


@_jit
def number_within(offsets, labels, n_labels):  # type: ignore[no-untyped-def]
    """Number labels within each customer by their first rows.

    Returns the number of each row, -1 for missing, the distinct labels of the customer up to each row, and those of each customer.
    """
    numbers, seen = np.empty(labels.size, np.int32), np.empty(labels.size, np.int32)
    sizes = np.zeros(offsets.size - 1, np.int32)
    place = np.full(n_labels, -1, np.int32)
    for c in range(offsets.size - 1):
        n = 0
        for i in range(offsets[c], offsets[c + 1]):
            label = labels[i]
            if label >= 0 and place[label] < 0:
                place[label] = n
                n += 1
            numbers[i] = place[label] if label >= 0 else -1
            seen[i] = n
        for i in range(offsets[c], offsets[c + 1]):
            if labels[i] >= 0:
                place[labels[i]] = -1
        sizes[c] = n
    return numbers, seen, sizes


@_jit
def number_pairs(offsets, users, most_users, labels, n_labels):  # type: ignore[no-untyped-def]
    """Number the pairs of a user and a label within each customer: the number of each row, -1 where either is missing, and how many pairs
    the customer with the most has.
    """
    numbers = np.full(labels.size, -1, np.int32)
    ends, order = np.zeros(most_users + 1, np.int64), np.empty(np.max(np.diff(offsets)) if offsets.size > 1 else 0, np.int64)
    latest, number = np.full(n_labels, -1, np.int64), np.empty(n_labels, np.int32)
    someone, most = 0, 0
    for c in range(offsets.size - 1):
        a, b = offsets[c], offsets[c + 1]
        n_users = 0
        for i in range(a, b):
            n_users = max(n_users, users[i] + 1)
            ends[users[i] + 1] += 1  # nobody comes first
        for u in range(n_users):
            ends[u + 1] += ends[u]
        for i in range(b - 1, a - 1, -1):
            ends[users[i] + 1] -= 1
            order[ends[users[i] + 1]] = i
        n, previous = 0, -1
        for j in range(ends[1] if n_users else b - a, b - a):
            i = order[j]
            if users[i] != previous:
                previous = users[i]
                someone += 1
            if labels[i] >= 0:
                if latest[labels[i]] != someone:
                    latest[labels[i]], number[labels[i]] = someone, n
                    n += 1
                numbers[i] = number[labels[i]]
        ends[: n_users + 1] = 0
        most = max(most, n)
    return numbers, most


@_jit
def _slide(numbers, counts, distinct, begun, done, low, high):  # type: ignore[no-untyped-def]
    """Move a window from rows ``[begun, done)`` to ``[low, high)``, ``high`` not before ``done``. ``counts`` are the rows of each number
    in it. Return how many numbers have any.
    """
    for i in range(begun, min(low, done)):
        if numbers[i] >= 0:
            counts[numbers[i]] -= 1
            distinct -= counts[numbers[i]] == 0
    for i in range(low, min(begun, high)):  # where the clock is put back, a window may begin a little earlier than the one before
        if numbers[i] >= 0:
            distinct += counts[numbers[i]] == 0
            counts[numbers[i]] += 1
    for i in range(max(done, low), high):
        if numbers[i] >= 0:
            distinct += counts[numbers[i]] == 0
            counts[numbers[i]] += 1
    return distinct


@_jit
def _distinct_in(numbers, counts, customers, ends, lows, found):  # type: ignore[no-untyped-def]
    """Write the distinct numbers in each window."""
    begun, done, n = 0, 0, 0
    for r in range(ends.size):
        if r > 0 and customers[r] != customers[r - 1]:
            _slide(numbers, counts, n, begun, done, done, done)
            begun, done, n = lows[r], lows[r], 0
        n = _slide(numbers, counts, n, begun, done, lows[r], ends[r])
        begun, done = lows[r], ends[r]
        found[r] = n


@_jit
def user_windows(numbers, sizes, days, customers, edges, which, before, outputs, out, at):  # type: ignore[no-untyped-def]
    """Compute what there is to say about the people in each window.

    ``outputs[k, f]`` are the columns of window ``f``, -1 for not wanted: people with a row in it; people with a row in the window of
    twice the length, ``before[f]``, and none in it; rows of the busiest one / rows of all; silence of the busiest one / own mean gap;
    whether that is ``GONE``. ``days`` are the moments and calendar times of rows, the places of their active days, the active days, and
    the wall times of the cutoffs. Of people with as many rows, the one who acted last is the busiest, and of those the one with the
    shortest gap.
    """
    most = np.max(sizes) if sizes.size else 0
    counts = np.zeros(most, np.int64)
    latest, oldest, active = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    n_rows = edges.shape[1]
    found, wider = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    for f in range(which.size):
        if outputs[0, f] >= 0 or outputs[1, f] >= 0:
            counts[:] = 0
            _distinct_in(numbers, counts, customers, edges[0], edges[which[f]], found)
        if outputs[0, f] >= 0:
            out[outputs[0, f], at : at + n_rows] = found
        if outputs[1, f] >= 0:
            counts[:] = 0
            _distinct_in(numbers, counts, customers, edges[0], edges[before[f]], wider)
            out[outputs[1, f], at : at + n_rows] = wider - found
        share, silence, gone = outputs[2, f], outputs[3, f], outputs[4, f]
        if max(share, silence, gone) < 0:
            continue
        counts[:] = 0
        begun, done = 0, 0
        for r in range(n_rows):
            low, high = edges[which[f], r], edges[0, r]
            if r > 0 and customers[r] != customers[r - 1]:
                _slide(numbers, counts, 0, begun, done, done, done)
                begun, done = low, low
            _slide(numbers, counts, 0, begun, done, low, high)
            begun, done = low, high
            own = counts[: sizes[customers[r]]]
            top, every = 0, 0
            for n in own:
                top = max(top, n)
                every += n
            if share >= 0:
                out[share, at + r] = top / every if top else np.nan
            if silence >= 0 or gone >= 0:
                ratio = _silence(numbers, own, top, days, r, low, high, latest, oldest, active) if top else np.nan
                if silence >= 0:
                    out[silence, at + r] = ratio
                if gone >= 0:
                    out[gone, at + r] = np.nan if np.isnan(ratio) else 1.0 if ratio >= GONE else 0.0


@_jit
def _silence(numbers, counts, top, days, r, low, high, latest, oldest, active):  # type: ignore[no-untyped-def]
    """Return the silence of the busiest one, with ``top`` rows, over the mean gap between the days on which they were active."""
    moments, times, place, distinct, cutoffs = days
    left = 0  # rows of those with as many rows
    for u in range(counts.size):
        if counts[u] == top:
            active[u] = 0
            left += top
    last, i = -1, high
    while left:
        i -= 1
        u = numbers[i]
        if u < 0 or counts[u] != top:
            continue
        left -= 1
        if last < 0:
            last = i
        if active[u] == 0:
            latest[u] = oldest[u] = i
            active[u] = 1
        elif place[i] != place[oldest[u]]:
            oldest[u] = i
            active[u] += 1
    gap = np.nan
    for u in range(counts.size):
        if counts[u] == top and moments[latest[u]] == moments[last] and active[u] > 1:
            own = (distinct[place[latest[u]]] - distinct[place[oldest[u]]]) / (active[u] - 1)
            if np.isnan(gap) or own < gap:
                gap = own
    return (cutoffs[r] - times[last]) / DAY / gap


@_jit
def first_seen(offsets, seen, customers, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Count the people whose first row of all lies in each window; missing where the history does not reach back to the first row.

    ``seen`` counts the people up to each row.
    """
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            begin, low, high = offsets[customers[r]], edges[which[f], r], edges[0, r]
            if edges[1, r] != begin:
                out[columns[f], at + r] = np.nan
                continue
            before = seen[low - 1] if low > begin else 0
            out[columns[f], at + r] = seen[high - 1] - before if high > low else 0


@_jit
def pairs_per_user(users, most_users, pairs, most_pairs, customers, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Divide the distinct pairs of a user and a label in each window by the people active in it; missing where nobody is."""
    n_rows = edges.shape[1]
    found, people = np.empty(n_rows, np.int64), np.empty(n_rows, np.int64)
    for f in range(columns.size):
        _distinct_in(users, np.zeros(most_users, np.int64), customers, edges[0], edges[which[f]], people)
        _distinct_in(pairs, np.zeros(most_pairs, np.int64), customers, edges[0], edges[which[f]], found)
        for r in range(n_rows):
            out[columns[f], at + r] = found[r] / people[r] if people[r] else np.nan
