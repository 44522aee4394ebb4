"""Clocks of segments: apart where their events differ, the pooled clock where they do not."""

from dataclasses import replace

import numpy as np
import pytest
from tests.model.season.test_clock import END, WEEKS, counts

from churnpredict.model.season.clock import estimate_clock
from churnpredict.model.season.segments import SegmentClocks, clock_of_segment

STARTS = END + np.arange(0.0, 360, 30)


def _north(back: float) -> float:
    return float(np.exp(0.6 * np.sin(2 * np.pi * back * 7 / 365.25)))


def _south(back: float) -> float:
    return 1 / _north(back)


def _both(back: float) -> float:
    return _north(back) + _south(back)


def _ahead(clock):
    return np.log(clock.mean_rate(STARTS, STARTS + 30))


@pytest.fixture(scope="module")
def pooled():
    return estimate_clock(counts(_both))


@pytest.mark.parametrize("rate", [_north, _south])
def test_a_segment_whose_events_differ_has_its_own_season(pooled, rate):
    found = clock_of_segment(pooled, counts(rate, n=1_000))
    truth = np.log([np.mean([rate(-(s - END + d) / 7) for d in range(30)]) for s in STARTS])
    assert np.corrcoef(_ahead(found), truth)[0, 1] > 0.97
    assert np.ptp(_ahead(found)) > 0.8 * np.ptp(truth)
    assert np.ptp(_ahead(pooled)) < 0.3 * np.ptp(truth)
    assert found.mean_rate(np.array([END - 7.0 * WEEKS]), np.array([float(END)])) == pytest.approx([1.0])
    assert found.year_matters
    assert not pooled.year_matters


def test_a_segment_like_all_others_keeps_the_pooled_clock():
    pooled = estimate_clock(counts(_north))
    found = clock_of_segment(pooled, counts(_north, n=400))
    assert np.abs(_ahead(found) - _ahead(pooled)).max() < 0.12
    assert found.year_sd.mean() > pooled.year_sd.mean()  # what is said of fewer customers is less certain


def test_the_fewer_the_customers_the_nearer_to_the_pooled_clock(pooled):
    far, near = (np.abs(_ahead(clock_of_segment(pooled, counts(_north, n=n))) - _ahead(pooled)).max() for n in (1_000, 3))
    assert near < 0.5 * far


def test_too_few_weeks_have_no_clock(pooled):
    assert clock_of_segment(pooled, counts(weeks=4)) is None


def test_each_customer_has_the_clock_of_the_segment(pooled):
    south = replace(pooled, rates=2 * pooled.rates)
    clocks = SegmentClocks(pooled, {3: south})
    days = np.array([END - 400.5, END - 30.0, END + 10.25])
    assert np.array_equal(clocks.at(days), pooled.at(days))
    mixed = clocks.at(days, np.array([3, -1, 7]))
    assert np.array_equal(mixed, [south.at(days)[0], *pooled.at(days)[1:]])
    rates = clocks.mean_rate(days, days + 5, np.array([-1, 3, 3]))
    assert rates == pytest.approx(pooled.mean_rate(days, days + 5) * [1, 2, 2])
