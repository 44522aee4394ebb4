"""Guess the kind of a table and the roles of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from churnpredict.cli.intake.column_times import lacks_year, mixed_zones
from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.customer_versions import changes, follow_each_other, is_of_versions, without_newest
from churnpredict.cli.intake.guess_contracts import find_pair, guess_contracts, is_of_people, is_short
from churnpredict.cli.intake.guess_customers import guess_customers
from churnpredict.cli.intake.guess_deals import find_deals, guess_deals
from churnpredict.cli.intake.guess_logs import guess_log
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.outcome_columns import ending_codes, leaving_values
from churnpredict.cli.intake.readings import MOST_KINDS, Activity, Reading, is_status, left_out
from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = ["guess_columns"]

_RESULTS = ({"customer_id", "risk"}, {"cutoff", "model", "metric"}, {"alert", "customer_id"})  # scores and plan, backtest, alerts

_DATED = r"(?:[^\W\d]+[ _.,-]*)?(?:\d{4}[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2}))(?:[ T]00:00(?::00)?)?"
_MONTHS = 12
_TWICE, _OFTEN = 2, 4  # rows per customer at least: of a table named for orders, of another


def guess_columns(profile: TableProfile, customer: str, *, activity: Activity | None = None) -> list[Reading]:
    """Return the reading of a table whose customer is known; of a panel with an outcome, the reading of its leavers too.

    Parameters
    ----------
    profile : TableProfile
    customer : str
    activity : Activity, optional
        Activity in the logs, to find attributes that follow from it.
    """
    if any(results <= set(profile.columns) for results in _RESULTS):
        return [left_out(profile, "written by churnpredict")]
    column = profile.columns[customer]
    empty = int((~column.filled).sum())
    if empty:
        return [left_out(profile, f'{empty:,} rows have no "{customer}": leave them out, or fill in the customer')]
    if days := _columns_of_days(profile):
        told = f"{days} of its columns are days: write one row per customer and day, with the day in a column (UNPIVOT in a query)"
        return [left_out(profile, told)]
    if profile.months:
        return [_guess_wide(profile, customer)]
    times = [c for c in profile.of_kind("time") if not c.says("birth") and c.name != customer]
    once = column.unique
    deals = find_deals(profile, times)
    if deals is not None and not once:
        return [guess_deals(profile, customer, deals)]
    pair = find_pair(profile, times, once)
    if pair is not None and once and is_of_people(profile, *pair):
        return [guess_customers(profile, customer, times, activity, leaving=pair[1])]
    if pair is not None and not once and _is_history(profile, customer, *pair):
        return guess_log(profile, customer, [pair[0]], None, states=True)
    if pair is not None and not once and is_of_versions(profile, customer, *pair):
        return [without_newest(r, pair[1]) for r in guess_log(profile, customer, [pair[0]], None, states=True)]
    if pair is not None and not once and _is_of_orders(profile, customer, *pair):
        return guess_log(profile, customer, [pair[0]], None)
    if pair is not None and not once and _is_of_transactions(profile, customer, times):
        return guess_log(profile, customer, [c for c in times if c is not pair[1]], None)
    if pair is not None and not is_short(*pair):
        return [guess_contracts(profile, customer, *pair, times)]
    own = any(c.unique and c.name != customer and is_id(c.name) and not c.says("customer") for c in profile.of_kind("text", "number"))
    if once and times and own and profile.says("ticket", "payment", "happened") and not profile.says("people"):
        return guess_log(profile, customer, times, None)  # of few customers, each once as yet
    if once and times and (profile.says("leaving") or any(c.says("leaving") and c.known.all() for c in times)):
        return guess_log(profile, customer, times, None)  # a list of customers who left
    if once:
        return [guess_customers(profile, customer, times, activity)]
    if not times:
        for dated in profile.columns.values():
            if lacks_year(dated.values, dated.name):
                return [left_out(profile, f'"{dated.name}" holds days without a year: export them with the year, such as 2024-03-15')]
            zoned, naive = mixed_zones(dated.values)
            if zoned:
                told = f"holds {zoned:,} times with a time zone and {naive:,} without: write all of them with one, or none"
                return [left_out(profile, f'"{dated.name}" {told}')]
        return [left_out(profile, f'"{customer}" has several rows, and no time distinguishes them')]
    return guess_log(profile, customer, times, pair)


def _columns_of_days(profile: TableProfile) -> int:
    """Return how many columns are days, dated or numbered as those of a month; 0 where they are months or few."""
    dated = [found for name in profile.columns if (found := re.fullmatch(_DATED, name.strip()))]
    parts = zip(*([part for part in found.groups() if part is not None] for found in dated), strict=True)
    of_days = any(len(set(part)) > _MONTHS for part in parts)  # neither months nor the first days of them have so many
    numbered = {int(name) for name in profile.columns if re.fullmatch(r"\s*\d{1,2}\s*", name)}
    return max(len(dated) if of_days else 0, len(numbered) if numbered >= set(range(1, 29)) else 0)


def _is_history(profile: TableProfile, customer: str, start: Column, end: Column) -> bool:
    """Return whether rows are states that follow each other without a hole, the last one open: each ends where the next begins."""
    order, following, sound = follow_each_other(profile.columns[customer], start, end)
    texts = [c for c in profile.of_kind("text") if is_status(c) or leaving_values(c, profile.columns[customer], start)]
    return sound and any(changes(c, order)[following].mean() > 0.5 for c in texts)


def _is_of_orders(profile: TableProfile, customer: str, start: Column, end: Column) -> bool:
    """Return whether rows are orders or bookings, of which some were cancelled, rather than contracts: customers make the next one while
    the one before has not ended.
    """
    several = profile.rows / max(profile.columns[customer].distinct, 1)
    if profile.says("contract", "ticket") or not end.says("leaving") or several < (_TWICE if profile.says("happened") else _OFTEN):
        return False
    who = profile.columns[customer].codes[0]
    order = np.lexsort((start.times, who))
    following = (who[order][1:] == who[order][:-1]) & start.known[order][1:]
    still = ~end.known[order][:-1] | (end.times[order][:-1] > start.times[order][1:])
    return bool(following.any() and still[following].mean() > 0.5)


def _is_of_transactions(profile: TableProfile, customer: str, times: Sequence[Column]) -> bool:
    """Return whether rows are transactions on contracts, such as new, renewal and cancellation, each with the term of its contract."""
    who = profile.columns[customer]
    return any(
        not is_status(c)
        and any(leaving_values(c, who, time) for time in times)
        and (ending_codes(c) or (c.says("kind") and any(has_word(str(v), r) for v in c.codes[1] for r in ("start", "since", "renewal"))))
        for c in profile.of_kind("text")
        if c.distinct <= MOST_KINDS
    )


def _guess_wide(profile: TableProfile, customer: str) -> Reading:
    """Return a table whose columns are months: turned by a query, one row per customer and month; balances are states, and no amounts."""
    unused = {c: "not a month" for c in profile.columns if c not in profile.months and c != customer}
    if profile.says("level"):
        held = [("known_after", "month", "each number stands at the end of its month")]
        return Reading(profile, "states", profile.name, {"customer": customer, "time": "month"}, {"values": ["amount"]}, held, unused)
    roles = {"customer": customer, "time": "month", "value": "amount"}
    keys = [("known_after", "month", "each number is the total of a month: it is not known before the month is over")]
    return Reading(profile, "events", profile.name, roles, {}, keys, unused)
