"""Tables made from others: customers who left and came back, by a date or a state, other numbers of a panel, months as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.readings import Activity, Reading
from churnpredict.cli.intake.table_joins import flagged_rows, months_as_rows
from churnpredict.cli.intake.table_profiles import Column, profile_query
from churnpredict.events.source import Query
from churnpredict.events.timing import DAY
from churnpredict.figures import percent

__all__ = ["leavers", "months_turned", "more_states", "with_payment_driver", "without_contradicted"]

_NONE = np.iinfo(np.int64).min
_MONTH = 30 * DAY
_GO_ON = 0.5  # share of the marked leavers who are active more than a month later


def leavers(readings: Sequence[Reading]) -> list[Reading]:
    """Return tables of leaving, made of a date on the customer or of the outcome of a panel."""
    found = []
    for r in readings:
        if r.kind == "customers" and r.leaving:
            column = r.profile.columns[r.leaving]
            roles = {"customer": r.roles["customer"], "time": r.leaving} | ({"kinds": r.reason} if r.reason else {})
            keys = [*column.how, ("optional_time", True, "customers without this date have not left")]
            found.append(Reading(r.profile, "events", f"{r.name}_left", roles, {}, keys, leaving=r.leaving))
        elif r.outcome:
            name, *values = r.outcome
            keys = [k for k in r.keys if k[0] in ("format", "unit", "known_after", "observed_from", "observed_until")]
            roles = {k: r.roles[k] for k in ("customer", "time")}
            kinds = {"kinds": name} if len(values) > 1 else {}
            left = replace(r.profile, source=flagged_rows(r.profile, name, values))
            found.append(Reading(left, "events", f"{r.name}_left", roles | kinds, {}, keys, leaving=name))
            if staying := _staying(r, name, values):
                back = replace(r.profile, source=flagged_rows(r.profile, name, staying))
                found.append(Reading(back, "events", f"{r.name}_back", roles, {}, keys, notes=["customers who come back"]))
    return found


def _staying(reading: Reading, column: str, leaving: Sequence[str]) -> list[str]:
    """Return the values that say that a customer is there, where some come back after leaving: other states, or events of beginning."""
    found, who, time = reading.profile.columns[column], reading.customer, reading.column("time")
    others = [str(v) for v in found.codes[1] if str(v) not in leaving]
    if found.kind != "text" or reading.key("known_after") is not None:
        return []
    if reading.kind != "states":
        others = [v for v in others if has_word(v, "start") or has_word(v, "since") or has_word(v, "staying")]
    there = np.isin(found.codes[0], [i for i, v in enumerate(found.codes[1]) if str(v) in others])
    gone = np.isin(found.codes[0], [i for i, v in enumerate(found.codes[1]) if str(v) in leaving])
    first = np.full(who.distinct, np.iinfo(np.int64).max)
    np.minimum.at(first, who.codes[0][gone], time.times[gone])
    return others if (there & (time.times > first[who.codes[0]])).any() else []


def without_contradicted(readings: Sequence[Reading], activity: Activity | None) -> list[Reading]:
    """Forget an outcome where the other tables show that customers go on after it: a newsletter is cancelled, not the contract."""
    if activity is None:
        return list(readings)
    done = []
    for r in readings:
        if r.outcome and r.profile.columns[r.outcome[0]].kind == "text" and r.key("known_after") is None:
            column, time, who = r.profile.columns[r.outcome[0]], r.column("time"), r.customer
            gone = np.isin(column.codes[0], [i for i, v in enumerate(column.codes[1]) if str(v) in r.outcome[1:]]) & time.known
            seen = np.array([activity.last.get(str(v), _NONE) for v in who.codes[1]])[who.codes[0][gone]]
            share = float(np.mean(seen > time.times[gone] + _MONTH))
            if share > _GO_ON:
                told = f'{percent(share)} of those with "{r.outcome[1]}" go on: it does not say who left'
                done.append(replace(r, outcome=(), notes=[*r.notes, told]))
                continue
        done.append(r)
    return done


def more_states(readings: Sequence[Reading]) -> list[Reading]:
    """Return the other numbers of a panel: an event has one value, so they are states of each period."""
    found = []
    for r in readings:
        if r.kind != "events" or r.key("known_after") is None or (isinstance(r.profile.source, Query) and r.roles["time"] == "month"):
            continue
        more = [c for c in r.unused if r.unused[c] == "no role found" and _is_measure(r.profile.columns[c])]
        if more:
            for c in more:
                del r.unused[c]
            keys = [k for k in r.keys if k[0] in ("format", "unit", "known_after", "observed_until")]
            roles = {k: r.roles[k] for k in ("customer", "time")}
            prices = [c for c in more if has_word(c, "price")]
            use = [c for c in more if c not in prices]
            for name, values, driver in (("more", use, "value"), ("prices", prices, "price")):
                if values:
                    own = [*keys, ("driver", driver, "driver of the table's features")]
                    found.append(Reading(r.profile, "states", f"{r.name}_{name}", roles, {"values": values}, own))
    return found


def with_payment_driver(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings, with payments that can fail as what they are, where a contract or a date says who left.

    Where silence does, payments are the activity itself, and those that failed are not.
    """
    told = any(r.leaving and (r.kind == "intervals" or r.name.endswith("_left")) for r in readings)
    done = []
    for r in readings:
        kinds = r.profile.columns.get(r.roles.get("kinds", "")) if r.kind == "events" and not r.leaving else None
        fails = kinds is not None and any(has_word(str(v), "failed") for v in kinds.codes[1])
        pays = r.profile.says("payment") or r.roles.get("kinds") == "payment_result"
        keys: list[tuple[str, Any, str]] = []
        if told and fails and pays and r.key("driver") is None:
            keys.append(("driver", "payment", "driver of the table's features"))
        good = [str(v) for v in kinds.codes[1] if not has_word(str(v), "failed")] if kinds is not None and fails and pays else []
        paid = [v for v in good if has_word(v, "succeeded")] or good
        if paid:
            keys.append(("activity", sorted(paid), "a payment that failed is not activity of the customer"))
        done.append(replace(r, keys=[*r.keys, *keys]))
    return done


def _is_measure(column: Column) -> bool:
    return column.kind in ("number", "flag") or (column.kind == "text" and 2 <= column.distinct <= 50)


def months_turned(reading: Reading) -> Reading:
    """Turn columns that are months into rows."""
    if not reading.kind or not reading.profile.months:
        return reading
    query = months_as_rows(reading.profile, reading.roles["customer"], zeros=reading.kind == "states")
    profile = profile_query(query, reading.name, reading.profile)
    columns = dict(profile.columns)
    return replace(reading, profile=profile, keys=[*columns["month"].how, *reading.keys], unused=reading.unused)
