"""Find the column of a source from which a feature is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from churnpredict.events.tables import Customers, Events, EventTables, Intervals, States
from churnpredict.features.feature import AGGREGATES, Feature

__all__ = ["source_column", "sources_of"]


def source_column(row: Feature, tables: EventTables) -> str | None:
    """Return which column of which table a feature is made of, as text; None for the season and for tables that are not declared.

    >>> import churnpredict as cp
    >>> shop = cp.make_business(60, random_state=0)
    >>> source_column(cp.Feature("orders", "sum", "90d"), shop.tables)
    'column "amount" of table "orders"'
    """
    declared = tables.declarations.get(row.table)
    if declared is None:
        return None
    table, column = row.table, row.column or _needed(declared, row)
    if column is not None and AGGREGATES[row.aggregate].needs == "seats":
        table, _, column = column.partition(".")
    return None if column is None else f'column "{column}" of table "{table}"'


def sources_of(features: Iterable[Any], tables: EventTables) -> dict[str, str]:
    """Return the column behind each feature of the catalog, by the feature's name."""
    found = {row.name: source_column(row, tables) for row in features if isinstance(row, Feature)}
    return {name: column for name, column in found.items() if column is not None}


def _needed(declared: Any, row: Feature) -> str | None:
    needs = AGGREGATES[row.aggregate].needs
    if row.kind is not None or needs == "kind":
        return getattr(declared, "kind", None)
    if isinstance(declared, Customers):
        return declared.since
    named = {"end": "end", "open_value": "value"}.get(needs, needs.partition(" and ")[0])
    found = getattr(declared, named, None) if named else None
    if isinstance(found, str):
        return found
    return declared.start if isinstance(declared, Intervals) else declared.time if isinstance(declared, (Events, States)) else None
