"""A backtest computes costly features once for all its cutoffs, and trains on the same rows as without."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

import churnpredict as cp
from churnpredict.evaluation.comparison import judge
from churnpredict.pipeline import backtesting, shared_rows
from churnpredict.pipeline.cutoffs import backtest_cutoffs
from churnpredict.pipeline.shared_rows import share_features

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

LAST = cp.features.OwnFeature("last_order", lambda known, cutoff: float(known["orders"]["value"].tail(1).sum()), tables=["orders"])


@pytest.mark.parametrize(
    ("business", "settings"),
    [
        ({}, {"season": True}),
        ({"treatments": True, "rule": "cancellation"}, {"treatments": "treatments", "treated": "exclude"}),
        ({"treatments": True}, {"treatments": "treatments", "treated": "feature", "history": "120d", "most_rows": 40}),
    ],
)
def test_training_rows_shared_or_alone(business, settings):
    shop = cp.make_business(30, random_state=5, **business)
    cutoffs = backtest_cutoffs(shop.tables, shop.churn)
    features = [*cp.catalog(shop.tables, until=cutoffs[0])[::9], LAST]
    pipeline = cp.ChurnPipeline(shop.churn, features=features, most_cutoffs=3, **settings)
    together = share_features(pipeline, shop.tables, cutoffs)
    assert together is not None
    for cutoff in cutoffs:
        one, other = pipeline.copy(), pipeline.copy()
        X, outcomes = one.training_rows(shop.tables, cutoff)
        X_shared, outcomes_shared = other.training_rows(shop.tables, cutoff, shared=together)
        pd.testing.assert_frame_equal(X_shared, X, check_exact=True)
        pd.testing.assert_frame_equal(outcomes_shared, outcomes, check_exact=True)
        assert one.features_ == other.features_
        assert joblib.hash(one.weeks_) == joblib.hash(other.weeks_)


def test_a_backtest_calls_a_function_once_for_each_snapshot_unless_memory_is_short(tables, churn, monkeypatch):
    asked, risks = [], []

    def last(known, cutoff):
        asked.append(cutoff)
        return float(len(known["orders"]))

    def kept(y, given, **settings):
        risks.append(given["model"])
        return judge(y, given, **settings)

    monkeypatch.setattr(backtesting, "judge", kept)
    monkeypatch.setattr(backtesting, "baseline_risks", lambda X, y, X_test, **_: {"base rate": np.full(len(X_test), y.mean())})
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    features = [cp.Feature("orders", "days_since_last"), cp.features.OwnFeature("orders_so_far", last, tables=["orders"])]
    pipeline = cp.ChurnPipeline(churn, features=features, classifier=tree, most_cutoffs=3, every="60d", season=False)
    pipeline.backtest(tables, rounds=0)
    once, together = risks[:], len(asked)
    assert together == len(cp.take_snapshots(tables, churn, at=sorted(set(asked))))
    monkeypatch.setattr(shared_rows, "memory_limit", lambda: 1000)  # too little for the features of all
    pipeline.backtest(tables, rounds=0)
    for one, other in zip(once, risks[len(once) :], strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(asked) - together > together


def test_a_single_cutoff_a_refused_one_or_cheap_features_share_nothing(tables, churn):
    pipeline = cp.ChurnPipeline(churn, features=[cp.Feature("orders", "count", "30d"), LAST], most_cutoffs=1, every="60d")
    cutoffs = backtest_cutoffs(tables, churn)
    assert share_features(pipeline, tables, cutoffs) is not None
    assert share_features(cp.ChurnPipeline(churn), tables, cutoffs) is None
    assert share_features(pipeline, tables, cutoffs[:1]) is None
    assert share_features(pipeline, tables, [pd.Timestamp("2023-01-02"), *cutoffs]) is None
    with pytest.raises(cp.errors.ChurnError):
        pipeline.backtest(tables, at=["2023-01-02", cutoffs[-1]])
