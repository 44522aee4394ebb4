"""Totals of orders that are repeated on each of their lines: summed, each order would count once per line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_joins import extended, loses_none, number_in, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query

__all__ = ["with_totals_once"]

_FEWEST = 20
_NEARLY_ALL = 0.99
_OF_ALL = ("total", "grand", "gesamt", "summe", "suma", "somme", "razem", "toplam", "totaal", "итог")
_OF_A_LINE = {"unit", "item", "line", "lineitem", "each", "position", "einzel", "stueck", "unitaire", "unitario"}


def with_totals_once(reading: Reading) -> Reading:
    """Return the reading; where the value is the total of the order on each of its lines, each line has its share of it."""
    if reading.kind != "events" or not {"order", "value"} <= set(reading.roles):
        return reading
    order, value, profile = reading.column("order"), reading.column("value"), reading.profile
    if value.kind != "number" or _OF_A_LINE & set(tokens(value.name)) or not _is_repeated(order, value):
        return reading
    others = [c for c in profile.of_kind("number") if c is not value and c.says("price", "value") and not c.says("pieces")]
    if not any(word.startswith(_OF_ALL) for word in tokens(value.name)) and all(_is_repeated(order, c) for c in others):
        return reading  # an order of several equal things may well have one price on all lines
    return _shared(reading, profile, order, value)


def _shared(reading: Reading, profile: TableProfile, order: Column, value: Column) -> Reading:
    name = next((n for n in ("share_of_total", "share_of_order_total") if n not in profile.columns), "")
    number = number_in(profile, quoted(value.name))
    made = f"{number} / count({quoted(value.name)}) OVER (PARTITION BY {quoted(order.name)}) AS {name}"
    found = profile_query(extended(profile, f"given.*, {made}", "", {}), profile.name, profile)
    if not name or found.rows != profile.rows or not loses_none(found, name, (value,)):
        return reading
    note = f'"{value.name}" is the total of the order, on each of its lines: {name} is its part, so that it counts once'
    unused = {c: why for c, why in reading.unused.items() if c != value.name} | {value.name: f"{name} is made of it"}
    return replace(reading, profile=found, roles=reading.roles | {"value": name}, unused=unused, notes=[*reading.notes, note])


def _is_repeated(order: Column, value: Column) -> bool:
    """Return whether lines of one order have one value, and orders do not."""
    there = order.filled & np.isfinite(value.numbers)
    codes, numbers = order.codes[0][there], value.numbers[there]
    lines = np.bincount(codes, minlength=order.distinct)
    least, most = np.full(order.distinct, np.inf), np.full(order.distinct, -np.inf)
    np.minimum.at(least, codes, numbers)
    np.maximum.at(most, codes, numbers)
    several = lines > 1
    if several.sum() < _FEWEST or (least == most)[several].mean() < _NEARLY_ALL:
        return False
    _, counts = np.unique(numbers, return_counts=True)
    return bool(((counts / counts.sum()) ** 2).sum() < 0.5)  # else two lines would be equal by chance
