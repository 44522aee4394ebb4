"""Tables in parts: files, sheets, members and tables of databases with the same columns, one for each month, year or shop."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnpredict.cli.intake.column_words import month_of, tokens
from churnpredict.cli.intake.repeated_rows import without_repeated
from churnpredict.cli.intake.table_joins import path_of, query_over, quoted
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query, table_name
from churnpredict.errors import ChurnError
from churnpredict.events.source import File, Query
from churnpredict.events.sources.wildcards import as_pattern, files_of

__all__ = ["common_options", "one_of_many", "over_pattern", "place_without_numbers"]

_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?=[a-f]*\d)[0-9a-f]{8,}")  # in the names of parts that engines write
_FEWEST = 3  # columns of parts that lack others
_SHEETS = re.compile(r"sheets?|tabelle|blatt|feuil|hoja|planilha|foglio|arkusz|blad|лист|sayfa|parts?|page|data|export", re.IGNORECASE)
_PART_OF_YEAR = re.compile(r"(?<![^\W_])[qh]\d(\s*-\s*[qh]\d)?[\s_-]+(?=(19|20)\d\d)", re.IGNORECASE)  # "Q1-Q4 2023", "H1 2024"
_WORD = re.compile(r"[^\W\d_]+")


def one_of_many(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return tables whose names differ in digits or months alone, or that are under one name in folders side by side, as one table.

    Files of later months may have columns that earlier ones lack: a note says so. Other columns make another table.
    """
    found = list(profiles)
    for place in (_without_numbers, _without_folder):
        groups: dict[str, list[TableProfile]] = {}
        for profile in found:
            groups.setdefault(place(profile) or f"\0{profile.name}", []).append(profile)
        found = [one for group in groups.values() for alike in _alike(group) for one in _merged(alike)]
    found = _under_own_names(found)
    return [_with_question(profile, found) for profile in found]


def _under_own_names(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables, each under a name of its own: what several parts have in common may be the name of another table."""
    taken: set[str] = set()
    found = []
    for profile in profiles:
        names = (profile.name, *(f"{profile.name}_{k}" for k in range(2, len(profiles) + 2)))
        name = next(n for n in names if n not in taken and (n == profile.name or all(n != p.name for p in profiles)))
        taken.add(name)
        found.append(profile if name == profile.name else replace(profile, name=name))
    return found


def _with_question(profile: TableProfile, profiles: Sequence[TableProfile]) -> TableProfile:
    """Return a table with a note on others of the same columns that share a word of its name: orders of the north, and of the south."""
    words = set(tokens(profile.name))
    others = [p.name for p in profiles if p is not profile and set(p.columns) == set(profile.columns) and words & set(tokens(p.name))]
    if not others or len(profile.columns) < _FEWEST:
        return profile
    note = f"the same columns as {', '.join(others)}: if they are parts of one table, name them in one glob"
    return replace(profile, notes=(*profile.notes, note))


def place_without_numbers(path: Path) -> tuple[str, ...]:
    """Return the parts of a file's path, without digits and months in its name."""
    return (*path.absolute().parts[:-1], _plain(path.name))


def _without_numbers(profile: TableProfile) -> str:
    """Return where a table stands, without digits and months."""
    return "/".join(_plain(part) for part in _place(profile))


def _place(profile: TableProfile) -> tuple[str, ...]:
    """Return the parts of a table's path; a sheet, a member, or a table of a database is its last."""
    source = profile.source
    if isinstance(source, File):
        return (*Path(source.path).absolute().parts, *filter(None, [source.sheet or source.member]))
    if isinstance(source, str):
        return Path(source).absolute().parts
    return (str(source.database), profile.called or profile.name) if isinstance(source, Query) and isinstance(source.database, str) else ()


def _plain(part: str) -> str:
    part = _RANDOM.sub("#", part)
    part = _WORD.sub(lambda word: "#" if month_of(word[0]) else word[0], part)
    part = _PART_OF_YEAR.sub("", part)
    return re.sub(r"[\d#]+", "#", re.sub(r"\bq(?=\d)|(?<=\d)q(?=\d)", "#", part, flags=re.IGNORECASE))


def _without_folder(profile: TableProfile) -> str:
    """Return where a file stands, without the name of its folder."""
    path = Path(path_of(profile)).absolute() if path_of(profile) and "*" not in path_of(profile) else None
    return "" if path is None else f"{path.parent.parent}/*/{path.name}"


def _alike(group: Sequence[TableProfile]) -> list[list[TableProfile]]:
    """Return tables of the same columns together, and such as lack columns that these have."""
    found: list[list[TableProfile]] = []
    for profile in sorted(group, key=lambda p: -len(p.columns)):
        own = set(profile.columns)
        some = next((some for some in found if _is_part(own, set(some[0].columns))), None)
        if some is None:
            found.append([profile])
        else:
            some.append(profile)
    order = {id(p): place for place, p in enumerate(group)}
    return sorted((sorted(some, key=lambda p: order[id(p)]) for some in found), key=lambda some: order[id(some[0])])


def _is_part(own: set[str], whole: set[str]) -> bool:
    return own == whole or (own < whole and len(own) >= _FEWEST and 3 * len(own) >= 2 * len(whole))


def _merged(group: list[TableProfile]) -> list[TableProfile]:
    """Return the tables as one, or as they are where nothing reads them together."""
    if len(group) == 1:
        return group
    try:
        whole = over_pattern(group, [path_of(p) for p in group]) or _over_query(group)
    except ChurnError:
        return group
    lacking = {c: sum(c not in p.columns for p in group) for c in whole.columns}
    by_count: dict[int, list[str]] = {}
    for column, parts in lacking.items():
        if parts:
            by_count.setdefault(parts, []).append(column)
    notes = [f"{parts} of {len(group)} parts have no {', '.join(columns)}" for parts, columns in by_count.items()]
    return [without_repeated(replace(whole, name=_name(group), notes=(*whole.notes, *notes)), group)]


def _name(group: Sequence[TableProfile]) -> str:
    """Return what the names have in common, or else that of their folder, workbook or archive."""
    places = [_place(p) for p in group]
    above = [parts[0] for parts in zip(*places, strict=False) if len(set(parts)) == 1]
    for named in (places[0][-1], *reversed(above[1:])):
        stem = _plain(named.split(".")[0])
        if re.search(r"[^\W\d_]{2,}", _SHEETS.sub("", stem)):
            return table_name(re.sub(r"[^\w]*#[^\w]*|_+", " ", stem).strip())
    return group[0].name


def over_pattern(group: Sequence[TableProfile], files: Sequence[str | Path]) -> TableProfile | None:
    """Return files as one table under a pattern that matches them and no others; None where there is no such pattern.

    ``group`` are the profiles of all files, or of those that show how all are written.
    """
    paths = [str(path) for path in files]
    options = common_options(group)
    if options is None or not all(paths):
        return None
    parts = [Path(path).parts for path in paths]
    if len({len(p) for p in parts}) > 1:
        return None
    first = next(depth for depth in range(len(parts[0])) if len({p[depth] for p in parts}) > 1)
    pieces = [_pattern([p[depth] for p in parts]) for depth in range(first, len(parts[0]))]
    pattern = as_pattern(Path(*parts[0][:first], *pieces))
    if files_of(pattern) != sorted(paths):
        return None
    whole = profile_query(File(pattern, **options) if options else pattern, _name(group))
    return replace(whole, keys=tuple({key: (key, value, why) for p in group for key, value, why in p.keys}.values()))


def _pattern(names: Sequence[str]) -> str:
    """Return a pattern for names: stars for digits and months, or for everything."""
    plain = {glob.escape(_plain(name)).replace("#", "*") for name in names}
    return glob.escape(names[0]) if len(set(names)) == 1 else plain.pop() if len(plain) == 1 else "*"


def _over_query(group: Sequence[TableProfile]) -> TableProfile:
    """Return tables as one, by a query; it names the columns, since SQLite knows no union by name."""
    columns = list(dict.fromkeys(c for p in sorted(group, key=lambda p: -len(p.columns)) for c in p.columns))
    rows = []
    for part in group:
        listed = ", ".join(quoted(c) if c in part.columns else f"NULL AS {quoted(c)}" for c in columns)
        inner = part.source.sql if isinstance(part.source, Query) else part.name
        rows.append(f"SELECT {listed} FROM {quoted(inner) if ' ' not in inner else f'({inner}) AS given'}")
    whole = profile_query(query_over(" UNION ALL ".join(rows), group), _name(group))
    return replace(whole, notes=(*whole.notes, f"{len(group)} parts are one table: add new ones to the query"))


def common_options(group: Sequence[TableProfile]) -> dict[str, Any] | None:
    """Return the options that read all files of a group, or None; one may show no sign of what another shows, such as thousands."""
    each = [p.source.options if isinstance(p.source, File) else {} for p in group]
    for key in ("delimiter", "skip_rows", "footer_rows", "column_names"):
        if len({str(options.get(key)) for options in each}) > 1:
            return None
    merged: dict[str, Any] = {}
    for options in each:
        for key, value in options.items():
            if merged.setdefault(key, value) != value:
                return None
    return merged
