"""Compare the event ids of several partitions of customers: one id at two customers is refused wherever they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numba as nb
import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.events.declarations import Declaration
from churnpredict.events.one_row import refuse_differing
from churnpredict.events.order_lines import ODD
from churnpredict.events.rows import Rows
from churnpredict.events.sources.spill import load_arrays, save_arrays

__all__ = ["EventIds", "are_among", "refuse_shared", "repeated_words"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Pairs = tuple[Ints, Ints]
_WORDS = ("high", "low")
AT_ONCE = 1 << 24  # words that are sorted at once
_SPARSE = 16  # bits of a bitmap for each word in it
_jit = nb.njit(cache=True, nogil=True)


class EventIds:
    """The event ids of tables that are read partition by partition: on disk, until those of all partitions are compared.

    Parameters
    ----------
    folder : Path
        Where the files go; they are removed in the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, list[Path]] = {}
        self._rows: dict[str, int] = {}

    def add(self, tables: Mapping[str, Rows]) -> None:
        """Keep the ids of all rows of one more partition."""
        for name, rows in tables.items():
            if rows.event_ids is not None:
                own = self._files.setdefault(name, [])
                place = self._folder / f"ids-{name}-{len(own)}"
                save_arrays(place, dict(zip(_WORDS, rows.event_ids, strict=True)))
                own.append(place)
                self._rows[name] = self._rows.get(name, 0) + len(rows.event_ids[0])

    def settle(self, declarations: dict[str, Declaration]) -> None:
        """Refuse ids that occur in several partitions.

        Raises
        ------
        ContentError
            ``event-id``.
        """
        for name, places in self._files.items():
            again = repeated_words(partial(_low_words, places), self._rows[name])
            parts = []
            for place in places if len(again) > 1 else ():
                high, low = (load_arrays(place)[word] for word in _WORDS)
                found = are_among(low, again)
                parts.append((high[found], low[found]))
            refuse_shared(name, declarations[name], parts, self._rows[name])
            for place in places:
                shutil.rmtree(place)


def _low_words(places: Sequence[Path]) -> Iterator[Ints]:
    return (load_arrays(place, [_WORDS[1]])[_WORDS[1]] for place in places)


def refuse_shared(name: str, declaration: Declaration, parts: Sequence[Pairs], total: int) -> None:
    """Refuse event ids that occur in several partitions, and so at several customers; ``parts`` are all in doubt of each.

    Raises
    ------
    ContentError
        ``event-id``.
    """
    pairs = [pd.DataFrame({"high": high, "low": low}).drop_duplicates() for high, low in parts]
    if pairs:
        found = pd.concat(pairs)
        refuse_differing(name, declaration, int((found.duplicated() & (found["high"] >= 0)).sum()), total)


def repeated_words(parts: Callable[[], Iterable[Ints]], rows: int) -> Ints:
    """Return the distinct words that occur more than once in all parts together, ascending; 0, which is also that of no id, always.

    Parameters
    ----------
    parts : callable
        Returns the parts, anew each time: with many rows, a share of the words of all is compared at a time.
    rows : int
        How many words there are.

    Examples
    --------
    >>> repeated_words(lambda: [np.array([5, 7, 7]), np.array([9, 5])], 5).tolist()
    [0, 5, 7]
    """
    n = rows // AT_ONCE + 1
    found = [np.zeros(1, np.int64)]
    for number in range(n):
        words = np.concatenate([np.empty(0, np.int64), *(_share(part, n, number) for part in parts())])
        words.sort()
        found.append(np.unique(words[1:][words[1:] == words[:-1]]))
    return np.sort(np.concatenate(found))


@_jit
def _share(words, n, number):  # type: ignore[no-untyped-def]
    """Return the words other than 0 of one of n shares."""
    found, left = np.empty(words.size, np.int64), 0
    for word in words:
        if word != 0 and (n == 1 or (((word * ODD) >> 32) & 0x7FFFFFFF) % n == number):
            found[left] = word
            left += 1
    return found[:left]


def are_among(words: Ints, wanted: Ints) -> Mask:
    """Return which words are among others, which ascend, shape (n,).

    Examples
    --------
    >>> are_among(np.array([3, 4, 3]), np.array([1, 3])).tolist()
    [True, False, True]
    """
    bits = max(10, (_SPARSE * len(wanted)).bit_length())
    found = np.zeros(len(words), np.bool_)
    _mark(words, wanted, np.zeros(1 << (bits - 6), np.int64), bits, found)
    return found


@_jit
def _mark(words, wanted, bitmap, bits, found):  # type: ignore[no-untyped-def]
    """Look words up in a bitmap first, which stays in the cache while few are wanted."""
    for word in wanted:
        place = ((word * ODD) >> (64 - bits)) & ((1 << bits) - 1)
        bitmap[place >> 6] |= 1 << (place & 63)
    for i in range(words.size):
        place = ((words[i] * ODD) >> (64 - bits)) & ((1 << bits) - 1)
        if (bitmap[place >> 6] >> (place & 63)) & 1:
            at = np.searchsorted(wanted, words[i])
            found[i] = at < wanted.size and wanted[at] == words[i]
