"""Rows that two exports hold, where exports of a table overlap by some weeks: they count once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_joins import query_over, quoted
from churnpredict.cli.intake.table_profiles import TableProfile, profile_query
from churnpredict.events.source import Query

__all__ = ["without_repeated"]

_ALL = 0.8  # of the rows of the time that two parts share are in both


def without_repeated(whole: TableProfile, parts: Sequence[TableProfile]) -> TableProfile:
    """Return a table of several parts without the rows of one that another holds as well.

    Equal rows may be two purchases: where one part holds a row twice, or where other rows of the same time are in one part only, all stay.
    """
    columns = list(parts[0].columns)
    if any(list(p.columns) != columns for p in parts):
        return whole
    rows = pd.concat([p.table.select(columns).to_pandas().astype(str) for p in parts], keys=range(len(parts)))
    twice = rows.duplicated()
    if (
        not twice.any()
        or rows.reset_index(level=0).duplicated().any()
        or not _exported_twice(parts, rows.duplicated(keep=False).to_numpy())
    ):
        return whole
    if isinstance(whole.source, Query):
        query = Query(f"SELECT DISTINCT * FROM ({whole.source.sql}) AS given", whole.source.database)
    else:
        query = query_over(f"SELECT DISTINCT * FROM {quoted(whole.name)}", [whole])
    made = profile_query(query, whole.name)
    return replace(made, months=whole.months, notes=(*whole.notes, f"{int(twice.sum()):,} rows are in two of the files: they count once"))


def _exported_twice(parts: Sequence[TableProfile], twice: npt.NDArray[np.bool_]) -> bool:
    """Return whether rows that are in two parts are the same ones, not equal by chance: by their id, or since all of a time are."""
    if any(is_id(name) and all(p.columns[name].unique for p in parts) for name in parts[0].columns):
        return True
    timed = next((c.name for c in parts[0].of_kind("time")), "")
    if not timed or any(p.columns[timed].kind != "time" for p in parts):
        return False
    times = np.concatenate([p.columns[timed].times for p in parts])
    within = (times >= times[twice].min()) & (times <= times[twice].max())
    return bool(twice[within].mean() > _ALL)
