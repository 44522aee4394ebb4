"""What leaving means on the page, and how many left by the rule itself at past cutoffs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.rules import rules_by_name
from churnpredict.evaluation.campaign import Campaign
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.pipeline.backtest_result import Backtest
from churnpredict.report.leaving import horizon_days, meaning, rates_by_definition, span_told, trust
from churnpredict.spans import span

EN = language_of("en")


@pytest.mark.parametrize(("given", "told"), [("90d", "90 days"), ("1d", "1 day"), ("3 months", "3 months"), ("12h", "12 hours")])
def test_a_span_is_told_in_its_own_unit(given: str, told: str) -> None:
    assert span_told(span(given), EN) == told


@pytest.mark.parametrize("name", rules_by_name())
def test_every_rule_says_what_leaving_means(name: str) -> None:
    said = meaning(rules_by_name()[name]("90d", gap="7d"), "1 March 2024", EN)
    assert len(said) == 2, "the gap has a sentence of its own"
    assert "90 days" in said[0]
    assert said != meaning(None, None, EN)
    assert horizon_days(rules_by_name()[name]("90d")) == 90
    assert horizon_days(None) is None


def test_rates_are_counted_by_hand() -> None:
    users = [(f"s{i}", day) for i in range(8) for day in pd.date_range("2024-01-01", "2024-06-28", freq="10D")]
    users += [(f"g{i}", day) for i in range(4) for day in pd.date_range("2024-01-01", "2024-03-31", freq="10D")]
    log = pd.DataFrame(users, columns=["id", "day"])
    tables = cp.EventTables(visits=cp.Events(log, customer="id", time="day"))
    found = rates_by_definition(tables, cp.Inactivity("30d", of="visits"))
    assert found is not None
    assert found["lost"].sum() == 4
    assert found["customers"].max() == 12
    assert (found["rate"] == found["lost"] / found["customers"]).all()
    assert ((found["low"] <= found["rate"]) & (found["rate"] <= found["high"])).all()
    assert (found["cutoff"].diff().dropna() == pd.Timedelta(days=30)).all()


# --- beside what the business uses today -------------------------------------------------------------------------------------------------


def judged_calls() -> Backtest:
    """Two cutoffs at which a model, chance and a list were called."""
    rows = []
    for cutoff, found in (("2024-01-01", 12.0), ("2024-02-01", 10.5)):
        for model, called, hits in (("model", 50.0, found), ("base rate", 50.0, 4.0), ("<b>list", 20.0, 3.0)):
            rows += [(cutoff, model, "called", called), (cutoff, model, "found", hits)]
    frame = pd.DataFrame(rows, columns=["cutoff", "model", "metric", "value"]).assign(low=np.nan, high=np.nan, n=400, leavers=40)
    return Backtest(frame.assign(cutoff=pd.to_datetime(frame["cutoff"]), signal="weak"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_yours_found_in_its_calls_is_told_in_every_language(language: str) -> None:
    spoken = language_of(language)
    told = trust(judged_calls(), spoken)["yours"]
    assert len(told) == 1
    assert all(number in told[0] for number in ("100", "22", "40", "6"))
    assert "<b>" in told[0], "the template escapes it"


def test_money_is_told_only_where_it_was_given() -> None:
    found = judged_calls()
    worth = {"model": ["<b>list"], "metric": ["profit_of_calls"], "value": [1.0]}
    found.switch = pd.DataFrame(worth | {"difference": [2337.0], "difference_low": [-10.0], "difference_high": [4000.0]})
    assert not any("2,337" in words for words in trust(found, EN, "€")["yours"]), "the money was assumed"
    found.campaign = Campaign(value=500, offer_cost=20, contact_cost=2)
    assert any("€2,337 (−€10 to €4,000)" in words for words in trust(found, EN, "€")["yours"])
    found.switch = found.switch.assign(difference_low=np.nan)
    assert not any("2,337" in words for words in trust(found, EN, "€")["yours"])


def test_the_page_shows_it_as_text(scores: pd.DataFrame, tmp_path: Path) -> None:
    page = cp.write_report(scores, tmp_path / "page.html", backtest=judged_calls()).read_text(encoding="utf-8")
    assert "<p>Among the 100 customers whom the model would have called first, 22 left; among the 40 of “&lt;b&gt;list”, 6.</p>" in page
