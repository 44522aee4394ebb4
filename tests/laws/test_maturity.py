"""Law 4: an outcome window that is not fully observed has no label."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import check_maturity
from tests.laws.histories import histories, make_history

from churnpredict import Inactivity, label_churn, take_snapshots

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(timezone="UTC"), st.sampled_from(["7d", "30d"]), st.sampled_from(["0d", "3d", "12h"]), st.integers(0, 400))
def test_the_latest_cutoff_is_labelled_and_no_later_one(history, horizon, gap, hours):
    until = pd.Timestamp("2025-01-10") + pd.Timedelta(hours=hours)
    check_maturity(history, Inactivity(horizon, of="orders", gap=gap), until, horizon=horizon, gap=gap)


@given(histories(timezone="UTC", n_rows=80, people=False, known_at=False))
def test_default_snapshots_are_mature_and_evenly_spaced(history):
    tables, churn = history.tables(), Inactivity("30d", of="orders", active_within="ever", gap="2d")  # somebody is at risk always
    past = take_snapshots(tables, churn, every="10d")
    labelled = label_churn(tables, past, churn)  # would refuse an immature one
    assert len(labelled) == len(past)
    cutoffs = pd.DatetimeIndex(past["cutoff"].unique()).sort_values()
    assert set(cutoffs.diff()[1:]) <= {pd.Timedelta("10D")}
    end_of_log = history.log["at"].max().normalize() + pd.Timedelta("1D")
    assert cutoffs.max() == end_of_log - pd.Timedelta("32D")


def test_labels_do_not_move_when_more_is_recorded():
    """A label once given stays: what is appended later lies behind the window."""
    history = make_history(11, n_rows=30, known_at=False)
    churn, cutoff = Inactivity("30d", of="orders", active_within="90d"), pd.Timestamp("2024-07-01")
    early = history.with_log(history.log[history.log["at"] < pd.Timestamp("2024-07-31")])
    past = take_snapshots(early.tables(observed_until="2024-07-31"), churn, at=cutoff)
    then = label_churn(early.tables(observed_until="2024-07-31"), past, churn)
    pd.testing.assert_frame_equal(then, label_churn(history.tables(), past, churn))
    assert set(then["outcome"]) == {0, 1}
