"""Exact interaction values from tables: against the definition, against shap, block by block and pair by pair."""

import warnings

import lightgbm
import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.errors import ModelFileError, UsageError
from churnpredict.explanation import interactions
from churnpredict.explanation.treeshap import TreeShap


def check_like_definition(booster, rows, background=None):
    values, expected = TreeShap(booster, background).interaction_values(rows)
    for row, mine in zip(rows, values, strict=True):
        game = oracle.path_dependent_game(booster, row) if background is None else oracle.interventional_game(booster, row, background)
        np.testing.assert_allclose(mine, oracle.interactions(game, rows.shape[1]), rtol=0, atol=1e-12)
        assert expected == pytest.approx(game(frozenset()), abs=1e-12)


@pytest.mark.parametrize("cells", [256, 2])  # in tables, and every leaf of more than a feature by itself
def test_random_boosters_as_defined(cells, monkeypatch):
    monkeypatch.setattr(interactions, "MOST_CELLS", cells)
    for seed in range(8):
        booster, A = oracle.random_booster(seed, n_features=4, most_trees=3)
        rows = oracle.hard_rows(booster, A, seed, n=9)
        check_like_definition(booster, rows[:2])
        check_like_definition(booster, rows[:2], rows[2:])


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(3)
    A = rng.normal(size=(900, 12))
    A[rng.random(A.shape) < 0.05] = np.nan
    B = np.nan_to_num(A)
    y = rng.random(900) < 1 / (1 + np.exp(-(B[:, 0] * B[:, 1] + B[:, 2] + np.where(B[:, 3] > 0, B[:, 4], 0))))
    params = {"objective": "binary", "num_leaves": 31, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    return lightgbm.train(params, lightgbm.Dataset(A, y), 30), A


def test_like_shap(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        theirs = shap.TreeExplainer(model[0]).shap_interaction_values(model[1][:15])
    mine, _ = TreeShap(model[0]).interaction_values(model[1][:15])
    np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5)  # shap sums in a form of its own, with less digits


def test_rows_sum_to_the_values_of_features_and_all_to_the_score(model):
    booster, A = model
    explainer = TreeShap(booster, few_rows=0)
    values, expected = explainer.interaction_values(A)
    phi, _ = explainer.shap_values(A)
    np.testing.assert_allclose(values.sum(axis=2), phi, rtol=0, atol=1e-12)
    np.testing.assert_allclose(values.sum(axis=(1, 2)) + expected, booster.predict(A, raw_score=True), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(values, values.transpose(0, 2, 1))


def test_pairs_of_groups_are_sums_of_pairs_of_features(model):
    booster, A = model
    groups = np.arange(12) % 4
    values, _ = TreeShap(booster).interaction_values(A[:50])
    summed = np.zeros((50, 4, 4))
    for i in range(12):
        for j in range(12):
            summed[:, groups[i], groups[j]] += values[:, i, j]
    np.testing.assert_allclose(TreeShap(booster).interaction_values(A[:50], groups=groups)[0], summed, rtol=0, atol=1e-12)


@pytest.mark.parametrize("groups", [None, np.arange(12) % 4])
def test_threads_and_blocks_change_no_bit(model, groups, monkeypatch):
    booster, A = model
    whole, _ = TreeShap(booster).interaction_values(A, groups=groups)
    monkeypatch.setattr(interactions, "MOST_ROWS", 64)
    np.testing.assert_array_equal(TreeShap(booster, n_jobs=3).interaction_values(A, groups=groups)[0], whole)
    monkeypatch.setattr("churnpredict.explanation.treeshap.PAIR_CELLS", 5000)
    blocks = list(TreeShap(booster).iter_interactions(A, groups=groups))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate([values for _, values in blocks]), whole)


def test_top_pairs_are_the_strongest_of_all(model):
    booster, A = model
    explainer = TreeShap(booster)
    values, _ = explainer.interaction_values(A)
    strength = np.abs(values).mean(axis=0)
    i, j = np.triu_indices(12, 1)
    best = np.argsort(-strength[i, j], kind="stable")[:3]
    pairs, chosen = explainer.top_pairs(A, 3)
    assert [tuple(pair) for pair in pairs.tolist()] == list(zip(i[best].tolist(), j[best].tolist(), strict=True))
    assert (0, 1) in [tuple(pair) for pair in pairs.tolist()]
    np.testing.assert_array_equal(chosen, values[:, pairs[:, 0], pairs[:, 1]])


def test_out_is_written_to(model):
    out = np.empty((5, 12, 12))
    assert TreeShap(model[0]).interaction_values(model[1][:5], out=out)[0] is out
    with pytest.raises(UsageError, match="bad-out"):
        TreeShap(model[0]).interaction_values(model[1][:5], out=np.empty((5, 12)))
    with pytest.raises(UsageError, match="bad-argument"):
        TreeShap(model[0]).top_pairs(model[1], 0)


def test_any_depth(rng):
    rows = rng.normal(size=(6, 70)) + 1.5
    rows[:2] = 5.0
    text = oracle.chain_text(70)
    for background in (None, rng.normal(size=(30, 70)) + 2.0):
        explainer = TreeShap(text, background)
        values, expected = explainer.interaction_values(rows)
        np.testing.assert_allclose(values.sum(axis=2), explainer.shap_values(rows)[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(values.sum(axis=(1, 2)) + expected, lightgbm.Booster(model_str=text).predict(rows), atol=1e-12)


def test_models_without_pairs(rng):
    booster = lightgbm.train({"verbose": -1, "min_data_in_leaf": 500}, lightgbm.Dataset(rng.normal(size=(90, 3)), rng.normal(size=90)), 2)
    assert not TreeShap(booster).interaction_values(np.zeros((4, 3)))[0].any()
    stumps = lightgbm.train({"verbose": -1, "num_leaves": 2}, lightgbm.Dataset(rng.normal(size=(90, 3)), rng.normal(size=90)), 5)
    values, _ = TreeShap(stumps).interaction_values(rng.normal(size=(4, 3)))
    np.testing.assert_array_equal(values, values * np.eye(3))
    pairs, chosen = TreeShap(stumps).top_pairs(np.zeros((4, 3)), 2)
    assert pairs.shape == (0, 2)
    assert chosen.shape == (4, 0)


def test_what_cannot_be_tabulated_is_refused(model, monkeypatch):
    monkeypatch.setattr("churnpredict.model.codes.MOST_CODES", 3)
    with pytest.raises(ModelFileError, match="model-unsupported"):
        TreeShap(model[0]).interaction_values(model[1][:5])
