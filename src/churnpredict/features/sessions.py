"""Sessions: rows of a customer without a long silence between them, as a table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import MINUTE
from churnpredict.events.expected import check_tables
from churnpredict.events.streams import Stream
from churnpredict.events.tables import Events, EventTables
from churnpredict.features.profile_kernels import SESSION_ENDS
from churnpredict.features.rfm import table_meant
from churnpredict.moments import Moment
from churnpredict.spans import SpanLike, span

__all__ = ["sessions"]


def sessions(tables: EventTables, of: str | None = None, *, gap: SpanLike | None = None, until: Moment | None = None) -> pd.DataFrame:
    """Return the sessions of a table of events, one row each.

    A session ends when nothing happens for as long as ``gap``; the next event begins another. All rows count, refunds too.

    Parameters
    ----------
    tables : EventTables
    of : str, optional
        The table of events meant; the only one by default.
    gap : span, optional
        The silence that ends a session; by default as declared (``Events(session=)``), else ``"30min"``.
    until : time, optional
        Use only what was known before this time: a session that is open then ends with its last event before it.

    Returns
    -------
    DataFrame
        Sorted by customer and time: ``customer_id``, ``start`` (the first event, by the clock of the business), ``minutes`` from the first
        to the last event, ``events``, and where items are declared ``depth``, the number of different items.

    Raises
    ------
    UsageError
        ``which-table``, ``unknown-table``, ``bad-span``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> days = pd.to_datetime(["2024-05-01 10:00", "2024-05-01 10:20", "2024-05-01 10:50", "2024-05-02 09:00"])
    >>> clicks = pd.DataFrame({"user": "a", "at": days, "page": ["home", "help", "home", "home"]})
    >>> tables = cp.EventTables(clicks=cp.Events(clicks, customer="user", time="at", item="page"))
    >>> cp.diagnostics.sessions(tables)
      customer_id               start  minutes  events  depth
    0           a 2024-05-01 10:00:00     20.0       2      2
    1           a 2024-05-01 10:50:00      0.0       1      1
    2           a 2024-05-02 09:00:00      0.0       1      1
    """
    check_tables(tables, "sessions(tables)")
    name, stream = table_meant(tables, of)
    if until is not None:
        stream = stream.known_before(int(tables.instant(until, "until")))
    declared = tables.declarations[name]
    silence = gap if gap is not None else declared.session if isinstance(declared, Events) else None
    first = _beginnings(stream, SESSION_ENDS if silence is None else span(silence, "gap").nominal)
    following = np.append(first[1:], len(stream))
    found = pd.DataFrame({"customer_id": pd.Index(tables.ids.to_pandas()).take(stream.owners[first])})
    found["start"] = tables.wall_times(stream.times[first])
    found["minutes"] = (stream.times[following - 1] - stream.times[first]) / MINUTE
    found["events"] = following - first
    if "item" in stream.columns:
        found["depth"] = _distinct(stream.columns["item"], np.repeat(np.arange(len(first)), following - first), len(first))
    return found


def _beginnings(stream: Stream, silence: int) -> npt.NDArray[np.int64]:
    """Return the rows that begin a session."""
    begins = np.ones(len(stream), np.bool_)
    begins[1:] = (np.diff(stream.owners) != 0) | (np.diff(stream.times) >= silence)
    return np.flatnonzero(begins)


def _distinct(items: npt.NDArray[np.int32], session: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    """Return the number of different items of each session; missing ones do not count, shape (n,)."""
    known = items >= 0
    pairs = np.unique(session[known] * (int(items.max(initial=0)) + 1) + items[known])
    return np.bincount(pairs // (int(items.max(initial=0)) + 1), minlength=n)
