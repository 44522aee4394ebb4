"""What all churn rules share: a horizon, a table, a gap, and the judgement of a moment of leaving."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.base_rule import BaseRule
from churnpredict.churn.rules import rules_by_name
from churnpredict.errors import ChurnError, UsageError

LOG = pd.DataFrame({"id": ["a"], "day": ["2024-01-01"]})


@pytest.mark.parametrize("rule", rules_by_name().values(), ids=lambda rule: rule.__name__)
def test_every_rule_keeps_its_spans_as_text_and_never_changes(rule: type[BaseRule]) -> None:
    made = rule("90d", gap="7d")
    assert (str(made.horizon_span), str(made.gap_span)) == ("90d", "7d")
    assert rule("3 months").horizon_span.nominal > made.horizon_span.nominal
    assert made == rule("90d", gap="7d") != rule("90d")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.horizon = "30d"  # type: ignore[misc]
    for wrong in ("0d", "-3d", 90, None):
        with pytest.raises(ChurnError):
            rule(wrong)  # type: ignore[arg-type]
    with pytest.raises(ChurnError):
        rule("90d", of=3)  # type: ignore[arg-type]


def test_the_only_table_of_events_is_the_one_that_is_read() -> None:
    one = cp.EventTables(visits=cp.Events(LOG, customer="id", time="day"))
    two = cp.EventTables(visits=cp.Events(LOG, customer="id", time="day"), orders=cp.Events(LOG, customer="id", time="day"))
    assert cp.Inactivity("90d").table(one) == "visits"
    with pytest.raises(UsageError, match=r'of="visits".*which-table'):
        cp.Inactivity("90d").table(two)
    assert cp.Inactivity("90d", of="orders").table(two) == "orders"
