"""Files of the same columns without a time, one for each month or day, which stands in their names: the date becomes a column."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from churnpredict.cli.intake.table_joins import path_of, query_over, quoted
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query

__all__ = ["with_dates_of_names"]

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
_FEWEST = 3


def with_dates_of_names(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables; files such as ``customers_2024-01.csv``, ``customers_2024-02.csv`` as one, with their month in a column."""
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[str, TableProfile]]] = {}
    for profile in profiles:
        found = _DATE.search(Path(path_of(profile)).stem) if path_of(profile) and not profile.of_kind("time") else None
        day = _day(found) if found else ""
        if found and day:
            stem = profile.called[: found.start()] + profile.called[found.end() :] if profile.called else ""
            groups.setdefault((stem, tuple(profile.columns)), []).append((day, profile))
    merged: dict[str, TableProfile | None] = {}
    for (stem, columns), group in groups.items():
        name = next((n for n in ("file_month", "file_date") if n not in columns), "")
        if len(group) < _FEWEST or len({day for day, _ in group}) < len(group) or not name:
            continue
        rows = [f"SELECT *, CAST('{day}' AS DATE) AS {name} FROM {quoted(p.name)}" for day, p in sorted(group, key=lambda g: g[0])]
        title = re.sub(r"[-_. ]+$|^[-_. ]+", "", stem) or "snapshots"
        whole = profile_query(query_over(" UNION ALL ".join(rows), [p for _, p in group]), title)
        note = f"{name} is taken from the names of {len(group)} files: add new ones to the query"
        merged |= {p.name: None for _, p in group}
        merged[group[0][1].name] = TableProfile(
            whole.name, whole.source, whole.table, whole.columns, notes=(*whole.notes, note), called=title, months=whole.months
        )
    return [kept for p in profiles if (kept := merged.get(p.name, p)) is not None]


def _day(found: re.Match[str]) -> str:
    """Return the day of a name, the first of its month where it has no day; nothing where there is no such day."""
    try:
        return datetime.date(int(found[1]), int(found[2]), int(found[3] or 1)).isoformat()
    except ValueError:
        return ""
