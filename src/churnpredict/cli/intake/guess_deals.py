"""Deals of a sales pipeline: each ends won or lost, which is in columns that are overwritten until then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.readings import TELLS, Reading, best_value, said_how, say_rest, with_currency
from churnpredict.cli.intake.table_joins import extended, number_in, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query

__all__ = ["find_deals", "guess_deals"]

_FEWEST = 5
_STAGES = 50
_RESULT, _AMOUNT = "deal_result", "amount_won"


@dataclass(frozen=True)
class Deals:
    """The columns of deals: their stage with the values that mean won and lost, when they were closed, and what says a renewal."""

    stage: Column
    won: tuple[str, ...]
    lost: tuple[str, ...]
    closed: Column
    renewing: Column | None
    renewals: tuple[str, ...]


def find_deals(profile: TableProfile, times: Sequence[Column]) -> Deals | None:
    """Return the columns of deals where a stage says won and lost, and every such deal has a day on which it was closed.

    Bets are won and lost too: the table, or one of its columns, must be named after deals or their stages.
    """
    if not (profile.says("deal") or any(c.says("deal") for c in profile.columns.values())):
        return None
    texts = [c for c in profile.of_kind("text") if c.distinct <= _STAGES and not c.says("reason", "before")]
    for stage in texts:
        won, lost = _values(stage, "won"), _values(stage, "lost")
        over = np.isin(stage.codes[1][stage.codes[0]], (*won, *lost))
        if set(won) & set(lost) or min(np.isin(stage.codes[1][stage.codes[0]], some).sum() for some in (won, lost)) < _FEWEST:
            continue
        ends = [c for c in times if c.says("end") and c.known[over].all()]
        if ends:
            told = next((c for c in texts if c is not stage and _values(c, "renewal")), None)
            return Deals(stage, won, lost, ends[0], told, () if told is None else _values(told, "renewal"))
    return None


def _values(column: Column, role: str) -> tuple[str, ...]:
    return tuple(str(v) for v in column.codes[1] if has_word(str(v), role))


def guess_deals(profile: TableProfile, customer: str, deals: Deals) -> Reading:
    """Return the reading of deals: an event when one is closed, with the amount of those that were won. A renewal that is lost is leaving.

    Deals that are still open are left out: their stage, amount and day of closing are those of the export, not of a past cutoff. Where no
    lost deal is known to be a renewal, those that were lost are left out too. Only deals that were won count as activity.
    """
    given = deals
    if not _loses_renewals(deals):
        deals = replace(deals, lost=())
    stage, won = f"CAST({quoted(deals.stage.name)} AS VARCHAR)", _listed(deals.won)
    value = best_value([c for c in profile.of_kind("number") if not is_id(c.name)])
    lost = "'lost'"
    if deals.renewing is not None:
        lost = (
            f"CASE WHEN CAST({quoted(deals.renewing.name)} AS VARCHAR) IN ({_listed(deals.renewals)}) THEN 'renewal lost' ELSE 'lost' END"
        )
    selected = f"given.*, CASE WHEN {stage} IN ({won}) THEN 'won' ELSE {lost} END AS {_RESULT}"
    if value is not None:
        selected += f", CASE WHEN {stage} IN ({won}) THEN {number_in(profile, quoted(value.name))} END AS {_AMOUNT}"
    over = f"WHERE {stage} IN ({_listed((*deals.won, *deals.lost))})"
    open_deals = int((~_is_one_of(deals.stage, (*given.won, *given.lost))).sum())
    found = profile_query(extended(profile, selected, over, {}), profile.name, profile)
    roles = {"customer": customer, "time": deals.closed.name} | ({"kinds": _RESULT} if deals.lost else {})
    roles |= {"value": _AMOUNT} if value is not None else {}
    own = next((c for c in profile.of_kind("text", "number") if c.unique and is_id(c.name)), None)
    roles |= {"id": own.name} if own is not None else {}
    with_currency(list(found.columns.values()), roles)
    unused = {deals.stage.name: f"{_RESULT} is made of it"} | ({value.name: f"{_AMOUNT} is made of it"} if value is not None else {})
    unused |= {c.name: TELLS for c in profile.of_kind("flag") if c.says("won", "lost", "end")}
    keys = said_how(found, roles, unused)
    if deals.lost:  # a rule of silence may be chosen, where too few renewals were lost to learn from
        keys.append(("activity", ["won"], "a deal or a renewal that was lost is not activity of the customer"))
    say_rest(found, roles, {}, unused)
    notes = [f"{open_deals:,} open deals are left out: their stage and amount are those of the export"] if open_deals else []
    if lost_deals := profile.rows - found.rows - open_deals:
        notes.append(
            f"{lost_deals:,} lost deals are left out: nothing says that a renewal was lost, and they are not activity of customers"
        )
    reading = Reading(found, "events", profile.name, roles, {}, keys, unused, notes)
    return replace(reading, outcome=(_RESULT, "renewal lost")) if deals.lost else reading


def _loses_renewals(deals: Deals) -> bool:
    """Return whether a renewal is among the deals that were lost."""
    return deals.renewing is not None and bool((_is_one_of(deals.stage, deals.lost) & _is_one_of(deals.renewing, deals.renewals)).any())


def _is_one_of(column: Column, values: Sequence[str]) -> npt.NDArray[np.bool_]:
    codes, distinct = column.codes
    return np.isin(codes, np.flatnonzero(np.isin(distinct.astype(str), values)))


def _listed(values: Sequence[str]) -> str:
    return ", ".join("'" + v.replace("'", "''") + "'" for v in values)
