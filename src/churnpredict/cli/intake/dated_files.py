"""Files or sheets of the same columns without a time, one for each month or day, which is in their names: the date becomes a column."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

from churnpredict.cli.intake.column_words import month_of
from churnpredict.cli.intake.table_joins import path_of, query_over, quoted
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query
from churnpredict.events.source import File

__all__ = ["with_dates_of_names"]

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)")
_NAMED = re.compile(r"(?<!\d)(?:(?P<y>(?:19|20)\d\d)[-_. ]*)?(?P<m>[^\W\d_]{3,12})(?(y)|[-_. ]*(?P<z>(?:19|20)\d\d)(?!\d))")
_FEWEST = 3


def with_dates_of_names(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables; files such as ``customers_2024-01.csv``, ``customers_2024-02.csv`` as one, with their month in a column."""
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[str, TableProfile]]] = {}
    for profile in profiles:
        for named in _names(profile) if not profile.of_kind("time") else ():
            found = _DATE.search(named) or _NAMED.search(named)
            day = _day(found) if found else ""
            if found and day:
                stem = named[: found.start()] + named[found.end() :]
                groups.setdefault((stem, tuple(profile.columns)), []).append((day, profile))
                break
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


def _names(profile: TableProfile) -> list[str]:
    """Return the names that may hold the date of a table, the nearest first: its sheet or member, its file, and its folder."""
    source = profile.source
    if isinstance(source, File) and (source.sheet or source.member):
        return [source.sheet or Path(str(source.member)).stem]
    path = Path(path_of(profile)).absolute()
    return [path.stem, f"{path.parent.name} {path.stem}"] if path_of(profile) else []


def _day(found: re.Match[str]) -> str:
    """Return the day of a name, the first of its month where it has no day; nothing where there is no such day."""
    groups = found.groupdict()
    try:
        if groups:
            return datetime.date(int(groups["y"] or groups["z"]), month_of(groups["m"]) or 0, 1).isoformat()
        return datetime.date(int(found[1]), int(found[2]), int(found[3] or 1)).isoformat()
    except ValueError:
        return ""
