"""Days without a year whose year is in a title line above the header, as in exports of bookkeeping: the date becomes a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from churnpredict.cli.intake.column_times import lacks_year
from churnpredict.cli.intake.table_joins import path_of, query_over, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.events.source import File

__all__ = ["with_years_of_titles"]

_DATE = re.compile(
    r"(?<!\d)(?:((?:19|20)\d\d)[-/.]?(?:0[1-9]|1[0-2])[-/.]?(?:0[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|1[0-2])[-/.]((?:19|20)\d\d))(?!\d)"
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DAYS = re.compile(r"\s*(\d{1,2})[-./ ]?(\d\d)\.?\s*")


def with_years_of_titles(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables; a file whose title names one year, and files of several years as one, with whole dates in a column.

    A title that names the days of two years, as a business year may begin in any month, leaves no day its year: such a file is not changed.
    """
    groups: dict[tuple[str, ...], list[tuple[str, TableProfile, Column, bool]]] = {}
    for profile in profiles:
        year = _year_of(profile)
        days = [c for c in profile.columns.values() if year and not profile.of_kind("time") and lacks_year(c.values, c.name)]
        if days and (first := _day_first(days[0])) is not None:
            stem = re.sub(r"\d+", "", profile.called or profile.name)
            groups.setdefault((stem, *profile.columns), []).append((year, profile, days[0], first))
    merged: dict[str, TableProfile | None] = {}
    for (stem, *columns), group in groups.items():
        name = next((n for n in ("date", "booking_date", "whole_date") if n not in columns), "")
        if not name or len({first for *_, first in group}) > 1:
            continue
        rows = [f"SELECT *, {_date(column, year, first)} AS {name} FROM {quoted(p.name)}" for year, p, column, first in group]
        called = re.sub(r"[-_. ]+$|^[-_. ]+", "", stem) or group[0][1].name
        found = profile_query(query_over(" UNION ALL ".join(rows), [p for _, p, _, _ in group]), called)
        if not found.columns[name].known.all():
            continue
        note = f'{name} is "{group[0][2].name}" with the year of the first lines of the file: add files of other years to the query'
        merged |= {p.name: None for _, p, _, _ in group}
        merged[group[0][1].name] = TableProfile(
            found.name, found.source, found.table, found.columns, notes=(*found.notes, note), called=called, months=found.months
        )
    return [kept for p in profiles if (kept := merged.get(p.name, p)) is not None]


def _year_of(profile: TableProfile) -> str:
    """Return the one year that the lines above the header name, by days or alone; nothing where there are several."""
    source = profile.source
    if not isinstance(source, File) or not source.skip_rows or not path_of(profile):
        return ""
    try:
        with Path(path_of(profile)).open(encoding=source.encoding or "utf-8", errors="replace") as file:
            above = "".join(islice(file, source.skip_rows))
    except (OSError, LookupError):  # a compressed file, or one that is not here
        return ""
    years = {one or other for one, other in _DATE.findall(above)} or set(_YEAR.findall(above))
    return years.pop() if len(years) == 1 else ""


def _day_first(column: Column) -> bool | None:
    """Return whether days without a year, in numbers, begin with the day: None where they are written otherwise, or nothing tells."""
    parts = [_DAYS.fullmatch(str(v)) for v in column.codes[1]]
    if not all(parts):
        return None
    pairs = [(int(p[1]), int(p[2])) for p in parts if p]
    one, other = max(a for a, _ in pairs), max(b for _, b in pairs)
    return one > 12 if max(one, other) > 12 and min(one, other) <= 12 else None


def _date(column: Column, year: str, day_first: bool) -> str:
    text = f"regexp_replace(CAST({quoted(column.name)} AS VARCHAR), '[^0-9]', '', 'g')"
    if any(re.search(r"\d[-./ ]\d", str(v)) for v in column.codes[1]):
        text = f"CAST({quoted(column.name)} AS VARCHAR)"
        one, other = (f"CAST(regexp_extract({text}, '^[^0-9]*([0-9]+)[^0-9]+([0-9]+)', {i}) AS BIGINT)" for i in (1, 2))
    else:
        one, other = f"CAST({text} AS BIGINT) // 100", f"CAST({text} AS BIGINT) % 100"
    day, month = (one, other) if day_first else (other, one)
    return f"make_date({year}, {month}, {day})"
