"""The algebra of contracts: which of them carry each other on, who is covered at a moment, and when a spell of them ends.

A contract runs in [start, end). One that begins no later than ``until``, the end and the grace of another, carries it on: both belong to
one spell, which runs without a break from the first start to the last end. A contract that ends as it begins covers no moment at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numba as nb
import numpy as np
import numpy.typing as npt

from churnpredict.events.streams import Stream
from churnpredict.events.timing import NEVER, OPEN

__all__ = ["Contracts", "Spells"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Spells:
    """Contracts that carry each other on, as one interval each.

    Attributes
    ----------
    offsets : ndarray of shape (n_customers + 1,), int64
        Spells of customer ``c`` are ``offsets[c]:offsets[c + 1]``, oldest first.
    starts, ends : ndarray of shape (n,), int64
        Half-open: [start, end), in microseconds UTC; ``OPEN`` for one that has not ended.
    until : ndarray of shape (n,), int64
        The latest moment at which another contract would carry it on.
    last : ndarray of shape (n,), int64
        The contract that ends last. Of several that end together, one whose end was not the customer's will.
    """

    offsets: Ints
    starts: Ints
    ends: Ints
    until: Ints
    last: Ints

    def at(self, customers: Codes, moments: Ints) -> Ints:
        """Return the spell that has begun before each moment and has not ended by it, -1 for none, shape (n,); in hindsight."""
        return np.asarray(spell_at(self.offsets, self.starts, self.ends, customers, moments))

    def end_of(self, spell: Ints, none: int = NEVER) -> Ints:
        """Return the end of each spell, ``none`` where there is none, shape (n,)."""
        return np.where(spell >= 0, np.append(self.ends, none)[spell], none)

    def seen_until(self, moment: int) -> Spells:
        """Return the same where nothing is known from a moment on: what can still be carried on then has not ended."""
        return replace(self, ends=np.where(self.until >= moment, OPEN, self.ends))

    @property
    def first_starts(self) -> Ints:
        """When the first spell of each customer begins, ``OPEN`` without any, shape (n_customers,)."""
        return np.where(np.diff(self.offsets) > 0, np.append(self.starts, OPEN)[self.offsets[:-1]], OPEN)

    @property
    def final_ends(self) -> Ints:
        """When the last spell of each customer ends, ``NEVER`` without any, shape (n_customers,)."""
        some = np.diff(self.offsets) > 0
        return np.where(some, np.append(self.ends, NEVER)[self.offsets[1:] - 1], NEVER)


@dataclass(frozen=True)
class Contracts:
    """The contracts of all customers, and how late each can be carried on.

    Attributes
    ----------
    offsets, starts, ends, known : ndarray
        As in the stream; ``ends`` are ``OPEN`` for contracts that have not ended.
    until : ndarray of shape (n,), int64
        The latest moment at which another contract may begin to carry this one on: its end, and the grace.
    lost : ndarray of shape (n,), bool
        Whether the end of the contract is not the customer's will.
    """

    offsets: Ints
    starts: Ints
    ends: Ints
    known: Ints
    until: Ints
    lost: Bools

    @classmethod
    def of(cls, stream: Stream, until: Ints, lost: Bools | None = None) -> Contracts:
        """Return the contracts of a stream of intervals."""
        known = stream.columns.get("known", stream.times)
        lost = np.zeros(len(stream), np.bool_) if lost is None else lost
        return cls(stream.offsets, stream.times, stream.columns["end"], known, until, lost)

    @cached_property
    def spells(self) -> Spells:
        """All spells, in hindsight."""
        return Spells(*merge(self.offsets, self.starts, self.ends, self.until, self.lost))

    def running(self, customers: Codes, moments: Ints) -> Bools:
        """Return whether each customer has a contract at each moment, as far as was known then, shape (n,).

        It has begun before the moment, was known before it and ends after it. One that begins exactly at the moment counts where it carries
        on another that was known: who renews at a moment is a customer at that moment, and who does not has left.
        """
        return np.asarray(running_at(self.offsets, self.starts, self.ends, self.known, self.until, customers, moments))

    def worth(self, values: npt.NDArray[np.float64], customers: Codes, moments: Ints) -> npt.NDArray[np.float64]:
        """Return the sum of the values of the contracts that hold at the edge of a period, NaN for none, shape (n,); in hindsight.

        Those with start < moment < end; what ends at the moment belongs to the period before, unless another contract of the customer
        begins at it: then all changes of the moment belong to the period that it opens. In the seam between two contracts, where there are
        none, those that the next one carries on.
        """
        return np.asarray(_worth(self.offsets, self.starts, self.ends, self.until, values, customers, moments))

    @property
    def overlapping(self) -> int:
        """How many contracts begin before an earlier one of the same customer has ended."""
        return int(_overlapping(self.offsets, self.starts, self.ends))


@nb.njit(cache=True, nogil=True)
def merge(offsets, starts, ends, until, lost):  # type: ignore[no-untyped-def]
    """Merge contracts in order of their starts into spells: offsets, starts, ends, until when each can be renewed, and its last
    contract.
    """
    places = np.zeros_like(offsets)
    first, final = np.empty(starts.size, np.int64), np.empty(starts.size, np.int64)
    reach, last = np.empty(starts.size, np.int64), np.empty(starts.size, np.int64)
    n = 0
    for c in range(offsets.size - 1):
        places[c] = n
        for i in range(offsets[c], offsets[c + 1]):
            if ends[i] <= starts[i]:
                continue
            if n == places[c] or starts[i] > reach[n - 1]:
                first[n], final[n], reach[n], last[n] = starts[i], ends[i], until[i], i
                n += 1
                continue
            if ends[i] > final[n - 1] or (ends[i] == final[n - 1] and lost[i]):
                last[n - 1] = i
            final[n - 1] = max(final[n - 1], ends[i])
            reach[n - 1] = max(reach[n - 1], until[i])
    places[offsets.size - 1] = n
    return places, first[:n].copy(), final[:n].copy(), reach[:n].copy(), last[:n].copy()


@nb.njit(cache=True, nogil=True)
def spell_at(offsets, starts, ends, customers, moments):  # type: ignore[no-untyped-def]
    found = np.full(customers.size, -1, np.int64)
    for r in range(customers.size):
        for i in range(offsets[customers[r]], offsets[customers[r] + 1]):
            if starts[i] >= moments[r]:
                break
            if ends[i] > moments[r]:
                found[r] = i
                break
    return found


@nb.njit(cache=True, nogil=True)
def running_at(offsets, starts, ends, known, until, customers, moments):  # type: ignore[no-untyped-def]
    found = np.zeros(customers.size, np.bool_)
    for r in range(customers.size):
        t = moments[r]
        carried = False
        for i in range(offsets[customers[r]], offsets[customers[r] + 1]):
            if starts[i] > t:
                break
            if ends[i] > t:
                if known[i] < t or (carried and known[i] == t):
                    found[r] = True
                    break
            elif starts[i] < ends[i] and known[i] < t and until[i] >= t:
                carried = True
    return found


@nb.njit(cache=True, nogil=True)
def _worth(offsets, starts, ends, until, values, customers, moments):  # type: ignore[no-untyped-def]
    found = np.full(customers.size, np.nan)
    for r in range(customers.size):
        t = moments[r]
        low, high = offsets[customers[r]], offsets[customers[r] + 1]
        latest, following = NEVER, OPEN
        for i in range(low, high):
            if starts[i] >= t:
                if ends[i] > starts[i]:
                    following = starts[i]
                    break
                continue
            if ends[i] > starts[i]:
                latest = starts[i]
        over = t if following == t else t + 1  # the first end that is not over
        held = False
        for i in range(low, high):
            if starts[i] < t and ends[i] >= over:
                held = True
        if not held and following == OPEN:
            continue
        for i in range(low, high):
            if starts[i] >= t:
                break
            # in a seam: what has been carried on by a contract that began since is over
            counts = ends[i] >= over if held else (ends[i] > starts[i] and ends[i] > latest and until[i] >= following)
            if counts and not np.isnan(values[i]):
                found[r] = values[i] if np.isnan(found[r]) else found[r] + values[i]
    return found


@nb.njit(cache=True, nogil=True)
def _overlapping(offsets, starts, ends):  # type: ignore[no-untyped-def]
    n = 0
    for c in range(offsets.size - 1):
        reach = NEVER
        for i in range(offsets[c], offsets[c + 1]):
            if i > offsets[c] and starts[i] < reach:
                n += 1
            reach = max(reach, ends[i])
    return n
