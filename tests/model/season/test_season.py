"""The season's offsets: two models of silence, the share, and what is left alone."""

import numpy as np
import pytest
from tests.model.season.test_clock import END, WEEKS, counts

from churnpredict.model.season.season import FEWEST_PEOPLE, SeasonRows, clock_of, learn_season

HORIZON = 60


def _rate(back: float) -> float:
    return float(np.exp(1.2 * np.sin(2 * np.pi * back * 7 / 365.25)))


def _snapshots(rate, n: int = 250, seed: int = 0):
    """Customers who buy at a rate of their own times the season's, snapshots a month apart, and whether silence followed."""
    rng = np.random.default_rng(seed)
    span = 7 * WEEKS
    pace = np.array([rate((span - d) / 7) for d in range(span)])
    clock = np.r_[0, np.cumsum(pace / pace.mean())]
    parts, labels = [], []
    for _ in range(n):
        start, gap, times = rng.uniform(0, 200), rng.gamma(2, 20), []
        at = np.interp(start, np.arange(span + 1), clock)
        while at < clock[-1] and rng.random() > 0.03:
            times.append(np.interp(at, clock, np.arange(span + 1)))
            at += rng.exponential(gap)
        times = np.floor(np.unique(np.floor(times)))
        for cutoff in np.arange(span - HORIZON, span - 400, -30):
            past = times[times < cutoff]
            if not len(past) or past[-1] < cutoff - 90:
                continue
            first = END - span
            parts.append((len(past), cutoff - past[-1], cutoff - past[0], cutoff + first))
            labels.append(float(not ((times >= cutoff) & (times < cutoff + HORIZON)).any()))
    days, since_last, since_first, cutoffs = np.array(parts).T
    rows = SeasonRows.of((days, since_last, since_first), cutoffs, cutoffs, cutoffs + HORIZON)
    return rows, np.array(labels)


def _counts_at(rate, moments):
    return [counts(lambda back, m=m: rate(back + (END - m) / 7), end=m, weeks=WEEKS - (END - m) // 7) for m in moments]


def _learn(rate, seen=None, **more):
    rows, y = _snapshots(rate)
    older = sorted({int(c) for c in rows.cutoffs})[4:]
    weeks = more.pop("weeks", _counts_at(seen or rate, [*older, END]))
    newest = rows.cutoffs.max()
    fold = np.flatnonzero(rows.ends <= newest - 30), np.flatnonzero(rows.cutoffs > newest - 60)
    return rows, y, learn_season(rows, y, np.ones(len(y)), weeks, folds=[fold], seasonless=lambda f: np.zeros(len(f[1])), **more)


@pytest.fixture(scope="module")
def learnt():
    return _learn(_rate)


def test_a_season_that_earlier_cutoffs_bear_out_is_used(learnt):
    rows, _, found = learnt
    assert found.season.share > 0.5
    busy = found.season.activity_ratio(rows.starts, rows.ends)
    by_cutoff = [(busy[rows.cutoffs == c].mean(), found.offset[rows.cutoffs == c].mean()) for c in np.unique(rows.cutoffs)]
    assert np.corrcoef(np.array(by_cutoff).T)[0, 1] < -0.7  # a busy window ahead is a lower risk of silence
    assert np.abs(found.offset).max() <= 2.0


def test_offsets_are_those_of_the_season_and_its_folds_have_theirs(learnt):
    rows, _, found = learnt
    assert np.array_equal(found.offset, found.season.offsets(rows))
    before, valid = found.by_fold[0]
    assert len(valid) == (rows.cutoffs > rows.cutoffs.max() - 60).sum()
    assert len(before) == (rows.ends <= rows.cutoffs.max() - 30).sum()


def test_rows_of_which_nothing_is_known_have_no_offset(learnt):
    _, _, found = learnt
    day = np.array([float(END)])
    unknown = SeasonRows.of([np.array([np.nan])] * 3, day, day, day + HORIZON)
    assert found.season.offsets(unknown).tolist() == [0.0]


def test_without_a_season_there_is_none():
    found = _learn(lambda _: 1.0)[2]
    assert isinstance(found, str) or np.abs(found.offset).max() < 0.2


def test_a_season_that_the_outcomes_refute_is_not_used():
    """The weeks tell of a strong season, the customers' silence of none."""
    found = _learn(lambda _: 1.0, seen=lambda back: _rate(back) ** 1.5)[2]
    assert isinstance(found, str) or found.season.share < 0.3


@pytest.mark.parametrize("change", ["people", "days"])
def test_few_customers_and_short_histories_have_no_clock(change):
    from dataclasses import replace

    few = {"people": FEWEST_PEOPLE - 1} if change == "people" else {"days": 364}
    rows, y = _snapshots(_rate, n=60)
    weeks = [replace(c, **few) for c in _counts_at(_rate, [END - 120, END - 60, END])]
    why = learn_season(rows, y, np.ones(len(y)), weeks, folds=[], seasonless=lambda f: np.zeros(0))
    assert why == ("fewer than 200 customers with repeated events" if change == "people" else "less than a year of events")


@pytest.mark.parametrize(
    ("days", "people", "horizon", "there"), [(56, 200, 14, True), (55, 200, 3, False), (200, 200, 15, False), (56, 199, 3, False)]
)
def test_days_of_the_week_need_eight_weeks_and_a_window_of_days(days, people, horizon, there):
    from dataclasses import replace

    found = clock_of(replace(counts(weeks=-(-days // 7)), days=days, people=people), horizon=horizon)
    assert (found is not None) == there
    assert found is None or not found.knows_the_year


def test_no_counts_no_season():
    rows, y = _snapshots(_rate, n=20)
    assert learn_season(rows, y, np.ones(len(y)), [], folds=[], seasonless=lambda f: np.zeros(0)) == "no recurring event is known"


def test_an_earlier_cutoff_never_sees_a_later_clock(monkeypatch):
    """Every clock that judges an earlier period is that of its day, or older."""
    from churnpredict.model.season import season as module

    asked = []
    true = module.Clocks.before

    def before(self, day):
        found = true(self, day)
        asked.append((day, None if found is None else found.pooled.end))
        return found

    monkeypatch.setattr(module.Clocks, "before", before)
    _learn(_rate)
    assert len(asked) > 5
    assert all(end is None or end <= day for day, end in asked)
