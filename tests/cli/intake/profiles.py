"""Profiles of small files, as tests of single guesses need them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table


def profile_of(folder: Path, name: str, head: str, rows: Iterable[str]) -> TableProfile:
    """Write a CSV file and return its profile."""
    path = folder / f"{name}.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return profile_table(path)


def days(first: str, n: int, step: int = 1) -> list[str]:
    """Return n dates, ``step`` days apart."""
    import pandas as pd

    return [str(d.date()) for d in pd.date_range(first, periods=n, freq=pd.Timedelta(days=step))]


def read(profile: TableProfile, kind: str, **roles: str) -> Reading:
    """Return a reading with these roles, named like its table."""
    return Reading(profile, kind, profile.name, roles)
