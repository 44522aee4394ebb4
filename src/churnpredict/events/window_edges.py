"""Positions of the cutoffs, and of the starts of the windows before them, in each customer's rows."""

from __future__ import annotations

from collections.abc import Sequence

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import NEVER
from churnpredict.events.streams import Stream
from churnpredict.spans import Span

__all__ = ["latest_known", "positions", "window_edges"]

Ints = npt.NDArray[np.int64]
_MANY = 4  # cutoffs of a customer from which on it pays to walk through all rows


@nb.njit(cache=True, nogil=True)
def _first_until(times, start, end, moment):  # type: ignore[no-untyped-def]
    """Return the first position from ``start`` to ``end`` with time >= moment; at the newest cutoff all rows lie before it."""
    if start < end and times[end - 1] < moment:
        return end
    while start < end and times[start] < moment:
        start += 1
    return start


@nb.njit(cache=True, nogil=True)
def positions(offsets, times, customers, moments, out):  # type: ignore[no-untyped-def]
    """Find the first row of a customer at or after a moment.

    Parameters
    ----------
    offsets, times : ndarray
        Of a stream.
    customers, moments : ndarray of shape (n,)
        Sorted by customer, then moment: the pointer only moves forward.
    out : ndarray of shape (1, n), int64
        Receives the positions.
    """
    previous, high = -1, 0
    for r in range(customers.size):
        c = customers[r]
        if c != previous:
            previous, high = c, offsets[c]
        high = _first_until(times, high, offsets[c + 1], moments[r])
        out[0, r] = high


def window_edges(stream: Stream, customers: npt.NDArray[np.int32], cutoffs: Ints, windows: Sequence[Span | None]) -> Ints:
    """Return where each cutoff and the starts of the windows before it lie in a stream, shape (n_windows + 1, n).

    Parameters
    ----------
    stream : Stream
    customers, cutoffs : ndarray of shape (n,)
        Sorted by customer, then cutoff.
    windows : list of Span or None
        Spans of days and longer move the wall clock of the stream's time zone; None reaches back to the customer's first row. No window
        reaches back beyond the first one, which is that of the history.

    Returns
    -------
    ndarray
        Row 0 holds the first position with time >= cutoff, row ``w + 1`` the first with time >= the start of window ``w``.
    """
    place, distinct = pd.factorize(cutoffs)
    begins = np.empty((len(windows) + 1, len(distinct)), np.int64)
    begins[0] = distinct
    for row, window in enumerate(windows):
        begins[row + 1] = NEVER if window is None else window.before(distinct, stream.timezone)
    if len(windows) > 1 and windows[0] is not None:
        np.maximum(begins[2:], begins[1], out=begins[2:])
    edges = np.empty((len(windows) + 1, len(customers)), np.int64)
    moments, which = np.unique(begins, return_inverse=True)
    people = 1 + np.count_nonzero(np.diff(customers))
    if _MANY * people <= len(customers) and len(moments) * people <= edges.size:
        which = which.reshape(begins.shape).astype(np.uint32)
        _edges_of_shared(stream.offsets, stream.times, customers, moments, which, place.astype(np.uint32), edges)
    else:
        _edges_of_own(stream.offsets, stream.times, customers, begins, place, edges)
    return edges


@nb.njit(cache=True, nogil=True)
def _edges_of_shared(offsets, times, customers, moments, which, place, edges):  # type: ignore[no-untyped-def]
    """Find all moments in the rows of each customer, then look up the edges of the customer's cutoffs: ``which[s, place[r]]`` is a moment.

    Customers share cutoffs, and the start of one window is often that of another, so the moments are fewer than the edges. Unsigned
    numbers need no check for counting from the end.
    """
    found = np.empty(moments.size, np.int64)
    begin = 0
    while begin < customers.size:
        c = customers[begin]
        i, end, j = offsets[c], offsets[c + 1], 0
        while i < end and j < moments.size:  # a step without a branch: either the row is passed, or the moment is found
            found[j] = i
            earlier = times[i] < moments[j]
            i += earlier
            j += not earlier
        found[j:] = end
        after = begin
        while after < customers.size and customers[after] == c:
            after += 1
        for s in range(edges.shape[0]):
            for r in range(begin, after):
                edges[s, r] = found[which[s, place[r]]]
        begin = after


@nb.njit(cache=True, nogil=True)
def _edges_of_own(offsets, times, customers, begins, place, edges):  # type: ignore[no-untyped-def]
    """Find edges of cutoffs that few customers share, which ascend within a customer; ``begins[s, place[r]]`` is the moment of an edge.

    Where the clock is put back, the start of a later window may lie a little before that of an earlier one: pointers move both ways.
    """
    previous, high = -1, 0
    low = np.empty(begins.shape[0], np.int64)
    for r in range(customers.size):
        c = customers[r]
        a, b = offsets[c], offsets[c + 1]
        high = _first_until(times, high if c == previous else a, b, begins[0, place[r]])
        if c != previous:  # windows are sought from the cutoff backwards: most are shorter than what lies before them
            previous = c
            low[:] = high
        edges[0, r] = high
        for s in range(1, begins.shape[0]):
            edge = begins[s, place[r]]
            p = low[s] if edge > NEVER else a
            while p < high and times[p] < edge:
                p += 1
            while p > a and times[p - 1] >= edge:
                p -= 1
            low[s] = p
            edges[s, r] = p


def latest_known(stream: Stream, customers: npt.NDArray[np.int32], cutoffs: Ints, within: Span | None = None) -> Ints:
    """Return the latest row of each customer known before each cutoff, and not older than ``within`` before it; -1 for none, shape (n,).

    Customers and cutoffs are sorted by both; ``within`` of None is without bound.
    """
    edges = window_edges(stream, customers, cutoffs, [within])
    return _back_to_known(stream.columns.get("known", np.empty(0, np.int64)), cutoffs, edges)


@nb.njit(cache=True, nogil=True)
def _back_to_known(known, cutoffs, edges):  # type: ignore[no-untyped-def]
    found = np.empty(edges.shape[1], np.int64)
    for r in range(edges.shape[1]):
        i = edges[0, r] - 1
        if known.size:
            while i >= edges[1, r] and known[i] >= cutoffs[r]:
                i -= 1
        found[r] = i if i >= edges[1, r] else -1
    return found
