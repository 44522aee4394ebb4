"""Reasons of a product of probabilities: exact against Shapley's value by permutations, additive, coherent over outcomes."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import churnpredict as cp
from churnpredict.explanation.products import Factor, product_weights, reasons_of_product


def _by_permutations(values: np.ndarray, bases: np.ndarray) -> np.ndarray:
    """What each factor adds, averaged over all orders of arrival: slow and by the book."""
    parts = np.zeros(len(values))
    orders = list(permutations(range(len(values))))
    for order in orders:
        now = bases.copy()
        for j in order:
            before = now.prod()
            now[j] = values[j]
            parts[j] += now.prod() - before
    return parts / len(orders)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_weights_are_shapley_values_of_the_product(k: int) -> None:
    rng = np.random.default_rng(k)
    for _ in range(20):
        values, bases = rng.random(k), rng.random(k)
        weights = product_weights([np.array([v]) for v in values], bases.tolist())
        ours = np.array([w[0] for w in weights]) * (values - bases)
        np.testing.assert_allclose(ours, _by_permutations(values, bases), atol=1e-14)


def _factor(rng: np.random.Generator, n: int = 50, d: int = 4) -> Factor:
    by_feature = rng.normal(size=(n, 6))
    base = float(rng.normal())
    groups = np.array([0, 0, 1, 2, 3, 3])
    by_driver = np.column_stack([by_feature[:, groups == j].sum(axis=1) for j in range(d)])
    return Factor(base, base + by_feature.sum(axis=1), by_driver, by_feature)


def test_drivers_and_features_sum_to_the_product() -> None:
    rng = np.random.default_rng(0)
    factors = [_factor(rng) for _ in range(3)]
    told = reasons_of_product(factors)
    np.testing.assert_allclose(expit(told.log_odds), np.prod([expit(f.log_odds) for f in factors], axis=0), rtol=1e-12)
    np.testing.assert_allclose(told.base_value + told.by_driver.sum(axis=1), told.log_odds, atol=1e-9)
    assert told.by_feature is not None
    np.testing.assert_allclose(told.base_value + told.by_feature.sum(axis=1), told.log_odds, atol=1e-9)


def test_a_complement_adds_up_to_the_rest() -> None:
    rng = np.random.default_rng(1)
    risk, early, lost = (_factor(rng) for _ in range(3))

    def points(factor: Factor) -> np.ndarray:
        gap = factor.log_odds - factor.base_value
        return factor.by_driver * ((expit(factor.log_odds) - expit(factor.base_value)) / gap)[:, None]

    both = points(reasons_of_product([risk, early, lost])) + points(reasons_of_product([risk, early, lost.turned()]))
    np.testing.assert_allclose(both, points(reasons_of_product([risk, early])), atol=1e-12)


@pytest.mark.parametrize("reference", [None, "all_active"])
@pytest.mark.parametrize("detail", ["features", "drivers"])
def test_explanations_of_parts_sum_and_agree(reference: str | None, detail: str) -> None:
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(800, 3)), columns=["habit__a", "payment__b", "value__c"])
    when = rng.exponential(200 * np.exp(-X["habit__a"].to_numpy()))
    lost = rng.random(800) < expit(X["payment__b"].to_numpy() - 1)
    y = pd.DataFrame({"duration": np.minimum(when, 90), "outcome": np.where(when < 90, 1 + lost, 0)})
    model = cp.ChurnClassifier(horizon="90d", horizons=["30d"], members=("trees", "linear"), n_estimators=50, n_seeds=1, n_jobs=1).fit(X, y)
    options = {"reference": reference, "detail": detail, "n_jobs": 1}
    parts = {}
    for outcome in (None, "left", "lost"):
        for horizon in (None, "30d"):
            why = cp.explain(model, X, outcome=outcome, horizon=horizon, **options)
            np.testing.assert_allclose(why.risk, model.predict_risk(X, outcome=outcome, horizon=horizon), rtol=1e-9)
            np.testing.assert_allclose(why.points.sum(axis=1), why.risk - why.base_risk, atol=1e-9)
            np.testing.assert_allclose(why.drivers.sum(axis=1) + why.base_value, why.log_odds, atol=1e-9)
            parts[outcome, horizon] = why
    for horizon in (None, "30d"):
        np.testing.assert_allclose(parts["left", horizon].points + parts["lost", horizon].points, parts[None, horizon].points, atol=1e-9)
    assert "of being lost within 30d" in " ".join(repr(parts["lost", "30d"]).split())
    assert "30d" in repr(parts["lost", "30d"][0])
    assert parts["lost", None].base_rate == pytest.approx((y["outcome"] == 2).mean(), abs=0.01)
    if detail == "features":
        assert len(parts["lost", "30d"].words(2)) == len(X)
