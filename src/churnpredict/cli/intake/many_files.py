"""Folders with a file for each day: the files of one table are read together, after some of them have shown how they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from churnpredict.cli.intake.parts_of_tables import common_options, over_pattern, place_without_numbers
from churnpredict.cli.intake.table_profiles import TableProfile, profile_table
from churnpredict.errors import ChurnError
from churnpredict.events.sources.endings import PARQUET, TEXT

__all__ = ["tables_of_many"]

_MANY = 24  # files from which on each of them is not looked at alone
_SHOWN = 12  # of them are
_LAYOUT = ("skip_rows", "footer_rows", "column_names", "encoding")  # may differ from file to file without a trace in the rows


def tables_of_many(paths: Sequence[Path]) -> tuple[list[TableProfile], list[Path]]:
    """Return tables of many files that are alike, each as one, and the files that have to be looked at one by one.

    Files belong together if they lie in one folder, their names differ in digits or months alone, and their first lines are the same.
    Twelve of them show how they are written. The others are read with them, and the table is kept only if its columns are then what they
    are in these twelve: dates, numbers or texts, and empty only where they are empty there. So a sum below the rows or another decimal
    sign in one file leads back to each file. So does a row that comes twice, since only the files tell whether exports overlap.
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        if path.suffix.lower() in (*TEXT, *PARQUET):
            groups.setdefault(place_without_numbers(path), []).append(path)
    tables = {}
    for place, group in groups.items():
        if len(group) >= _MANY and (whole := _whole(sorted(group))):
            tables[place] = whole
    return list(tables.values()), [p for p in paths if place_without_numbers(p) not in tables]


def _whole(paths: Sequence[Path]) -> TableProfile | None:
    if paths[0].suffix.lower() in TEXT and len({_first_line(path) for path in paths}) > 1:
        return None
    shown = [paths[round(k * (len(paths) - 1) / (_SHOWN - 1))] for k in range(_SHOWN)]
    try:
        some = [profile_table(path) for path in shown]
        options = common_options(some)
        if options is None or any(name in options for name in _LAYOUT) or len({tuple(p.columns) for p in some}) > 1:
            return None
        whole = over_pattern(some, paths)
    except ChurnError:
        return None
    if whole is None or not whole.of_kind("time") or tuple(whole.columns) != tuple(some[0].columns):
        return None
    for name, column in whole.columns.items():
        own = [p.columns[name] for p in some]
        if column.kind not in {c.kind for c in own} or (not column.filled.all() and all(c.filled.all() for c in own)):
            return None
    distinct = whole.table.select(list(whole.columns)).group_by(list(whole.columns)).aggregate([]).num_rows
    return whole if distinct == whole.rows else None


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return re.sub(rb"\s+$", b"", file.readline(65536))
