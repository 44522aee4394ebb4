"""Law 7: the same course of things some weeks later has the same features."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_time_shift
from tests.laws.histories import cutoffs_of, histories

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(timezone="UTC"), st.integers(0, 50), st.integers(-300, 40))
def test_whole_weeks_leave_features_unchanged(history, seed, weeks):
    check_time_shift(history, cutoffs_of(history, seed), weeks)
