"""The season on the page: sentences, picture, and how far it moves the level."""

import re

import numpy as np
import pandas as pd
import pytest
from tests.pipeline.test_season_view import UNTIL, _pipeline, _tables, seasonal_log

import churnpredict as cp
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.model.season.season import COLUMN
from churnpredict.report.page import render_report
from churnpredict.report.season_section import SeasonAhead, season_ahead, season_told

SCORES = pd.DataFrame({"customer_id": ["a"], "risk": [0.4], "cutoff": [pd.Timestamp("2024-01-01", tz="UTC")]})


def ahead(**more):
    year = pd.DataFrame({"activity": np.ones(366), "low": np.full(366, 0.9), "high": np.full(366, 1.1)})
    known = {"start": pd.Timestamp("2024-01-01"), "year": year, "opens": 300.0, "closes": 390.0, "ratio": 1.44, "seen": 2, "moves": -0.041}
    return SeasonAhead(**(known | more))


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_tells_it(code):
    spoken = language_of(code)
    words = season_told(ahead(), spoken.span("days", 90), spoken)["words"]
    ratio, points = spoken.number(1.44, 1), spoken.points(0.041)
    assert ratio in words[0]
    assert f"\u2212{points}" in words[2]
    assert season_told(ahead(seen=0), "90", spoken)["words"][1] == spoken.say("season.never")


def test_a_window_over_the_end_of_the_year_goes_on_at_its_beginning():
    told = season_told(ahead(), "90 days", language_of("en"))
    assert told["words"][1] == "This time of the year has been seen twice before."
    rects = re.findall(r'<rect class="window" x="([\d.]+)" width="([\d.]+)"', told["chart"])
    assert [tuple(map(float, r)) for r in rects] == [(300, 64), (0, 26)]
    later = season_told(ahead(opens=300.0 + 365.25, closes=390.0 + 365.25), "90 days", language_of("en"))
    assert later["chart"] == told["chart"]  # a year later the same days of the year are shaded


def test_the_page_shows_it_and_says_nothing_without_one():
    assert 'id="season"' in render_report(SCORES, season=ahead())
    assert 'id="season"' not in render_report(SCORES, season=None)
    failed = cp.ChurnError("broken", "it broke", remedy="Mend it.")
    assert "The season: not available [broken]" in render_report(SCORES, season=failed)


def test_the_move_of_the_level_is_the_mean_of_the_reasons():
    tables = _tables(seasonal_log())
    pipeline = _pipeline()
    pipeline.learn(*pipeline.training_rows(tables, UNTIL))
    at = pd.Timestamp("2023-09-21")
    X = pipeline.features_at(tables, at)
    found = season_ahead(pipeline, X, at.value // 1000, "UTC")
    why = cp.explain(pipeline.model_, X)
    assert found.moves == pytest.approx(float(why.points["calendar"].mean()), abs=1e-12)
    assert COLUMN in why.values
    assert found.seen == 2
    assert (found.opens, found.closes) == (20, 80)  # days after the end of training
