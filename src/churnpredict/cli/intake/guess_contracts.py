"""Tables of intervals: contracts, subscriptions, tickets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.outcome_columns import tells_whether
from churnpredict.cli.intake.readings import (
    IN_PLACE,
    MOST_KINDS,
    TELLS,
    Reading,
    best_price,
    is_status,
    perhaps_cents,
    said_how,
    say_rest,
    with_currency,
)
from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = ["find_pair", "guess_contracts", "is_of_people", "is_short", "joins"]

Mask = npt.NDArray[np.bool_]
_DAY = 86_400_000_000
_SOME = 20
_ALWAYS = 0.9  # of tickets are not opened again: a time that so many have is something else


def find_pair(profile: TableProfile, times: Sequence[Column], once: bool) -> tuple[Column, Column] | None:
    """Return the beginning and the end of something: two times in order, the second named so, or often empty where the first is not."""
    best: tuple[float, tuple[Column, Column] | None] = (0.0, None)
    for end in times:
        for start in times:
            if start is end or not _in_order(start, end) or end.says("clerical") or _no_beginning(start):
                continue
            fit = 2.0 * end.says("end", "leaving") * (not end.says("planned_end") or end.says("end")) + 1.5 * start.says("start", "since")
            fit += 1.5 * (0.02 < np.mean(~end.known) < 0.99) + 0.5 * start.known.all() - 2.0 * end.says("start", "since", "response")
            fit += 1.0 * profile.says("contract", "ticket") - 2.0 * end.says("planned_end", "overwritten") * (not end.says("leaving"))
            fit += (
                0.5 * (end.says("leaving") or end.says("end"))
                + 0.25 * end.says("end")
                - 1.5 * start.says("end", "leaving")
                - 1.0 * start.says("overwritten")
                - 0.25 * bool({"created", "submitted"} & set(tokens(start.name)))  # of the record, where the beginning has its own column
            )
            if (fit >= 3.5 or (fit >= 3.0 and once)) and fit > best[0]:
                best = (fit, (start, end))
    return best[1]


def _no_beginning(start: Column) -> bool:
    """Return whether a time is that of a plan, or of the last activity before the export."""
    return start.says("planned_end") or (start.says("overwritten") and not start.says("start", "since"))


def _in_order(start: Column, end: Column) -> bool:
    both = start.known & end.known
    return bool(
        both.any()
        and (end.times[both] >= start.times[both]).all()
        and (end.times[both] > start.times[both]).any()
        and start.known[end.known].all()
    )


def _moves_on(start: Column, end: Column, plan: Column) -> bool:
    """Return whether an end as planned was moved on at each renewal: it is the next one after the contract ended, or after the export,
    however long the contract has run. At a past cutoff it was another day, and it tells how long the contract went on.
    """
    both = start.known & plan.known
    if both.sum() < _SOME:
        return False
    terms = plan.times[both] - start.times[both]
    term = np.quantile(terms, 0.02)
    seen = max(int(start.times[start.known].max()), int(end.times[end.known].max(initial=0)))
    running = both & ~end.known
    today = max(seen, int(plan.times[running].min())) if running.any() else seen  # the first end to come is soon after the export
    last = np.where(end.known, end.times, today)[both]
    next_one = (plan.times[both] >= last - _DAY) & (plan.times[both] - term <= last + _DAY)
    return bool(term > _DAY and (terms > 1.5 * term).mean() > 0.05 and next_one.mean() > 0.95)


def is_short(start: Column, end: Column) -> bool:
    """Return whether nearly all intervals have ended within a day: sessions and calls, not contracts."""
    both = start.known & end.known
    return bool(np.mean(both) > 0.98 and np.median(end.times[both] - start.times[both]) < _DAY)


def is_of_people(profile: TableProfile, start: Column, end: Column) -> bool:
    """Return whether a table with one row per customer is about people who join and leave, rather than about contracts."""
    own = any(c.unique and is_id(c.name) and not c.says("customer") for c in profile.of_kind("text", "number"))
    contract = (
        2 * profile.says("contract") + (start.says("start") and not joins(start)) + (end.says("end") and not end.says("leaving")) + own
    )
    people = 2 * profile.says("people") + joins(start) + (end.says("leaving") and not end.says("end"))
    return people > contract


def joins(start: Column) -> bool:
    return (
        start.says("since")
        and not any(has_word(w, "start") for w in (start.name,) if not has_word(w, "since"))
        and not start.name.lower().startswith("start")
    )


def _other_times(times: Sequence[Column], start: Column, end: Column, ticket: bool, roles: dict[str, str], unused: dict[str, str]) -> None:
    """Add the roles of the times beside the beginning and the end, and why others have none."""
    for column in times:
        if column.name in roles.values():
            continue
        planned = column.says("planned_end")
        after_start = _in_order(start, column)
        tells = tells_whether(column, end.known) >= 0.9
        is_overwritten = column.says("overwritten") or (column.says("clerical") and not (planned and not ticket))
        if ticket and column.says("reopened") and after_start and np.mean(column.known) < _ALWAYS:
            roles.setdefault("reopened", column.name)
        elif is_overwritten or (planned and _moves_on(start, end, column)):
            unused[column.name] = IN_PLACE
        elif ticket and column.says("response") and after_start:
            roles.setdefault("response", column.name)
        elif planned and after_start and np.mean(column.known) > 0.5 and not tells:
            roles.setdefault("planned_end", column.name)
        elif tells:
            unused[column.name] = TELLS
        elif column.says("recorded") and after_start and column.known.all():
            roles.setdefault("known_at", column.name)


def guess_contracts(profile: TableProfile, customer: str, start: Column, end: Column, times: Sequence[Column]) -> Reading:
    """Return the reading of a table of contracts or tickets. Long because each role is chosen from the columns that earlier roles left."""
    ticket, ended = profile.says("ticket") and not profile.says("contract"), end.known
    roles = {"customer": customer, "start": start.name, "end": end.name}
    unused: dict[str, str] = {}
    lists: dict[str, list[str]] = {"attributes": []}
    _other_times(times, start, end, ticket, roles, unused)
    rest = [c for c in profile.columns.values() if c.name not in roles.values() and c.name not in unused and c.kind != "time"]
    written = [c for c in rest if ticket and c.kind == "number" and not is_id(c.name) and c.filled.any() and not (c.filled & ~ended).any()]
    if written and not ended.all():
        roles["value_at_end"] = written[0].name
        rest.remove(written[0])
    reason = ""
    for column in rest:
        if column.kind == "empty" or (column.distinct < 2 and (ticket or column.kind != "number" or best_price([column]) is None)):
            unused[column.name] = "empty" if column.kind == "empty" or not column.distinct else "always the same"
        elif (
            column.says("leaving", "reason")
            or (column.says("kind") and column.says("staying"))
            or (ended.any() and not ended.all() and tells_whether(column, ended) >= 0.9)
        ):
            unused[column.name] = TELLS
        if unused.get(column.name) == TELLS and column.kind == "text" and column.says("reason") and column.distinct <= MOST_KINDS:
            reason = column.name
    unused |= {c.name: "recorded at the end: unknown while it is open" for c in rest if ticket and c.kind != "number" and c.says("judged")}
    status = [c for c in rest if c.name not in unused and c.says("kind") and has_word(c.name, "kind") and is_status(c)]
    unused |= {c.name: IN_PLACE for c in status}
    left = [c for c in rest if c.name not in unused]
    numbers = [c for c in left if c.kind == "number" and not is_id(c.name)]
    value = best_price(numbers)
    if value and not (ticket and value.says("quantity")):
        roles["value"] = value.name
    named = [c for c in left if c.names_person or c.says("owner", "currency")]
    texts = [c for c in left if c.kind == "text" and 2 <= c.distinct <= MOST_KINDS and c not in named]
    kinds = sorted(texts, key=lambda c: -(c.says("price", "contract") + c.says("kind")))
    if kinds and (kinds[0].says("kind", "price", "contract", "item") or ticket):
        roles["kinds"] = kinds[0].name
    with_currency(left, roles)
    for column in left:
        if column.name in roles.values():
            continue
        if (
            column.kind == "flag"
            or (column in texts and not is_id(column.name))
            or (column.kind == "number" and not is_id(column.name) and not column.says("overwritten", "customer") and not ticket)
        ):
            lists["attributes"].append(column.name)
    say_rest(profile, roles, lists, unused)
    driver = "support" if ticket else "contract" if profile.says("contract") else None
    keys: list[tuple[str, Any, str]] = [("driver", driver, "driver of the table's features")] if driver else []
    return Reading(
        profile,
        "intervals",
        profile.name,
        roles,
        lists,
        [*said_how(profile, roles, unused), *keys],
        unused,
        perhaps_cents(value if "value" in roles else None, exported=False),
        leaving=end.name,
        reason=reason,
    )
