"""A reading of a table: its roles, and why columns are left out; with guesses that all kinds of table share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = [
    "IN_PLACE",
    "MOST_KINDS",
    "TELLS",
    "Activity",
    "Reading",
    "best_price",
    "best_quantity",
    "best_value",
    "is_rate",
    "is_status",
    "left_out",
    "perhaps_cents",
    "said_how",
    "say_rest",
    "with_currency",
]

MOST_KINDS = 50
IN_PLACE = "overwritten over time: it was different at a past cutoff"
TELLS = "tells the outcome"


@dataclass(frozen=True)
class Reading:
    """One way to declare a table.

    Attributes
    ----------
    kind : {"events", "customers", "intervals", "states", ""}
        "" for a table that is left out; ``why`` holds the reason.
    roles : dict
        Role, by its name in ``churn.toml`` -> column.
    lists : dict
        The same for roles of several columns.
    keys : list of (key, value, why)
    unused : dict
        Column -> why it is left out.
    notes : list of str
        Other notes for the user.
    leaving, reason : str
        Columns of the date at which a customer left, and why.
    outcome : tuple of str
        The column that says who left, and its values that say so.
    """

    profile: TableProfile
    kind: str
    name: str
    roles: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    keys: list[tuple[str, Any, str]] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    why: str = ""
    leaving: str = ""
    reason: str = ""
    outcome: tuple[str, ...] = ()

    @property
    def customer(self) -> Column:
        return self.profile.columns[self.roles["customer"]]

    def column(self, role: str) -> Column:
        return self.profile.columns[self.roles[role]]

    def key(self, name: str) -> Any:
        return next((value for key, value, _ in self.keys if key == name), None)


@dataclass(frozen=True)
class Activity:
    """How often, and until when, each customer was active in the logs; ids as texts."""

    counts: dict[str, int]
    last: dict[str, int]
    end: int


def left_out(profile: TableProfile, why: str) -> Reading:
    return Reading(profile, "", profile.name, why=why)


def said_how(profile: TableProfile, roles: dict[str, str], unused: dict[str, str]) -> list[tuple[str, Any, str]]:
    """Return how the times of a table must be declared; columns in another format than the first are not used."""
    first: tuple[tuple[str, Any, str], ...] | None = None
    for role in ("time", "start", "since", "valid_from", "end", "planned_end", "response", "reopened", "known_at"):
        column = profile.columns.get(roles.get(role, ""))
        if column is None:
            continue
        said = tuple(h[:2] for h in column.how)
        if first is None:
            first = column.how
        elif said != tuple(h[:2] for h in first) and role not in ("end",):
            unused[roles.pop(role)] = "written in another format than the first time of the table"
    return list(first or ())


def say_rest(profile: TableProfile, roles: dict[str, str], lists: dict[str, list[str]], unused: dict[str, str]) -> None:
    used = {*roles.values(), *(c for some in lists.values() for c in some)}
    for name, column in profile.columns.items():
        if name not in used and name not in unused:
            text = column.kind == "text" and column.says("best_value")
            why = "named like an amount, but not all of it are numbers of one currency" if text else "no role found"
            if column.kind == "clock":
                why = "a time of day"
            elif any(f'"{name}"' in note for note in profile.notes):
                why = "another column is made of it"
            unused[name] = (
                why
                if why != "no role found" and not text
                else "names a person"
                if column.names_person
                else "an id"
                if is_id(name) and column.kind != "flag"
                else why
            )


def is_status(column: Column) -> bool:
    """Return whether a column holds a current state."""
    return any(
        w.endswith(("status", "状態", "状态", "狀態", "ステータス"))
        or w.startswith(("stat", "stan", "stav", "durum", "статус", "estad", "situac", "zustand", "stage", "phase", "lifecycle"))
        for w in tokens(column.name)
    )


def best_value(numbers: Sequence[Column]) -> Column | None:
    """Return the amount of money, if a column is one: by its name."""

    def fit(c: Column) -> float:
        grown = 3.0 * c.says("best_value") + 2.0 * c.says("value", "price") - 5.0 * c.says("not_value") * (not c.says("best_value"))
        grown += 0.3 * (c.name in ("signed_amount", "signed_value", "full_amount"))  # made of another
        grown -= 3.0 * c.says("quantity") + 2.5 * c.says("not_value") + 1.0 * ("unit" in tokens(c.name))
        return grown + 0.5 * (not c.is_whole) + 0.25 * ({"total", "net", "paid", "usd", "eur"} & set(tokens(c.name)) != set())

    best = max(numbers, key=fit, default=None)
    return best if best is not None and fit(best) >= 2.0 else None


def best_price(numbers: Sequence[Column]) -> Column | None:
    """Return what a contract costs: the amount of money, or else the price of a unit, or what is just called "monthly" and has cents."""
    prices = [c for c in numbers if "unit" in tokens(c.name) and {"amount", "price"} & set(tokens(c.name))]
    prices += [c for c in numbers if is_rate(c)]
    return best_value(numbers) or next(iter(prices), None)


def is_rate(column: Column) -> bool:
    """Return whether a number is called by what it is paid for alone, such as "monthly"; a month or a year is a whole number."""
    return column.says("monthly", "yearly") and column.kind == "number" and not column.is_whole


def perhaps_cents(value: Column | None, *, exported: bool) -> list[str]:
    """Return a note on whole amounts that may be cents: prices of units as services call them, or those in an export of a program."""
    if value is None or not value.is_whole or not (exported or {"unit", "amount"} <= set(tokens(value.name))):
        return []
    return [f'"{value.name}" has whole numbers only: where they are cents, divide by 100 in a query']


def best_quantity(numbers: Sequence[Column]) -> Column | None:
    def fit(c: Column) -> float:
        return (
            2.0 * c.says("quantity")
            + 1.0 * (not c.is_whole)
            - 3.0 * c.says("not_value") * (not c.says("quantity"))
            + (0.5 if c.distinct > 2 else 0)
        )

    best = max(numbers, key=fit, default=None)
    return best if best is not None and fit(best) >= 1.0 and best.distinct > 1 else None


def with_currency(left: Sequence[Column], roles: dict[str, str]) -> None:
    if "value" not in roles:
        return
    for column in left:
        if column.kind == "text" and column.name not in roles.values() and column.says("currency"):
            if column.distinct > 1:
                roles["currency"] = column.name
            return
