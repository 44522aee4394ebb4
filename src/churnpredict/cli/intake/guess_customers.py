"""Tables of customers: one row for each, with attributes, and columns that must not be attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.guess_contracts import joins
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.outcome_columns import follows_activity, said_gone, tells_whether
from churnpredict.cli.intake.readings import IN_PLACE, MOST_KINDS, TELLS, Activity, Reading, is_status, said_how
from churnpredict.cli.intake.table_joins import extended, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query

__all__ = ["guess_customers"]

Mask = npt.NDArray[np.bool_]


def guess_customers(
    profile: TableProfile, customer: str, times: Sequence[Column], activity: Activity | None, leaving: Column | None = None
) -> Reading:
    """Return the reading of a table of customers. Long because each column is looked at once, for each role that earlier ones left."""
    roles = {"customer": customer}
    unused: dict[str, str] = {}
    lists: dict[str, list[str]] = {"attributes": [], "dates": []}
    if leaving is None:
        gone = [c for c in times if c.says("leaving") and not c.known.all()]
        leaving = gone[0] if gone else None
    status, words = _status_of_leavers(profile)
    if leaving is None and status is not None:
        profile, leaving = _with_date_of_leaving(profile, status, words, times)
    own = [c for c in times if c is not leaving and not c.says("planned_end", "expiry", "end", "leaving", "clerical", "overwritten")]
    since = sorted(
        (c for c in own if np.mean(c.known) > 0.5),
        key=lambda c: (-joins(c), -c.says("since", "start"), float(np.median(c.times[c.known]))),
    )
    if since:
        roles["since"] = since[0].name
    if leaving is not None:
        unused[leaving.name] = "the date of leaving: see the table made of it"
    for column in times:
        if column.name in roles.values() or column is leaving:
            continue
        if (
            column.says("expiry", "planned_end")
            and not column.how
            and column.says("expiry")
            and np.mean(column.known) > 0.5
            and "last" not in tokens(column.name)
        ):
            lists["dates"].append(column.name)
        else:
            unused[column.name] = (
                TELLS if column.says("leaving", "end") else IN_PLACE if column.says("overwritten", "clerical") else "not needed"
            )
    for column in profile.of_kind("time"):
        if column.name not in roles.values() and column.says("birth"):
            unused[column.name] = "a date of birth"
    left = leaving.known if leaving is not None else None
    if left is None and status is not None:
        left = np.isin(status.codes[0], [i for i, v in enumerate(status.codes[1]) if str(v) in words])
    reason = ""
    for column in profile.columns.values():
        if column.name in roles.values() or column.name in unused or column.kind == "time":
            continue
        why = _no_attribute(column, profile, left, activity, profile.columns[customer])
        if column.says("owner") and column.kind == "text" and 1 < column.distinct <= profile.rows / 2:
            roles.setdefault("owner", column.name)
        elif not why and column.says("annual") and not _is_of_the_company(column) and column.kind == "number" and "value" not in roles:
            roles["value"] = column.name
        elif why:
            unused[column.name] = why
            if why == TELLS and column.kind == "text" and column.says("reason") and column.distinct <= MOST_KINDS:
                reason = column.name
        else:
            lists["attributes"].append(column.name)
    return Reading(
        profile,
        "customers",
        profile.name,
        roles,
        lists,
        said_how(profile, roles, unused),
        unused,
        leaving=leaving.name if leaving is not None else "",
        reason=reason,
    )


def _status_of_leavers(profile: TableProfile) -> tuple[Column | None, list[str]]:
    """Return the column with the state of the customers on the day of the export, and its values of those who have left."""
    for column in profile.of_kind("text"):
        if is_status(column) and 2 <= column.distinct <= MOST_KINDS and not column.says("reason"):
            words = [str(v) for v in column.codes[1] if said_gone(str(v))]
            if 0 < len(words) < column.distinct:
                return column, words
    return None, []


def _with_date_of_leaving(
    profile: TableProfile, status: Column, words: Sequence[str], times: Sequence[Column]
) -> tuple[TableProfile, Column | None]:
    """Return the table with the day of the last change of a state, for those whose state says that they have left."""
    gone = np.isin(status.codes[0], [i for i, v in enumerate(status.codes[1]) if str(v) in words])
    when = next((c for c in times if is_status(c) and c.says("overwritten", "clerical", "time") and c.known[gone].all()), None)
    name = next(n for n in ("left_on", "date_of_leaving") if n not in profile.columns)
    if when is None:
        return profile, None
    listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    made = f"CASE WHEN CAST({quoted(status.name)} AS VARCHAR) IN ({listed}) THEN {quoted(when.name)} END AS {name}"
    found = profile_query(extended(profile, f"given.*, {made}", "", {}), profile.name, profile)
    if found.columns[name].kind != "time":
        return profile, None
    note = f'{name} is "{when.name}" where "{status.name}" is {" or ".join(words)}'
    return replace(found, notes=(*profile.notes, note)), found.columns[name]


def _is_of_the_company(column: Column) -> bool:
    """Return whether an amount is what a business customer earns, as CRM systems keep it: not what it pays."""
    return bool({"revenue", "turnover", "umsatz", "jahresumsatz", "ingresos", "fatturato"} & set(tokens(column.name)))


def _no_attribute(column: Column, profile: TableProfile, left: Mask | None, activity: Activity | None, customer: Column) -> str:
    """Return why a column must not describe a customer, or nothing."""
    if column.kind == "empty" or column.distinct == 0:
        return "empty"
    if column.distinct == 1 and column.filled.all():
        return "always the same"
    if column.kind == "clock":
        return "a time of day"
    if column.kind == "text" and column.says("expiry"):
        if any(f'"{column.name}"' in note for note in profile.notes):
            return "another column is made of it"
        return "a day of expiry that is not written as a day: 03/26 is 2026-03-31; write it so and declare dates = [...]"
    if column.says("leaving", "reason"):
        return TELLS
    if left is not None and 0 < left.sum() < len(left) and tells_whether(column, left) >= 0.9:
        return TELLS
    if column.kind in ("flag", "text") and column.says("staying") and not column.says("price"):
        return TELLS
    if column.kind == "text" and column.says("kind") and any(said_gone(str(v)) for v in column.codes[1][:MOST_KINDS]):
        return TELLS
    if column.kind == "text" and is_status(column):
        return TELLS if any(has_word(str(v), "leaving") or has_word(str(v), "staying") for v in column.codes[1][:MOST_KINDS]) else IN_PLACE
    if (column.names_person or column.says("birth")) and column.kind != "flag" and column.distinct > min(MOST_KINDS, profile.rows / 2):
        return (
            "free text" if {"note", "notes", "comment", "comments", "kommentar", "remarks"} & set(tokens(column.name)) else "names a person"
        )
    if (column.kind == "text" and column.distinct > max(MOST_KINDS, profile.rows / 2)) or (
        (is_id(column.name) or column.says("customer")) and column.distinct > min(MOST_KINDS, profile.rows / 2)
    ):
        return "nearly every row has a different value"
    if column.kind == "number" and column.is_whole and column.unique and profile.rows > MOST_KINDS and not column.says("value", "quantity"):
        return "nearly every row has a different value"
    if column.kind == "number" and column.says("overwritten") and not column.says("price"):
        return IN_PLACE
    if activity is not None and column.kind in ("number", "flag", "text"):
        said = follows_activity(column, customer, activity.counts, activity.last, activity.end)
        if said:
            return said
    return ""
