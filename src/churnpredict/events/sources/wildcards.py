"""Paths with wildcards, and paths whose own names hold the signs of wildcards, such as ``orders[1].csv`` in a folder ``[2024] exports``."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

__all__ = ["as_pattern", "files_of", "fixed_part", "has_wildcards", "plain_path"]

_SIGN = re.compile(r"\[([*?\[])\]|[*?\[]")  # with a group: a sign that stands for itself


def as_pattern(path: str | Path) -> str:
    """Return a pattern for a path: what exists under its name as it is written is meant, the rest may hold wildcards.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "orders[1].csv").write_text("who,at")
    ...     pattern = as_pattern(os.path.join(folder, "orders[1].csv"))
    ...     len(files_of(pattern)), os.path.basename(pattern), os.path.basename(plain_path(pattern))
    (1, 'orders[[]1].csv', 'orders[1].csv')
    """
    path = os.path.expanduser(str(path))
    if not glob.has_magic(path):
        return path
    known, rest = path, ""
    while known and not os.path.lexists(known):
        known, part = os.path.split(known)
        rest = os.path.join(part, rest) if rest else part
        if not part:  # the root of a path that nothing leads to
            break
    return os.path.join(glob.escape(known), rest) if rest else glob.escape(known)


def has_wildcards(pattern: str) -> bool:
    """Return whether a pattern may match more than one name."""
    return any(sign[1] is None for sign in _SIGN.finditer(pattern))


def plain_path(pattern: str) -> str:
    """Return a pattern as a person wrote it."""
    return _SIGN.sub(lambda sign: sign[1] or sign[0], pattern)


def files_of(pattern: str) -> list[str]:
    """Return the files that a pattern matches, sorted."""
    return sorted(f for f in glob.glob(pattern, recursive=True) if os.path.isfile(f))


def fixed_part(pattern: str) -> str:
    """Return the folder above the first wildcard, with its separator, as it begins the names of the files."""
    if not has_wildcards(pattern):
        return os.path.join(os.path.dirname(plain_path(pattern)), "")
    first = next(sign.start() for sign in _SIGN.finditer(pattern) if sign[1] is None)
    return plain_path(pattern[: pattern.rfind(os.sep, 0, first) + 1])
