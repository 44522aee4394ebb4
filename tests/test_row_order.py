"""Labels, weights and cutoffs are matched with rows by index where both have one, and refused where they do not agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.evaluation import metrics
from churnpredict.retention.alerts import judge_alerts
from churnpredict.row_order import in_row_order

RNG = np.random.default_rng(4)
N = 120
WHO = pd.Index([f"k{i:03d}" for i in range(N)], name="customer_id")
X = pd.DataFrame({"a__x": RNG.normal(size=N), "a__z": RNG.normal(size=N)}, index=WHO)
Y = pd.Series((X["a__x"] + 0.5 * RNG.normal(size=N) > 0).astype(int), index=WHO)
MIXED = RNG.permutation(N)


def risks(y, **given):
    model = cp.ChurnClassifier(n_jobs=1, n_estimators=10, n_seeds=1, half_life=None).fit(X, y, **given)
    return model.predict_proba(X)[:, 1].tolist()


def test_shuffled_labels_weights_and_cutoffs_give_the_same_model():
    weights = pd.Series(RNG.uniform(0.5, 2, N), index=WHO)
    cutoffs = pd.Series(np.repeat(pd.date_range("2023-01-01", periods=4, freq="90D"), N // 4), index=WHO)
    right = risks(Y, sample_weight=weights, cutoff=cutoffs)
    assert right == risks(Y.to_numpy(), sample_weight=weights.to_numpy(), cutoff=cutoffs.to_numpy())
    assert right == risks(Y.iloc[MIXED], sample_weight=weights.iloc[MIXED], cutoff=cutoffs.iloc[MIXED])


def test_other_rows_are_refused():
    for y in (Y.rename(lambda k: k.upper()), Y.rename(index={"k000": "k999"}), Y.set_axis([*WHO[:-1], WHO[0]])):
        with pytest.raises(UsageError, match="other-rows"):
            risks(y)
    with pytest.raises(UsageError, match="unequal-lengths"):
        risks(Y.iloc[:-1])
    with pytest.raises(UsageError, match="other-rows"):
        cp.audit(X, Y.rename(index={"k000": "k999"}))
    numbered = X.reset_index(drop=True).iloc[10:60]
    with pytest.raises(UsageError, match="other-rows"):
        in_row_order(pd.Series(np.zeros(50)), numbered, "y")


def test_a_default_index_says_nothing_beside_ids():
    assert risks(Y.reset_index(drop=True)) == risks(Y)
    shuffled = X.reset_index(drop=True).iloc[MIXED]
    assert in_row_order(Y.reset_index(drop=True), shuffled, "y").to_numpy().tolist() == Y.to_numpy()[MIXED].tolist()


def test_audit_matches_by_index():
    leak = X.assign(a__x=Y.to_numpy())
    assert cp.audit(leak, Y.iloc[MIXED]).findings.equals(cp.audit(leak, Y).findings)
    assert not cp.audit(leak, Y).ok


def test_metrics_match_by_index():
    p = pd.Series(RNG.random(N), index=WHO)
    weights = pd.Series(RNG.uniform(0.5, 2, N), index=WHO)
    money = {"value": 200, "offer_cost": 10, "contact_cost": 1}
    for metric, more in ((metrics.auc, {}), (metrics.log_loss, {}), (metrics.empc, money), (metrics.expected_profit, money)):
        right = metric(Y.to_numpy(), p.to_numpy(), sample_weight=weights.to_numpy(), **more)
        assert metric(Y, p.iloc[MIXED], sample_weight=weights.iloc[::-1], **more) == right
        with pytest.raises(UsageError, match="other-rows"):
            metric(Y, p.rename(index={"k000": "k999"}), **more)
    one = metrics.bootstrap_interval(metrics.auc, Y, p, rounds=5)
    assert metrics.bootstrap_interval(metrics.auc, Y, p.iloc[MIXED], rounds=5) == one


def test_splits_match_cutoffs_by_index():
    cutoffs = pd.Series(np.repeat(pd.date_range("2023-01-01", periods=12, freq="30D"), N // 12), index=WHO)
    split = cp.TemporalSplit(2, horizon="30d")
    one, two = ([(a.tolist(), b.tolist()) for a, b in split.split(X, cutoff=c)] for c in (cutoffs, cutoffs.iloc[MIXED]))
    assert one == two


def test_alerts_are_judged_by_index():
    rules = {"low": "a__x < 0"}
    assert judge_alerts(X, Y.iloc[MIXED], rules).equals(judge_alerts(X, Y, rules))


def test_cutoffs_in_a_frame_of_snapshots():
    pairs = pd.MultiIndex.from_arrays([WHO, [pd.Timestamp("2024-01-01")] * N], names=["customer_id", "cutoff"])
    frame, y = X.set_axis(pairs), Y.set_axis(pairs)
    assert in_row_order(y.iloc[MIXED], frame, "y").equals(y)
