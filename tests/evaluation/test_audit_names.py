"""What the name of a column tells about the outcome: caught where it means leaving, let pass where it only sounds so."""

from __future__ import annotations

import pytest

from churnpredict.evaluation.audit_names import names_outcome

TELLS = {
    "churn": "the outcome itself",
    "Churned": "the outcome itself",
    "customer_attrition": "the outcome itself",
    "target": "the outcome itself",
    "y": "the outcome itself",
    "churn_probability": "a model's score",
    "propensity": "a model's score",
    "risk_score": "a model's score",
    "CancelDate": "the moment or manner of leaving",
    "cancellation_reason": "the moment or manner of leaving",
    "closed": "the moment or manner of leaving",
    "contract_end_date": "the moment or manner of leaving",
    "retention_offer": "an action after the customer left",
    "account_status": "a status that leaving changes",
    "status": "a status that leaving changes",
}


@pytest.mark.parametrize(("name", "meaning"), TELLS.items())
def test_a_name_that_means_leaving_is_told(name: str, meaning: str) -> None:
    assert names_outcome(name) == names_outcome(f"value__{name}") == meaning


@pytest.mark.parametrize(
    "name",
    [
        *(
            "marital_status",
            "employment_status",
            "orders_count_90d",
            "cancelled_orders_count",
            "previous_cancellations",
            "planned_end_date",
        ),
        *("renewal_date", "credit_limit", "exit_interviews_rate", "target_group", "peer_churn_rate", "days_since_last"),
    ],
)
def test_a_name_that_only_sounds_so_is_let_pass(name: str) -> None:
    assert names_outcome(name) is None
