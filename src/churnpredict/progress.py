"""Progress of long work: stages and bars on a terminal, bars in notebooks, nothing elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["be_quiet", "begin", "progress", "someone_is_watching", "stage"]

T = TypeVar("T")


class _Told:
    """State of progress output: whether a command prints its stages, since when, and whether output is off."""

    began: float | None = None
    quiet = False


def be_quiet(quiet: bool = True) -> None:
    """Turn off all progress output."""
    _Told.quiet = quiet


def begin(what: str) -> None:
    """Start printing the stages of a command, with the first one before any library is loaded, since that takes seconds."""
    _Told.began = time.monotonic()
    stage(what)


def stage(what: str) -> None:
    """Print the next stage of a command and its running time on a terminal; calls from Python print nothing."""
    if _Told.began is not None and not _Told.quiet and sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(f"{time.monotonic() - _Told.began:4.0f} s  {what}\n")
        sys.stderr.flush()


def someone_is_watching() -> bool:
    """Return whether standard error is a terminal, or the code runs in a notebook."""
    return not _Told.quiet and ((sys.stderr is not None and sys.stderr.isatty()) or "ipykernel" in sys.modules)


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Return the items, with a bar of the share done and the time left if someone is watching and there is more than one."""
    if len(items) < 2 or not someone_is_watching():
        return items
    from tqdm.auto import tqdm

    bar: Iterable[T] = tqdm(items, desc=what, leave=False, dynamic_ncols=True)
    return bar
