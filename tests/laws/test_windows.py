"""Law 3: half-open windows, and every aggregate equal to its slow oracles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_labels, check_windows
from tests.laws.histories import cutoffs_of, histories
from tests.oracles.features_pandas import length

from churnpredict import Inactivity

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(), st.integers(0, 50), st.sampled_from([None, None, "45d", "60d", "2mo"]))
def test_every_feature_equals_the_plain_loop(history, seed, limit):
    check_windows(history, cutoffs_of(history, seed), limit=limit)


@given(histories(), st.integers(0, 50), st.sampled_from(["7d", "30d", "12h", "1mo"]), st.sampled_from(["0d", "3d", "12h"]))
def test_outcome_windows_are_open_on_the_right(history, seed, horizon, gap):
    drawn = cutoffs_of(history, seed)
    # cutoffs whose window opens, or ends, exactly on a row
    ends = [t - length(horizon) - length(gap) for t in history.log["at"].iloc[:3]]
    opens = [t - length(gap) for t in history.log["at"].iloc[-3:]]
    check_labels(history, Inactivity(horizon, of="orders", gap=gap), sorted({*drawn, *ends, *opens}), horizon=horizon, gap=gap)
