"""A model beside the baselines: every figure with an interval, and a verdict where there is nothing to see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnpredict.evaluation.comparison import BASELINES, METRICS, baseline_risks, calibration_gap, judge
from churnpredict.evaluation.metrics import bootstrap_interval, compare


def matrix(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Two cutoffs of customers whose silence tells whether they are gone."""
    rng = np.random.default_rng(seed)
    first = rng.uniform(60, 300, n)
    last = first * rng.random(n)
    frame = pd.DataFrame(
        {
            "habit__orders_active_days_all": rng.integers(1, 20, n).astype(float),
            "habit__orders_days_since_last": last,
            "lifecycle__orders_days_since_first": first,
        }
    )
    cutoff = np.where(np.arange(n) % 2, pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01"))
    frame.index = pd.MultiIndex.from_arrays([np.arange(n), pd.DatetimeIndex(cutoff).as_unit("us")], names=["customer_id", "cutoff"])
    return frame, (rng.random(n) < 1 / (1 + np.exp(2 - last / 40))).astype(int)


def test_all_baselines_where_the_columns_allow_them() -> None:
    (X, y), (X_test, _) = matrix(600, 0), matrix(200, 1)
    risks = baseline_risks(X, y, X_test, horizon="60d", n_jobs=1)
    assert tuple(risks) == BASELINES
    assert all(((p > 0) & (p < 1)).all() and p.shape == (200,) for p in risks.values())
    bare = {"a": X["habit__orders_days_since_last"]}
    flat, flat_test = pd.DataFrame(bare), pd.DataFrame({"a": X_test["habit__orders_days_since_last"]})
    assert tuple(baseline_risks(flat, y, flat_test, horizon="60d", n_jobs=1)) == ("base rate", "one-snapshot LightGBM")


def test_one_snapshot_sees_the_latest_cutoff_only() -> None:
    """Labels of the older cutoff are turned round: whoever looks at them changes."""
    (X, y), (X_test, _) = matrix(600, 0), matrix(200, 1)
    old = X.index.get_level_values("cutoff") == pd.Timestamp("2024-01-01")
    turned = np.where(old, 1 - y, y)
    one, other = (baseline_risks(X, labels, X_test, horizon="60d", n_jobs=1) for labels in (y, turned))
    assert np.array_equal(one["one-snapshot LightGBM"], other["one-snapshot LightGBM"])
    assert not np.allclose(one["recency"], other["recency"])


def test_too_few_leavers_at_one_cutoff_leave_the_baseline_out() -> None:
    (X, _), (X_test, _) = matrix(60, 0), matrix(20, 1)
    y = np.zeros(60)
    y[np.flatnonzero(X.index.get_level_values("cutoff") == pd.Timestamp("2024-01-01"))[:5]] = 1
    assert "one-snapshot LightGBM" not in baseline_risks(X, y, X_test, horizon="60d", n_jobs=1)


def test_every_metric_has_a_value_within_its_interval() -> None:
    rng = np.random.default_rng(3)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(int)
    figures = judge(y, {"model": p, "base rate": np.full(400, 0.5)}, customers=np.arange(400) // 2, rounds=50)
    assert set(figures["metric"]) == set(METRICS)
    model = figures[figures["model"] == "model"]
    assert (model["low"] <= model["value"]).all()
    assert (model["value"] <= model["high"]).all()
    assert abs(calibration_gap(y, p)) < 0.1


def test_differences_are_paired() -> None:
    """The same customers on both sides: a model that is better everywhere by a constant has no spread at all; row by row it is compare."""
    rng = np.random.default_rng(4)
    p = rng.random(400)
    y = (rng.random(400) < p).astype(int)
    who = np.arange(400) // 2
    figures = judge(y, {"model": p, "same": p, "other": np.sqrt(p)}, customers=who, rounds=60).set_index(["model", "metric"])
    assert (figures.loc["same", ["difference", "difference_low", "difference_high"]].fillna(0) == 0).all(axis=None)
    assert figures.loc["model", "difference"].isna().all()
    apart = compare(y, p, np.sqrt(p), customers=who, rounds=60)
    assert figures.loc[("other", "log_loss"), ["difference", "difference_low", "difference_high"]].tolist() == pytest.approx(list(apart))
    own = bootstrap_interval(METRICS["auc"], y, p, customers=who, rounds=60)
    assert figures.loc[("model", "auc"), ["value", "low", "high"]].tolist() == pytest.approx(list(own))
