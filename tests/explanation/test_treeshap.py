"""Exact SHAP from tables: against LightGBM, against the definition, against the faults that such code has."""

import logging
import os
import subprocess
import sys
import warnings

import lightgbm
import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.errors import MismatchError, ModelFileError, UsageError
from churnpredict.explanation import treeshap
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model import codes
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, read_trees

FUZZ = int(os.environ.get("CHURNPREDICT_FUZZ", "60"))


def check_like_lightgbm(explainer, booster, rows):
    phi, expected = explainer.shap_values(rows)
    theirs = booster.predict(rows, pred_contrib=True)
    scale = max(1.0, np.abs(theirs).max())
    np.testing.assert_allclose(phi, theirs[:, :-1], rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(expected, theirs[:, -1], rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, booster.predict(rows, raw_score=True), rtol=0, atol=1e-9 * scale)


def check_like_definition(booster, rows, background=None):
    explainer = TreeShap(booster, background, few_rows=0)
    phi, expected = explainer.shap_values(rows)
    for row, mine in zip(rows, phi, strict=True):
        game = oracle.path_dependent_game(booster, row) if background is None else oracle.interventional_game(booster, row, background)
        theirs, base = oracle.shapley(game, rows.shape[1])
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-9)
        assert expected == pytest.approx(base, abs=1e-9)


@pytest.mark.parametrize("block", range(4))
def test_random_boosters_are_explained_like_lightgbm(block):
    for seed in range(block * FUZZ // 4, (block + 1) * FUZZ // 4):
        booster, A = oracle.random_booster(seed)
        check_like_lightgbm(TreeShap(booster, few_rows=0), booster, oracle.hard_rows(booster, A, seed))


def test_random_boosters_are_explained_as_defined():
    for seed in range(max(8, FUZZ // 6)):
        booster, A = oracle.random_booster(seed, n_features=4, most_trees=3)
        check_like_definition(booster, oracle.hard_rows(booster, A, seed, n=2))


def test_random_boosters_are_explained_against_a_background_as_defined():
    for seed in range(max(8, FUZZ // 6)):
        booster, A = oracle.random_booster(seed, n_features=4, most_trees=3)
        rows = oracle.hard_rows(booster, A, seed, n=9)
        check_like_definition(booster, rows[:2], rows[2:])


@pytest.mark.parametrize(
    "more",
    [
        {"boosting": "dart"}, {"data_sample_strategy": "goss"}, {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"monotone_constraints": [1, 0, -1, 0], "monotone_constraints_method": "advanced"}, {"extra_trees": True, "path_smooth": 3.0},
        {"interaction_constraints": [[0, 1], [2, 3]]}, {"boost_from_average": False}, {"is_unbalance": True, "lambda_l1": 0.2},
        {"use_quantized_grad": True}, {"objective": "cross_entropy"}, {"objective": "quantile"}, {"objective": "huber"},
        {"objective": "lambdarank"}, {"objective": "rank_xendcg"}, {"objective": "tweedie"}, {"objective": "regression", "reg_sqrt": True},
    ],
    ids=lambda more: "-".join(map(str, more.values())),
)  # fmt: skip
def test_every_boosting_constraint_and_objective(more, rng):
    A = rng.normal(size=(300, 4))
    A[rng.random(A.shape) < 0.1] = np.nan
    y = (np.nan_to_num(A[:, 0] * A[:, 1]) + np.nan_to_num(A[:, 2]) > 0).astype(float)
    group = [100, 100, 100] if "rank" in str(more) else None
    data = lightgbm.Dataset(A, y, group=group, weight=rng.random(300), params={"verbose": -1})
    params = {"objective": "binary", "verbose": -1, "num_threads": 1, "num_leaves": 9, "min_data_in_leaf": 3} | more
    booster = lightgbm.train(params, data, 12)
    check_like_lightgbm(TreeShap(booster, few_rows=0), booster, oracle.hard_rows(booster, A, 1))


def test_nodes_that_no_training_row_reached(rng):
    text = oracle.chain_text(6, zero_cover=True)
    booster = lightgbm.Booster(model_str=text)
    rows = rng.normal(size=(6, 6))
    rows[:3] += 2
    assert np.isnan(booster.predict(rows, pred_contrib=True)).any()  # LightGBM divides zero by zero
    check_like_definition(booster, rows)


def test_more_thresholds_than_a_byte_and_many_categories(rng):
    A = np.column_stack([rng.normal(size=4000), rng.integers(0, 900, 4000)])
    y = np.sin(40 * A[:, 0]) + np.sin(A[:, 1])
    params = {
        "max_bin": 4000,
        "min_data_in_bin": 1,
        "num_leaves": 200,
        "min_data_in_leaf": 3,
        "max_depth": 8,
        "verbose": -1,
        "num_threads": 1,
    }
    params |= {"min_data_per_group": 1, "cat_smooth": 1, "max_cat_threshold": 400}
    booster = lightgbm.train(params, lightgbm.Dataset(A, y, categorical_feature=[1]), 8)
    explainer = TreeShap(booster, few_rows=0)
    check_like_lightgbm(explainer, booster, np.vstack([A, [[np.nan, np.nan], [0, 901], [0, -3]]]))
    assert np.diff(codes.codes_of(read_trees(booster, EXPLAINABLE_OBJECTIVES)).edge_start).min() > 256


def test_a_model_without_splits(rng):
    booster = lightgbm.train({"verbose": -1, "min_data_in_leaf": 500}, lightgbm.Dataset(rng.normal(size=(90, 3)), rng.normal(size=90)), 2)
    check_like_lightgbm(TreeShap(booster, few_rows=0), booster, np.zeros((4, 3)))


def test_interventional_values_are_those_of_the_shap_package(deep):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what shap and matplotlib deprecate between themselves
        import shap

    booster, A = deep
    explainer = shap.TreeExplainer(booster, data=A[:20], feature_perturbation="interventional")
    full = A[~np.isnan(A).any(axis=1)][:20]
    theirs = explainer.shap_values(full, check_additivity=False)
    np.testing.assert_allclose(TreeShap(booster, A[:20]).shap_values(full)[0], theirs, atol=1e-6)


def test_threads_blocks_and_memory_change_no_bit(deep, monkeypatch):
    booster, A = deep
    monkeypatch.setattr(treeshap, "BLOCK", 64)
    monkeypatch.setattr(treeshap, "CHUNK", 128)
    one, _ = TreeShap(booster, few_rows=0).shap_values(A)
    out = np.empty(A.shape)
    two, _ = TreeShap(booster, few_rows=0, n_jobs=3).shap_values(A, out=out)
    assert two is out
    np.testing.assert_array_equal(one, two)
    blocks = list(TreeShap(booster, few_rows=0, n_jobs=2).iter_blocks(A))
    assert len(blocks) > 4
    np.testing.assert_array_equal(one, np.concatenate([phi for _, phi in blocks]))
    assert [rows.start for rows, _ in blocks] == sorted(rows.start for rows, _ in blocks)
    assert blocks[-1][0].stop == len(A)


def test_any_form_of_rows(deep):
    import pandas as pd

    booster, A = deep
    explainer = TreeShap(booster, few_rows=0)
    phi, _ = explainer.shap_values(A)
    read_only = A.copy()
    read_only.flags.writeable = False
    for rows in (np.asfortranarray(A), pd.DataFrame(A), A.tolist(), read_only):
        np.testing.assert_array_equal(phi, explainer.shap_values(rows)[0])
    assert explainer.shap_values(A[:0])[0].shape == (0, 15)


def test_few_rows_are_left_to_lightgbm_and_said(deep, caplog):
    booster, A = deep
    with caplog.at_level(logging.DEBUG, "churnpredict"):
        explainer = TreeShap(booster)
        phi, expected = explainer.shap_values(A[:5])
    assert "pred_contrib" in caplog.text
    theirs = booster.predict(A[:5], pred_contrib=True)
    np.testing.assert_array_equal(phi, theirs[:, :-1])
    assert expected == theirs[0, -1]
    assert TreeShap(booster).shap_values(A)[1] == pytest.approx(expected)


def test_what_tables_cannot_hold_is_left_to_lightgbm(deep, caplog, monkeypatch):
    booster, A = deep
    monkeypatch.setattr(codes, "MOST_CODES", 3)
    with caplog.at_level(logging.DEBUG, "churnpredict"):
        check_like_lightgbm(TreeShap(booster, few_rows=0), booster, A[:30])
    assert "more than 3 thresholds" in caplog.text
    assert TreeShap(booster, few_rows=0).expected_value == pytest.approx(booster.predict(A[:1], pred_contrib=True)[0, -1])
    with pytest.raises(ModelFileError, match="model-unsupported"):
        TreeShap(booster, A[:5])


def test_refusals(deep):
    booster, A = deep
    explainer = TreeShap(booster, few_rows=0)
    with pytest.raises(MismatchError, match="column-count"):
        explainer.shap_values(A[:, :3])
    with pytest.raises(UsageError, match="bad-out"):
        explainer.shap_values(A, out=np.empty((600, 15), np.float32))
    with pytest.raises(UsageError, match="bad-groups"):
        explainer.shap_values(A, groups=[0, 1])
    with pytest.raises(UsageError, match="empty-background"):
        TreeShap(booster, A[:0])
    with pytest.raises(UsageError, match="bad-n-jobs"):
        TreeShap(booster, n_jobs=0)
    three = lightgbm.train(
        {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(A, np.arange(600) % 3), 1
    )
    with pytest.raises(ModelFileError, match="model-objective"):
        TreeShap(three)


def test_importing_costs_no_numba():
    code = "import sys, churnpredict.explanation.treeshap; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
