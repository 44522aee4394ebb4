"""Training cutoffs that cover a year where the time of the year matters."""

import numpy as np
import pandas as pd
import pytest
from tests.pipeline.test_season_view import QUICK, UNTIL, _tables, seasonal_log

import churnpredict as cp
from churnpredict.churn.rule import rule_name
from churnpredict.errors import ChurnError, UsageError
from churnpredict.events import week_counts
from churnpredict.pipeline.season_counts import MOST_SEGMENTS


@pytest.fixture(scope="module")
def log():
    return seasonal_log()


def test_short_steps_cover_a_year_where_the_time_of_the_year_matters(log):
    """Twenty-four steps of five days see four months: a model of them has seen no Christmas."""
    tables = _tables(log).known_before(_tables(log).instants(UNTIL)[0])
    short = cp.Inactivity("30d", of="orders", active_within="90d")
    assert str(cp.ChurnPipeline(short).step_between(tables)) == "16d"
    assert cp.ChurnPipeline(short, every="7d").step_between(tables) == "7d"
    assert cp.ChurnPipeline(short, season=False).step_between(tables) is None
    assert cp.ChurnPipeline(cp.Inactivity("90d", of="orders")).step_between(tables) is None  # its cutoffs cover a year as they are
    assert cp.ChurnPipeline(short).step_between(tables.known_before(tables.instants("2022-10-01")[0])) is None  # one winter proves nothing
    X, _ = cp.ChurnPipeline(short).training_rows(tables)
    cutoffs = X.index.get_level_values("cutoff")
    assert (cutoffs.max() - cutoffs.min()).days == 23 * 16


def test_a_moment_is_counted_once(log, monkeypatch):
    """The step of the cutoffs and the clock both ask for the end of what is known: the second answer is the first one."""
    asked = []
    honest = week_counts.count_until
    monkeypatch.setattr(week_counts, "count_until", lambda *given: asked.append(given[2]) or honest(*given))
    tables = _tables(log).known_before(_tables(log).instants(UNTIL)[0])
    pipeline = cp.ChurnPipeline(cp.Inactivity("30d", of="orders", active_within="90d"))
    pipeline.training_rows(tables)
    assert len(asked) == len(set(asked)) == len(pipeline.weeks_) > 1


def test_steps_stay_short_where_every_month_is_alike():
    rng = np.random.default_rng(3)
    parts = [pd.DataFrame({"who": f"K{c}", "at": np.floor(np.cumsum(rng.exponential(25, 60)) + rng.uniform(0, 300))}) for c in range(320)]
    flat = pd.concat(parts, ignore_index=True)
    flat["at"] = (pd.Timestamp("2021-01-01") + pd.to_timedelta(flat["at"], unit="D")).astype("datetime64[us]")
    tables = _tables(flat[flat["at"] < "2023-09-01"])
    assert cp.ChurnPipeline(cp.Inactivity("30d", of="orders", active_within="90d")).step_between(tables) is None


def _two_countries(log):
    """A quarter of the customers live half a year later."""
    south = log["who"].str[-1].isin(["0", "1"])
    moved = log.assign(at=log["at"] + pd.to_timedelta(np.where(south, 182, 0), unit="D"), country=np.where(south, "south", "north"))
    people = moved[["who", "country"]].drop_duplicates().assign(size=1.0)
    customers = cp.Customers(people, customer="who", attributes=["country", "size"])
    return cp.EventTables(customers=customers, orders=cp.Events(moved, customer="who", time="at"))


def _of_countries(tables, **more):
    churn = cp.Inactivity("60d", of="orders", active_within="90d")
    pipeline = cp.ChurnPipeline(churn, every="20d", classifier=cp.ChurnClassifier(**QUICK), **more)
    return pipeline.learn(*pipeline.training_rows(tables, UNTIL))


@pytest.fixture(scope="module")
def countries():
    return _two_countries(seasonal_log(1_300))


@pytest.fixture(scope="module")
def apart(countries):
    return _of_countries(countries, season_by="country")


def test_segments_have_clocks_of_their_own(countries, apart):
    season = apart.model_.season_
    assert season.columns[3].endswith("country")
    assert set(apart.season_.segments.index) == {"north", "south"}
    together = _of_countries(countries)
    assert together.model_.season_ is None or not together.model_.season_.own
    busiest = {code: int(clock.year.argmax()) for code, clock in season.own.items()}
    one, other = busiest.values()
    assert 120 < abs(one - other) < 246  # half a year apart
    assert "by its own clock" in apart.season_.words()


def test_clocks_of_segments_are_saved(countries, apart, tmp_path):
    path = tmp_path / "churn.model"
    apart.save(path)
    again = cp.load(path)
    assert again.season_by == "country"
    one, other = (pipeline.predict_proba(countries, at=UNTIL)["leaves"].to_numpy() for pipeline in (apart, again))
    assert np.array_equal(one, other)
    assert again.season_.words() == apart.season_.words()
    X = cp.build_features(countries, cp.take_snapshots(countries, apart.churn, at=UNTIL), features=apart.features_)
    busy = apart.model_.expected_activity(X)
    country = X[apart.model_.season_.columns[3]].astype(str).to_numpy()
    for name, expected in apart.season_.segments.items():
        assert busy[country == name] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("by", "code", "text"),
    [
        ("contry", "missing-column", "country"),
        ("size", "bad-argument", "number"),
        ("country", "missing-column", "not a feature"),
    ],
)
def test_a_segment_that_cannot_be_counted_is_refused(countries, by, code, text):
    features = [row for row in cp.catalog(countries) if row.column != "country"] if text == "not a feature" else None
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), season_by=by, features=features, every="30d")
    with pytest.raises(ChurnError, match=text) as caught:
        pipeline.training_rows(countries, UNTIL)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "churn", [cp.Cancellation("60d", of="gone"), cp.SubscriptionEnd("60d"), cp.rules.TrialEnd("60d"), cp.rules.WinBack("60d", of="orders")]
)
def test_rules_without_a_clock_of_events_refuse_segments(churn):
    with pytest.raises(UsageError, match=f"season_by='country' needs a rule of silence, and churn is {rule_name(churn)}") as caught:
        cp.ChurnPipeline(churn, season_by="country")
    assert caught.value.code == "bad-argument"
    assert cp.ChurnPipeline(churn).season_by is None


def test_training_in_spark_refuses_segments_before_it_reads_anything():
    """Without Spark: nothing of the tables is touched."""
    jobs = pytest.importorskip("churnpredict.spark.jobs")
    pipeline = cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), season_by="country")
    with pytest.raises(UsageError, match="training in Spark does not support season_by") as caught:
        jobs.fit(pipeline, tables=object())
    assert caught.value.code == "bad-argument"


def test_too_many_segments_are_refused(log):
    people = log[["who"]].drop_duplicates().assign(street=lambda d: [f"s{n % (MOST_SEGMENTS + 1)}" for n in range(len(d))])
    tables = cp.EventTables(
        customers=cp.Customers(people, customer="who", attributes=["street"]), orders=cp.Events(log, customer="who", time="at")
    )
    with pytest.raises(UsageError, match=f"has {MOST_SEGMENTS + 1} values"):
        cp.ChurnPipeline(cp.Inactivity("60d", of="orders"), season_by="street").training_rows(tables, UNTIL)
