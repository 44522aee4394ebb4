"""Compiled kernels for intervals and states.

The end of an interval counts only once it has happened: an end at or after the cutoff is an open interval.
"""

from __future__ import annotations

import numba as nb
import numpy as np

from churnpredict.clock import DAY, OPEN

__all__ = ["INTERVAL_OUTPUTS", "STATE_OUTPUTS", "interval_states", "state_changes"]

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
