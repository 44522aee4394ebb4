"""Settle whether day or month comes first, where a column leaves it open, by the other dates of the same files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = ["with_settled_dates"]


def with_settled_dates(profiles: Mapping[str, TableProfile]) -> dict[str, TableProfile]:
    """Return the tables, with one format for columns that two would read: that of the other dates, of the table or else of all tables.

    Only dates with the same sign between their parts count, and only where none of them has the other order.
    """
    every = {sign for p in profiles.values() for sign in _sure(p)}
    done = {}
    for name, profile in profiles.items():
        columns = dict(profile.columns)
        for column in profile.columns.values():
            if column.doubts:
                chosen = _settled(column, _sure(profile)) or _settled(column, every)
                if chosen:
                    how = (("format", chosen, "format of the times, in the order of the other dates"),)
                    columns[column.name] = replace(column, how=how, doubts=())
        done[name] = replace(profile, columns=columns)
    return done


def _order(form: str) -> tuple[str, str]:
    """Return the order of day, month and year of a format, and the sign between them."""
    parts = re.findall("%([dmbyY])", form)
    sign = re.search(r"%[dmbyY](\W*)%", form)
    return "".join(parts).lower().replace("b", "m"), sign[1] if sign else ""


def _sure(profile: TableProfile) -> set[tuple[str, str]]:
    """Return the orders that columns prove."""
    return {_order(str(value)) for c in profile.of_kind("time") if not c.doubts for key, value, _ in c.how if key == "format"}


def _settled(column: Column, sure: set[tuple[str, str]]) -> str:
    forms = [str(value) for key, value, _ in column.how if key == "format"] + list(column.doubts)
    proven = [form for form in forms if _order(form) in sure]
    return proven[0] if len(proven) == 1 else ""
