"""Find the number of paid seats beside a log that names the people inside accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from churnpredict.cli.intake.readings import Reading

__all__ = ["with_seats"]

_HELD_IN = {"states": "values", "intervals": "attributes", "customers": "attributes"}


def with_seats(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings where logs with people inside accounts name the seats that their accounts pay for.

    They are a column of whole numbers called seats or licences, of a table of states, of contracts or of customers: the first in this
    order.
    """
    logs = [r.name for r in readings if r.kind == "events" and "user" in r.roles and r.key("seats") is None]
    if not logs:
        return list(readings)
    found = [
        (reading.name, column.name)
        for kind in _HELD_IN
        for reading in readings
        if reading.kind == kind
        for column in reading.profile.columns.values()
        if column.says("seats") and column.kind == "number" and column.is_whole and column.name not in reading.roles.values()
    ]
    if not found:
        return list(readings)
    table, column = found[0]
    key = ("seats", f"{table}.{column}", "paid seats of the account")
    return [_holding(replace(r, keys=[*r.keys, key]) if r.name in logs else r, table, column) for r in readings]


def _holding(reading: Reading, table: str, column: str) -> Reading:
    """Return the reading of the table of seats with the column among its attributes or values."""
    role = _HELD_IN.get(reading.kind, "")
    if reading.name != table or column in reading.lists.get(role, []):
        return reading
    lists = reading.lists | {role: [*reading.lists.get(role, []), column]}
    return replace(reading, lists=lists, unused={c: why for c, why in reading.unused.items() if c != column})
