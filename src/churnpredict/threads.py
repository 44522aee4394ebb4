"""Number of threads for a call: limited by the work and the machine, and one after a fork."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from churnpredict.errors import UsageError

__all__ = ["asking", "each_in_threads", "in_forks", "one_blas_thread", "processors", "thread_count", "was_forked"]

_forked = False
_asked: ContextVar[Any] = ContextVar("n_jobs", default=None)
_held: list[Callable[[], None]] = []


def _remember_fork() -> None:
    """Note that this process is a fork, and limit the loaded engines to one thread.

    The threads of an OpenMP pool do not survive a fork, and a child that uses them never returns. One thread does not use them.
    """
    global _forked  # noqa: PLW0603 - what a process is holds for the whole process
    _forked = True
    for hold in _held:
        hold()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_remember_fork)


def in_forks(hold: Callable[[], None]) -> None:
    """Call ``hold`` in every process that is forked from this one, and now if this one is a fork."""
    _held.append(hold)
    if _forked:
        hold()


def was_forked() -> bool:
    """Return whether this process is a fork of one that had imported churnpredict."""
    return _forked


def processors() -> int:
    """Return processors that this process may use: by affinity, by the quota of its container, and by ``OMP_NUM_THREADS`` where
    it is set.
    """
    from joblib import cpu_count

    allowed = int(cpu_count())
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(allowed, int(asked))) if asked.isdigit() and int(asked) else allowed


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the linear algebra inside the block use one thread.

    Matrices of a few hundred columns are done before a second thread has begun. On a machine that is busy with other work the threads wait
    for each other and use up what they wait for: 22 s instead of .3 s for the clocks of a season.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


@contextmanager
def asking(n_jobs: Any) -> Iterator[None]:
    """Use this ``n_jobs`` inside the block, in this thread, wherever no other is given."""
    token = _asked.set(n_jobs)
    try:
        yield
    finally:
        _asked.reset(token)


def thread_count(n_jobs: Any, *, pieces: float = float("inf")) -> int:
    """Return threads for a call.

    Parameters
    ----------
    n_jobs : int or None
        None and 0 follow the work, unless :func:`asking` sets it; -1 is every processor, -2 all but one, and so on; other numbers are used
        unchanged, up to the number of cores of the machine.
    pieces : float
        Number of threads that the work can use.

    Raises
    ------
    UsageError
        ``bad-jobs``.

    Examples
    --------
    >>> thread_count(1), thread_count(None, pieces=0.3)
    (1, 1)
    """
    from churnpredict.number_checks import is_whole_number  # here, since every import of the package passes this module

    for given in (n_jobs, _asked.get()):
        if given is not None and not is_whole_number(given):
            raise UsageError("bad-jobs", f"n_jobs is {given!r:.40}", remedy="Give a number of threads, -1 for one per processor, or None.")
    n_jobs = n_jobs or _asked.get()
    wanted = 0 if n_jobs is None else int(n_jobs)
    if _forked:
        return 1
    if wanted > 0:
        return min(wanted, max(os.cpu_count() or 1, 1))
    here = processors()
    if wanted < 0:
        return max(1, here + 1 + wanted)
    return int(max(1, min(here, pieces)))


def each_in_threads(work: Callable[[Any], object], pieces: Sequence[Any], threads: int) -> None:
    """Call ``work`` with every piece, in at most so many threads; the first error is raised.

    >>> found = []
    >>> each_in_threads(found.append, range(3), 1)
    >>> found
    [0, 1, 2]
    """
    threads = min(threads, len(pieces))
    if threads < 2:
        for piece in pieces:
            work(piece)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, pieces))
