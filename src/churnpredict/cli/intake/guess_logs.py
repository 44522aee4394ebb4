"""Tables of many rows per customer: logs, totals of periods, panels with an outcome, and states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.outcome_columns import ending_codes, flags_leaving, is_counter, leaving_values
from churnpredict.cli.intake.readings import (
    MOST_KINDS,
    TELLS,
    Reading,
    best_quantity,
    best_value,
    is_status,
    perhaps_cents,
    said_how,
    say_rest,
    with_currency,
)
from churnpredict.cli.intake.table_keys import unlike_customer
from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = ["guess_log", "period_of"]

_DAY = 86_400_000_000
_ONCE = 0.95
_MONTHS = 6
_SOME = 5
_LATE = 0.9  # of the rows are before those in a state that passes
_FEW = 12  # whole numbers of no more values, without a word for what they count, are codes: gates, floors, shifts
_SEVERAL = 1.5  # people of an account, and rows of a person, at least
_MANY_EMPTY = 0.05  # a table with more rows without a time is refused
_HISTORY = {
    *("history", "historie", "historique", "historial", "storico"),
    *("historico", "historia", "geschiedenis", "история", "gecmis", "changes"),
}


def period_of(column: Column, customer: Column) -> str:
    """Return the period of which each row is the total: one row per customer and month (quarter, week), dated its first day; or nothing.

    Several rows of a customer may be the totals of one month, by product, where nothing at all is dated within a month.
    """
    known = column.times[column.known]
    if not len(known) or (known % _DAY).any():
        return ""
    days = np.unique(known).astype("datetime64[us]").astype("datetime64[D]")
    if len(days) < 3:
        return ""
    pairs = np.stack([customer.codes[0], column.times], axis=1)
    twice = 1 - len(np.unique(pairs, axis=0)) / len(pairs)
    months = days.astype("datetime64[M]")
    first = bool((days == months.astype("datetime64[D]")).all())
    last = bool(((days + np.timedelta64(1, "D")) == (months + np.timedelta64(1, "M")).astype("datetime64[D]")).all())
    if twice > 0.001 and not ((first or last) and len(days) >= _MONTHS):  # several rows a month: totals by product, if all are dated so
        return ""
    if first or last:
        number = months.astype(np.int64) % 12
        if len(set(number)) == 1:
            return "year"
        return "quarter" if len(set(number)) <= 4 and len(set(number % 3)) == 1 and len(days) > 3 else "month"
    monday = bool(((days.astype(np.int64) + 3) % 7 == 0).all())
    return "week" if monday and len(days) > 8 else ""


def guess_log(
    profile: TableProfile, customer: str, times: Sequence[Column], pair: tuple[Column, Column] | None, *, states: bool = False
) -> list[Reading]:
    who = profile.columns[customer]
    unused: dict[str, str] = {}
    if pair is None:
        time = max(times, key=lambda c: (_time_fit(c) - 6.0 * _follows(c, times), -list(profile.columns).index(c.name)))
        time = _with_hour(time, times)
    else:
        time = pair[0]
    roles = {"customer": customer, "time": time.name}
    period = period_of(time, who)
    for column in times:
        if column is not time:
            later = column.known.all() and bool((column.times >= time.times).all())
            if later and (column.says("recorded") or (pair is not None and column is pair[1])):
                roles.setdefault("known_at", column.name)
            else:
                unused[column.name] = "another time of the same row"
    rest = [c for c in profile.columns.values() if c.name not in roles.values() and c.name not in unused and c.kind != "time"]
    outcome: tuple[str, ...] = ()
    flags = [c for c in rest if c.kind == "flag" or (c.kind == "text" and c.distinct == 2)]
    for column in sorted(flags, key=lambda c: not c.says("leaving")):
        value = flags_leaving(column, who, time)
        if value is not None and (column.says("leaving", "staying") or period):
            outcome = outcome or (column.name, str(value))
            unused[column.name] = "tells the outcome: see the table made from it"
        elif column.says("leaving") and period:
            unused[column.name] = TELLS
    for column in rest if not outcome and not profile.says("ticket") else []:
        if column.name not in unused and (gone := leaving_values(column, who, time)):
            outcome = (column.name, *gone)
            break
    stated = bool(outcome) and outcome[0] not in unused
    unused |= {c.name: "the state before" for c in rest if stated and c.says("before") and c.name not in unused}
    for column in rest:
        paid = column.kind == "number" and column.says("best_value") and column.distinct == 1  # the same fee for everybody is money too
        if column.name not in unused and not paid and (column.kind == "empty" or (column.distinct < 2 and column.filled.all())):
            unused[column.name] = "empty" if column.kind == "empty" else "always the same"
    left = [c for c in rest if c.name not in unused]
    if (not outcome or stated) and (states or _is_states(profile, time, left, who)):
        values = [
            c.name
            for c in left
            if (c.kind in ("number", "flag") and not is_id(c.name))
            or (c.kind == "text" and c.distinct <= MOST_KINDS and not c.names_person)
        ]
        lists = {"values": values}
        say_rest(profile, roles, lists, unused)
        driver = [("driver", "price", "driver of the table's features")] if any(has_word(v, "price") for v in values) else []
        keys = [*said_how(profile, roles, unused), *driver]
        return [Reading(profile, "states", profile.name, roles, lists, keys, unused, outcome=outcome)]
    reading = _events(profile, roles, left, unused, period)
    return [replace(reading, outcome=outcome)]


def _time_fit(column: Column) -> float:
    fit = (
        3.0 * column.says("happened")
        + 1.0 * column.says("time")
        - 4.0 * column.says("clerical")
        - 3.0 * column.says("planned_end", "expiry")
    )
    fit += 0.5 * column.says("start") - 2.0 * column.says("leaving", "end") - 1.0 * column.says("recorded") - 2.0 * column.says("since")
    empty = float(np.mean(~column.known))
    return fit - 10.0 * empty - 20.0 * (empty > _MANY_EMPTY)


def _with_hour(day: Column, times: Sequence[Column]) -> Column:
    """Return the moment of which a column has only the day, in whatever time zone, where another column has it."""
    if (day.times[day.known] % _DAY).any():
        return day
    for column in times:
        if (
            column is not day
            and column.known.all()
            and not column.says("clerical", "recorded", "overwritten", "planned_end", "end", "since")
        ):
            apart = np.abs(column.times - day.times)[day.known]
            if (column.times % _DAY).any() and (apart <= 1.5 * _DAY).mean() > _LATE and (apart // _DAY > 0).mean() < 0.5:
                return column
    return day


def _follows(column: Column, others: Sequence[Column]) -> bool:
    """Return whether a time is another one and a term, such as 14 or 30 days: a day when something is due, not when it happened."""
    for other in others:
        both = column.known & other.known
        terms = np.unique((column.times - other.times)[both] // _DAY, return_counts=True)
        if other is not column and both.sum() > 20 and terms[0].min() >= 5 and np.sort(terms[1])[-4:].sum() > 0.95 * both.sum():
            return True
    return False


def _is_states(profile: TableProfile, time: Column, left: Sequence[Column], customer: Column) -> bool:
    """Return whether rows are states that apply from then on, rather than events."""
    named = profile.says("price") and not profile.says("contract")
    begins = time.says("start") and not time.says("happened")
    speaking = [c for c in left if c.says("price") and not c.says("best_value", "quantity") and not is_id(c.name)]
    others = [c for c in left if c not in speaking and not is_id(c.name) and not unlike_customer(c) and c.says("item", "happened")]
    changes = profile.rows / max(customer.distinct, 1) < 12
    history = bool(_HISTORY & set(tokens(profile.name)))
    numbers = [c for c in left if c.kind == "number" and not is_id(c.name) and c not in speaking and not c.says("discount")]
    return bool(left) and changes and ((named or history or begins) and bool(speaking or history) and not others and not numbers)


def _events(profile: TableProfile, roles: dict[str, str], left: Sequence[Column], unused: dict[str, str], period: str) -> Reading:
    numbers = [
        c for c in left if c.kind == "number" and not (is_id(c.name) and c.is_whole) and not (c.says("postal", "customer") and c.is_whole)
    ]
    who, time = profile.columns[roles["customer"]], profile.columns[roles["time"]]
    unused |= {c.name: "it only grows: a counter, not an amount" for c in numbers if not c.says("best_value") and is_counter(c, who, time)}
    numbers, left = ([c for c in some if c.name not in unused] for some in (numbers, left))
    only = numbers[0] if len(numbers) == 1 and numbers[0].distinct > (_FEW if numbers[0].is_whole else 1) else None
    if only is not None and only.is_whole and _pairs(only, who) <= who.distinct:
        only = None  # another number of the customer: of the contract, or of the device
    flows = [c for c in numbers if not (period and c.says("level"))]  # what is there at the end of a month is not what came in it
    value = best_value(flows) or best_quantity(flows) or (only if only in flows else None)
    if value is not None:
        roles["value"] = value.name
    texts = [c for c in left if c.kind == "text"]
    ids = [
        c
        for c in left
        if c.kind in ("text", "number")
        and (c.is_whole or c.kind == "text")
        and (is_id(c.name) or c.says("happened") or _is_numbered(c))
        and c is not value
    ]
    own = [c for c in ids if c.unique and not c.says("item")]
    item = _best(
        [c for c in [*texts, *(i for i in ids if i.kind == "number")] if c.says("item") and c not in own and c.distinct > 1], "item"
    )
    kind = _kind(profile, roles, [c for c in texts if c is not item], unused)
    if kind is not None:
        roles["kinds"] = kind.name
    if item is not None:
        roles["item"] = item.name
    order = None if period else _order(profile, roles, ids)
    if order is not None:
        roles["order"] = order.name
    elif own:
        roles["id"] = own[0].name
    user = None if period else _user(profile, roles)
    if user is not None:
        roles["user"] = user.name
    with_currency(left, roles)
    lists: dict[str, list[str]] = {}
    if kind is not None and {"contact", "contacts", "email", "emails", "messages", "campaigns", "newsletter"} & set(tokens(profile.name)):
        replies = [str(v) for v in kind.codes[1] if has_word(str(v), "reply")]
        lists["replies"] = replies if 0 < len(replies) < kind.distinct else []
    keys = said_how(profile, roles, unused)
    if profile.says("ticket") and not profile.says("payment"):
        keys.append(("driver", "support", "driver of the table's features"))
    elif profile.says("refund"):
        keys.append(("driver", "quality", "driver of the table's features"))
    if period:
        keys.append(("known_after", period, f"each row is the total of a {period}: it is not known before the {period} is over"))
    say_rest(profile, roles, lists, unused)
    notes = _cents(profile, roles, value)
    return Reading(profile, "events", profile.name, roles, lists, keys, unused, notes)


def _kind(profile: TableProfile, roles: dict[str, str], texts: Sequence[Column], unused: dict[str, str]) -> Column | None:
    """Return the column that says what kind of event a row is; a state that is overwritten over time is noted as not used."""
    kinds = [
        c
        for c in texts
        if 2 <= c.distinct <= MOST_KINDS
        and (not is_id(c.name) or c.says("reason") or ending_codes(c))
        and not c.names_person
        and not c.says("owner", "currency")
    ]
    for column in kinds:
        passing = "" if column.says("reason") else _passing_state(column, profile.columns[roles["time"]])
        if passing and not any(has_word(str(v), "failed") for v in column.codes[1]):
            unused[column.name] = f'overwritten over time: only the latest rows are still "{passing}"'
    named = [c for c in kinds if (c.says("kind") or ending_codes(c)) and c.name not in unused]
    failing = [c for c in named if not c.says("reason") and any(has_word(str(v), "failed") for v in c.codes[1])]
    return _best(failing or named, "kind")


def _cents(profile: TableProfile, roles: dict[str, str], value: Column | None) -> list[str]:
    """Return a note on amounts that may be cents: where times are counted beside a currency, a program has written them."""
    counted = any(key == "unit" and unit != "d" for key, unit, _ in profile.columns[roles["time"]].how)
    return perhaps_cents(value, exported=counted and any(c.says("currency") for c in profile.columns.values()))


def _passing_state(column: Column, time: Column) -> str:
    """Return a state that rows have only at first, such as "open": at past cutoffs the latest rows had it too, and have lost it since."""
    if not is_status(column):
        return ""
    late = np.quantile(time.times[time.known], _LATE)
    for code, value in enumerate(column.codes[1]):
        own = time.times[(column.codes[0] == code) & time.known]
        if _SOME <= len(own) < (1 - _LATE) * len(column.codes[0]) and own.min() > late:
            return str(value)
    return ""


def _user(profile: TableProfile, roles: dict[str, str]) -> Column | None:
    """Return who acted inside an account: a person by its name, of one customer each, where customers have several."""
    customer = profile.columns[roles["customer"]]
    found = [
        c
        for c in profile.columns.values()
        if c.name not in roles.values()
        and c.says("inside")
        and (c.kind == "text" or (c.kind == "number" and c.is_whole))
        and customer.distinct * _SEVERAL <= c.distinct <= profile.rows / _SEVERAL
    ]
    inside = [c for c in found if _pairs(c, customer) <= 1.02 * c.distinct]
    return max(inside, key=lambda c: (is_id(c.name), c.distinct), default=None)


def _pairs(column: Column, customer: Column) -> int:
    """Return how many pairs of a value and a customer there are."""
    there = column.filled & customer.filled
    return len(np.unique(np.stack([column.codes[0][there], customer.codes[0][there]], axis=1), axis=0))


def _order(profile: TableProfile, roles: dict[str, str], ids: Sequence[Column]) -> Column | None:
    """Return the number of an order that is on several rows: they are its lines, of one customer and one moment."""
    for column in ids:
        counts = column.says("quantity") and not is_id(column.name)  # an order number is not a number of orders
        if column.name in roles.values() or column.says("item", "value") or counts or not column.filled.all():
            continue
        if column.distinct > _ONCE * profile.rows:  # an event's id, with some rows loaded twice
            continue
        if _is_of_one(column, profile, roles):
            return column
    return None


def _is_of_one(column: Column, profile: TableProfile, roles: dict[str, str]) -> bool:
    """Return whether every value is of one customer: of one who has several, and of one moment, the less the name says."""
    customer, time = profile.columns[roles["customer"]], profile.columns[roles["time"]]
    named = column.says("happened") or _is_numbered(column)
    one = [column.codes[0], customer.codes[0]] if named else [column.codes[0], customer.codes[0], time.times]
    several = column.distinct > 1.5 * customer.distinct or (named and (is_id(column.name) or _is_numbered(column)))
    return several and len(np.unique(np.stack(one, axis=1), axis=0)) <= 1.02 * column.distinct


def _is_numbered(column: Column) -> bool:
    """Return whether all values are numbers of orders as shops write them, "#1042", whatever the column is called."""
    return column.kind == "text" and all(re.fullmatch(r"#[A-Z]*-?\d+", str(v)) for v in column.codes[1])


def _best(columns: Sequence[Column], role: str) -> Column | None:
    def fit(column: Column) -> tuple[bool, bool, bool, bool, int, int]:
        plain = not {"description", "title", "bezeichnung", "descripcion", "descrizione", "name"} & set(tokens(column.name))
        result = bool({"result", "outcome", "ergebnis", "resultat", "esito"} & set(tokens(column.name)))
        return (column.says(role), plain, not is_id(column.name), not result, -len(tokens(column.name)), column.distinct)

    return max(columns, key=fit, default=None)
