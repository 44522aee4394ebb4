"""Law 2: nobody who has already left, nobody who has not joined."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_risk_set
from tests.laws.histories import cutoffs_of, histories, make_history

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
