"""Versions of what is known of a customer, each valid until the next one, as a warehouse keeps them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import tokens
from churnpredict.cli.intake.outcome_columns import tells_whether
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import Column, TableProfile
from churnpredict.events.timing import DAY

__all__ = ["changes", "follow_each_other", "is_of_versions", "without_newest"]

_SOME, _NEARLY_ALL = 20, 0.9
_NEWEST = 0.9
_VERSIONS = {
    "valid",
    "effective",
    "eff",
    "scd",
    "dbt",
    "gueltig",
    "gultig",
    "version",
    "row",
    "record",
    "valide",
    "vigencia",
    "vigente",
    "wazny",
}


def follow_each_other(customer: Column, start: Column, end: Column) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return whether rows of a customer follow each other without a hole, the last one open: each ends where the next begins.

    Before it, the order of the rows by customer and beginning, and which of them but the first follow another of the same customer.
    """
    who = customer.codes[0]
    order = np.lexsort((start.times, who))
    following = (who[order][1:] == who[order][:-1]) & end.known[order][:-1]
    seamless = np.abs(start.times[order][1:] - end.times[order][:-1]) <= DAY
    last = np.append(who[order][1:] != who[order][:-1], True)
    still = (~end.known[order])[last].mean() > 0.5  # contracts that are renewed as new rows have an end as planned
    return order, following, bool(following.sum() > _SOME and seamless[following].mean() > _NEARLY_ALL and still)


def is_of_versions(profile: TableProfile, customer: str, start: Column, end: Column) -> bool:
    """Return whether rows are versions of what is known of a customer: each is valid until the next one, which differs in something."""
    named = all(_VERSIONS & set(tokens(c.name)) for c in (start, end))
    if not (named or profile.says("people")) or profile.says("contract", "ticket", "price"):
        return False
    order, following, sound = follow_each_other(profile.columns[customer], start, end)
    described = [c for c in profile.of_kind("text", "number", "flag") if not c.unique and c.name != customer]
    return sound and bool(described) and float(np.logical_or.reduce([changes(c, order) for c in described])[following].mean()) > 0.5


def changes(column: Column, order: np.ndarray) -> np.ndarray:
    """Return whether each row but the first, in an order, has another value than the row before it."""
    return np.asarray(column.codes[0][order][1:] != column.codes[0][order][:-1])


def without_newest(reading: Reading, end: Column) -> Reading:
    """Leave out the numbers of the versions, and what only says which one is the newest: at a past cutoff it was another."""
    columns = [reading.profile.columns[c] for c in reading.lists["values"]]
    left = {c.name: "a number of the version" for c in columns if c.unique}
    left |= {c.name: "it says which version is the newest" for c in columns if tells_whether(c, end.known) >= _NEWEST}
    kept = {**reading.lists, "values": [c.name for c in columns if c.name not in left]}
    return replace(reading, lists=kept, unused=reading.unused | left)
