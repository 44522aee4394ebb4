"""Find ends of contracts that were only planned: customers who are active after them have not left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.readings import Activity, Reading
from churnpredict.cli.intake.table_joins import extended, quoted
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
_RENEWED = 0.8  # of the contracts that another one follows: it begins where they were to end


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
    contracts = [_with_lapses(r) if r.kind == "intervals" and r.key("driver") != "support" else r for r in readings]
    return [_settled(r, activity, planned) if r.kind == "intervals" and r.key("driver") != "support" else r for r in contracts]


def _with_lapses(reading: Reading) -> Reading:
    """Let contracts that are renewed as new rows end as planned: a date of cancelling says who left early, and nobody else."""
    if "planned_end" not in reading.roles or reading.column("end").kind != "time":
        return reading
    end, start, plan, who = (reading.column("end"), reading.column("start"), reading.column("planned_end"), reading.customer.codes[0])
    order = np.lexsort((start.times, who))
    run_out = ~end.known[order] & plan.known[order]
    following = np.append(who[order][1:] == who[order][:-1], False)
    seamless = np.abs(np.append(start.times[order][1:], 0) - plan.times[order]) < _LATE
    if (run_out & following).sum() < _FEWEST or (seamless & following & run_out).sum() < _RENEWED * (run_out & following).sum():
        return reading
    one, other = quoted(end.name), quoted(plan.name)
    name = next(n for n in (_OPEN, "end_or_plan") if n not in reading.profile.columns)
    query = extended(
        reading.profile, f"given.*, COALESCE(nullif(trim(CAST({one} AS VARCHAR)), ''), CAST({other} AS VARCHAR)) AS {name}", "", {}
    )
    note = f'contracts without "{end.name}" end by "{plan.name}": those that go on have a row that begins there'
    roles = reading.roles | {"end": name}
    return replace(reading, profile=profile_query(query, reading.name, reading.profile), roles=roles, notes=[*reading.notes, note])


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
    told = f'{percent(share)} of the customers did something after their last "{end.name}"'
    if share < _DOUBTFUL:
        return reading
    if share < _PLANNED and not planned(
        f'{reading.name}: {told}. What is "{end.name}"?', (f"the end: {end.name} = end", f"the plan: {end.name} = planned_end")
    ):
        return replace(reading, notes=[*reading.notes, told])
    query = extended(reading.profile, f"given.*, CAST(NULL AS TIMESTAMP) AS {_OPEN}", "", {})  # no column says when one really ended
    roles = reading.roles | {"end": _OPEN, "planned_end": end.name}
    profile = profile_query(query, reading.name, reading.profile)
    return replace(
        reading,
        profile=profile,
        roles=roles,
        leaving="",
        notes=[*reading.notes, f"{told}: it is the end as planned, and nobody leaves by it"],
    )
