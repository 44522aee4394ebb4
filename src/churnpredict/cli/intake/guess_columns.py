"""Guess the kind of a table and the roles of its columns."""

from __future__ import annotations

from churnpredict.cli.intake.guess_contracts import find_pair, guess_contracts, is_of_people, is_short
from churnpredict.cli.intake.guess_customers import guess_customers
from churnpredict.cli.intake.guess_logs import guess_log, guess_wide
from churnpredict.cli.intake.readings import Activity, Reading, left_out
from churnpredict.cli.intake.table_profiles import TableProfile

__all__ = ["guess_columns"]

_RESULTS = ({"customer_id", "risk"}, {"cutoff", "model", "metric"}, {"alert", "customer_id"})  # scores and plan, backtest, alerts


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
    if profile.months:
        return [guess_wide(profile, customer)]
    times = [c for c in profile.of_kind("time") if not c.says("birth") and c.name != customer]
    once = column.unique
    pair = find_pair(profile, times, once)
    if pair is not None and once and is_of_people(profile, *pair):
        return [guess_customers(profile, customer, times, activity, leaving=pair[1])]
    if pair is not None and not is_short(*pair):
        return [guess_contracts(profile, customer, *pair, times)]
    if once and times and (profile.says("leaving") or any(c.says("leaving") and c.known.all() for c in times)):
        return guess_log(profile, customer, times, None)  # a list of customers who left
    if once:
        return [guess_customers(profile, customer, times, activity)]
    if not times:
        return [left_out(profile, f'"{customer}" has several rows, and no time distinguishes them')]
    return guess_log(profile, customer, times, pair)
