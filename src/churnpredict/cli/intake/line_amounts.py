"""Amounts that no column states: the quantity times the price of a unit, and prices from a separate list."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.readings import best_value
from churnpredict.cli.intake.table_joins import extended, loses_none, number_in, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError

__all__ = ["with_amount", "with_prices"]

AMOUNT = "amount"
_RATES = {
    "rate",
    "rates",
    "unit",
    "hourly",
    "daily",
    "tariff",
    "tarif",
    "einzelpreis",
    "stundensatz",
    "satz",
    "tarifa",
    "tariffa",
    "stawka",
    "тариф",
    "tarife",
}
_COSTS = {"cost", "costs", "tax", "vat", "fee", "shipping", "kosten", "steuer"}
_SEEN = 0.9  # of the values are found in the price list


def with_amount(profile: TableProfile, numeric: Collection[str] = ()) -> TableProfile:
    """Return the table with the amount of each row, where it has only a quantity and the price of a unit.

    A discount in per cent is taken off; of another the note says that it is not. ``numeric`` are columns that a query has already made
    numbers.
    """
    numbers = [c for c in profile.of_kind("number") if not is_id(c.name)]
    pieces = next((c for c in numbers if c.says("pieces") and not c.says("price") and c.distinct > 1), None)
    if pieces is None:  # nights and a rate are multiplied; days beside a price of the whole are not
        rated = any(_RATES & set(tokens(c.name)) for c in numbers)
        pieces = next((c for c in numbers if rated and c.says("measure") and not _RATES & set(tokens(c.name)) and c.distinct > 1), None)
    prices = [
        c
        for c in numbers
        if c is not pieces and c.says("price") and not c.says("best_value", "pieces", "discount") and not _COSTS & set(tokens(c.name))
    ]
    prices.sort(key=lambda c: -bool({"unit", "each", "einzel", "stueck", "unitaire", "unitario"} & set(tokens(c.name))))
    stated = best_value([c for c in numbers if c not in prices and c is not pieces])
    if pieces is None or not prices or stated is not None or AMOUNT in profile.columns:
        return profile
    price = prices[0]
    factors = [quoted(c.name) if c.name in numeric else _number(profile, c.name) for c in (pieces, price)]
    product = " * ".join(factors)
    notes = [f'{AMOUNT} is "{pieces.name}" times "{price.name}"']
    discount = next((c for c in profile.columns.values() if c.says("discount") and c.kind in ("number", "text") and c.distinct > 1), None)
    if discount is not None:
        share = _share(profile, discount)
        product += f" * (1 - COALESCE({share}, 0))" if share else ""
        notes.append(
            f'"{discount.name}" is taken off' if share else f'"{discount.name}" is not taken off: nothing says whether it is per cent'
        )
    query = extended(profile, f"given.*, {product} AS {AMOUNT}", "", {})
    found = profile_query(query, profile.name, profile)
    return replace(found, notes=(*profile.notes, *notes)) if loses_none(found, AMOUNT, (pieces, price)) else profile


def _number(profile: TableProfile, column: str) -> str:
    return number_in(profile, quoted(column))


def _share(profile: TableProfile, discount: Column) -> str:
    """Return a discount as a share of the price, where it is one: written with a per cent sign, named so, or never above one."""
    texts = discount.codes[1]
    signed = sum(str(t).strip().endswith("%") for t in texts)
    if signed and signed >= len(texts) - 1:  # a zero without the sign
        return f"{_number(profile, discount.name)} / 100"
    if discount.kind != "number":
        return ""
    known = discount.numbers[np.isfinite(discount.numbers)]
    if (known < 0).any() or (known > 100).any():
        return ""
    if {"pct", "percent", "percentage", "prozent", "proc", "pourcentage", "porcentaje", "rate"} & set(tokens(discount.name)):
        return f"{_number(profile, discount.name)} / {1 if known.max(initial=0) <= 1 else 100}"
    return _number(profile, discount.name) if known.max(initial=0) <= 1 and not discount.is_whole else ""


def with_prices(tables: Mapping[str, TableProfile], ways: Sequence[str]) -> tuple[dict[str, TableProfile], dict[str, str]]:
    """Return tables whose rows have a quantity and no price, with the price from a list without customers; and what became of such lists.

    Parameters
    ----------
    tables : mapping of str to TableProfile
        All tables; those that lead to customers are already joined.
    ways : sequence of str
        The names of those that lead to customers.

    Returns
    -------
    tables : dict
        Those that have gained a price.
    lists : dict
        Name of a list of prices -> what it is.
    """
    found: dict[str, TableProfile] = {}
    lists: dict[str, str] = {}
    for listed in (t for name, t in tables.items() if name not in ways):
        price = best_price(listed)
        if price is None:
            continue
        for name in ways:
            table = found.get(name, tables[name])
            if (
                best_value([c for c in table.of_kind("number") if not is_id(c.name)]) is not None
                or best_price(table) is not None
                or price.name in table.columns
            ):
                continue
            try:
                joined = _priced(table, listed, price)
            except SourceError:  # a database that lacks what the query needs
                joined = None
            if joined is not None:
                found[name] = joined
                lists[listed.name] = f"a list of prices: joined to {name}"
        lists.setdefault(listed.name, "a list of prices that no other table refers to")
    return found, lists


def best_price(table: TableProfile) -> Column | None:
    prices = [c for c in table.of_kind("number") if c.says("price") and not c.says("pieces") and not is_id(c.name)]
    return max(prices, key=lambda c: (bool({"list", "unit", "retail"} & set(tokens(c.name))), c.distinct), default=None)


def _priced(table: TableProfile, listed: TableProfile, price: Column) -> TableProfile | None:
    """Return the table with the price that held on its day, or that always holds."""
    for key in (c for c in listed.of_kind("text", "number") if c is not price and c.filled.all()):
        own = table.columns.get(key.name)
        if own is None or own.distinct < 2 or own.kind not in ("text", "number"):
            continue
        theirs = set(map(str, key.codes[1]))
        if sum(str(v) in theirs for v in own.codes[1]) < _SEEN * own.distinct:
            continue
        on = f"CAST(given.{quoted(key.name)} AS VARCHAR) = CAST({quoted(listed.name)}.{quoted(key.name)} AS VARCHAR)"
        number = number_in(listed, f"{quoted(listed.name)}.{quoted(price.name)}")
        selected = f"given.*, {number} AS {quoted(price.name)}"
        if key.unique:
            return profile_query(
                extended(table, selected, f"LEFT JOIN {quoted(listed.name)} ON {on}", {listed.name: listed}), table.name, table
            )
        since, when = _dated(listed, key), [c for c in table.of_kind("time") if c.says("happened", "time") and c.known.all()]
        if since is None or len(when) != 1:
            return None
        sides = _moment(f"given.{quoted(when[0].name)}", when[0]), _moment(f"{quoted(listed.name)}.{quoted(since.name)}", since)
        if None in sides:
            return None
        held = f"{sides[0]} >= {sides[1]}"
        asof = f"ASOF LEFT JOIN {quoted(listed.name)} ON {on} AND {held}"
        return profile_query(extended(table, selected, asof, {listed.name: listed}), table.name, table)
    return None


def _moment(column: str, times: Column) -> str | None:
    """Return a column as a moment in a query; None where a query cannot read its times."""
    how = {key: value for key, value, _ in times.how}
    if not how:
        return f"CAST({column} AS TIMESTAMP)"
    form = str(how.get("format", ""))
    readable = form and not set(re.findall("%(.)", form)) - set("YmdyHMS")
    return f"strptime(CAST({column} AS VARCHAR), '{form}')" if readable else None


def _dated(listed: TableProfile, key: Column) -> Column | None:
    """Return the day from which a price holds: with the key it tells the rows apart."""
    for column in listed.of_kind("time"):
        pairs = np.stack([key.codes[0], column.times], axis=1)
        if column.known.all() and len(np.unique(pairs, axis=0)) == len(pairs) and not column.says("end"):
            return column
    return None
