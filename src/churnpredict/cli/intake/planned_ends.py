"""Ends that were only planned: people who do something after them have not left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.readings import Activity, Reading
from churnpredict.cli.intake.table_joins import extended
from churnpredict.cli.intake.table_profiles import profile_query
from churnpredict.figures import percent

__all__ = ["with_planned_ends"]

_DAY = 86_400_000_000
_LATE = 14 * _DAY  # after the end: what comes sooner may be a last visit
_FILLED = 0.98
_PLANNED = 0.2  # of those whose last contract is over did something later
_DOUBTFUL = 0.05
_OPEN = "ended"
_FEWEST = 20


def with_planned_ends(
    readings: Sequence[Reading], activity: Activity | None, planned: Callable[[str, tuple[str, str]], bool]
) -> list[Reading]:
    """Settle contracts that all have an end: where customers go on after it, it is the end as planned, and not that of the contract.

    Parameters
    ----------
    readings : list of Reading
    activity : Activity, optional
        When each customer last did something, by the logs.
    planned : callable
        Settles a question with two answers, the end and the plan; True for the plan.
    """
    return [r if r.kind != "intervals" or r.key("driver") == "support" else _settled(r, activity, planned) for r in readings]


def _settled(reading: Reading, activity: Activity | None, planned: Callable[[str, tuple[str, str]], bool]) -> Reading:
    end, start = reading.column("end"), reading.column("start")
    if activity is None or "planned_end" in reading.roles or end.known.mean() < _FILLED or end.says("leaving"):
        return reading
    who = reading.customer.codes[0]
    last = np.full(reading.customer.distinct, np.iinfo(np.int64).min)
    np.maximum.at(last, who[end.known], end.times[end.known])
    begun = np.full(reading.customer.distinct, np.iinfo(np.int64).min)
    np.maximum.at(begun, who[start.known], start.times[start.known])
    seen = np.array([activity.last.get(str(v), np.iinfo(np.int64).min) for v in reading.customer.codes[1]], dtype=np.int64)
    over = (last < activity.end - _LATE) & (seen > np.iinfo(np.int64).min) & (last > np.iinfo(np.int64).min) & (begun <= last)
    if over.sum() < _FEWEST:
        return reading
    share = float(np.mean(seen[over] > last[over] + _LATE))
    told = f'{percent(share)} of the customers did something after the last "{end.name}" of theirs'
    if share < _DOUBTFUL:
        return reading
    if share < _PLANNED and not planned(
        f'{reading.name}: {told}. What is "{end.name}"?', (f"the end: {end.name} = end", f"the plan: {end.name} = planned_end")
    ):
        return replace(reading, notes=[*reading.notes, told])
    query = extended(reading.profile, f"given.*, CAST(NULL AS TIMESTAMP) AS {_OPEN}", "", {})  # no column says when one really ended
    roles = reading.roles | {"end": _OPEN, "planned_end": end.name}
    profile = profile_query(query, reading.name)
    return replace(
        reading,
        profile=profile,
        roles=roles,
        leaving="",
        notes=[*reading.notes, f"{told}: it is the end as planned, and nobody leaves by it"],
    )
