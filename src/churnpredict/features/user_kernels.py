"""Compiled kernels for the people inside an account: who is active, new or lost, and how much depends on the busiest one.

People are numbered within their account, in the order of their first rows: an account has few, however many there are in all, and
nothing depends on their names. A missing user, -1, is nobody. Windows are those of :mod:`churnpredict.features.kernels`.

An example: in one account users 7, 5, 7 and 9 act, in this order. They become the persons 0, 1, 0 and 2. How many different people have
acted so far is 1, 2, 2 and 3, and the first person acts again after two rows:

>>> numbers, people_so_far, ahead, behind, sizes = number_within(np.array([0, 4]), np.array([7, 5, 7, 9], np.int32), 10)
>>> numbers.tolist(), people_so_far.tolist(), int(ahead[0]), sizes.tolist()
([0, 1, 0, 2], [1, 2, 2, 3], 2, [3])
"""

from __future__ import annotations

import numba as nb
import numpy as np

from churnpredict.clock import DAY

__all__ = ["busiest", "distinct", "first_seen", "first_valued_rows", "first_values", "next_of_pairs", "number_within"]

GONE = 2  # times the own mean gap
_NEVER_AGAIN = np.int32(2**31 - 1)
_jit = nb.njit(cache=True, nogil=True)


@_jit
def number_within(offsets, labels, n_labels):  # type: ignore[no-untyped-def]
    """Return labels numbered within each customer by their first rows.

    For each row there are its number, -1 for missing; the distinct labels of the customer up to it; the rows until its label comes again, 0
    for a missing one; the rows since it came before, 0 for none; and for each customer the distinct labels.
    """
    numbers, seen = np.empty(labels.size, np.int32), np.empty(labels.size, np.int32)
    ahead, behind = np.zeros(labels.size, np.int32), np.zeros(labels.size, np.int32)
    sizes = np.zeros(offsets.size - 1, np.int32)
    place, latest = np.full(n_labels, -1, np.int32), np.empty(n_labels, np.int64)
    for c in range(offsets.size - 1):
        n = 0
        for i in range(offsets[c], offsets[c + 1]):
            label = labels[i]
            if label >= 0:
                if place[label] < 0:
                    place[label] = n
                    n += 1
                else:
                    behind[i] = i - latest[label]
                    ahead[latest[label]] = behind[i]
                latest[label] = i
                ahead[i] = _NEVER_AGAIN
            numbers[i] = place[label] if label >= 0 else -1
            seen[i] = n
        for i in range(offsets[c], offsets[c + 1]):
            if labels[i] >= 0:
                place[labels[i]] = -1
        sizes[c] = n
    return numbers, seen, ahead, behind, sizes


@_jit
def next_of_pairs(offsets, users, most_users, labels, n_labels):  # type: ignore[no-untyped-def]
    """Return the rows until the pair of a user and a label comes again, 0 where either is missing. Users are numbered within customers."""
    ahead = np.zeros(labels.size, np.int32)
    ends, order = np.zeros(most_users + 1, np.int64), np.empty(np.max(np.diff(offsets)) if offsets.size > 1 else 0, np.int64)
    owner, latest = np.full(n_labels, -1, np.int64), np.empty(n_labels, np.int64)
    someone = 0
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
        previous = -1
        for j in range(ends[1] if n_users else b - a, b - a):
            i = order[j]
            if users[i] != previous:
                previous = users[i]
                someone += 1
            label = labels[i]
            if label >= 0:
                if owner[label] == someone:
                    ahead[latest[label]] = i - latest[label]
                owner[label], latest[label] = someone, i
                ahead[i] = _NEVER_AGAIN
        ends[: n_users + 1] = 0
    return ahead


@_jit
def distinct(ahead, edges, which, found):  # type: ignore[no-untyped-def]
    """Count in nested windows the rows whose label does not come again before the cutoff: ``found[f, r]``."""
    for r in range(edges.shape[1]):
        high = edges[0, r]
        i = high - 1
        n = 0
        for f in range(which.size):
            low = edges[which[f], r]
            if low > i + 1:  # windows of months and days are not nested in every month
                i, n = high - 1, 0
            while i >= low:
                n += i + np.int64(ahead[i]) >= high
                i -= 1
            found[f, r] = n


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
def first_valued_rows(offsets, numbers, sizes, values):  # type: ignore[no-untyped-def]
    """Return for each person, customer by customer, their first row and their first row with a value above 0 (-1 for none), and where the
    people of each customer begin.
    """
    places = np.zeros(sizes.size + 1, np.int64)
    places[1:] = np.cumsum(sizes)
    begun, valued = np.full(places[-1], -1, np.int64), np.full(places[-1], -1, np.int64)
    for c in range(sizes.size):
        for i in range(offsets[c], offsets[c + 1]):
            if numbers[i] >= 0:
                person = places[c] + numbers[i]
                if begun[person] < 0:
                    begun[person] = i
                if valued[person] < 0 and values[i] > 0:
                    valued[person] = i
    return begun, valued, places


@_jit
def first_values(offsets, seen, people, times, customers, edges, which, shares, days, out, at):  # type: ignore[no-untyped-def]
    """Compute which share of the people whose first row of all lies in each window have had a value, and after how many days.

    ``people`` is what :func:`first_valued_rows` returns, ``times`` are calendar times; columns by window, -1 for not wanted. Times are
    added as whole numbers, so the order of people, which goes by their first rows, changes no digit.
    """
    begun, valued, places = people
    for f in range(which.size):
        for r in range(edges.shape[1]):
            begin, low, high = offsets[customers[r]], edges[which[f], r], edges[0, r]
            n, reached, total = 0, 0, 0
            if edges[1, r] == begin and high > low:
                first, place = seen[low - 1] if low > begin else 0, places[customers[r]]
                for person in range(place + first, place + seen[high - 1]):
                    n += 1
                    if 0 <= valued[person] < high:
                        reached += 1
                        total += times[valued[person]] - times[begun[person]]
            if shares[f] >= 0:
                out[shares[f], at + r] = reached / n if n else np.nan
            if days[f] >= 0:
                out[days[f], at + r] = total / DAY / reached if reached else np.nan


@_jit
def busiest(numbers, ahead, behind, sizes, days, customers, edges, which, shares, silences, gone, out, at):  # type: ignore[no-untyped-def]
    """Compute what there is to say about the person with the most rows in each window.

    Columns by window, -1 for not wanted: ``shares``, their rows / rows of all people; ``silences``, days since their last row / mean gap
    between their active days of the window; ``gone``, whether that is ``GONE`` or more. ``days`` are the moments and calendar times of
    rows, the places of their active days, the active days, and the wall times of the cutoffs. Of people with as many rows, the one who
    acted last is the busiest, and of those the one with the shortest gap.

    A window moves from one cutoff of a customer to the next, so that each row enters and leaves it once.
    """
    most = np.max(sizes) if sizes.size else 0
    for f in range(which.size):
        counts = np.zeros(most, np.int64)
        begun, done = 0, 0
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            if r > 0 and customers[r] != customers[r - 1]:
                _add(numbers, counts, begun, done, -1)
                begun, done = low, low
            _add(numbers, counts, begun, min(low, done), -1)
            _add(numbers, counts, low, min(begun, high), 1)  # where the clock is put back, it may begin earlier than the one before
            _add(numbers, counts, max(done, low), high, 1)
            begun, done = low, high
            own = counts[: sizes[customers[r]]]
            top, every = 0, 0
            for n in own:
                top = max(top, n)
                every += n
            if shares[f] >= 0:
                out[shares[f], at + r] = top / every if top else np.nan
            if silences[f] >= 0 or gone[f] >= 0:
                ratio = _silence(numbers, ahead, behind, own, top, days, r, low, high) if top else np.nan
                if silences[f] >= 0:
                    out[silences[f], at + r] = ratio
                if gone[f] >= 0:
                    out[gone[f], at + r] = np.nan if np.isnan(ratio) else 1.0 if ratio >= GONE else 0.0


@_jit
def _add(numbers, counts, low, high, sign):  # type: ignore[no-untyped-def]
    for i in range(low, high):
        if numbers[i] >= 0:
            counts[numbers[i]] += sign


@_jit
def _silence(numbers, ahead, behind, counts, top, days, r, low, high):  # type: ignore[no-untyped-def]
    """Return the silence of the busiest one, with ``top`` rows, over the mean gap between the days on which they were active."""
    moments, times, place, distinct_days, cutoffs = days
    last = high - 1
    while numbers[last] < 0 or counts[numbers[last]] != top:
        last -= 1
    gap = np.nan
    for i in range(last, low - 1, -1):  # others as busy may have acted at that moment
        if moments[i] != moments[last]:
            break
        if numbers[i] < 0 or counts[numbers[i]] != top or i + np.int64(ahead[i]) < high:
            continue
        row, first, active = i, place[i], 1
        for _ in range(top - 1):
            row -= behind[row]
            if place[row] != first:
                first = place[row]
                active += 1
        if active > 1:
            own = (distinct_days[place[i]] - distinct_days[first]) / (active - 1)
            if np.isnan(gap) or own < gap:
                gap = own
    return (cutoffs[r] - times[last]) / DAY / gap
