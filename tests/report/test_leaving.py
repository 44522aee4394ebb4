"""What leaving means on the page, and how many left by the rule itself at past cutoffs."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.rules import rules_by_name
from churnpredict.languages.catalogue import language_of
from churnpredict.report.leaving import horizon_days, meaning, rates_by_definition, span_told
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
