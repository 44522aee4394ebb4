"""Compiled kernels for intervals and states.

The end of an interval counts only once it has happened: an end at or after the cutoff is an open interval. So a ticket that was opened on
day 3 and closed on day 9 is, at a cutoff on day 7, one open ticket of 4 days; at a cutoff on day 10 it is a closed one, which took 6 days
and ended a day ago.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from churnpredict.clock import DAY, OPEN

__all__ = [
    "HANDLING_OUTPUTS",
    "INTERVAL_OUTPUTS",
    "LATENESS_OUTPUTS",
    "STATE_OUTPUTS",
    "handling",
    "interval_states",
    "lateness",
    "state_changes",
]

# the order of the columns that the kernels write
INTERVAL_OUTPUTS = (
    "open_count",
    "open_age",
    "open_value",
    "days_to_end",
    "planned_days",
    "closed_count",
    "days_since_end",
    "closed_days_mean",
    "end_value_mean",
    "end_value_last",
    "renewals",
    "response_days_mean",
    "waiting_days",
)
LATENESS_OUTPUTS = ("late_rate", "late_days_mean", "late_days_max", "late_days_last", "late_days_trend", "overdue_days")
HANDLING_OUTPUTS = ("slow_answer_rate", "reopenings", "reopened_rate")
_LATELY = 3  # ends whose lateness is compared with that of those before
STATE_OUTPUTS = ("days_since_change", "changes", "last_change_pct", "change_year_pct")
_jit = nb.njit(cache=True, nogil=True)


@_jit
def interval_states(  # type: ignore[no-untyped-def]
    ends,
    response,
    starts_w,
    ends_w,
    planned_w,
    response_w,
    values,
    at_end,
    within,
    renewable_w,
    cutoffs,
    cutoffs_w,
    edges,
    columns,
    out,
    at,
):
    """Compute all of ``INTERVAL_OUTPUTS`` in one pass over the intervals that had begun; ``columns`` is -1 for what is not wanted.

    Whether something has happened is decided by ``ends`` and ``response`` in UTC; days are counted in wall time, in arrays whose names end
    in ``_w``. An interval renews another one if it begins at most ``within`` microseconds after its end; where that length depends on the
    day, ``renewable_w`` has the last moment for each interval.
    """
    found = np.empty(len(INTERVAL_OUTPUTS))
    for r in range(edges.shape[1]):
        t, now, low, high = cutoffs[r], cutoffs_w[r], edges[1, r], edges[0, r]
        opened, oldest, worth, newest = 0, OPEN, 0.0, -1
        closed, total, latest, latest_w, latest_at = 0, 0.0, -OPEN, 0, -1
        scores, scored = 0.0, 0
        renewed, renewable = 0, -OPEN
        responses, waited, waiting = 0, 0.0, OPEN
        for i in range(low, high):
            if renewable != -OPEN and starts_w[i] <= renewable:
                renewed += 1
            if response.size and response[i] < t:
                responses += 1
                waited += (response_w[i] - starts_w[i]) / DAY
            elif response.size and ends[i] >= t:
                waiting = min(waiting, starts_w[i])
            if ends[i] >= t:
                opened += 1
                oldest = min(oldest, starts_w[i])
                newest = i
                if values.size and not np.isnan(values[i]):
                    worth += values[i]
                renewable = OPEN  # whatever begins while one is open, renews it
                continue
            closed += 1
            renewable = max(renewable, renewable_w[i] if renewable_w.size else ends_w[i] + within)
            total += (ends_w[i] - starts_w[i]) / DAY
            if ends[i] >= latest:
                latest, latest_at, latest_w = ends[i], i, ends_w[i]
            if at_end.size and not np.isnan(at_end[i]):
                scores += at_end[i]
                scored += 1
        agreed = planned_w.size > 0 and newest >= 0 and planned_w[newest] != OPEN
        found[0] = opened
        found[1] = (now - oldest) / DAY if opened else np.nan
        found[2] = worth
        found[3] = (planned_w[newest] - now) / DAY if agreed else np.nan
        found[4] = (planned_w[newest] - starts_w[newest]) / DAY if agreed else np.nan
        found[5] = closed
        found[6] = (now - latest_w) / DAY if closed else np.nan
        found[7] = total / closed if closed else np.nan
        found[8] = scores / scored if scored else np.nan
        found[9] = at_end[latest_at] if closed and at_end.size else np.nan
        found[10] = renewed
        found[11] = waited / responses if responses else np.nan
        found[12] = (now - waiting) / DAY if waiting != OPEN else np.nan
        for k in range(columns.size):
            if columns[k] >= 0:
                out[columns[k], at + r] = found[k]


@_jit
def lateness(ends, ends_w, planned_w, cutoffs, cutoffs_w, edges, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute ``LATENESS_OUTPUTS`` of the intervals with a planned end: whole calendar days from its day to that of the end.

    One that has not ended is late once the planned day is over; how late it will end is not known.
    """
    found = np.empty(len(LATENESS_OUTPUTS))
    newest, days_late = np.empty(_LATELY, np.int64), np.empty(_LATELY)  # the latest ends, the latest first
    for r in range(edges.shape[1]):
        t, today = cutoffs[r], cutoffs_w[r] // DAY
        ended, still, late, total, most, overdue = 0, 0, 0, 0.0, 0.0, 0.0
        for i in range(edges[1, r], edges[0, r]):
            if planned_w[i] == OPEN:
                continue
            due = planned_w[i] // DAY
            if ends[i] >= t:
                if today > due:
                    still += 1
                    overdue = max(overdue, today - due)
                continue
            days = max(ends_w[i] // DAY - due, 0)
            late += days > 0
            total += days
            most = max(most, days)
            k = min(ended, _LATELY)
            while k > 0 and newest[k - 1] <= ends[i]:
                k -= 1
            for j in range(min(ended, _LATELY - 1), k, -1):
                newest[j], days_late[j] = newest[j - 1], days_late[j - 1]
            if k < _LATELY:
                newest[k], days_late[k] = ends[i], days
            ended += 1
        lately = days_late[: min(ended, _LATELY)].sum()
        found[0] = (late + still) / (ended + still) if ended + still else np.nan
        found[1] = total / ended if ended else np.nan
        found[2] = max(most, overdue) if ended + still else np.nan
        found[3] = days_late[0] if ended else np.nan
        found[4] = lately / _LATELY - (total - lately) / (ended - _LATELY) if ended > _LATELY else np.nan
        found[5] = overdue if still else np.nan
        for k in range(columns.size):
            if columns[k] >= 0:
                out[columns[k], at + r] = found[k]


@_jit
def handling(ends, response, deadlines, reopened, cutoffs, edges, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute ``HANDLING_OUTPUTS``; an interval without a response is judged once its deadline has passed while it was open."""
    for r in range(edges.shape[1]):
        t, low, high = cutoffs[r], edges[1, r], edges[0, r]
        judged, slow, again = 0, 0, 0
        for i in range(low, high):
            if reopened.size:
                again += reopened[i] < t
            if response.size:
                answered, over = response[i] < t, deadlines[i] < t and ends[i] > deadlines[i]
                judged += answered or over
                slow += response[i] > deadlines[i] if answered else over
        if columns[0] >= 0:
            out[columns[0], at + r] = slow / judged if judged else np.nan
        if columns[1] >= 0:
            out[columns[1], at + r] = again
        if columns[2] >= 0:
            out[columns[2], at + r] = again / (high - low) if high > low else np.nan


@_jit
def state_changes(times, walls, values, year_ago, cutoffs, edges, columns, out, at):  # type: ignore[no-untyped-def]
    """Compute ``STATE_OUTPUTS`` of one value: days since it last changed, changes so far, the last change and that of a year, in percent.

    ``walls`` and ``cutoffs`` are wall times, ``times`` and ``year_ago`` (a year before each cutoff) UTC. ``values`` is float64; labels are
    codes, for which percentages are not computed.
    """
    for r in range(edges.shape[1]):
        t, low, high = cutoffs[r], edges[1, r], edges[0, r]
        changes, changed_at, before, year = 0, -1, np.nan, np.nan
        held = -1
        for i in range(low, high):
            if i + 1 < high and times[i + 1] == times[i]:
                continue  # corrected: the last row of a moment applies from then on
            if times[i] < year_ago[r] or held < 0:
                year = values[i]
            if held >= 0 and values[i] != values[held] and not (np.isnan(values[i]) and np.isnan(values[held])):
                changes += 1
                changed_at = i
                before = values[held]
            held = i
        some = high > low
        now = values[high - 1] if some else np.nan
        if columns[0] >= 0:
            since = walls[changed_at] if changed_at >= 0 else (walls[low] if some else t)
            out[columns[0], at + r] = (t - since) / DAY if some else np.nan
        if columns[1] >= 0:
            out[columns[1], at + r] = changes if some else np.nan
        if columns[2] >= 0:
            out[columns[2], at + r] = 100.0 * (values[changed_at] - before) / abs(before) if changed_at >= 0 and before != 0.0 else np.nan
        if columns[3] >= 0:
            out[columns[3], at + r] = 100.0 * (now - year) / abs(year) if some and year != 0.0 else np.nan
