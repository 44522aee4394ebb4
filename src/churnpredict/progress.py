"""Progress of long work: stages and bars on a terminal, bars in notebooks, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar

from churnpredict.text_tables import paragraph

__all__ = ["be_quiet", "begin", "counter", "progress", "someone_is_watching", "stage", "work"]

T = TypeVar("T")
_moving = Lock()


class Told:
    """State of progress output: whether a command prints its stages, since when, whether output is off, and the bar of current work."""

    began: float | None = None
    quiet = False
    bar: Any = None  # of the work that is under way


def be_quiet(quiet: bool = True) -> None:
    """Turn off all progress output."""
    Told.quiet = quiet


def begin(what: str) -> None:
    """Start printing the stages of a command, with the first one before any library is loaded, since that takes seconds."""
    Told.began = time.monotonic()
    stage(what)


def stage(what: str) -> None:
    """Print the next stage of a command and its running time on a terminal; calls from Python print nothing."""
    if Told.began is not None and not Told.quiet and sys.stderr is not None and sys.stderr.isatty():
        wrapped = paragraph(what, indent=" " * 8, first=f"{time.monotonic() - Told.began:4.0f} s  ")
        sys.stderr.write("\n".join([*wrapped, ""]))
        sys.stderr.flush()


def someone_is_watching() -> bool:
    """Return whether standard error is a terminal, or the code runs in a notebook."""
    return not Told.quiet and ((sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules)


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Return the items, with a bar of the share done and the time left if someone is watching and there is more than one."""
    if len(items) < 2 or not someone_is_watching():
        return items
    from tqdm.auto import tqdm

    bar: Iterable[T] = tqdm(items, desc=what, leave=False, dynamic_ncols=True)
    return bar


@contextmanager
def work(what: str, pieces: int) -> Iterator[None]:
    """Show a bar with the share done and the time left, if someone is watching; :func:`counter` moves it.

    Work within other work has no bar of its own.
    """
    if Told.bar is not None or pieces < 1 or not someone_is_watching():
        yield
        return
    from tqdm.auto import tqdm

    shown = "{desc}: {percentage:3.0f}%|{bar}| {remaining} left"
    Told.bar = tqdm(total=pieces, desc=what, leave=False, dynamic_ncols=True, delay=0.5, bar_format=shown)
    try:
        yield
    finally:
        Told.bar.close()
        Told.bar = None


def counter(steps: int) -> Callable[[int], None]:
    """Return a function that says how many of the steps of one piece of the work are done; it does nothing where nothing is shown."""
    bar, told = Told.bar, 0.0

    def done(step: int) -> None:
        nonlocal told
        now = min(step / max(steps, 1), 1.0)
        if bar is not None and now > told:
            with _moving:  # boosters grow side by side
                bar.update(min(now - told, bar.total - bar.n))
            told = now

    return done
