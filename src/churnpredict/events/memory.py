"""Limits of memory."""

from __future__ import annotations

import os
import re
from pathlib import Path

from churnpredict.errors import UsageError

__all__ = ["memory_limit", "size"]

_UNIT = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNKNOWN = 8 << 30


def memory_limit() -> int:
    """Return how much memory this process may use, in bytes: the least of its control groups, its own limits and the machine."""
    try:
        import resource
    except ImportError:  # Windows has neither limits nor a way to ask in the standard library
        return _UNKNOWN
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            found.append(soft)
    return min([*found, *group_limits(Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))])


def group_limits(root: Path, own: Path) -> list[int]:
    """Return the limits of the process's control group and all above it, of both versions."""
    found = []
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        folder, name = (root, "memory.max") if not controllers else (root / "memory", "memory.limit_in_bytes")
        if controllers and "memory" not in controllers.split(","):
            continue
        parts = [p for p in path.split("/") if p]
        for depth in range(len(parts) + 1):
            file = folder.joinpath(*parts[:depth]) / name
            if file.exists() and (text := file.read_text().strip()).isdigit():
                found.append(int(text))
    return found


def size(memory: str | int | None, least: int = 1) -> int:
    """Return a size such as ``"2GiB"`` in bytes; by default half of what the process may use.

    Raises
    ------
    UsageError
        ``bad-size`` for what is not a size, less than ``least``, or more than the process may use: such a limit could not be kept.
    """
    if memory is None:
        return memory_limit() // 2
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]iB|[kMGT]B)\s*", str(memory), re.ASCII)
    if match is None and (not isinstance(memory, int) or isinstance(memory, bool)):
        raise UsageError("bad-size", f"memory is {memory!r}", remedy='Write a number and a unit: "2GiB" or "900MB".')
    found = int(memory) if match is None else int(float(match[1]) * _UNIT[match[2]])
    most = memory_limit()
    if found < least or found > most:
        why = f"less than the {_in_words(least)} that Python, its libraries and a batch need" if found < least else None
        why = why or f"more than the {_in_words(most)} that this process may use"
        remedy = f"Give between {_in_words(least)} and {_in_words(most)}, or leave it out to use half of the memory."
        raise UsageError("bad-size", f"memory is {memory!r}, {why}", remedy=remedy)
    return found


def _in_words(n: int) -> str:
    return f"{n / (1 << 30):.1f} GiB" if n >= 1 << 30 else f"{-(-n // 10**6)}MB"
