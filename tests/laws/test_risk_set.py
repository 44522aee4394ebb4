"""Law 2: nobody who has already left, nobody who has not joined."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_risk_set
from tests.laws.histories import cutoffs_of, histories, make_history

import churnpredict as cp
from churnpredict import Inactivity

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(), st.integers(0, 50), st.sampled_from(["30d", "90d", None]))
def test_the_risk_set_is_that_of_the_plain_loop(history, seed, within):
    churn = Inactivity("30d", of="orders", active_within=within or "ever")
    check_risk_set(history, churn, cutoffs_of(history, seed, n=3), within=within)


def test_the_property_test_above_meets_both_sides():
    """Enough of its histories have somebody at risk everywhere, so that it compares and does not only skip."""
    met = 0
    for seed in range(12):
        history = make_history(seed, known_at=bool(seed % 2), people=bool(seed % 3))
        cutoffs = [pd.Timestamp("2024-05-01"), pd.Timestamp("2024-08-01")]
        met += check_risk_set(history, Inactivity("30d", of="orders", active_within="90d"), cutoffs, within="90d")
    assert met >= 9


def test_what_becomes_known_at_the_cutoff_itself_is_not_known_yet():
    """Known means strictly before: an order recorded at the cutoff makes nobody active, and a state recorded then does not hold yet."""
    orders = pd.DataFrame(
        {
            "user": [1, 2, 3],
            "at": pd.to_datetime(["2024-01-10", "2024-01-10", "2024-01-01"]),
            "recorded": pd.to_datetime(["2024-01-19", "2024-01-20", "2024-01-01"]),
        }
    )
    plans = pd.DataFrame(
        {
            "user": [1, 1, 2, 2],
            "at": pd.to_datetime(["2024-01-02", "2024-01-12"] * 2),
            "plan": [10.0, 20.0] * 2,
            "recorded": pd.to_datetime(["2024-01-02", "2024-01-19", "2024-01-02", "2024-01-20"]),
        }
    )
    tables = cp.EventTables(
        orders=cp.Events(orders, customer="user", time="at", known_at="recorded"),
        plans=cp.States(plans, customer="user", time="at", values=["plan"], known_at="recorded"),
    )
    past = cp.take_snapshots(tables, cp.Inactivity("15d", of="orders"), at="2024-01-20")
    assert past["customer_id"].tolist() == [1]
    both = pd.DataFrame({"customer_id": [1, 2], "cutoff": pd.Timestamp("2024-01-20")})
    held = cp.build_features(tables, both, features=[cp.Feature("plans", "state", column="plan")])
    assert held["lifecycle__plans_plan"].tolist() == [20.0, 10.0]
