"""Operational time: even where nothing varies, shifted with the calendar, without sight of what follows."""

import numpy as np
import pytest

from churnpredict.clock import DAY
from churnpredict.model.season.clock import AHEAD, Clock, estimate_clock
from churnpredict.model.season.named_spans import NamedSpan
from churnpredict.model.season.week_counts import SCALE, WeekCounts

WEEKS = 130
END = 19_800


def counts(
    rate=lambda back: 1.0, *, end: int = END, weekdays=(10_000,) * 7, seed: int = 0, weeks: int = WEEKS, n: int = 2_000
) -> WeekCounts:
    """Of customers active through all weeks, whose active days fall into them as ``rate(weeks back)``."""
    rng = np.random.default_rng(0)
    by_ends, by_first = np.zeros((weeks + 1, weeks), np.int64), np.zeros((weeks + 1, weeks), np.int64)
    p = np.array([rate(back) for back in range(1, weeks - 1)], float)
    per_week = rng.multinomial(8 * n, p / p.sum()) * (SCALE // 2)
    by_first[weeks - 1, 1 : weeks - 1] = per_week
    by_ends[weeks - 1, 0] = per_week.sum()
    return WeekCounts(end * DAY, by_ends, by_first, np.array(weekdays, np.int64), n, weeks * 7)


def _yearly(back: int) -> float:
    return float(np.exp(0.6 * np.sin(2 * np.pi * back * 7 / 365.25)))


@pytest.fixture(scope="module")
def yearly() -> Clock:
    found = estimate_clock(counts(_yearly))
    assert found is not None
    return found


def test_time_runs_on_and_its_mean_pace_is_one(yearly):
    days = np.linspace(END - 2000, END + AHEAD + 800, 5000)
    assert (np.diff(yearly.at(days)) > 0).all()
    assert yearly.mean_rate(np.array([END - 7.0 * WEEKS]), np.array([float(END)])) == pytest.approx([1.0])


def test_the_forecast_repeats_what_every_year_showed(yearly):
    starts = END + np.arange(0.0, 365, 28)
    expected = np.log(yearly.mean_rate(starts, starts + 28))
    truth = np.array([np.log(np.mean([_yearly(-(s - END + d) / 7) for d in range(28)])) for s in starts])
    assert np.corrcoef(expected, truth)[0, 1] > 0.98
    assert np.ptp(expected) > 0.8 * np.ptp(truth)


def test_without_a_season_time_is_the_calendars():
    flat = estimate_clock(counts())
    starts = END + np.arange(0.0, 365, 28)
    assert np.abs(np.log(flat.mean_rate(starts, starts + 28))).max() < 0.05


def test_weekdays_are_told_apart():
    weekdays = np.full(7, 10_000)
    weekdays[3] = 100  # a Sunday: day 3 of 1970
    closed = estimate_clock(counts(weekdays=weekdays))
    sunday = next(d for d in range(END, END + 7) if d % 7 == 3)
    assert closed.mean_rate(np.array([sunday]), np.array([sunday + 1]))[0] < 0.05


def test_a_clock_of_the_week_alone_knows_no_year():
    weekdays = np.full(7, 10_000)
    weekdays[3] = 1_000
    found = estimate_clock(counts(_yearly, weekdays=weekdays), year=False)
    assert not found.knows_the_year
    assert estimate_clock(counts(_yearly)).knows_the_year
    assert np.convolve(found.rates, np.ones(7), "valid") == pytest.approx(7.0)  # every week is alike
    assert found.rates.min() == pytest.approx(7 * 1_010 / 61_070)
    assert np.array_equal(found.rates < 0.5, (found.first + np.arange(len(found.rates))) % 7 == 3)


def test_a_shift_of_52_weeks_shifts_the_clock_and_nothing_else(yearly):
    other = estimate_clock(counts(_yearly, end=END + 364))
    assert other.end == yearly.end + 364
    assert np.array_equal(other.rates, yearly.rates)
    spans = [NamedSpan("closed", END - 300, END - 280, 0.2, 0.3)]
    assert not np.array_equal(estimate_clock(counts(_yearly, end=END + 364), spans).rates, estimate_clock(counts(_yearly), spans).rates)


def test_a_closure_seen_in_the_past_is_estimated_and_used_ahead():
    inside = [(END - 392, END - 379), (END + 10, END + 23)]
    spans = [NamedSpan("closed", first, last, 0.5, 0.7) for first, last in inside]
    found = estimate_clock(counts(lambda back: 0.1 if back in (54, 55) else 1.0), spans)
    assert found.effects["closed"] == pytest.approx(0.1, abs=0.08)
    open_again, closed = found.mean_rate(np.array([END + 24.0, END + 10.0]), np.array([END + 38.0, END + 24.0]))
    assert closed < 0.3 * open_again


def test_declared_days_alone():
    found = estimate_clock(counts(_yearly), [NamedSpan("closed", END, END + 13, 0.1, 0.1)], year=False, week=False)
    ahead = found.mean_rate(np.array([END, END + 14.0]), np.array([END + 14.0, END + 28.0]))
    assert ahead[0] == pytest.approx(0.1, rel=0.15)
    assert ahead[1] == pytest.approx(1.0)


def test_too_few_weeks_are_no_clock_but_declared_days_hold():
    few = counts(weeks=5)
    assert estimate_clock(few) is None
    declared = estimate_clock(few, [NamedSpan("sale", END, END + 6, 3.0, 0.1)])
    assert declared.mean_rate(np.array([float(END)]), np.array([END + 7.0])) == pytest.approx([3.0])


def test_years_that_were_seen(yearly):
    assert yearly.years_seen(END + 10, END + 40) == 2
    assert yearly.years_seen(END - 400, END - 390) == 1
    assert estimate_clock(counts(weeks=40)).years_seen(END, END + 30) == 0
