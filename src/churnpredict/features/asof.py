"""Features that are looked up: attributes and states at a cutoff, tenure, season."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.clock import NEVER, OPEN, days_between
from churnpredict.errors import UsageError
from churnpredict.events.streams import Stream, latest_known
from churnpredict.events.tables import EventTables, States
from churnpredict.features.feature import Feature
from churnpredict.spans import Span, whole_years

__all__ = ["is_label", "label_that_holds", "names_of", "number_that_holds", "season", "seats_of", "tenure"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
_YEAR = 365.2425  # days: the season is an angle, and turns once a year


def is_label(row: Feature, tables: EventTables) -> bool:
    return row.aggregate in ("attribute", "state") and row.column in names_of(tables, row.table)


def names_of(tables: EventTables, table: str) -> dict[str, pa.Array]:
    """Return the labels behind the codes of a table."""
    return tables.labels.get(table, {})


def _rows_that_hold(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: Span | None) -> tuple[Stream, Ints]:
    """Return the stream of the feature's table, and the row of it that held at each snapshot, -1 for none."""
    if tables.profile is not None and row.table == tables.profile.name:
        found = tables.profile.as_of(customers, cutoffs)
        return tables.profile.versions, found
    stream = tables.stream(row.table, row.kind)
    return stream, latest_known(stream, customers, cutoffs, limit)


def number_that_holds(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: Span | None) -> Floats:
    stream, held = _rows_that_hold(row, tables, customers, cutoffs, limit)
    values = stream.columns[str(row.column)]
    if row.aggregate == "days_until":
        dates = np.append(values, OPEN)[held]
        ahead = days_between(cutoffs, np.where(dates == OPEN, 0, dates), tables.timezone)
        return np.where(dates == OPEN, np.nan, ahead).astype(np.float32)
    return np.append(values, np.nan)[held].astype(np.float32)


def label_that_holds(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints, limit: Span | None, latest: int) -> pd.Categorical:
    """Return a label as it was at each snapshot. Categories are those known before the latest cutoff, so that the future adds none."""
    stream, held = _rows_that_hold(row, tables, customers, cutoffs, limit)
    codes, names = stream.columns[str(row.column)], names_of(tables, row.table)[str(row.column)]
    known = stream.columns.get("known", stream.times) < latest
    if tables.profile is not None and row.table == tables.profile.name:
        known &= tables.profile.joined_before(latest)[stream.owners]
    used = np.unique(codes[known & (codes >= 0)])
    place = np.full(len(names) + 1, -1, np.int32)  # the last place is that of missing labels
    place[used] = np.arange(len(used))
    categories = pd.Index([str(names[int(i)].as_py()) for i in used], dtype=object)
    return pd.Categorical.from_codes(place[np.append(codes, -1)[held]], categories=categories)


def seats_of(row: Feature, tables: EventTables) -> Feature:
    """Return the attribute or value that holds the paid seats of the feature's table.

    Raises
    ------
    UsageError
        ``bad-seats``: they are labels.
    """
    table, _, column = str(getattr(tables.declarations[row.table], "seats", "")).partition(".")
    found = Feature(table, "state" if isinstance(tables.declarations[table], States) else "attribute", column=column)
    if is_label(found, tables):
        remedy = "Make a column of numbers of it, and declare that one."
        raise UsageError("bad-seats", "the paid seats are not numbers", table=table, column=column, remedy=remedy)
    return found


def season(row: Feature, tables: EventTables, cutoffs: Ints) -> Floats:
    place, distinct = pd.factorize(cutoffs)
    angle = 2 * np.pi * (tables.wall_times(distinct).day_of_year.to_numpy() - 1) / _YEAR
    return np.asarray(np.sin(angle) if row.aggregate == "season_sin" else np.cos(angle), np.float32)[place]


def tenure(row: Feature, tables: EventTables, customers: Codes, cutoffs: Ints) -> Floats:
    assert tables.profile is not None
    assert tables.profile.since is not None
    since = tables.profile.since[customers]
    joined = (since != NEVER) & (since < cutoffs)
    since = np.where(joined, since, cutoffs)
    if row.aggregate == "tenure_days":
        return np.where(joined, days_between(since, cutoffs, tables.timezone), np.nan).astype(np.float32)
    return np.where(joined, whole_years(since, cutoffs, tables.timezone) + 1, np.nan).astype(np.float32)
