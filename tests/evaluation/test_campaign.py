"""A campaign: amounts that are said or assumed, checked and put into words."""

from __future__ import annotations

import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.evaluation.campaign import ASSUMED


def test_amounts_are_those_that_the_metrics_of_profit_take() -> None:
    campaign = cp.Campaign(value=500, offer_cost=20, contact_cost=2)
    assert campaign.amounts == {"value": 500.0, "offer_cost": 20.0, "contact_cost": 2.0}
    assert campaign.acceptance == ASSUMED.acceptance == 0.3
    assert str(campaign).startswith("a customer is worth 500, an offer costs 20, a contact 2")


@pytest.mark.parametrize(
    "wrong", [{"value": -1}, {"offer_cost": float("nan")}, {"contact_cost": None}, {"acceptance": 1.2}, {"value": "500"}], ids=str
)
def test_an_amount_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="bad-argument"):
        cp.Campaign(**{"value": 500, "offer_cost": 20, "contact_cost": 2} | wrong)  # type: ignore[arg-type]
