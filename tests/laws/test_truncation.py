"""Law 1: what was not known before the cutoff has no say in any feature."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.laws.checks import check_truncation, same_bits
from tests.laws.histories import cutoffs_of, features_of, histories, make_history, pairs_of

from churnpredict import build_features, catalog

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


@given(histories(), st.integers(0, 50), st.sampled_from([None, "45d", "10d"]))
def test_features_of_all_data_are_those_of_the_rows_known_before(history, seed, limit):
    check_truncation(history, cutoffs_of(history, seed), limit=limit)


@given(histories(), st.integers(0, 50))
def test_many_cutoffs_at_once_or_each_alone(history, seed):
    cutoffs, tables, features = cutoffs_of(history, seed), history.tables(), features_of(history)
    together = build_features(tables, pairs_of(history, cutoffs), features=features)
    for cutoff in cutoffs:
        alone = build_features(tables, pairs_of(history, [cutoff]), features=features)
        same_bits(together.loc[alone.index], alone)


@given(histories(people=True), st.integers(0, 50))
def test_future_rows_twice_or_poisoned_change_nothing(history, seed):
    cutoffs = cutoffs_of(history, seed, n=2)
    last = max(cutoffs)
    log = history.log
    future = log[log["at"] >= last].assign(at=lambda f: f["at"] + pd.Timedelta("1s"), amount=-1e9, what="poison", sku="poison")
    poisoned = history.with_log(pd.concat([log[log["at"] < last], future, log[log["at"] >= last]]))
    features, pairs = features_of(history), pairs_of(history, cutoffs)
    a = build_features(history.tables(), pairs, features=features)
    b = build_features(poisoned.tables(), pairs, features=features)
    same_bits(a, b)


@given(histories(people=True), st.integers(0, 50))
def test_the_catalog_of_a_cutoff_knows_no_kind_that_came_later(history, seed):
    cutoff = cutoffs_of(history, seed, n=1)[0]
    tables = history.tables()
    past = tables.known_before(int(tables.instants(cutoff)[0]))
    assert catalog(tables, until=cutoff) == catalog(past, until=cutoff) == catalog(past)
    pairs = pairs_of(history, [cutoff])
    assume(len(pairs))  # without any there is no latest cutoff, so the catalog is that of all rows
    same_bits(build_features(tables, pairs), build_features(past, pairs))


def test_blocks_of_snapshots_do_not_show(monkeypatch):
    history = make_history(3, n_rows=400, n_customers=9)
    cutoffs = [pd.Timestamp("2024-03-01") + pd.Timedelta(days=9 * i) for i in range(20)]
    whole = build_features(history.tables(), pairs_of(history, cutoffs), features=features_of(history))
    from churnpredict.features import build

    monkeypatch.setattr(build, "BLOCK", 7)
    same_bits(whole, build_features(history.tables(), pairs_of(history, cutoffs), features=features_of(history)))


def test_a_row_on_the_cutoff_is_not_known_and_one_just_before_is():
    log = pd.DataFrame({"user": ["c00"] * 3, "at": pd.to_datetime(["2024-02-01", "2024-03-01", "2024-03-02"]), "amount": [1.0, 2.0, 4.0]})
    log = log.assign(what="buy", sku="a", person="amy", seen_at=pd.NaT)
    log["seen_at"] = log["seen_at"].astype("datetime64[us]")
    history = make_history(0, people=False).with_log(log)
    cutoffs = [pd.Timestamp("2024-03-01"), pd.Timestamp("2024-03-01 00:00:00.000001")]
    X = build_features(history.tables(), pairs_of(history, cutoffs), features=features_of(history))
    assert X["value__orders_sum_all"].tolist() == [1.0, 3.0]
    assert X["habit__orders_days_since_last"].tolist() == [29.0, np.float32(1e-6 / 86400)]
