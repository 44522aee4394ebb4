"""Activity of customers per period before a moment, for the small charts beside their names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnpredict.events.tables import EventTables
from churnpredict.events.visits import visits
from churnpredict.events.window_edges import positions
from churnpredict.moments import moment_column
from churnpredict.spans import span

__all__ = ["activity"]


def activity(tables: EventTables, snapshots: pd.DataFrame, of: str, *, every: str = "7d", periods: int = 26) -> pd.DataFrame:
    """Return events of each customer in the periods before a cutoff.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``; one row per customer.
    of : str
        The table whose rows are counted.
    every : str
        Length of a period.
    periods : int

    Returns
    -------
    DataFrame (n, periods)
        Index: the customers, in the order of the snapshots. Columns: -periods .. -1, where -1 is the period that ends at the cutoff.

    Examples
    --------
    >>> import churnpredict as cp
    >>> log = pd.DataFrame({"user": ["a", "a", "b"], "day": ["2024-01-02", "2024-01-09", "2024-01-12"]})
    >>> tables = cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    >>> activity(tables, cp.take_snapshots(tables, cp.Inactivity("30d"), at="2024-01-15"), "orders", periods=2).values.tolist()
    [[1, 1], [0, 1]]
    """
    stream, step = visits(tables, of), span(every, "every")
    customers = tables.codes(snapshots["customer_id"])
    order = np.argsort(customers, kind="stable")
    moments = moment_column(snapshots["cutoff"], timezone=tables.timezone, table="snapshots")
    edges = np.empty((periods + 1, len(customers)), np.int64)
    for back in range(periods + 1):
        row = np.empty((1, len(customers)), np.int64)
        starts = step.times(back).before(moments[order], tables.timezone)
        positions(stream.offsets, stream.times, customers[order], starts, row)
        edges[periods - back, order] = row[0]
    return pd.DataFrame(np.diff(edges, axis=0).T, index=pd.Index(snapshots["customer_id"], name="customer_id"), columns=range(-periods, 0))
