"""Remove customers from a kept history in Spark."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from churnpredict.errors import SourceError, UsageError
from churnpredict.events.history.kept_table import Reread
from churnpredict.score_runs.forgetting import customer_texts
from churnpredict.signatures import CustomerId
from churnpredict.spark import kept_tasks
from churnpredict.spark.history import BucketedTable, Store
from churnpredict.spark.history_folder import HistoryFolder

__all__ = ["forget"]


def forget(customers: Iterable[CustomerId], history: str) -> int:
    """Remove customers from a kept history: all rows of every file that holds one of them are taken out.

    The next run reads those files again, so remove the customers from the sources first. What the history holds is always what the sources
    hold. A history that cannot be read is emptied. Runs of scores are not touched: see :func:`churnpredict.runs.forget`.

    Parameters
    ----------
    customers : iterable of ids
        Ids to remove, compared as text, to the last character.
    history : str
        Folder of ``SparkTables(keep_history=...)``.

    Returns
    -------
    int
        How many rows were theirs.

    Raises
    ------
    UsageError
        ``no-spark`` without a session, ``no-customers``.
    OutputError
        ``locked`` if a run has changed the history meanwhile, ``not-a-history``, ``not-written``.
    IdentityError
        ``float-id``, ``null-id``.
    """
    from pyspark.sql import SparkSession

    gone = frozenset(customer_texts(customers))
    session = SparkSession.getActiveSession()
    if session is None:
        raise UsageError("no-spark", "there is no Spark session", remedy="Start one; a table may also be given as a DataFrame.")
    home = HistoryFolder(session, history)
    try:
        content = home.manifest()
    except SourceError:
        content = {"tables": {}, "made_by": {}, "timezone": "UTC", "partitions": 1}
    if content is None:
        return 0
    store = Store(session, home, content["timezone"])
    removed, left = 0, {}
    for name, told in content["tables"].items():
        rows, table = _without(store, BucketedTable.of(told), gone)
        removed += rows
        if table is not None:
            left[name] = table
    named = {g.name for table in left.values() for g in table.generations}
    home.write({**content, "tables": {name: table.described() for name, table in left.items()}}, named)
    return removed


def _without(store: Store, kept: BucketedTable, gone: frozenset[str]) -> tuple[int, BucketedTable | None]:
    """Return how many rows of a table are of such customers, and the table without the units that hold them; None where none is left."""
    if not kept.generations:
        return 0, kept
    try:
        store.check(kept.generations)
        ordered = store.rows(kept.generations).repartition("bucket").sortWithinPartitions("bucket")
        found: list[Any] = ordered.mapInArrow(partial(kept_tasks.find_customers, gone=gone), "rows bigint, units array<int>").collect()
        if any(row["rows"] < 0 for row in found):
            return 0, None
        rows, units = sum(row["rows"] for row in found), frozenset(unit for row in found for unit in row["units"])
        if not units:
            return 0, kept
        try:
            table = kept.table.told_of({unit.number for unit in kept.table.units} - units)
        except Reread:
            return rows, None
        left = [g if units.isdisjoint(g.units) else store.merged([g], units) for g in kept.generations]
    except SourceError:
        return 0, None
    return rows, BucketedTable(table, tuple(g for g in left if g is not None)) if table.units else None
