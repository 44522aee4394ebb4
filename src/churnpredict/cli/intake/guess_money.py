"""Guess which values are money that customers pay, and what the amounts of contracts are paid for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from churnpredict.cli.intake.readings import Reading, is_rate
from churnpredict.events.source import Query

__all__ = ["with_money"]


def with_money(readings: Sequence[Reading]) -> list[Reading]:
    """Mark which values are money that customers pay: in one log only, payments rather than orders, so that nothing counts twice.

    Amounts of contracts are marked too, with what they are paid for where the name of their column says it.
    """
    paid = [r for r in readings if r.kind == "events" and _is_money(r)]
    paying = max(paid, key=lambda r: (r.profile.says("payment"), r.profile.rows), default=None)
    said = ("money", True, "the values are money; remove this if they are hours, points or pieces")
    found = []
    for r in readings:
        terms = r.kind == "intervals" and _is_money(r)
        found.append(replace(r, keys=[*r.keys, said, *(_paid_for(r) if terms else [])]) if r is paying or terms else r)
    return found


def _paid_for(reading: Reading) -> list[tuple[str, Any, str]]:
    column = reading.profile.columns[reading.roles["value"]]
    told = [per for per, word in (("month", "monthly"), ("year", "yearly")) if column.says(word)]
    return [("per", told[0], "what the amounts are paid for: month, year or contract")] if len(told) == 1 else []


def _is_money(reading: Reading) -> bool:
    column = reading.profile.columns.get(reading.roles.get("value", ""))
    if column is None or (reading.kind == "events" and (reading.leaving or reading.profile.says("leaving"))):
        return False  # refunds to leavers are not payments of customers
    if reading.key("driver") == "support" or reading.profile.says("refund"):
        return False  # what is paid to customers: claims, refunds
    if reading.profile.says("usage") and "currency" not in reading.roles:
        return False
    if reading.roles.get("time") == "month" and isinstance(reading.profile.source, Query):  # months as columns: named by the file
        return reading.profile.says("value", "payment", "price", "best_value")
    rate = reading.kind == "intervals" and is_rate(column)
    return (rate or column.says("value", "best_value", "price")) and not column.says("quantity")
