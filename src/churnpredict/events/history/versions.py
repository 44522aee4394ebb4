"""Versions that decide how rows are read: those of libraries, of the code of this one, and of the rules of a time zone."""

from __future__ import annotations

import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from churnpredict.clock import utc_time

__all__ = ["reading_versions"]


def reading_versions(timezone: str) -> dict[str, str]:
    """Return what decides how rows are read: other versions may read the same files in another way."""
    events = Path(__file__).parents[1]
    files = sorted([*events.rglob("*.py"), *events.parent.glob("*.py")])
    code = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    found = {name: _version(name) for name in ("churnpredict", "duckdb", "numpy", "pandas", "pyarrow", "python-calamine")}
    return found | {"code": code, "timezone": timezone if timezone == "UTC" else f"{timezone} {_zone_digest(timezone)}"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # an extra, or a source tree that is not installed
        return ""


def _zone_digest(timezone: str) -> str:
    """Return a digest of the rules of a time zone: a new edition may move moments of the past."""
    hours = np.arange(-50 * 366 * 24, 80 * 366 * 24, dtype=np.int64) * 3_600_000_000
    return hashlib.sha256(utc_time(hours, timezone).tobytes()).hexdigest()
