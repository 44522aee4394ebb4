"""Define what counts as an activity, for rules, features, accounts and purchase models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from churnpredict.errors import UsageError
from churnpredict.events.declarations import ANY, Declaration, Events
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.values.labels import labels_of

__all__ = ["DORMANT_DAYS", "NEW_DAYS", "kinds_of_activity", "visits"]

NEW_DAYS = 90  # how long a customer is new
DORMANT_DAYS = 180  # how long a silence makes a customer dormant


def visits(tables: EventTables, name: str, kinds: Sequence[str] = ()) -> Stream:
    """Return the rows of a table that are an activity of the customer: all but refunds and the like, or those of some kinds.

    A row with a value below zero is none, unless the table is declared with ``activity="any"``; one of zero is, such as a free order, and
    so is one without a value. ``kinds``, or else those that the table declares, say which kinds count.

    Parameters
    ----------
    tables : EventTables
    name : str
        A table.
    kinds : list of str
        Instead of those that the declaration names.

    Returns
    -------
    Stream
        The stream of the table itself where all of its rows count.

    Raises
    ------
    UsageError
        ``unknown-table``, ``no-kinds``.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "a"], "day": ["2024-01-01", "2024-01-09"], "eur": [50.0, 0.0]})
    >>> back = pd.DataFrame({"user": ["a"], "day": ["2024-01-20"], "eur": [-50.0]})
    >>> import warnings; warnings.simplefilter("ignore")
    >>> tables = cp.EventTables(orders=cp.Events(pd.concat([log, back]), customer="user", time="day", value="eur"))
    >>> len(visits(tables, "orders"))
    2
    """
    stream, declaration = tables.stream(name), tables.declarations[name]
    wanted = tuple(labels_of(kinds)) or kinds_of_activity(declaration)
    signed = isinstance(declaration, Events) and declaration.activity != ANY and "value" in stream.columns
    if not wanted and not signed:
        return stream
    return stream.once(("visits", *wanted), lambda: _select(tables, name, stream, wanted, signed))


def kinds_of_activity(declaration: Declaration) -> tuple[str, ...]:
    """Return the kinds that a table declares to be an activity; none where all are."""
    said = declaration.activity if isinstance(declaration, Events) else None
    return () if said is None or said == ANY else tuple(labels_of(said))


def _select(tables: EventTables, name: str, stream: Stream, kinds: Sequence[str], signed: bool) -> Stream:
    keep = ~(stream.columns["value"] < 0) if signed else np.ones(len(stream), np.bool_)
    if kinds:
        if "kind" not in stream.columns:
            remedy = "Declare the column: kind=...."
            raise UsageError("no-kinds", "kinds of activity are named, and no kind is declared", table=name, remedy=remedy)
        labels = tables.labels[name]["kind"].to_pylist()
        keep &= np.append(np.isin(labels, kinds), False)[stream.columns["kind"]]
    return stream if bool(keep.all()) else stream.where(keep)
