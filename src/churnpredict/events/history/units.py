"""Proofs that a part of a source is unchanged: the names, times and contents of its files."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import Any

from churnpredict.events.sources.base import Unit

__all__ = ["Proof", "is_unchanged", "take_proof"]

SETTLED = 2_000_000_000  # nanoseconds: a file that was changed later than this before it was read may change again within one tick


@dataclass(frozen=True)
class Proof:
    """What is remembered of the files of a unit, or of the state that its source reports, when its rows were read.

    Attributes
    ----------
    files : tuple of (name, size, time of content, time of change, inode, settled, SHA-256)
        Times are in nanoseconds. The time of change (ctime) cannot be set by anybody: while it and all else is the same, and the file was
        at rest when it was read, its content is the same. Otherwise its content is compared.
    """

    files: tuple[tuple[str, int, int, int, int, bool, str], ...]

    @classmethod
    def of_state(cls, state: str) -> Proof:
        """Return what is remembered of rows of a database."""
        return cls((("", 0, 0, 0, 0, True, hashlib.sha256(state.encode()).hexdigest()),))

    @property
    def is_of_files(self) -> bool:
        """Whether these are files."""
        return all(name for name, *_ in self.files)

    def described(self) -> list[list[Any]]:
        """Return what is in the manifest."""
        return [list(file) for file in self.files]

    @classmethod
    def of(cls, told: list[list[Any]]) -> Proof:
        """Return what a manifest says."""
        return cls(tuple((str(n), int(a), int(b), int(c), int(d), bool(e), str(f)) for n, a, b, c, d, e, f in told))


def take_proof(unit: Unit) -> Proof:
    """Return what shows later that the rows of a unit are those that are read now; without files and a state, nothing does."""
    if unit.state:
        return Proof.of_state(unit.state)
    return Proof(tuple(_state(path, name, None) for path, name in _named(unit.files)))


def _named(files: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the path of each file, and its name below the folder of all: a history may move together with its sources."""
    home = os.path.commonpath([os.path.dirname(os.path.abspath(path)) for path in files]) if files else ""
    return [(path, os.path.relpath(os.path.abspath(path), home)) for path in files]


def is_unchanged(unit: Unit, proof: Proof) -> Proof | None:
    """Return the proof, brought up to date, if every file of a unit is what it was; None where one is not, or nothing can be proved."""
    if unit.state:
        return proof if proof == Proof.of_state(unit.state) else None
    if not unit.files or len(unit.files) != len(proof.files):
        return None
    found = []
    for (path, name), before in zip(_named(unit.files), proof.files, strict=True):
        try:
            now = _state(path, name, before)
        except OSError:
            return None
        if (now[0], now[1], now[6]) != (before[0], before[1], before[6]):
            return None
        found.append(now)
    return Proof(tuple(found))


def _state(path: str, name: str, before: tuple[str, int, int, int, int, bool, str] | None) -> tuple[str, int, int, int, int, bool, str]:
    """Return the state of a file; its content is hashed unless it is shown to be that of ``before``."""
    began = time.time_ns()
    stat = os.stat(path)
    looks = (name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    settled = max(stat.st_mtime_ns, stat.st_ctime_ns) + SETTLED < began
    if before is not None and looks == before[:5] and before[5]:
        return before
    if before is not None and before[1] != stat.st_size:
        return (*looks, settled, "")
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return (*looks, settled, digest)
