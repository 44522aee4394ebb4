"""The part of the public face that holds the churn rules: every rule that a configuration can name."""

from __future__ import annotations

import churnpredict as cp
from churnpredict.churn.rules import rules_by_name


def test_every_rule_that_a_configuration_can_name_is_here() -> None:
    assert {getattr(cp.rules, name) for name in cp.rules.__all__} == set(rules_by_name().values())
