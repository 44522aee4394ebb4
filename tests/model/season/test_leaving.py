"""The season of leaving: found where it is, absent where it is not, blind to what follows, and used as far as the past bears it out."""

import numpy as np
import pytest

from churnpredict.clock import DAY
from churnpredict.model.calibration import sigmoid
from churnpredict.model.season.clock import Clock
from churnpredict.model.season.leaving import LeavingSeason, Windows, learn_leaving, leaving_clock, leaving_intensity
from churnpredict.model.season.leaving_counts import PERIOD, PERIODS, LeavingCounts
from churnpredict.model.season.named_spans import NamedSpan

END = 15_500
HAZARD = 0.03  # of four weeks


def _yearly(days):
    return np.exp(0.7 * np.sin(2 * np.pi * np.asarray(days) / 365.25))


def _flat(days):
    return np.ones(np.shape(days))


def counts(rate=_yearly, *, seed=0, growing=False, periods=PERIODS) -> LeavingCounts:
    """Customers who leave at a hazard of their tenure times that of the day; with ``growing`` most of them are new."""
    rng = np.random.default_rng(seed)
    at_risk, left = np.zeros((2, PERIODS, 5), np.int64)
    for k in range(periods):
        there = np.full(5, 600.0) if not growing else 600 * np.exp(-0.04 * k) * np.linspace(3, 1, 5)
        at_risk[k] = there
        days = END - PERIOD * k - np.arange(PERIOD) - 0.5
        left[k] = rng.binomial(at_risk[k], np.minimum(HAZARD * rate(days).mean() * np.linspace(2, 0.5, 5), 1))
    return LeavingCounts(END * DAY, at_risk, left)


def _mean(rate, starts, length):
    return np.array([rate(s + np.arange(length) + 0.5).mean() for s in starts])


@pytest.mark.parametrize("growing", [False, True])
def test_the_forecast_repeats_what_every_year_showed(growing):
    clock = leaving_clock(counts(growing=growing))
    assert isinstance(clock, Clock)
    starts = END + np.arange(0.0, 360, 30)
    told, truth = np.log(clock.mean_rate(starts, starts + 30)), np.log(_mean(_yearly, starts, 30))
    assert np.corrcoef(told, truth)[0, 1] > 0.97
    assert np.polyfit(truth, told, 1)[0] == pytest.approx(0.9, abs=0.2)


@pytest.mark.parametrize("growing", [False, True])
def test_growth_and_age_do_not_pass_for_season(growing):
    clock = leaving_clock(counts(_flat, growing=growing))
    starts = END + np.arange(0.0, 360, 30)
    assert np.abs(np.log(clock.mean_rate(starts, starts + 30))).max() < 0.12


def test_the_likelihood_is_that_of_the_definition():
    """Score and information are the slope and the bend of the Poisson likelihood at its top over the classes."""
    rng = np.random.default_rng(0)
    at_risk = rng.integers(200, 400, (20, 3)).astype(float)
    left = rng.poisson(0.05 * at_risk).astype(float)
    found = leaving_intensity(at_risk, left)

    def log_likelihood(u):  # its top over the effect of each class, in closed form
        expected = at_risk * np.exp(u)[:, None]
        expected *= left.sum(axis=0) / expected.sum(axis=0)
        return float((left * np.log(expected) - expected).sum())

    u = np.linalg.lstsq(found.information, found.score, rcond=None)[0]  # where the quadratic has its top
    for j in range(20):
        step = np.eye(20)[j] * 1e-4
        slope = (log_likelihood(u + step) - log_likelihood(u - step)) / 2e-4
        assert slope == pytest.approx(0, abs=1.5)  # of counts of about 45
    assert found.information @ np.ones(20) == pytest.approx(np.zeros(20), abs=1e-8)  # the level belongs to the classes


def test_an_older_clock_knows_nothing_of_what_was_settled_later():
    """The law of the clock: periods that end, or are settled, after the day change nothing."""
    whole, day = counts(), END - 400.0
    other = LeavingCounts(whole.moment, whole.at_risk.copy(), whole.left.copy(), 0)
    other.left[: 400 // PERIOD] = other.at_risk[: 400 // PERIOD]  # everybody leaves in the periods that end after the day
    one, two = leaving_clock(whole, day), leaving_clock(other, day)
    assert np.array_equal(one.rates, two.rates)
    assert one.end <= day
    graced = LeavingCounts(whole.moment, whole.at_risk, whole.left, 30)
    assert leaving_clock(graced, day).end <= day - 30
    planted = LeavingCounts(whole.moment, other.at_risk, other.left, 0)
    planted.left[400 // PERIOD + 1] = planted.at_risk[400 // PERIOD + 1]  # one period that was settled: the clock must see it
    assert not np.array_equal(leaving_clock(planted, day).rates, one.rates)


def test_a_shift_of_a_year_of_weeks_shifts_the_clock_and_nothing_else():
    one = counts()
    other = LeavingCounts(one.moment + 364 * DAY, one.at_risk, one.left)
    assert np.array_equal(leaving_clock(one).rates, leaving_clock(other).rates)
    assert leaving_clock(other).end == leaving_clock(one).end + 364


def test_less_than_a_year_or_few_leavers_are_no_clock():
    assert leaving_clock(counts(periods=13)) == "less than a year of history"
    few = counts()
    assert leaving_clock(LeavingCounts(few.moment, few.at_risk, few.left // 40)) == "fewer than 200 customers who left"


def _priced(*starts, factor=4.0, length=20):
    """A hazard that is higher on some days, and their declaration."""
    inside = np.concatenate([start + np.arange(length) for start in starts])
    spans = [NamedSpan("price rise", start, start + length - 1, 1.5, 0.5) for start in starts]
    return lambda days: np.where(np.isin(np.floor(days), inside), factor, 1.0), spans


def test_declared_days_are_estimated_where_they_were_seen_and_expected_again():
    rate, spans = _priced(END - 1_200, END - 760, END - 290, END + 10)
    clock, blind = leaving_clock(counts(rate), spans=spans), leaving_clock(counts(rate))
    assert clock.effects["price rise"] == pytest.approx(4, rel=0.2)
    ahead = END + np.array([10.0, 60.0])
    on, off = clock.mean_rate(ahead, ahead + 20)
    assert on / off == pytest.approx(4, rel=0.25)
    on, off = blind.mean_rate(ahead, ahead + 20)
    assert on / off < 1.5
    past = np.array([END - 760.0, END - 820.0])
    assert np.divide(*clock.mean_rate(past, past + 20)) == pytest.approx(4, rel=0.25)
    assert leaving_clock(counts(rate), END - 300.0, spans).effects.keys() == {"price rise"}


def test_declared_days_that_were_never_seen_change_nothing():
    """A factor of activity says nothing of leaving; nor do days that come after the day of an older clock."""
    _, spans = _priced(END + 10)
    assert leaving_clock(counts(), spans=spans).effects == {}
    assert np.array_equal(leaving_clock(counts(), spans=spans).rates, leaving_clock(counts()).rates)
    _, late = _priced(END - 290)
    assert np.array_equal(leaving_clock(counts(), END - 400.0, late).rates, leaving_clock(counts(), END - 400.0).rates)


def test_declared_days_are_used_where_the_year_is_flat():
    rate, spans = _priced(END - 1_200, END - 640, END - 470, END - 290, END + 10)
    windows, y, fold, seasonless = _rows(rate)
    found = learn_leaving(windows, y, np.ones(len(y)), counts(rate), folds=[fold], seasonless=seasonless, spans=spans)
    starts = END + np.array([0.0, 40.0])  # with the days, and without them
    one, other = found.season.offsets(Windows(starts, starts, starts + 90))
    assert found.season.share > 0.3
    assert one > other + 0.1


def _rows(rate, *, seed=0, n=400, known=0.0):
    """Training rows every 30 days, windows of 90; ``known`` is how much of the season a quick model knows by itself."""
    rng = np.random.default_rng(seed)
    cutoffs = np.repeat(END - 90 - 30.0 * np.arange(20), n)
    hazard = 3 * HAZARD * _mean(rate, np.unique(cutoffs), 90)[np.unique(cutoffs, return_inverse=True)[1]]
    own = rng.normal(0, 0.7, len(cutoffs))
    y = (rng.random(len(cutoffs)) < -np.expm1(-hazard * np.exp(own - 0.25))).astype(float)
    windows = Windows(cutoffs, cutoffs, cutoffs + 90)
    z = np.log(np.expm1(3 * HAZARD)) + own + known * np.log(hazard / (3 * HAZARD))
    valid = np.flatnonzero(cutoffs == cutoffs.max())
    fold = (np.flatnonzero(windows.ends <= cutoffs.max()), valid)
    return windows, y, fold, lambda asked: z[asked[1]]


def _learn(rate, counted=None, **more):
    windows, y, fold, seasonless = _rows(rate, **more)
    return windows, y, learn_leaving(windows, y, np.ones(len(y)), counted or counts(rate), folds=[fold], seasonless=seasonless)


def test_a_season_that_comes_back_is_used_and_moves_risks_the_right_way():
    windows, _, found = _learn(_yearly)
    assert found.season.share > 0.5
    truth = np.log(_mean(_yearly, np.unique(windows.cutoffs), 90))
    told = np.array([found.offset[windows.cutoffs == day].mean() for day in np.unique(windows.cutoffs)])
    assert np.corrcoef(told, truth)[0, 1] > 0.9
    assert [len(a) + len(b) for a, b in found.by_fold] == [len(windows.cutoffs) - (windows.ends > windows.cutoffs.max()).sum() + 400]
    ahead = np.array([END + 30.0])
    assert found.season.activity_ratio(ahead, ahead + 90) == pytest.approx(
        found.season.clock.mean_rate(ahead, ahead + 90) / found.season.learnt_rate
    )


def test_a_season_that_the_model_knows_already_is_not_counted_twice():
    """Contracts that all end in January: the features say so, and the offset must not say it again."""
    assert not isinstance(_learn(_yearly)[2], str)
    known = _learn(_yearly, known=1.0)[2]
    assert isinstance(known, str) or known.season.share < 0.3


def test_without_a_season_there_is_none():
    told = [_learn(_flat, counts(_flat, seed=seed), seed=seed)[2] for seed in range(4)]
    assert all(isinstance(found, str) or found.season.share < 0.5 for found in told)
    assert sum(isinstance(found, str) for found in told) >= 2


def test_the_offset_is_the_move_of_log_odds_under_another_hazard():
    clock = leaving_clock(counts())
    season = LeavingSeason(clock, usual=0.3, share=1.0, learnt_rate=1.0)
    starts = END + np.array([0.0, 180.0])
    moved = sigmoid(np.log(np.expm1(0.3)) + season.offsets(Windows(starts, starts, starts + 90)))
    assert moved == pytest.approx(-np.expm1(-0.3 * clock.mean_rate(starts, starts + 90)))
    extreme = LeavingSeason(clock, usual=50.0, share=1.0, learnt_rate=0.01)
    assert np.abs(extreme.offsets(Windows(starts, starts, starts + 90))).max() <= 2
