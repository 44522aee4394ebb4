"""The protocol of a churn rule: how customers leave, and where the outcome window lies."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.rule import check_rule, is_of_contracts, is_of_silence, left_by, rule_name, window_after, window_before
from churnpredict.churn.rules import rules_by_name
from churnpredict.errors import UsageError

LEAVING = {"inactivity": "silence", "subscription_end": "contract", "cancellation": "row", "trial_end": "outcome", "win_back": None}


@pytest.mark.parametrize("name", rules_by_name())
def test_each_rule_says_how_customers_leave(name: str) -> None:
    rule = rules_by_name()[name]("30d")
    assert left_by(rule) == LEAVING.get(name, "outcome")
    assert (is_of_silence(rule), is_of_contracts(rule)) == (name == "inactivity", name == "subscription_end")
    assert rule_name(rule) == rule_name(type(rule)) == name


def test_a_rule_that_does_not_say_it_is_judged_by_its_outcomes() -> None:
    assert left_by(object()) == "outcome"


def test_the_window_opens_after_the_gap_and_lasts_the_horizon() -> None:
    rule = cp.Inactivity("30d", gap="7d")
    cutoff = pd.Timestamp("2024-03-01").value // 1000
    opens, closes = window_after(rule, cutoff, "UTC")
    assert [pd.Timestamp(t, unit="us") for t in (opens, closes)] == [pd.Timestamp("2024-03-08"), pd.Timestamp("2024-04-07")]
    assert window_before(rule, closes, "UTC") == cutoff


@pytest.mark.parametrize(
    ("given", "proposed"), [("180d", 'cp.Inactivity("180d"'), (60, 'cp.Inactivity("60d"'), (None, 'cp.Inactivity("90d"')]
)
def test_what_is_not_a_rule_is_refused_with_one_that_fits(given: object, proposed: str) -> None:
    with pytest.raises(UsageError, match="not-a-rule") as caught:
        check_rule(given, "ChurnPipeline(churn)")
    assert proposed in str(caught.value)
    with pytest.raises(UsageError, match=r"cp\.WinBack\(\.\.\.\)"):
        check_rule(cp.rules.WinBack, "ChurnPipeline(churn)")
