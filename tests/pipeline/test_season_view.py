"""What a pipeline says of the season, and the laws of its clock: blind to what follows, moved by nothing but the calendar."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.evaluation.comparison import judge
from churnpredict.evaluation.verdict import reach_verdict
from churnpredict.pipeline.season_view import SeasonView

UNTIL = pd.Timestamp("2023-09-01")
QUICK = {"horizon": "60d", "n_estimators": 20, "n_seeds": 1, "n_jobs": 1, "half_life": None, "min_leavers": 10}


def seasonal_log(n: int = 320, seed: int = 0) -> pd.DataFrame:
    """Customers who buy at rates of their own, four times as often in early winter as in summer."""
    rng = np.random.default_rng(seed)
    days = np.arange(1_000)
    date = pd.Timestamp("2021-01-01") + pd.to_timedelta(days, unit="D")
    clock = np.r_[0, np.cumsum(np.exp(0.7 * np.cos(2 * np.pi * (date.day_of_year.to_numpy() - 345) / 365.25)))]
    parts = []
    for c in range(n):
        at, gap, rows = np.interp(rng.uniform(0, 800), np.arange(1_001), clock), rng.gamma(2, 16), []
        while at < clock[-1]:
            rows.append(np.interp(at, clock, np.arange(1_001)))
            if rng.random() < 0.06:
                break
            at += rng.exponential(gap)
        parts.append(pd.DataFrame({"who": f"K{c:04d}", "day": np.floor(rows)}))
    log = pd.concat(parts, ignore_index=True)
    log["at"] = (pd.Timestamp("2021-01-01") + pd.to_timedelta(log.pop("day"), unit="D")).astype("datetime64[us]")
    return log


def _tables(log):
    return cp.EventTables(orders=cp.Events(log, customer="who", time="at"))


def _pipeline(**more):
    classifier = cp.ChurnClassifier(**QUICK)
    return cp.ChurnPipeline(cp.Inactivity("60d", of="orders", active_within="90d"), classifier=classifier, every="20d", **more)


@pytest.fixture(scope="module")
def log():
    return seasonal_log()


@pytest.fixture(scope="module")
def trained(log):
    pipeline = _pipeline()
    return pipeline.learn(*pipeline.training_rows(_tables(log), UNTIL))


def test_the_season_is_told(trained):
    view = trained.season_
    assert 0.2 < view.share <= 1
    assert view.brief() == f"Season: this time of the year was seen twice before; used at {100 * view.share:.0f} %."
    assert "times as active as those that the model learnt from" in repr(view)
    assert "Busiest around" in view.words()
    busiest = view.table["activity"].idxmax()
    assert busiest.month in (11, 12, 1)
    assert (view.table["low"] < view.table["activity"]).all()
    assert view.table.index[0] == UNTIL


def test_the_plot_shows_what_was_counted_and_what_is_expected(trained):
    pytest.importorskip("matplotlib")
    (ax,) = trained.season_.plot().axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["counted, by week", "usual year", "predicted window"]
    assert "Busiest around" in trained.season_.plot(theme="dark").alt_text
    assert SeasonView(None, (0.0, 60.0), "less than a year").plot().alt_text == "No season is used: less than a year."


def test_without_a_season_it_says_why(log):
    pipeline = _pipeline()
    pipeline.learn(*pipeline.training_rows(_tables(log[log["at"] < "2021-11-01"]), "2021-11-01"))
    assert pipeline.season_.share == 0
    assert pipeline.season_.words() == "No season is used: less than a year of events."
    assert not len(pipeline.season_.table)


def test_a_year_without_ups_and_downs_is_called_that(trained):
    season = trained.season_.season
    flat = replace(season, clock=replace(season.clock, year=np.linspace(0.96, 1.04, 366)), share=0.12)
    assert SeasonView(flat, (0.0, 60.0)).brief() == "Season: times of the year hardly differ; used at 12 %."
    steep = replace(season, clock=replace(season.clock, year=np.linspace(0.9, 1.1, 366)), share=0.12)
    assert SeasonView(steep, (0.0, 60.0)).brief() == "Season: this time of the year was seen twice before; used at 12 %."


def test_it_can_be_switched_off(log, trained):
    pipeline = _pipeline(season=False)
    pipeline.learn(*pipeline.training_rows(_tables(log), UNTIL))
    assert pipeline.model_.season_ is None
    assert pipeline.season_.words() == "No season is used."


def _risks(log, until=UNTIL, at=UNTIL):
    pipeline = _pipeline()
    tables = _tables(log)
    pipeline.learn(*pipeline.training_rows(tables, until))
    return pipeline.model_.season_, pipeline.predict_proba(_tables(log[log["at"] < at]), at=at)["leaves"].to_numpy()


def test_rows_at_or_after_the_end_of_training_change_nothing(log, trained):
    season, risks = _risks(log)
    cut = log[log["at"] < UNTIL]
    more = pd.concat([cut, log[log["at"] >= UNTIL].assign(at=lambda f: f["at"] + pd.Timedelta(days=11)), log.iloc[:40].assign(at=UNTIL)])
    for other in (cut, more):
        theirs, others = _risks(other)
        assert np.array_equal(theirs.clock.rates, season.clock.rates)
        assert theirs.share == season.share
        assert np.array_equal(others, risks)


def test_a_planted_look_ahead_is_caught(log, monkeypatch):
    """Were the weeks counted to a month after the end, the law above would see it."""
    from churnpredict.clock import DAY
    from churnpredict.pipeline import season_counts

    honest = season_counts.count_weeks
    tables = _tables(log)
    monkeypatch.setattr(
        season_counts, "count_weeks", lambda _, name, moments, by: honest(tables, name, [m + 30 * DAY for m in moments], by)
    )
    season, _ = _risks(log)
    monkeypatch.undo()
    assert not np.array_equal(season.clock.rates, _risks(log)[0].clock.rates)


def test_a_shift_of_52_weeks_changes_nothing(log):
    shift = pd.Timedelta(days=364)
    season, risks = _risks(log)
    moved, others = _risks(log.assign(at=log["at"] + shift), UNTIL + shift, UNTIL + shift)
    assert np.array_equal(season.clock.rates, moved.clock.rates)
    assert season.share == pytest.approx(moved.share, abs=0.01)  # the quick line that judges it knows the date
    assert others == pytest.approx(risks, abs=0.02)  # but for the named season features, which know the date


def test_a_file_holds_the_season(trained, log, tmp_path):
    back = cp.load(trained.save(tmp_path / "churn.model"))
    assert back.season_.words() == trained.season_.words()
    tables = _tables(log[log["at"] < UNTIL])
    pd.testing.assert_frame_equal(back.predict_proba(tables, at=UNTIL), trained.predict_proba(tables, at=UNTIL))


def test_declared_days_move_the_risks_of_the_windows_that_they_lie_in(log):
    closed = [{"name": "closed", "kind": "closure", "days": ["2023-09-05/2023-10-20"]}]
    without, declared = _pipeline(), _pipeline(calendar=closed)
    tables = _tables(log)
    risks = []
    for pipeline in (without, declared):
        pipeline.learn(*pipeline.training_rows(tables, UNTIL))
        risks.append(pipeline.predict_proba(_tables(log[log["at"] < UNTIL]), at=UNTIL)["leaves"].mean())
    assert risks[1] > risks[0] + 0.05
    assert "closed: 0.1 times as active." in declared.season_.words()


@pytest.fixture(scope="module")
def office() -> pd.DataFrame:
    """Twenty weeks of users who work from Monday to Friday, each at a rate of their own, and seldom on other days."""
    rng = np.random.default_rng(1)
    days = np.arange(140)
    pace = np.where(days % 7 >= 5, 0.1, 1.0)  # the first day is a Monday
    parts = []
    for c in range(400):
        active = days[rng.random(140) < rng.beta(2, 4) * pace]
        parts.append(pd.DataFrame({"who": f"K{c:03d}", "day": active[active >= rng.integers(0, 60)]}))
    log = pd.concat(parts, ignore_index=True)
    return log.assign(at=(pd.Timestamp("2024-01-01") + pd.to_timedelta(log.pop("day"), unit="D")).astype("datetime64[us]"))


def test_days_of_the_week_are_a_clock_where_windows_last_days(office):
    """Two days of silence from a Saturday on mean nothing; from a Monday on they do."""
    rule = cp.Inactivity("2d", of="orders", active_within="7d")
    tables, gaps = _tables(office), {}
    until, tests = pd.Timestamp("2024-05-10"), ["2024-05-11", "2024-05-14"]  # a Friday; a Saturday and a Tuesday
    rates = [cp.label_churn(tables, cp.take_snapshots(tables, rule, at=day), rule).within().mean() for day in tests]
    for season in (True, False):
        pipeline = cp.ChurnPipeline(rule, classifier=cp.ChurnClassifier(**QUICK | {"horizon": "2d"}), every="1d", season=season)
        pipeline.learn(*pipeline.training_rows(tables, until))
        risks = [pipeline.predict_proba(tables, at=day)["leaves"].mean() for day in tests]
        gaps[season] = np.abs(np.subtract(risks, rates))
        said = pipeline.season_.brief()
        assert (
            said == f"Season: days of the week alone, as history is shorter than a year; used at {100 * pipeline.season_.share:.0f} %."
        ) == season
        bars = pipeline.season_.plot().axes[0].patches if season else []
        assert [bar.get_height() < 0.5 for bar in bars] == [False] * 5 * season + [True] * 2 * season
    assert max(gaps[True]) < 0.08 < max(gaps[False])


def test_the_verdict_says_what_the_clock_knew():
    y = np.tile([0, 0, 0, 1], 100)
    figures = judge(y, {"model": np.where(y, 0.7, 0.4), "base rate": np.full(400, 0.25)}, rounds=20)
    assert reach_verdict(figures, season="Season: never seen.").words.endswith("Season: never seen.")


RISES = (200, 420, 610, 830, 985)  # days of the history on which the price rises; the last one is ahead of the end of training


@pytest.fixture(scope="module")
def subscriptions() -> cp.EventTables:
    """Customers who cancel at one hazard on all days, but six times as often for four weeks after each rise of the price."""
    rng, n = np.random.default_rng(2), 2_500
    pace = np.ones(1_100)
    for start in RISES:
        pace[start : start + 28] = 6
    clock = np.r_[0, np.cumsum(pace)]
    joined = rng.integers(0, 900, n)
    left = np.searchsorted(clock, clock[joined] + rng.exponential(1_500, n), "right") - 1
    start = pd.Timestamp("2021-01-01")
    people = pd.DataFrame({"who": [f"K{c:04d}" for c in range(n)], "since": start + pd.to_timedelta(joined, unit="D")})
    gone = left < 1_100
    ends = pd.DataFrame({"who": people["who"][gone], "at": (start + pd.to_timedelta(left[gone], unit="D")).as_unit("us")})
    return cp.EventTables(
        customers=cp.Customers(people.astype({"since": "datetime64[us]"}), customer="who", since="since"),
        cancellations=cp.Events(ends, customer="who", time="at"),
        observed_until=start + pd.Timedelta(days=1_100),
    )


def test_declared_days_move_the_hazard_as_they_did_before(subscriptions, tmp_path):
    start, rule = pd.Timestamp("2021-01-01"), cp.Cancellation("60d", of="cancellations")
    until = start + pd.Timedelta(days=980)
    days = [f"{(start + pd.Timedelta(days=d)).date()}/{(start + pd.Timedelta(days=d + 27)).date()}" for d in RISES]
    calendar = [{"name": "price rise", "kind": "sale", "days": days}]
    classifier = cp.ChurnClassifier(**QUICK, members=("linear",))
    happened = cp.label_churn(subscriptions, cp.take_snapshots(subscriptions, rule, at=until), rule).within().mean()
    risks = {}
    for declared in (None, calendar):
        pipeline = cp.ChurnPipeline(rule, classifier=classifier, every="20d", calendar=declared)
        pipeline.learn(*pipeline.training_rows(subscriptions, until))
        risks[declared is not None] = pipeline.predict_proba(subscriptions, at=until)["leaves"]
    assert abs(risks[True].mean() - happened) < 0.03 < abs(risks[False].mean() - happened)
    assert "price rise: customers leave" in pipeline.season_.words()
    pipeline.save(tmp_path / "leaving.model")
    back = cp.load(tmp_path / "leaving.model")
    assert back.season_.words() == pipeline.season_.words()
    assert np.array_equal(back.predict_proba(subscriptions, at=until)["leaves"], risks[True])
