"""Leaves that are too deep for tables: quadrature gives the values of the definition."""

import lightgbm
import numpy as np
import pytest
from tests.explanation.test_treeshap import check_like_lightgbm
from tests.oracles import shapley as oracle

from churnpredict.explanation import treeshap
from churnpredict.explanation.treeshap import TreeShap


@pytest.mark.parametrize("cells", [2, 16, 512])
def test_deep_leaves_are_summed_by_quadrature(deep, monkeypatch, cells):
    booster, A = deep
    monkeypatch.setattr(treeshap, "MOST_CELLS", cells)
    check_like_lightgbm(TreeShap(booster, few_rows=0), booster, A)


def test_deep_leaves_against_a_background_equal_tables(monkeypatch):
    for seed in range(4):
        booster, A = oracle.random_booster(seed + 500)
        rows = oracle.hard_rows(booster, A, seed, n=60)
        tables, expected = TreeShap(booster, A[:50]).shap_values(rows)
        with monkeypatch.context() as patch:
            patch.setattr(treeshap, "MOST_CELLS", 1)
            quadrature, same = TreeShap(booster, A[:50]).shap_values(rows)
        np.testing.assert_allclose(tables, quadrature, rtol=0, atol=1e-12)
        assert expected == pytest.approx(same, abs=1e-12)


def test_any_depth(rng):
    """A path of 150 features: additive to the last digits, where LightGBM's own recursion has lost all of them."""
    rows = rng.normal(size=(20, 150)) + 1.5
    rows[:5] = 5.0  # these go all the way down
    shallow = lightgbm.Booster(model_str=oracle.chain_text(16))
    check_like_lightgbm(TreeShap(shallow, few_rows=0), shallow, rows[:, :16])
    text = oracle.chain_text(150)
    booster = lightgbm.Booster(model_str=text)
    score = booster.predict(rows)
    assert np.abs(booster.predict(rows, pred_contrib=True).sum(axis=1) - score).max() > 1
    phi, expected = TreeShap(text).shap_values(rows)  # few rows, but not left to LightGBM
    np.testing.assert_allclose(phi.sum(axis=1) + expected, score, rtol=0, atol=1e-12)
    background = rng.normal(size=(30, 150)) + 2.0
    phi, expected = TreeShap(text, background).shap_values(rows)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, score, rtol=0, atol=1e-12)
    assert expected == pytest.approx(booster.predict(background).mean(), abs=1e-12)


@pytest.mark.parametrize("cells", [2, 512])
@pytest.mark.parametrize("seed", range(4))
def test_many_rows_share_sums_and_get_those_of_few(monkeypatch, seed, cells):
    """Sums over nodes are made once for each pair of patterns where a block has more rows than pairs: the same to the last bit."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(1500, 16)).round(1)
    A[:, 0] = rng.integers(0, 50, 1500)  # categories: a bit that changes at many codes
    A[rng.random(A.shape) < 0.05] = np.nan
    y = (np.nan_to_num(A[:, 0]) * 7 % 5 + np.nan_to_num(A[:, 1:]).sum(axis=1) > 2).astype(float)
    options = {"objective": "binary", "verbose": -1, "num_leaves": 60, "min_data_in_leaf": 1, "num_threads": 1, "seed": seed}
    booster = lightgbm.train(options, lightgbm.Dataset(A, y, categorical_feature=[0]), 4)
    monkeypatch.setattr(treeshap, "MOST_CELLS", cells)
    explainer = TreeShap(booster, few_rows=0)
    rows = A[rng.integers(0, len(A), treeshap.BLOCK)]
    many = explainer.shap_values(rows)[0]
    few = [explainer.shap_values(rows[start : start + 90])[0] for start in range(0, 900, 90)]  # fewer than pairs of 10 features
    assert np.concatenate(few).tobytes() == many[:900].tobytes()
    check_like_lightgbm(explainer, booster, rows[:300])
