"""Prices of customers over time, where a list dates the prices of each tariff, and contracts or customers name the tariff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_joins import extended, moment_of, number_in, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import SourceError

__all__ = ["tariff_states"]

_SEEN = 0.9  # of the tariffs of customers are in the list
_MOST = 200  # tariffs


def tariff_states(readings: Sequence[Reading], lists: Mapping[str, TableProfile]) -> tuple[list[Reading], dict[str, str]]:
    """Return the prices that applied to each customer, from the day they did, as tables of states; and what became of each list.

    Parameters
    ----------
    readings : sequence of Reading
        Of contracts, or of customers, one of whose columns is a key of a list.
    lists : mapping of str to TableProfile
        Tables without customers.
    """
    found: list[Reading] = []
    told: dict[str, str] = {}
    people = sorted((r for r in readings if r.kind in ("intervals", "customers")), key=lambda r: r.kind != "intervals")
    for name, listed in lists.items():
        prices = [c for c in listed.of_kind("number") if c.says("price", "value") and not is_id(c.name)]
        for reading in people if prices else []:
            made = _priced(reading, listed, prices)
            if made is not None:
                found.append(made)
                told[name] = f"a list of prices: see {made.name}"
                break
    return found, told


def _priced(reading: Reading, listed: TableProfile, prices: Sequence[Column]) -> Reading | None:
    columns = list(reading.profile.columns.values())
    pair = next(((own, key, since) for key, since in _keys(listed) for own in columns if _names(own, key, listed)), None)
    if pair is None:
        return None
    own, key, since = pair
    begin = reading.roles.get("start") or reading.roles.get("since")
    holds = moment_of(quoted(since.name), since)
    start = moment_of(f"given.{quoted(begin)}", reading.profile.columns[begin]) if begin else "NULL"
    end = reading.column("end") if reading.kind == "intervals" and reading.column("end").kind == "time" else None
    over = moment_of(f"given.{quoted(end.name)}", end) if end is not None else "NULL"
    if holds is None or start is None or over is None:
        return None
    numbers = [f"{number_in(listed, quoted(c.name))} AS {quoted(c.name)}" for c in prices]
    by = quoted(key.name)
    dated = (
        f"SELECT {by} AS tariff_key, {', '.join(numbers)}, {holds} AS holds_from, "
        f"lead({holds}) OVER (PARTITION BY {by} ORDER BY {holds}) AS holds_until FROM {quoted(listed.name)}"
    )
    on = f"CAST(given.{quoted(own.name)} AS VARCHAR) = CAST(dated.tariff_key AS VARCHAR)"
    on += f" AND COALESCE(dated.holds_until > {start}, TRUE) AND COALESCE(dated.holds_from < {over}, TRUE)"
    customer, time = quoted(reading.roles["customer"]), "price_since"
    chosen = ", ".join(f"dated.{quoted(c.name)}" for c in prices)
    selected = f"DISTINCT given.{customer}, greatest(dated.holds_from, {start}) AS {time}, {chosen}"
    query = extended(reading.profile, selected, f"JOIN ({dated}) AS dated ON {on}", {listed.name: listed})
    try:
        profile = profile_query(query, f"{listed.name}_by_customer")
    except SourceError:  # a database that lacks a function of the query
        return None
    when = profile.columns[time]
    if when.kind != "time" or not when.known.all() or len({*profile.columns}) < 2 + len(prices):
        return None
    note = f'prices of "{own.name}" in {reading.name}, by "{since.name}" of {listed.name}'
    roles = {"customer": reading.roles["customer"], "time": time}
    keys = [*when.how, ("driver", "price", "driver of the table's features")]
    return Reading(profile, "states", profile.name, roles, {"values": [c.name for c in prices]}, keys, notes=[note])


def _keys(listed: TableProfile) -> list[tuple[Column, Column]]:
    """Return the columns that tell the rows of a list apart together with a day: the tariff, and from when its price holds."""
    found = []
    for key in listed.of_kind("text", "number"):
        for since in listed.of_kind("time"):
            pairs = np.stack([key.codes[0], since.times], axis=1)
            if (
                key.filled.all()
                and since.known.all()
                and not since.says("end")
                and 2 <= key.distinct <= _MOST
                and not (key.kind == "number" and not is_id(key.name))
                and len(np.unique(pairs, axis=0)) == len(pairs)
            ):
                found.append((key, since))
    return sorted(found, key=lambda pair: -is_id(pair[0].name))


def _names(own: Column, key: Column, listed: TableProfile) -> bool:
    """Return whether a column of customers or contracts holds keys of the list: by its values, and by its name."""
    if own.kind not in ("text", "number") or not 2 <= own.distinct <= _MOST:
        return False
    theirs = set(map(str, key.codes[1]))
    if sum(str(v) in theirs for v in own.codes[1]) < _SEEN * own.distinct:
        return False
    words, there = ({w for w in tokens(name) if not has_word(w, "id")} for name in (own.name, key.name))
    of_list = {w.removesuffix("s") for w in tokens(listed.name)} | set(tokens(listed.name)) | there
    return own.name == key.name or bool(words & of_list) or (own.says("price", "contract") and own.kind == "text")
