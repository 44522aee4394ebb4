"""Customers without a score at a cutoff, with the reason."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.clock import days_between
from churnpredict.events.tables import EventTables
from churnpredict.events.window_edges import latest_known

__all__ = ["ABSENCES", "absent"]

ABSENCES = ("not a customer yet", "no data", "gone already")


def absent(tables: EventTables, churn: ChurnRule, cutoff: int) -> pd.DataFrame:
    """Return everybody in the tables whom a churn rule does not count as at risk at a cutoff.

    Parameters
    ----------
    tables : EventTables
    churn : churn rule
    cutoff : int
        Microseconds UTC.

    Returns
    -------
    DataFrame
        ``customer_id``, ``reason`` (one of :data:`ABSENCES`), ``words``; sorted by customer. *Not a customer yet*: joined, or first seen,
        at the cutoff or later. *No data*: known, but without a row in the table that the rule reads. *Gone already*: everybody else, such
        as customers who cancelled, whose contract has ended, or who have been silent for longer than the rule allows.

    Examples
    --------
    >>> import churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "b", "c"], "day": ["2024-01-01", "2024-03-01", "2024-05-01"]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    >>> gone = absent(tables, cp.Inactivity("30d"), tables.instants("2024-03-11")[0])
    >>> dict(zip(gone["customer_id"], gone["words"]))
    {'a': 'gone already: the last row in orders is 70 days old', 'c': 'not a customer yet'}
    """
    customers = np.arange(len(tables), dtype=np.int32)
    moments = np.full(len(tables), cutoff, np.int64)
    here = churn.at_risk(tables, customers, moments)
    customers, moments = customers[~here], moments[~here]
    name = getattr(churn, "table", lambda _: None)(tables)
    words = np.full(len(customers), ABSENCES[2], dtype=object)
    reason = words.copy()
    if name is not None:
        stream = churn.visits(tables) if hasattr(churn, "visits") else tables.stream(name)
        last = latest_known(stream, customers, moments)
        old = np.floor(days_between(np.append(stream.times, 0)[last], moments, tables.timezone)).astype(np.int64)
        words[:] = [f"{ABSENCES[2]}: the last row in {name} is {d:,} days old" for d in old]
        nothing = last < 0
        reason[nothing], words[nothing] = ABSENCES[1], f"{ABSENCES[1]}: no row in {name}"
    early = ~_joined(tables, customers, moments)
    reason[early] = words[early] = ABSENCES[0]
    ids = pd.Index(tables.ids.to_pandas()).take(customers)
    return pd.DataFrame({"customer_id": ids, "reason": reason, "words": words})


def _joined(tables: EventTables, customers: npt.NDArray[np.int32], moments: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return who is known at each moment: has joined, or, without a date of joining, has a row in any table."""
    if tables.profile is not None and tables.profile.since is not None:
        return np.asarray(tables.profile.since[customers] < moments)
    seen = np.full(len(customers), tables.profile is not None)
    for stream in tables.streams.values():
        seen |= latest_known(stream, customers, moments) >= 0
    return seen
