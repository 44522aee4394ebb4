"""Progress of long work: a bar on a terminal and in notebooks, silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["progress", "someone_is_watching"]

T = TypeVar("T")


def someone_is_watching() -> bool:
    """Whether standard error is a terminal, or the code runs in a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """The items, with a bar if someone is watching and there is more than one."""
    if len(items) < 2 or not someone_is_watching():
        return items
    from tqdm.auto import tqdm

    bar: Iterable[T] = tqdm(items, desc=what, leave=False)
    return bar
