"""Features that are looked up: attributes and states at a cutoff, tenure, season."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from churnpredict.clock import NEVER, OPEN, days_between
from churnpredict.errors import UsageError
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables, States
from churnpredict.events.window_edges import latest_known
from churnpredict.features.feature import Feature
from churnpredict.spans import Span, whole_years

__all__ = ["RowsThatHold", "is_label", "label_that_holds", "names_of", "number_that_holds", "season", "seats_of", "tenure"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int32]
_YEAR = 365.2425  # days: the season is an angle, and turns once a year


def is_label(row: Feature, tables: EventTables) -> bool:
    return row.aggregate in ("attribute", "state") and row.column in names_of(tables, row.table)


def names_of(tables: EventTables, table: str) -> dict[str, pa.Array]:
    """Return the labels behind the codes of a table."""
    return tables.labels.get(table, {})


class RowsThatHold:
    """The rows of tables that held at some snapshots: found once for all columns of a table.

    Parameters
    ----------
    tables : EventTables
    customers, cutoffs : ndarray of shape (n,)
        Snapshots, sorted by both.
    limit : Span or None
        How far back states are looked for.
    """

    def __init__(self, tables: EventTables, customers: Codes, cutoffs: Ints, limit: Span | None) -> None:
        self.tables, self.customers, self.cutoffs, self.limit = tables, customers, cutoffs, limit
        self._held: dict[tuple[str, str | None], tuple[Stream, Ints]] = {}
        self._known: dict[tuple[str, str | None], npt.NDArray[np.bool_]] = {}

    def of(self, row: Feature) -> tuple[Stream, Ints]:
        """Return the stream of the feature's table, and the row of it that held at each snapshot, -1 for none."""
        key = row.table, row.kind
        if key not in self._held:
            profile = self.tables.profile
            if profile is not None and row.table == profile.name:
                self._held[key] = profile.versions, profile.as_of(self.customers, self.cutoffs)
            else:
                stream = self.tables.stream(row.table, row.kind)
                self._held[key] = stream, latest_known(stream, self.customers, self.cutoffs, self.limit)
        return self._held[key]

    def known(self, row: Feature) -> npt.NDArray[np.bool_]:
        """Return which rows of the feature's table were known before the latest cutoff, of customers who had joined."""
        key = row.table, row.kind
        if key not in self._known:
            latest = int(self.cutoffs.max()) if len(self.cutoffs) else NEVER
            stream, profile = self.of(row)[0], self.tables.profile
            known = stream.columns.get("known", stream.times) < latest
            if profile is not None and row.table == profile.name:
                known &= profile.joined_before(latest)[stream.owners]
            self._known[key] = known
        return self._known[key]


def number_that_holds(row: Feature, holding: RowsThatHold) -> Floats:
    stream, held = holding.of(row)
    values = stream.columns[str(row.column)]
    if row.aggregate == "days_until":
        dates = np.append(values, OPEN)[held]
        ahead = days_between(holding.cutoffs, np.where(dates == OPEN, 0, dates), holding.tables.timezone)
        return np.where(dates == OPEN, np.nan, ahead).astype(np.float32)
    return np.append(values, np.nan)[held].astype(np.float32)


def label_that_holds(row: Feature, holding: RowsThatHold) -> pd.Categorical:
    """Return a label as it was at each snapshot. Categories are those known before the latest cutoff, so that the future adds none."""
    stream, held = holding.of(row)
    codes, names = stream.columns[str(row.column)], names_of(holding.tables, row.table)[str(row.column)]
    there = np.bincount(codes[holding.known(row)] + 1, minlength=len(names) + 1)[1:] > 0
    used = np.flatnonzero(there)
    place = np.full(len(names) + 1, -1, np.int32)  # the last place is that of missing labels
    place[used] = np.arange(len(used))
    categories = pd.Index([str(name) for name in names.take(pa.array(used)).to_pylist()], dtype=object)
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
