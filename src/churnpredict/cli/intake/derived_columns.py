"""Columns that a query makes from others: dates from their parts, amounts from cents, from cells with currencies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.ledger_sides import with_sides
from churnpredict.cli.intake.readings import best_value
from churnpredict.cli.intake.table_joins import YES, extended, loses_none, number_of, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError
from churnpredict.events.values.amounts import NumberFormat, read_amounts

__all__ = ["in_one_unit", "with_derived"]

_YEAR, _MONTH, _DAY = (
    {"year", "yr", "jahr", "annee", "ano", "anno", "rok", "jaar", "год", "yil"},
    {"month", "mon", "monat", "mois", "mes", "mese", "miesiac", "maand", "месяц", "ay"},
    {"day", "tag", "jour", "dia", "giorno", "dzien", "dag", "день", "gun"},
)
_MINOR = {
    "cent",
    "cents",
    "ct",
    "pence",
    "pennies",
    "minor",
    "kopeks",
    "kopecks",
    "копеек",
    "коп",
    "groszy",
    "kurus",
    "centimes",
    "centimos",
    "centavos",
}
_MICRO = {"micros", "micro", "microunits"}  # millionths of a unit, as stores of apps count
_STRIPE = r"(ch|py|pi|in|ii|il|sub|si|re|txn|price|plan)_[A-Za-z0-9]+$"
_WHOLE_ID = 17  # letters of an id that nobody has shortened
_WITHOUT_CENTS = ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
_SOME, _MOSTLY = 20, 0.9
_KINDS = 50  # different values at most: a column of words
_FORMS = (NumberFormat(), NumberFormat(",", "."), NumberFormat(",", " "), NumberFormat(".", ","))


def with_derived(profile: TableProfile) -> TableProfile:
    """Return the table with the columns that can be made of others."""
    for derive in (_with_date, _with_currencies, _with_units, with_sides, _with_result, _with_expiry):
        profile = derive(profile)
    return profile


def _extended(profile: TableProfile, made: str, name: str, of: Sequence[Column], note: str) -> TableProfile:
    try:
        found = profile_query(extended(profile, f"given.*, {made}", "", {}), profile.name, profile)
    except SourceError:  # a database that lacks a function of the query
        return profile
    return replace(found, notes=(*profile.notes, note)) if loses_none(found, name, of) else profile


def _free(profile: TableProfile, *names: str) -> str:
    return next((n for n in names if n.lower() not in {c.lower() for c in profile.columns}), "")


def _with_date(profile: TableProfile) -> TableProfile:
    """Return the table with the day, or the month, whose parts are in columns of their own."""
    if profile.of_kind("time"):
        return profile
    numbers = {words[0]: c for c in profile.of_kind("number", "flag") if len(words := tokens(c.name)) == 1 and c.filled.all()}

    def part(words: set[str], low: int, high: int) -> Column | None:
        found = next((numbers[w] for w in words if w in numbers), None)
        return found if found is not None and found.numbers.min() >= low and found.numbers.max() <= high else None

    year, month, day = part(_YEAR, 1950, 2200), part(_MONTH, 1, 12), part(_DAY, 1, 31)
    name = _free(profile, "date" if day is not None else "month_start")
    if year is None or month is None or not name:
        return profile
    parts = [year.name, month.name, *([day.name] if day is not None else [])]
    made = ", ".join([f"CAST({quoted(p)} AS BIGINT)" for p in parts] + ([] if day is not None else ["1"]))
    return _extended(profile, f"make_date({made}) AS {quoted(name)}", name, (year, month), f"{name} is made of {', '.join(parts)}")


def _with_currencies(profile: TableProfile) -> TableProfile:
    """Return the table with amount and currency apart, where cells hold both and the currencies differ."""
    if best_value(profile.of_kind("number")) is not None or any(c.says("currency") for c in profile.columns.values()):
        return profile
    amount, currency = _free(profile, "amount", "amount_paid"), _free(profile, "currency")
    for column in profile.of_kind("text"):
        if not column.says("best_value", "value", "price") or column.says("not_value") or not (amount and currency):
            continue
        texts = pa.array(column.codes[1], pa.string())
        read = [(form, found) for form in _FORMS if not pc.any((found := read_amounts(texts, form)).unread).as_py()]
        if not read or len(read[0][1].currencies) < 2:
            continue
        form = read[0][0]
        text = quoted(column.name)
        sign = rf"nullif(trim(regexp_replace({text}, '[-0-9.,+() \x{{00A0}}\x{{202F}}]', '', 'g')), '')"
        made = f"{number_of(text, form.decimal, form.thousands)} AS {amount}, {sign} AS {currency}"
        return _extended(profile, made, amount, (column,), f'{amount} and {currency} are taken from "{column.name}"')
    return profile


def _with_units(profile: TableProfile) -> TableProfile:
    """Return the table with the amount in whole units, where it is counted in cents by its name."""
    value = best_value([c for c in profile.of_kind("number") if not is_id(c.name)])
    name = _free(profile, "amount", "full_amount")
    if value is None or not name or not value.is_whole:
        return profile
    small = 1_000_000 if _MICRO & set(tokens(value.name)) else 100
    said = small > 100 or bool(_MINOR & set(tokens(value.name)))
    stripe = not said and _is_of_stripe(profile)
    if not said and not stripe:
        return profile
    amount, each = f"CAST({quoted(value.name)} AS DOUBLE)", str(small)
    note = f'{name} is "{value.name}" / {small}' + (": the interface of Stripe counts in the smallest unit" if stripe else "")
    currency = next((c for c in profile.of_kind("text") if c.says("currency")), None)
    whole = [str(v) for v in currency.codes[1] if str(v).strip().upper() in _WITHOUT_CENTS] if currency is not None else []
    if currency is not None and whole and small == 100:  # these currencies have no cents
        if len(whole) == currency.distinct:
            return profile
        listed = ", ".join(f"'{v}'" for v in whole)
        each = f"CASE WHEN CAST({quoted(currency.name)} AS VARCHAR) IN ({listed}) THEN 1 ELSE 100 END"
        note += f", except in {', '.join(whole)}"
    return _extended(profile, f"{amount} / {each} AS {name}", name, (value,), note)


def _is_of_stripe(profile: TableProfile) -> bool:
    """Return whether rows come from Stripe's interface: its ids, whole or beside times in seconds. Exports of its pages have decimals."""
    ids = [c for c in profile.of_kind("text") if c.distinct and all(re.match(_STRIPE, str(v)) for v in c.codes[1])]
    seconds = any(key == "unit" and unit == "s" for c in profile.of_kind("time") for key, unit, _ in c.how)
    return any(seconds or all(len(str(v)) >= _WHOLE_ID for v in c.codes[1]) for c in ids)


def _with_result(profile: TableProfile) -> TableProfile:
    """Return the table of payments with their result in words, where a flag says whether they succeeded or failed."""
    name = _free(profile, "payment_result")
    told = any(has_word(str(v), "failed") for c in profile.of_kind("text") if c.distinct <= _KINDS for v in c.codes[1])
    if not name or told or not profile.of_kind("time") or not (profile.says("payment") or best_value(profile.of_kind("number"))):
        return profile
    for column in profile.of_kind("flag"):
        failed = column.says("failed")
        written = {str(v).strip().lower() for v in profile.table[column.name].cast(pa.string()).unique().to_pylist()}
        listed = ", ".join(f"'{word}'" for word in sorted(written & set(YES)))
        if not listed or not (failed or column.says("succeeded")):
            continue
        yes, no = ("failed", "paid") if failed else ("paid", "failed")
        text = f"nullif(lower(trim(CAST({quoted(column.name)} AS VARCHAR))), '')"
        made = f"CASE WHEN {text} IN ({listed}) THEN '{yes}' WHEN {text} IS NOT NULL THEN '{no}' END AS {name}"
        return _extended(profile, made, name, (column,), f'{name} is taken from "{column.name}"')
    return profile


def _with_expiry(profile: TableProfile) -> TableProfile:
    """Return the table with the last day of the month in which a card expires, written as 03/26 or as two numbers."""
    if profile.says("payment", "happened") and not profile.says("people"):
        return profile  # of each payment, not of the customer
    for column in profile.of_kind("text"):
        parts = [re.fullmatch(r"\s*(0?[1-9]|1[0-2])\s*[/.-]\s*(\d\d|20\d\d)\s*", str(v)) for v in column.codes[1]]
        if column.says("expiry") and parts and all(parts):
            text = f"trim(CAST({quoted(column.name)} AS VARCHAR))"
            first, last = (f"CAST(nullif(regexp_extract({text}, '{part}', 1), '') AS BIGINT)" for part in (r"^(\d+)", r"(\d\d)$"))
            return _with_last_day(profile, first, last, (column,))
    expiring = [c for c in profile.of_kind("number") if {"exp", "expiry", "expiration"} & set(tokens(c.name)) and c.is_whole]
    month, year = (next((c for c in expiring if words & set(tokens(c.name))), None) for words in (_MONTH, _YEAR))
    if (
        month is None
        or year is None
        or month is year
        or year.numbers.min() < 2000
        or not 1 <= month.numbers.min() <= month.numbers.max() <= 12
    ):
        return profile
    named = [f"CAST({quoted(c.name)} AS BIGINT)" for c in (month, year)]
    return _with_last_day(profile, named[0], named[1], (month, year))


def _with_last_day(profile: TableProfile, month: str, year: str, of: Sequence[Column]) -> TableProfile:
    name = _free(profile, "card_expiry_day", "expiry_day")
    made = f"last_day(make_date(2000 + {year} % 100, {month}, 1)) AS {name}"
    said = " and ".join(f'"{c.name}"' for c in of)
    return _extended(profile, made, name, of, f"{name} is the last day of {said}") if name else profile


def in_one_unit(profiles: Sequence[TableProfile]) -> list[TableProfile]:
    """Return the tables with amounts in whole units, where those of one are a hundred times those of another: cents beside euros."""
    values = {p.name: best_value([c for c in p.of_kind("number") if not is_id(c.name)]) for p in profiles}
    done = []
    for profile in profiles:
        value, name = values[profile.name], _free(profile, "full_amount")
        others = [v for other, v in values.items() if other != profile.name and v is not None and not v.is_whole]
        if value is not None and name and value.is_whole and any(_is_hundredfold(value, other) for other in others):
            note = f'{name} is "{value.name}" / 100: another table has the same amounts with decimals'
            done.append(_extended(profile, f"CAST({quoted(value.name)} AS DOUBLE) / 100 AS {name}", name, (value,), note))
        else:
            done.append(profile)
    return done


def _is_hundredfold(value: Column, other: Column) -> bool:
    """Return whether most rows have an amount that is a hundred times one of the other table, and hardly any has one of its amounts."""
    mine = value.numbers[np.isfinite(value.numbers) & (value.numbers != 0)]
    theirs = np.unique(other.numbers[np.isfinite(other.numbers) & (other.numbers != 0)])
    if len(mine) < _SOME or len(theirs) < 2:
        return False
    return bool(np.isin(mine, np.round(100 * theirs)).mean() > _MOSTLY and np.isin(mine, np.round(theirs)).mean() < 1 - _MOSTLY)
