"""Compiled kernels for the mix of a customer's activity: kinds, items, weekdays, hours, stage of life.

They read rows like the kernels of :mod:`churnpredict.features.kernels`: ``[edges[which[f], r], edges[0, r])``.

An example: of four payments the kinds are 0 (paid), 1 (failed), 1 and 0, and the last three are in the window. Two of these three failed:

>>> edges = np.array([[4], [0], [1]])
>>> failed = np.array([[False, True, False]])  # by kind; the last place is that of a missing kind
>>> out = np.zeros((1, 1))
>>> kind_shares(np.array([0, 1, 1, 0], np.int32), failed, edges, np.array([2]), np.array([0]), out, 0)
>>> round(float(out[0, 0]), 3)
0.667
"""

from __future__ import annotations

import math

import numba as nb
import numpy as np

from churnpredict.clock import DAY, MINUTE
from churnpredict.events.visits import DORMANT_DAYS, NEW_DAYS

__all__ = [
    "SESSION_ENDS",
    "SESSION_OUTPUTS",
    "STAGES",
    "clock_shares",
    "dropped_labels",
    "entropies",
    "followed",
    "kind_shares",
    "kind_streaks",
    "own_shares",
    "per_session",
    "sessions",
    "stages",
]

STAGES = ("new", "current", "at risk", "dormant", "resurrected")
BACK_DAYS = 30
NIGHT_FROM, NIGHT_UNTIL = 22, 6
_HOUR = DAY // 24
SESSION_ENDS = 30 * MINUTE  # after a silence this long the next event begins a new session, unless the table says otherwise
SESSION_OUTPUTS = ("sessions", "session_minutes", "session_events", "session_depth", "session_depth_change")
_MONDAY = 3  # 1970-01-01 was a Thursday
_SATURDAY = 5
_jit = nb.njit(cache=True, nogil=True)


@_jit
def kind_shares(kinds, members, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute the share of the rows in each window that are of some kinds: ``members[f, kind]``; a missing kind, -1, has the last place."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            n = 0
            for i in range(low, high):
                n += members[f, kinds[i]]
            out[columns[f], at + r] = n / (high - low) if high > low else np.nan


@_jit
def kind_streaks(kinds, members, edges, columns, out, at):  # type: ignore[no-untyped-def]
    """Count how many of the newest rows in a row are of some kinds."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            i = edges[0, r] - 1
            while i >= edges[1, r] and members[f, kinds[i]]:
                i -= 1
            out[columns[f], at + r] = edges[0, r] - 1 - i


@_jit
def followed(kinds, members, share, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Count rows of some kinds in each window whose next row is of another kind, or (``share[f]``) their share of the rows of
    these kinds.
    """
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            high = edges[0, r]
            n, ended = 0, 0
            for i in range(edges[which[f], r], high):
                if members[f, kinds[i]]:
                    n += 1
                    ended += i + 1 < high and not members[f, kinds[i + 1]]
            if share[f]:
                out[columns[f], at + r] = ended / n if n else np.nan
            else:
                out[columns[f], at + r] = ended


@_jit
def per_session(times, kinds, members, gap, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute rows of some kinds per session of each window: a row after a silence of ``gap``, or the window's first, begins a session."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            n, sessions = 0, 0
            for i in range(low, high):
                n += members[f, kinds[i]]
                sessions += i == low or times[i] - times[i - 1] >= gap
            out[columns[f], at + r] = n / sessions if sessions else np.nan


@_jit
def sessions(times, items, n_items, gap, edges, which, before, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute ``SESSION_OUTPUTS`` of each window; ``columns[f, k]`` is -1 for what is not wanted.

    The window's first row begins a session, and one that is open at the cutoff lasts until its last row before it.
    """
    seen, mark = np.full(n_items, -1, np.int64), 0  # the session in which each item was last seen
    found = np.empty(len(SESSION_OUTPUTS))
    for f in range(which.size):
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            minutes = np.zeros(high - low)
            n, distinct = _in_sessions(times, items, seen, mark, gap, low, high, minutes)
            mark += n
            found[0] = n
            found[1] = np.median(minutes[:n]) if n else np.nan
            found[2] = (high - low) / n if n else np.nan
            found[3] = distinct / n if n else np.nan
            if columns[f, 4] >= 0:
                first = edges[before[f], r]
                m, earlier = _in_sessions(times, items, seen, mark, gap, first, low, np.zeros(low - first))
                mark += m
                found[4] = found[3] - earlier / m if m else np.nan
            for k in range(columns.shape[1]):
                if columns[f, k] >= 0:
                    out[columns[f, k], at + r] = found[k]


@_jit
def _in_sessions(times, items, seen, mark, gap, low, high, minutes):  # type: ignore[no-untyped-def]
    """Return the sessions of rows [low, high) and the sum of their distinct items; write how many minutes each lasts."""
    n, distinct, first = 0, 0, low
    for i in range(low, high):
        if i == low or times[i] - times[i - 1] >= gap:
            first = i
            n += 1
        minutes[n - 1] = (times[i] - times[first]) / MINUTE
        if seen.size and items[i] >= 0 and seen[items[i]] != mark + n:
            seen[items[i]] = mark + n
            distinct += 1
    return n, distinct


@_jit
def own_shares(edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute the share of all the customer's rows that lie in the window."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            every = edges[0, r] - edges[1, r]
            out[columns[f], at + r] = (edges[0, r] - edges[which[f], r]) / every if every > 0 else np.nan


@_jit
def entropies(labels, n_labels, edges, which, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute the Shannon entropy in bits of the labels in each window: 0, always the same; missing labels do not count."""
    counts = np.zeros(n_labels, np.int64)
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            n = 0
            for i in range(low, high):
                if labels[i] >= 0:
                    counts[labels[i]] += 1
                    n += 1
            bits = 0.0
            for i in range(low, high):
                if labels[i] >= 0 and counts[labels[i]] > 0:
                    p = counts[labels[i]] / n
                    bits -= p * math.log2(p)
                    counts[labels[i]] = 0
            out[columns[f], at + r] = max(bits, 0.0) if n else np.nan


@_jit
def dropped_labels(labels, n_labels, edges, which, before, columns, out, at):  # type: ignore[no-untyped-def]
    """Count distinct labels of the window before each window that do not occur in the window itself; missing labels do not count."""
    marks = np.zeros(n_labels, np.bool_)
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            first, low, high = edges[before[f], r], edges[which[f], r], edges[0, r]
            n = 0
            for i in range(low, high):
                if labels[i] >= 0:
                    marks[labels[i]] = True
            for i in range(first, low):
                if labels[i] >= 0 and not marks[labels[i]]:
                    marks[labels[i]] = True
                    n += 1
            for i in range(first, high):
                if labels[i] >= 0:
                    marks[labels[i]] = False
            out[columns[f], at + r] = n


@_jit
def clock_shares(wall, edges, which, weekend, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute the share of the rows in each window that fall on Saturday or Sunday (``weekend[f]``), or between 22 and 6 o'clock."""
    for f in range(columns.size):
        for r in range(edges.shape[1]):
            low, high = edges[which[f], r], edges[0, r]
            n = 0
            for i in range(low, high):
                if weekend[f]:
                    n += (wall[i] // DAY + _MONDAY) % 7 >= _SATURDAY
                else:
                    hour = wall[i] % DAY // _HOUR
                    n += hour >= NIGHT_FROM or hour < NIGHT_UNTIL
            out[columns[f], at + r] = n / (high - low) if high > low else np.nan


@_jit
def stages(walls, place, days, cutoffs, edges, column, out, at):  # type: ignore[no-untyped-def]
    """Write the life-cycle stage of each customer, as a position in ``STAGES``; missing before the first row.

    Dormant: silent for 180 days. Resurrected: back within the last 30 days after such a silence. New: first seen within 90 days. At
    risk: silent for more than twice the own mean gap (90 days with a single active day). Current: everybody else.
    """
    for r in range(edges.shape[1]):
        low, high = edges[1, r], edges[0, r]
        if high <= low:
            out[column, at + r] = np.nan
            continue
        silence = (cutoffs[r] - walls[high - 1]) / DAY
        newest, oldest = place[high - 1], place[low]
        usual = (days[newest] - days[oldest]) / (newest - oldest) if newest > oldest else NEW_DAYS / 2
        back = False
        for j in range(newest, oldest, -1):
            if (cutoffs[r] - days[j] * DAY) / DAY > BACK_DAYS + 1:
                break
            back |= days[j] - days[j - 1] >= DORMANT_DAYS
        if silence >= DORMANT_DAYS:
            stage = 3
        elif back:
            stage = 4
        elif (cutoffs[r] - walls[low]) / DAY <= NEW_DAYS:
            stage = 0
        elif silence > 2 * usual:
            stage = 2
        else:
            stage = 1
        out[column, at + r] = stage
