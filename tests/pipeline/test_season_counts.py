"""Training cutoffs that cover a year where the time of the year matters."""

import numpy as np
import pandas as pd
import pytest
from tests.pipeline.test_season_view import UNTIL, _tables, seasonal_log

import churnpredict as cp
from churnpredict.events import week_counts


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
