"""Cells that stand only on the first row of a record or of a group, as in forms of several lines and in workbooks with merged cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_joins import query_over, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.events.source import Query

__all__ = ["is_grouped_report", "with_filled_cells"]

Mask = npt.NDArray[np.bool_]
_FEWEST = 10  # records, or headings of groups
_BACK = 0.2  # of the groups begin earlier than the row above them: the file is not in the order of time


def with_filled_cells(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables; where customer, date and number of a record are only on its first row, the rows below have them too.

    Amounts are not copied: a total on the first row is that of the record.
    """
    return [_filled(p) for p in profiles]


def _filled(profile: TableProfile) -> TableProfile:
    if isinstance(profile.source, Query) or profile.rows < 2 * _FEWEST or profile.months:
        return profile
    groups: dict[bytes, list[Column]] = {}
    for column in profile.columns.values():
        if column.kind != "empty" and column.filled[0] and not column.filled.all():
            groups.setdefault(column.filled.tobytes(), []).append(column)
    for heads in groups.values():
        if _are_records(profile, heads) or _are_groups(profile, heads):
            return _below(profile, [c for c in heads if c.kind != "number" or is_id(c.name) or c.says("customer")])
    return profile


def _are_records(profile: TableProfile, heads: Sequence[Column]) -> bool:
    """Return whether rows without date, number and customer are further lines of the record above them."""
    there, rows = heads[0].filled, int(heads[0].filled.sum())
    dated = any(c.kind == "time" for c in heads) and not any(c.kind == "time" for c in profile.columns.values() if c not in heads)
    numbered = any(c.distinct == rows and c.kind in ("text", "number") for c in heads)
    whose = any(c.says("customer", "person") for c in heads)
    return dated and numbered and whose and rows >= _FEWEST and _have_others(profile, heads, there)


def _are_groups(profile: TableProfile, heads: Sequence[Column]) -> bool:
    """Return whether a customer stands once, above the rows of its own: the rows go back in time where the next one begins."""
    there, rows = heads[0].filled, int(heads[0].filled.sum())
    whose = [c for c in heads if c.says("customer", "person") and c.distinct == rows]
    dated = [c for c in profile.of_kind("time") if c not in heads and c.known.all()]
    if not whose or not dated or rows < _FEWEST or 2 * rows > len(there) or not _have_others(profile, heads, there):
        return False
    times = dated[0].times
    begins = np.flatnonzero(there[1:]) + 1
    return bool((times[begins] < times[begins - 1]).mean() > _BACK)


def _have_others(profile: TableProfile, heads: Sequence[Column], there: Mask) -> bool:
    """Return whether each of the rows below holds something."""
    others = [c.filled for c in profile.columns.values() if c not in heads]
    return bool(others) and bool(np.logical_or.reduce(others)[~there].all())


def _below(profile: TableProfile, heads: Sequence[Column]) -> TableProfile:
    """Return the table with the cells of the first rows on the rows below, where a query makes them so."""
    place = next(n for n in ("row_no", "place_in_file", "place_in_the_file") if n not in profile.columns)
    made = []
    for column in heads:
        name = quoted(column.name)
        value = f"CASE WHEN trim(CAST({name} AS VARCHAR)) <> '' THEN {name} END"
        made.append(f"last_value({value} IGNORE NULLS) OVER (ORDER BY {place}) AS {name}")
    numbered = f"SELECT *, row_number() OVER () AS {place} FROM {quoted(profile.name)}"
    sql = f"SELECT * EXCLUDE ({place}) REPLACE ({', '.join(made)}) FROM ({numbered}) ORDER BY {place}"
    found = profile_query(query_over(sql, [profile]), profile.name, profile)
    if found.rows != profile.rows or any(not _is_copied(c, found) for c in heads):
        return profile
    named = ", ".join(f'"{c.name}"' for c in heads)
    note = f"{named}: only on the first row of each group in the file; the rows below have them from there"
    return replace(found, notes=(*profile.notes, note))


def _is_copied(column: Column, found: TableProfile) -> bool:
    wanted = pd.Series(column.values.cast(pa.string()).to_pandas()).where(column.filled).ffill()
    return wanted.tolist() == found.table[column.name].cast(pa.string()).to_pylist()


def is_grouped_report(profile: TableProfile, customer: str) -> bool:
    """Return whether rows between others hold nothing under any name: headings of groups, in a column without a name.

    Where a column is named for customers, such rows are only lines between groups.
    """
    if any(has_word(customer, role) for role in ("customer", "person")):
        return False
    there = np.logical_or.reduce([c.filled for c in profile.columns.values()])
    return int((~there).sum()) >= _FEWEST
