"""Run blocks of work in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from churnpredict.errors import UsageError
from churnpredict.number_checks import is_whole_number
from churnpredict.threads import each_in_threads, processors

__all__ = ["in_threads", "thread_number"]


def thread_number(n_jobs: int) -> int:
    """Return a number of threads; -1 is one for each core."""
    if not is_whole_number(n_jobs) or (n_jobs < 1 and n_jobs != -1):
        raise UsageError("bad-jobs", f"n_jobs is {n_jobs!r:.40}", remedy="Give a number of threads, or -1 for one per core.")
    return processors() if n_jobs == -1 else int(n_jobs)


def in_threads(work: Callable[[int], None], blocks: Sequence[int], n_jobs: int) -> None:
    """Run all blocks, the first one alone: it compiles, and fills shared caches."""
    threads = thread_number(n_jobs)
    for block in blocks[:1]:
        work(block)
    each_in_threads(work, blocks[1:], threads)
