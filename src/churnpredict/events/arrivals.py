"""Arrival of tables: rows per period, newest row, delay until known, contents of columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import DAY, local_time
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.spans import Span

__all__ = ["Pulse", "take_pulse"]

Ints = npt.NDArray[np.int64]
_MOST_ROWS = 200_000  # rows of a table: more add no information about its columns
_MANY = 50  # levels: with more than these, new ones are normal
_NOT_YET = ("end", "value_at_end", "planned_end", "known", "since")  # missing until it happens, or a time


@dataclass(frozen=True)
class Pulse:
    """One table in equal periods up to a moment, the newest last; a row counts when it became known.

    Attributes
    ----------
    name : str
    ends : ndarray of shape (k,), int64
        Ends of the periods, microseconds UTC; none begins before the table's first row.
    rows : ndarray of shape (k,), int64
        Rows that became known in each period.
    age, silence : float
        Days since the newest row, and the longest time without one before it; NaN without rows.
    delays : ndarray of shape (k,)
        Delay in days until an event was known, of the latest tenth of each period's rows; empty where ``known_at`` is not declared.
    period : ndarray of shape (n,), int64
        Period of each row that :attr:`columns` hold: all of them, or an even sample.
    columns : dict of str to Series (n,)
        Numbers, and labels as categories.
    """

    name: str
    ends: Ints
    rows: Ints
    age: float
    silence: float
    delays: npt.NDArray[np.float64]
    period: Ints
    columns: dict[str, pd.Series] = field(default_factory=dict)


def take_pulse(tables: EventTables, until: int, period: Span, *, most: int = 24) -> list[Pulse]:
    """Return the pulse of every table of events, intervals or states, from what was known before a moment.

    Parameters
    ----------
    tables : EventTables
    until : int
        Microseconds UTC.
    period : Span
        Length of a period.
    most : int
        Maximum number of periods.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": 1, "day": pd.date_range("2024-01-01", periods=28, freq="D")})
    >>> tables = cp.EventTables(visits=cp.Events(log, customer="user", time="day"))
    >>> pulse = take_pulse(tables, tables.observed_until(), Span(days=7))[0]
    >>> pulse.rows.tolist(), pulse.age, pulse.silence
    ([7, 7, 7, 7], 1.0, 1.0)
    """
    past = tables.known_before(until)
    return [_of_one(past, name, stream, until, period, most) for name, stream in past.streams.items()]


def _of_one(tables: EventTables, name: str, stream: Stream, until: int, period: Span, most: int) -> Pulse:
    arrived = np.maximum(stream.times, stream.columns["known"]) if "known" in stream.columns else stream.times
    if not len(stream):
        nothing = np.empty(0, np.int64)
        return Pulse(name, np.array([until]), np.zeros(1, np.int64), np.nan, np.nan, np.empty(0), nothing)
    order = np.argsort(arrived, kind="stable")
    arrived = arrived[order]
    edges = [until, period.before(until, tables.timezone)]
    while len(edges) <= most and (start := period.times(len(edges)).before(until, tables.timezone)) >= arrived[0]:
        edges.append(start)
    ends, k = np.array(edges[-2::-1], np.int64), len(edges) - 1
    first = int(np.searchsorted(arrived, edges[-1]))
    place = np.searchsorted(ends, arrived[first:], side="right")
    walls = local_time(np.append(arrived, until), tables.timezone)
    gaps = np.diff(walls[:-1])
    delays: npt.NDArray[np.float64] = np.empty(0)
    if "known" in stream.columns:
        late = (walls[:-1] - local_time(stream.times[order], tables.timezone)) / DAY
        delays = np.asarray(pd.Series(late[first:]).groupby(place).quantile(0.9).reindex(range(k)), np.float64)
    step = max(1, -(-len(place) // _MOST_ROWS))
    kept = order[first:][::step]
    columns = {column: values for column in stream.columns if (values := _column(tables, name, stream, column, kept)) is not None}
    rows = np.bincount(place, minlength=k)
    silence = float(gaps.max()) / DAY if len(gaps) else np.nan
    return Pulse(name, ends, rows, float(walls[-1] - walls[-2]) / DAY, silence, delays, place[::step], columns)  # pyright: ignore[reportArgumentType]


def _column(tables: EventTables, name: str, stream: Stream, column: str, kept: Ints) -> pd.Series | None:
    if column in _NOT_YET:
        return None
    values = stream.columns[column][kept]
    if column not in tables.labels[name]:
        return pd.Series(values) if values.dtype.kind == "f" else None
    labels = tables.labels[name][column].to_pylist()
    if len(labels) > _MANY:  # only whether they are there
        labels, values = ["given"], np.where(values < 0, -1, 0)
    categories: Any = [str(label) for label in labels]
    return pd.Series(pd.Categorical.from_codes(values, categories=categories))
