"""What every benchmark shares: one pinned core, CPU time, tables with both sides."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Table", "cpu", "pin"]

T = TypeVar("T")


def pin() -> None:
    """Stay on one core, with one thread in every library that asks."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import pyarrow as pa

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def cpu(work: Callable[..., T], *given: object) -> tuple[T, float]:
    """The result, and the CPU seconds (user and system, all threads) that it took."""
    begin = time.process_time()
    result = work(*given)
    return result, time.process_time() - begin


class Table:
    """Rows of text, aligned when printed."""

    def __init__(self, title: str, head: list[str]) -> None:
        self.title, self.rows = title, [head]

    def add(self, *cells: str) -> None:
        self.rows.append(list(cells))

    def print(self) -> None:
        widths = [max(len(r[i]) for r in self.rows) for i in range(len(self.rows[0]))]
        print(self.title)
        for n, row in enumerate(self.rows):
            print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))))
            if n == 0:
                print("  " + "  ".join("-" * w for w in widths))
        print(flush=True)
