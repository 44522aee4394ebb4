"""Find tables whose rows are totals of a period, dated at its start: a cutoff within the period would see what comes after it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.pairs import sorted_pairs
from churnpredict.churn.rule import ChurnRule, is_of_silence
from churnpredict.clock import DAY
from churnpredict.evaluation.audit_report import Finding
from churnpredict.events.observation import PERIODS, end_of_period
from churnpredict.events.streams import Stream
from churnpredict.events.tables import Events, EventTables, States

__all__ = ["period_totals"]

Ints = npt.NDArray[np.int64]
_TRIED = ("year", "quarter", "month", "week")
_FEWEST = 20  # customers below which nothing is reported
_BEFORE = 2  # earlier rows of a customer that say what is usual
_CHANCE = 1e-4
_AT_LEAST = 0.3  # correlation of the last total with the time left to make it


def period_totals(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> Iterator[Finding]:
    """Yield tables of totals that are dated at the start of their period and not declared so.

    Bills and fees are dated like this too, so the date alone proves nothing. It is a total where the first row of customers is dated before
    they had joined, or where the last row is the smaller, the earlier in its period the customer left.
    """
    left_at = _left_at(tables, snapshots, churn)
    for name, declared in tables.declarations.items():
        if not isinstance(declared, (Events, States)) or declared.known_at is not None or declared.known_after is not None:
            continue
        stream = tables.stream(name)
        period = _period(stream)
        if not period:
            continue
        told = _dated_before_joining(tables, stream, period) or _smaller_when_leaving_early(tables, stream, period, left_at)
        if told:
            remedy = f'Declare known_after="{period}": a total is not known before its {period} is over.'
            where = f'table "{name}", column "{declared.time}"'
            yield Finding(
                "error", "total-of-open-period", where, f"all rows are dated at the start of a {period}, and {told}", 0.95, remedy
            )


def _period(stream: Stream) -> str:
    """Return the longest period at whose start all rows are dated, one per customer; nothing where there is none."""
    walls = stream.wall_times
    if len(walls) < _FEWEST or (walls % DAY).any():
        return ""
    days = pd.DatetimeIndex(np.unique(walls // DAY).astype("datetime64[D]").astype("datetime64[s]"))
    if len(days) < 3 or ((np.diff(stream.times) == 0) & (np.diff(stream.owners) == 0)).any():
        return ""
    return next((p for p in _TRIED if (days.to_period(PERIODS[p]).to_timestamp(how="start") == days).all()), "")


def _dated_before_joining(tables: EventTables, stream: Stream, period: str) -> str:
    since = None if tables.profile is None else tables.profile.since
    some = np.flatnonzero(np.diff(stream.offsets) > 0)
    if since is None or not len(some):
        return ""
    first, joined = stream.times[stream.offsets[some]], np.asarray(since)[some]
    ends = end_of_period(first, period, stream.timezone)
    about = (joined > first + DAY) & (joined < ends)  # the row of the period in which the customer joined
    after = (joined > first.min()) & ~about & (first >= joined) & (first - joined < 2 * (ends - first))
    n = int(about.sum())
    if n < _FEWEST or n < int(after.sum()):
        return ""
    return f"the first row of {n:,} customers is dated before they had joined in the same {period}"


def _smaller_when_leaving_early(tables: EventTables, stream: Stream, period: str, left_at: tuple[Ints, Ints]) -> str:
    customers, left = left_at
    if len(left) < _FEWEST:
        return ""
    from scipy.stats import spearmanr

    closes = end_of_period(left, period, stream.timezone)
    before = _closes_before(closes, period, stream.timezone)
    shares = (left - before) / (closes - before)
    for column, values in stream.columns.items():
        if column in ("known", "kind", "item", "user", "end") or not np.issubdtype(values.dtype, np.floating):
            continue
        ratios = np.full(len(left), np.nan)
        for i, customer in enumerate(customers):
            rows = slice(stream.offsets[customer], stream.offsets[customer + 1])
            times, own = stream.times[rows], np.nan_to_num(values[rows])
            place = int(np.searchsorted(times, left[i], side="right"))
            usual = float(np.median(own[: place - 1])) if place > _BEFORE else 0.0
            if usual > 0:  # without a row of the period of leaving, its total is 0
                ratios[i] = own[place - 1] / usual if times[place - 1] > before[i] else 0.0
        known = ~np.isnan(ratios)
        if known.sum() < _FEWEST or np.ptp(ratios[known]) == 0:
            continue
        rho, chance = spearmanr(ratios[known], shares[known])
        if rho > _AT_LEAST and chance < _CHANCE:
            n = int(known.sum())
            return f"the row of the {period} in which a customer left is the smaller, the earlier in it that was ({n:,} customers)"
    return ""


def _closes_before(closes: Ints, period: str, timezone: str) -> Ints:
    """Return the last moment of the period before that which ends at each moment, shape (n,)."""
    days = {"week": 7, "month": 31, "quarter": 92, "year": 366}[period]
    return end_of_period(closes - days * DAY, period, timezone)  # the longest of its kind ends in the one before


def _left_at(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> tuple[Ints, Ints]:
    """Return the codes of customers and when they left; silence has no such moment."""
    none = np.empty(0, np.int64)
    if is_of_silence(churn):
        return none, none
    customers, moments = sorted_pairs(tables, snapshots)
    mature = moments <= churn.latest_cutoff(tables)
    customers, moments = customers[mature], moments[mature]
    if not len(customers):
        return none, none
    duration, outcome = churn.outcomes(tables, customers, moments)
    left = outcome > 0
    moments = (moments[left] + duration[left] * DAY).astype(np.int64)
    who, place = np.unique(customers[left], return_index=True)
    return who.astype(np.int64), moments[place]
