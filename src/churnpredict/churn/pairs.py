"""Pairs of customer and cutoff: read from a frame of snapshots, and written as an index."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import IdentityError, SchemaError, UsageError, closest
from churnpredict.events.tables import EventTables
from churnpredict.moments import moment_column

__all__ = ["index_of", "sorted_pairs"]

Ints = npt.NDArray[np.int64]


def sorted_pairs(tables: EventTables, snapshots: pd.DataFrame) -> tuple[npt.NDArray[np.int32], Ints]:
    """Return snapshots as customer codes and cutoffs, sorted by customer, then cutoff.

    Raises
    ------
    SchemaError
        ``missing-column``.
    IdentityError
        ``duplicate-snapshot``, ``unknown-snapshot-customer``.
    UsageError
        ``bad-argument``: snapshots are not a frame.
    """
    if not isinstance(snapshots, pd.DataFrame):
        raise UsageError(
            "bad-argument",
            f"snapshots are of type {type(snapshots).__name__}, not a frame",
            table="snapshots",
            remedy='Take them: take_snapshots(tables, churn, at="2024-09-01").',
        )
    for column in ("customer_id", "cutoff"):
        if column not in snapshots.columns:
            raise SchemaError(
                "missing-column",
                "there is no such column",
                table="snapshots",
                column=column,
                remedy="Snapshots need customer_id and cutoff, as take_snapshots returns them."
                + closest(column, map(str, snapshots.columns)),
            )
    customers = tables.codes(snapshots["customer_id"])
    cutoffs = moment_column(snapshots["cutoff"], timezone=tables.timezone, table="snapshots")
    order_is_right = bool(((np.diff(customers) > 0) | ((np.diff(customers) == 0) & (np.diff(cutoffs) > 0))).all())
    if order_is_right:
        return customers, cutoffs
    order = np.lexsort((cutoffs, customers))
    customers, cutoffs = customers[order], cutoffs[order]
    twice = (np.diff(customers) == 0) & (np.diff(cutoffs) == 0)
    if twice.any():
        raise IdentityError(
            "duplicate-snapshot",
            "the same customer and cutoff occur in several rows",
            table="snapshots",
            rows=int(twice.sum()),
            remedy="Keep one.",
        )
    return customers, cutoffs


def index_of(tables: EventTables, customers: npt.NDArray[np.int32], cutoffs: Ints) -> pd.MultiIndex:
    """Return the index (customer_id, cutoff) of sorted pairs, without hashing every row."""
    place, distinct = pd.factorize(cutoffs, sort=True)
    levels: list[Any] = [pd.Index(tables.ids.to_pandas(), name="customer_id"), tables.wall_times(distinct)]
    codes: list[Any] = [customers, place]
    return pd.MultiIndex(
        levels=levels,
        codes=codes,
        names=["customer_id", "cutoff"],
        verify_integrity=False,
    )
