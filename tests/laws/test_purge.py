"""Law 5, both wings together: no label of a training row needs anything from a test cutoff on."""

import pandas as pd
import pytest
from hypothesis import given
from tests.laws.histories import histories

from churnpredict import Inactivity, TemporalSplit, build_features, label_churn, take_snapshots

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def check_purge(history, *, horizon="20d", gap="3d", purge=("20d", "3d")):
    tables, churn = history.tables(), Inactivity(horizon, of="orders", active_within="ever", gap=gap)
    past = take_snapshots(tables, churn, every="10d")
    X, y = build_features(tables, past), label_churn(tables, past, churn)
    for train, test in TemporalSplit(2, horizon=purge[0], gap=purge[1]).split(X):
        moment = X.index.get_level_values("cutoff")[test].min()
        then = tables.known_before(int(moment.value // 1000))
        rows = X.index[train].to_frame(index=False)
        again = label_churn(then, rows, churn)  # refuses what could not have been labelled on the day
        assert again["outcome"].tolist() == y["outcome"].iloc[train].tolist()


@given(histories(n_rows=80, timezone="UTC", known_at=False, people=False))
def test_training_labels_can_be_given_on_the_day_of_the_test_cutoff(history):
    check_purge(history)


def test_a_split_that_forgets_the_gap_is_caught():
    from tests.laws.histories import make_history

    from churnpredict.errors import ImmatureError

    with pytest.raises(ImmatureError):
        check_purge(make_history(1, n_rows=80, known_at=False), gap="15d", purge=("20d", "0d"))


def test_the_index_of_features_is_what_the_split_reads():
    from tests.laws.histories import make_history

    history = make_history(2, n_rows=80, known_at=False)
    tables, churn = history.tables(), Inactivity("20d", of="orders", active_within="ever")
    X = build_features(tables, take_snapshots(tables, churn, every="10d"))
    assert X.index.names == ["customer_id", "cutoff"]
    assert X.index.get_level_values("cutoff").dtype == "datetime64[us]"
    assert isinstance(X.index, pd.MultiIndex)
    assert X.index.is_monotonic_increasing
    assert X.index.is_unique
