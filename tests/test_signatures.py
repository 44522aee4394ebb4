"""Types that signatures name stand for what functions accept."""

from __future__ import annotations

import typing

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import signatures
from churnpredict.churn.rule import ChurnRule


@pytest.mark.parametrize("name", signatures.__all__)
def test_each_name_is_used_by_a_public_signature(name: str) -> None:
    """A name that no signature uses would be a type that nobody can look up the meaning of."""
    from tests.test_typed import FUNCTIONS

    used = [f for f in FUNCTIONS.values() if any(name in str(a) for a in getattr(f, "__annotations__", {}).values())]
    assert used


@pytest.mark.parametrize("value", [5.0, "value", {"a": 1.0}, pd.Series([1.0]), np.array([1.0])], ids=lambda v: type(v).__name__)
def test_money_may_be_one_for_all_or_one_for_each(value: object) -> None:
    accepted = tuple(typing.get_origin(a) or a for a in typing.get_args(signatures.PerCustomer) if a is not typing.Any)
    arrays = (pd.Series, np.ndarray)
    assert isinstance(value, (*(a for a in accepted if isinstance(a, type)), *arrays))


def test_rules_are_of_the_protocol_that_signatures_name() -> None:
    assert all(
        isinstance(r, ChurnRule)
        for r in (cp.Inactivity("30d"), cp.Cancellation("30d", of="gone"), cp.SubscriptionEnd("30d", of="contracts"))
    )
