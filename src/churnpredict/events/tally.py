"""Counts of checks: judged at once, or summed over partitions and judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["Tally", "counting", "judge", "summing"]

Verdict = Callable[..., None]


class Tally:
    """What the checks of one table's partitions have counted so far.

    A share of bad rows that is small in the whole may be large in one partition, and the other way round: so partitions only count.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], tuple[Any, ...]] = {}
        self._verdicts: dict[tuple[str, ...], Verdict] = {}

    def add(self, key: tuple[str, ...], verdict: Verdict, counts: tuple[Any, ...]) -> None:
        before = self._counts.get(key)
        self._counts[key] = counts if before is None else tuple(a + b for a, b in zip(before, counts, strict=True))
        self._verdicts[key] = verdict

    def counts(self) -> list[tuple[tuple[str, ...], tuple[Any, ...]]]:
        """Return what was counted, by the keys of the checks."""
        return list(self._counts.items())

    def add_earlier(self, key: tuple[str, ...], counts: tuple[Any, ...]) -> None:
        """Add what a check has counted before in other rows, if it has counted in these; counts of names come as pairs."""
        if key in self._counts:
            now = self._counts[key]
            told = (Counter(dict(c)) if isinstance(now[i], Counter) else c for i, c in enumerate(counts))
            self._counts[key] = tuple(a + b for a, b in zip(now, told, strict=True))

    def merge(self, other: Tally) -> None:
        """Add what another one has counted."""
        for key, counts in other._counts.items():
            self.add(key, other._verdicts[key], counts)

    def settle(self) -> None:
        """Warn or refuse, as the sums say."""
        for key, verdict in self._verdicts.items():
            verdict(*self._counts[key])


_OPEN: ContextVar[Tally | None] = ContextVar("tally", default=None)


def judge(key: tuple[str, ...], verdict: Verdict, *counts: Any) -> None:
    """Let ``verdict`` warn or refuse on the counts: now, or once all partitions have been counted."""
    tally = _OPEN.get()
    if tally is None:
        verdict(*counts)
    else:
        tally.add(key, verdict, counts)


def summing() -> bool:
    """Return whether the table being read is only a part of one."""
    return _OPEN.get() is not None


@contextmanager
def counting(tally: Tally) -> Iterator[None]:
    """Let checks count into ``tally`` inside the block, instead of judging."""
    token = _OPEN.set(tally)
    try:
        yield
    finally:
        _OPEN.reset(token)
