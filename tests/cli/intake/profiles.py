"""Profiles of small files, as tests of single guesses need them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table

DIMENSION = "customer_sk,customer_bk,tier,city,valid_from,valid_to,is_current"


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


def versions(step: int = 40) -> list[str]:
    """Rows of a dimension: a number of the version, one of the customer, a tier and a city, from when and until when, the newest."""
    rows = []
    for customer in range(30):
        begins = days(f"2024-01-{1 + customer % 20:02d}", 3, step)
        for k, begin in enumerate(begins):
            until = begins[k + 1] if k < 2 else "9999-12-31"
            rows.append(f"{3 * customer + k},C{customer:03d},{'ABA'[k]},{customer % 4},{begin},{until},{str(k == 2).lower()}")
    return rows
