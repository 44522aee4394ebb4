"""[against] of churn.toml: every entry is a rule or a score whose direction is declared, or refused before tables are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churnpredict.cli.config import parse_config
from churnpredict.cli.rival_settings import campaign_of, read_rivals
from churnpredict.errors import ConfigError

FILE = """
[tables.orders]
kind = "events"
source = "orders.csv"
customer = "who"
time = "at"
[churn]
rule = "inactivity"
horizon = "60d"
"""
JUDGED = """
[plan]
capacity = 40
value = 500
offer_cost = 20
contact_cost = 2
[against]
rule = "a__b >= 30"
health = { score = "h.s", high = "healthy" }
"""


def test_rules_and_scores_reach_the_backtest() -> None:
    found = parse_config(FILE + JUDGED, Path("churn.toml")).judging()
    assert found["against"] == {"rule": "a__b >= 30", "health": "h.s"}
    assert found["high"] == {"health": "healthy"}
    assert found["capacity"] == 40
    assert found["campaign"].value == 500


def test_without_the_section_a_backtest_is_as_before() -> None:
    assert parse_config(FILE, Path("churn.toml")).judging() == {"against": None, "high": None, "capacity": None, "campaign": None}


@pytest.mark.parametrize(
    "section",
    [
        {"x": 3},
        {"x": {"high": "risk"}},
        {"x": {"score": 3}},
        {"x": {"score": "a", "hihg": "risk"}},
        {"x": {"score": "a", "high": "up"}},
        {"model": "a"},
    ],
)
def test_other_entries_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"\[against\].*bad-setting"):
        read_rivals(section)


def test_given_and_assumed_amounts_are_not_mixed() -> None:
    assert campaign_of(500, None, 2, 0.2) is None
    assert campaign_of(None, 20, 2, 0.2) is None
    whole = campaign_of(500, 20, 2, 0.2)
    assert whole is not None
    assert whole.acceptance == 0.2
