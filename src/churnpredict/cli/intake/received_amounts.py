"""Amounts that were never received: those of failed payments and of cancelled orders.

Amounts of orders that were refunded stay: they were received, and at a past cutoff nobody knew of the refund.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.readings import MOST_KINDS, Reading, is_status
from churnpredict.cli.intake.table_joins import extended, number_in, quoted
from churnpredict.cli.intake.table_profiles import Column, profile_query

__all__ = ["with_received"]

# Stems of states in which an order brings nothing, in small letters without accents; a state of a part is left alone.
_VOID = (
    *("cancel", "void", "storn", "annul", "anul", "iptal", "отмен", "geannul", "abgebroch", "draft", "entwurf"),
    *("avbrut", "avbokad", "makuler", "kanseller", "avbestil", "afbestil", "perut", "peruut", "zrusen", "torolt", "lemond", "ακυρ"),
    *("キャンセル", "取消", "取り消", "作废", "취소", "ملغ", "الغ", "בוטל", "dibatal", "ยกเลิก"),
)
_PART = ("partial", "teil", "partiel", "parcial", "parzial", "czesc", "gedeelte", "частич", "kismi")


def _is_void(value: str) -> bool:
    return any(word.startswith(_VOID) for word in tokens(value))


def _fails(value: str) -> bool:
    return has_word(value, "failed")


def with_received(reading: Reading) -> Reading:
    """Return the reading; where a column says that rows failed or were cancelled as a whole, their amounts are left out.

    The rows stay: that a payment failed is worth knowing.
    """
    if reading.kind != "events" or "value" not in reading.roles or reading.outcome or reading.profile.says("refund", "leaving"):
        return reading
    for column in reading.profile.of_kind("text"):
        if not 2 <= column.distinct <= MOST_KINDS or column.says("reason", "before") or not (is_status(column) or column.says("kind")):
            continue
        lost = _values(column, lambda v: _fails(v) or _is_void(v)) if is_status(column) else _values(column, _fails)
        if 0 < len(lost) < column.distinct:
            return _without(reading, column, lost)
    return reading


def _values(column: Column, meant: Callable[[str], bool]) -> list[str]:
    whole = [str(v) for v in column.codes[1] if not any(word.startswith(_PART) for word in tokens(str(v)))]
    return [v for v in whole if meant(v)]


def _without(reading: Reading, column: Column, lost: list[str]) -> Reading:
    profile, value = reading.profile, reading.column("value")
    name = next((n for n in ("amount_received", "received_amount") if n not in profile.columns), "")
    there = value.filled & ~np.isin(column.codes[0], [i for i, v in enumerate(column.codes[1]) if str(v) in lost])
    if not name or value.kind != "number" or (there == value.filled).all():
        return reading
    listed = ", ".join("'" + v.replace("'", "''") + "'" for v in lost)
    meant = f"CAST({quoted(column.name)} AS VARCHAR) IN ({listed})"
    made = f"CASE WHEN {meant} THEN NULL ELSE {number_in(profile, quoted(value.name))} END AS {name}"
    found = profile_query(extended(profile, f"given.*, {made}", "", {}), profile.name, profile)
    if found.rows != profile.rows or name not in found.columns or found.columns[name].filled.sum() != there.sum():
        return reading
    note = f'{name} is "{value.name}", empty where "{column.name}" is {", ".join(lost)}'
    unused = reading.unused | {value.name: "another column is made of it"}
    return replace(reading, profile=found, roles=reading.roles | {"value": name}, unused=unused, notes=[*reading.notes, note])
