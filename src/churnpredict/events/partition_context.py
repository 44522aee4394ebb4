"""Facts about all customers that partitions share: labels, kinds, first and last times."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.declarations import Customers, Declaration
from churnpredict.events.last_days import Counts, are_last_days, count_follow_ups, through_last_days
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import OPEN
from churnpredict.moments import Moment

__all__ = ["Whole", "all_streams"]

Ints = npt.NDArray[np.int64]
_NOT_FEATURES = ("kind", "item", "user", "owner")  # labels that are not features by themselves


class Whole:
    """What partitions need to know of all customers, collected from one partition after the other.

    Attributes
    ----------
    people : str or None
        The table of customers.
    labels : dict
        Table -> column -> the sorted labels seen anywhere, so that a code can mean the same everywhere.
    outline : EventTables
        An outline of the whole: its declarations, labels, kinds, first and last times, without its customers.
    """

    def __init__(self, declarations: dict[str, Declaration], timezone: str) -> None:
        self.declarations, self.timezone = declarations, timezone
        self.people = next((n for n, d in declarations.items() if isinstance(d, Customers)), None)
        self.labels: dict[str, dict[str, pa.Array]] = {name: {} for name in declarations}
        self.outline: EventTables
        self._first_known: dict[tuple[str, str], dict[Any, int]] = {}
        self._ends: dict[str, dict[str, npt.NDArray[Any]]] = {}
        self._follow_ups: dict[str, dict[str, Counts]] = {}
        self._size = 0

    def __len__(self) -> int:
        """Return how many customers there are."""
        return self._size

    def learn(self, tables: EventTables, *, apart_from: Collection[str] = ()) -> None:
        """Collect facts from the tables of some customers; labels of the columns ``apart_from`` are not collected."""
        self._size += len(tables)
        for name, stream in all_streams(tables).items():
            self._learn_ends(name, {"times": stream.times, **stream.columns})
            if getattr(self.declarations[name], "end_inclusive", False) is None:
                self._learn_follow_ups(name, count_follow_ups(stream))
            for column, values in tables.labels[name].items():
                if column not in apart_from:
                    self._learn_labels(name, column, values)
                if column not in _NOT_FEATURES:
                    moments = _first_known(tables, stream, column, len(values)).tolist()
                    self._learn_moments((name, column), dict(zip(values.to_pylist(), moments, strict=True)))

    def merge(self, other: Whole) -> None:
        """Merge the facts collected from other customers."""
        self._size += len(other)
        for name, labels in other.labels.items():
            for column, values in labels.items():
                self._learn_labels(name, column, values)
        for name, ends in other._ends.items():
            self._learn_ends(name, ends)
        for name, counts in other._follow_ups.items():
            self._learn_follow_ups(name, counts)
        for key, first in other._first_known.items():
            self._learn_moments(key, first)

    def _learn_labels(self, name: str, column: str, values: pa.Array) -> None:
        before = self.labels[name].get(column)
        both = values if before is None or not len(before) else pc.unique(pa.chunked_array([before, values.cast(before.type)]))
        self.labels[name][column] = both.take(pc.sort_indices(both))

    def _learn_moments(self, key: tuple[str, str], moments: dict[Any, int]) -> None:
        first = self._first_known.setdefault(key, {})
        for value, moment in moments.items():
            first[value] = min(moment, first.get(value, OPEN))

    def _learn_follow_ups(self, name: str, counts: dict[str, Counts]) -> None:
        before = self._follow_ups.get(name)
        self._follow_ups[name] = counts if before is None else {column: before[column] + counts[column] for column in counts}

    @property
    def last_days(self) -> dict[str, list[str]]:
        """The columns of each table that hold last days, decided from all customers together."""
        return {name: are_last_days(counts) for name, counts in self._follow_ups.items()}

    def _learn_ends(self, name: str, rows: dict[str, npt.NDArray[Any]]) -> None:
        """Keep the first and the last row of all."""
        before = self._ends.get(name)
        rows = _first_and_last(rows)
        self._ends[name] = (
            rows if before is None else _first_and_last({c: np.concatenate([before[c], values]) for c, values in rows.items()})
        )

    def draw_outline(self, observed_until: Moment | None = None) -> None:
        """Set :attr:`outline`: the first and last rows of every table, as the history of one customer."""
        streams = {}
        for name in self.declarations:
            rows = dict(self._ends.get(name, {"times": np.empty(0, np.int64)}))
            times = rows.pop("times")
            streams[name] = Stream(np.array([0, len(times)]), times, rows, self.timezone)
        self.outline = _Outline(self, pa.array([""]), self.labels, streams)
        if observed_until is not None:
            self.outline._observed = self.outline.instant(observed_until, "observed_until")

    def part(self, ids: pa.Array, labels: dict[str, dict[str, pa.Array]], streams: dict[str, Stream]) -> EventTables:
        """Return the tables of some customers, with the calendar of all; ``streams`` holds that of the customers table too."""
        part = _Part(self, ids, labels, streams)
        part._observed = self.outline._observed
        return part

    def plain(self) -> Whole:
        """Return the same facts without what a subclass adds, such as files or a connection."""
        copy = Whole(self.declarations, self.timezone)
        copy.labels, copy._first_known, copy._ends, copy._size = self.labels, self._first_known, self._ends, self._size
        copy._follow_ups = self._follow_ups
        copy.draw_outline()
        copy.outline._observed = self.outline._observed
        return copy

    def known_labels(self, name: str, column: str, before: int) -> list[str]:
        """Return the labels of a column that were known anywhere before a moment, sorted."""
        first = self._first_known[name, column]
        return [v for v in self.labels[name][column].to_pylist() if first[v] < before]

    def kinds(self, name: str, before: int | None, most: int) -> dict[str, str]:
        """Return the most frequent kinds of the whole: see :meth:`EventTables.kinds`."""
        raise NotImplementedError


class _OfWhole(EventTables):
    """Tables made from rows that were checked before, with what is known of the whole; no source is read."""

    def __init__(self, whole: Whole, ids: pa.Array, labels: dict[str, dict[str, pa.Array]], streams: dict[str, Stream]) -> None:
        self.whole, self.timezone, self.declarations = whole, whole.timezone, whole.declarations
        self.ids, self.labels, self.aware = ids, labels, {}
        self.profile = None if whole.people is None else self._profile(whole.people, streams.pop(whole.people))
        last_days = whole.last_days
        self.streams = {name: through_last_days(stream, last_days.get(name, [])) for name, stream in streams.items()}
        self._observed = None

    def kinds(self, name: str, before: int | None = None, most: int = 8) -> dict[str, str]:
        return self.whole.kinds(name, before, most)


class _Outline(_OfWhole):
    """Tables of one customer that answer for the whole where its streams cannot."""

    def __len__(self) -> int:
        return len(self.whole)


class _Part(_OfWhole):
    """The tables of some customers, with the calendar of all."""

    def _has_rows(self, name: str) -> bool:
        return self.whole.outline._has_rows(name)

    def first_event(self, name: str | None = None) -> int:
        return self.whole.outline.first_event(name)

    def observed_until(self, name: str | None = None) -> int:
        return self.whole.outline.observed_until(name)


def all_streams(tables: EventTables) -> dict[str, Stream]:
    """Return the streams of tables, that of the customers table among them."""
    return tables.streams if tables.profile is None else {**tables.streams, tables.profile.name: tables.profile.versions}


def _first_and_last(rows: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    times = rows["times"]
    ends = [int(times.argmin()), int(times.argmax())] if len(times) else []
    return {column: values[ends] for column, values in rows.items()}


def _first_known(tables: EventTables, stream: Stream, column: str, n: int) -> Ints:
    """Return when each label of a column was first known, shape (n,)."""
    found = np.full(n, OPEN, np.int64)
    codes = stream.columns[column]
    moments = stream.columns.get("known", stream.times)
    if tables.profile is not None and stream is tables.profile.versions and tables.profile.since is not None:
        moments = np.maximum(moments, tables.profile.since[stream.owners])
    there = codes >= 0
    np.minimum.at(found, codes[there], moments[there])
    return found
