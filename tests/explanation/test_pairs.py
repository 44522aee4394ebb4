"""Pairs of drivers: calibrated, additive, in points, in words, for shap's pictures."""

import numpy as np
import pandas as pd
import pytest

from churnpredict import ChurnClassifier, explain
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.calibration import sigmoid


@pytest.mark.parametrize("reference", [None, "all_active"])
def test_pairs_add_up(world, reference):
    model, X, _ = world
    why = explain(model, X.iloc[:200], reference=reference)
    drivers = why.interactions()
    np.testing.assert_allclose(drivers.sum(axis=2), why.drivers, rtol=0, atol=1e-9)
    np.testing.assert_allclose(why.pairs.sum(axis=1), why.log_odds - why.base_value, rtol=0, atol=1e-9)
    np.testing.assert_allclose(why.pair_points.sum(axis=1), why.risk - why.base_risk, rtol=0, atol=1e-9)
    features = why.interactions("features", "points")
    np.testing.assert_allclose(features.sum(axis=2), why.feature_points, rtol=0, atol=1e-9)
    inside = [j for j, key in enumerate(why.keys) if key == "price"]
    other = why.keys.index("support")
    place = [list(why.table).index(key) for key in ("price", "support")]
    np.testing.assert_allclose(features[:, inside, other].sum(axis=1), why.interactions(unit="points")[:, place[0], place[1]], atol=1e-9)


def test_some_rows_have_the_pairs_of_all(world):
    why = explain(world[0], world[1])
    np.testing.assert_array_equal(why[[5, 2]].pairs, why.pairs.iloc[[5, 2]])
    np.testing.assert_array_equal(why[world[2]].interactions(), why.interactions()[world[2]])


def test_pairs_of_a_blend_are_the_weighted_pairs_of_its_trees(world):
    model, X, _ = world
    why = explain(model, X.iloc[:20])
    wanted = np.zeros((20, 4, 4))
    A = model.encode(X.iloc[:20])
    for member in model.members_:
        if hasattr(member, "booster"):
            wanted += member.weight * TreeShap(member.booster).interaction_values(A)[0]
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(why.interactions("features")[:, off], model.calibration_.slope * wanted[:, off], rtol=0, atol=1e-12)


def test_parts_of_the_risk_have_pairs_of_their_own():
    rng = np.random.default_rng(1)
    X = pd.DataFrame({"habit__a": rng.normal(size=1200), "payment__b": rng.normal(size=1200)})
    outcome = np.where(rng.random(1200) < sigmoid(X["habit__a"] - 1), 1, np.where(rng.random(1200) < sigmoid(X["payment__b"] - 1), 2, 0))
    y = pd.DataFrame({"duration": np.where(outcome > 0, 5.0, 30.0), "outcome": outcome}, index=X.index)
    model = ChurnClassifier(n_jobs=1, horizon="30d").fit(X, y)
    whole = explain(model, X.iloc[:50])
    parts = [explain(model, X.iloc[:50], outcome=part) for part in ("left", "lost")]
    for part in parts:
        np.testing.assert_allclose(part.interactions().sum(axis=2), part.drivers, rtol=0, atol=1e-9)
        np.testing.assert_allclose(part.pair_points.sum(axis=1), part.risk - part.base_risk, rtol=0, atol=1e-9)
    np.testing.assert_allclose(parts[0].pair_points + parts[1].pair_points, whole.pair_points, rtol=0, atol=1e-9)
