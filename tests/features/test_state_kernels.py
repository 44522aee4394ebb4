"""Kernels of contracts and states: what has not ended is open, and what has not changed yet is as it was."""

from __future__ import annotations

import math

import numpy as np
import pytest

from churnpredict.clock import DAY, OPEN
from churnpredict.features.state_kernels import INTERVAL_OUTPUTS, STATE_OUTPUTS, interval_states, state_changes

NO_TIMES, NO_NUMBERS = np.empty(0, np.int64), np.empty(0)


def at(days: list[float | None]) -> np.ndarray:
    return np.array([OPEN if d is None else int(d * DAY) for d in days], np.int64)


def seen(cutoff: float, spells: list[tuple[float, float | None]], *, values=(), written=(), planned=(), answers=()):  # type: ignore[no-untyped-def]
    """All outputs at one cutoff, in days."""
    starts, ends = at([s for s, _ in spells]), at([e for _, e in spells])
    begun = int((starts < cutoff * DAY).sum())
    out = np.full((len(INTERVAL_OUTPUTS), 1), -9, np.float32)
    moment = np.array([int(cutoff * DAY)], np.int64)
    interval_states(
        ends, at(list(answers)) if answers else NO_TIMES, starts, ends, at(list(planned)) if planned else NO_TIMES,
        at(list(answers)) if answers else NO_TIMES, np.array(values, np.float64) if values else NO_NUMBERS,
        np.array(written, np.float64) if written else NO_NUMBERS, 30 * DAY, NO_TIMES, moment, moment,
        np.array([[begun], [0]], np.int64), np.arange(len(INTERVAL_OUTPUTS)), out, 0,
    )  # fmt: skip
    return dict(zip(INTERVAL_OUTPUTS, out[:, 0].tolist(), strict=True))


def test_an_end_at_the_cutoff_has_not_happened() -> None:
    spells = [(0.0, 10.0), (5.0, 20.0)]
    assert [seen(c, spells)["open_count"] for c in (9, 10, 10.5, 20, 21)] == [2, 2, 1, 1, 0]
    assert [seen(c, spells)["closed_count"] for c in (9, 10, 10.5, 20, 21)] == [0, 0, 1, 1, 2]
    after = seen(21, spells)
    assert (after["days_since_end"], after["closed_days_mean"]) == (1.0, 12.5)
    assert math.isnan(after["open_age"])


def test_what_is_written_at_an_end_is_unknown_until_then() -> None:
    spells, scores = [(0.0, 10.0), (5.0, 20.0)], [1.0, 4.0]
    assert math.isnan(seen(10, spells, written=scores)["end_value_mean"])
    assert seen(15, spells, written=scores)["end_value_last"] == 1.0
    assert seen(25, spells, written=scores)["end_value_mean"] == 2.5


def test_what_is_open_is_summed_and_aged() -> None:
    found = seen(25, [(0.0, None), (20.0, None), (30.0, None)], values=[5.0, 7.0, 100.0], planned=[30.0, 50.0, 60.0])
    assert (found["open_count"], found["open_value"], found["open_age"]) == (2, 12.0, 25.0)
    assert (found["days_to_end"], found["planned_days"]) == (25.0, 30.0), "of the newest one"


@pytest.mark.parametrize(("start", "renewed"), [(10.0, 1), (40.0, 1), (41.0, 0)])
def test_a_contract_within_thirty_days_is_a_renewal(start: float, renewed: int) -> None:
    assert seen(50, [(0.0, 10.0), (start, None)])["renewals"] == renewed


def test_answers_and_waiting() -> None:
    found = seen(25, [(0.0, None), (10.0, None), (20.0, None)], answers=[4.0, None, 25.0])
    assert found["response_days_mean"] == 4.0, "the answer at the cutoff is not known"
    assert found["waiting_days"] == 15.0


def changes(cutoff: float, days: list[float], values: list[float]) -> dict[str, float]:
    times = at(list(days))
    out = np.full((len(STATE_OUTPUTS), 1), -9, np.float32)
    moment, year_ago = np.array([int(cutoff * DAY)]), np.array([int((cutoff - 365) * DAY)])
    edges = np.array([[int((times < moment[0]).sum())], [0]], np.int64)
    state_changes(times, times, np.array(values), year_ago, moment, edges, np.arange(len(STATE_OUTPUTS)), out, 0)
    return dict(zip(STATE_OUTPUTS, out[:, 0].tolist(), strict=True))


def test_changes_of_a_price() -> None:
    found = changes(500, [0, 100, 200, 300], [10.0, 12.0, 12.0, 15.0])
    assert (found["days_since_change"], found["changes"]) == (200, 2)
    assert found["last_change_pct"] == 25.0
    assert found["change_year_pct"] == pytest.approx(25.0), "of what held a year ago, 12"
    assert changes(100, [0, 100], [10.0, 12.0])["changes"] == 0, "the change at the cutoff is not known"


def test_corrections_gaps_and_zeros() -> None:
    assert changes(50, [0, 0, 10], [99.0, 10.0, 12.0])["last_change_pct"] == pytest.approx(20.0), "the last row of a moment holds"
    assert changes(50, [0, 10], [math.nan, math.nan])["changes"] == 0
    assert changes(50, [0, 10], [math.nan, 5.0])["changes"] == 1
    assert math.isnan(changes(50, [0, 10], [0.0, 5.0])["last_change_pct"])
    assert all(math.isnan(v) for v in changes(50, [60], [1.0]).values())
