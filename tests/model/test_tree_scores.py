"""Raw scores from bits: LightGBM's to the last bit, in any block and thread, and a planted fault in every part is caught."""

import os

import lightgbm
import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.model import tree_scores
from churnpredict.model.codes import TooManyCodesError
from churnpredict.model.tree_scores import BoosterScores, TreeScores
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, read_trees

FUZZ = int(os.environ.get("CHURNPREDICT_FUZZ", "60"))


def scores_of(booster):
    return TreeScores(read_trees(booster, EXPLAINABLE_OBJECTIVES))


def raw(booster, rows):
    return booster.predict(rows, raw_score=True, num_threads=1)


def large(leaves, *, seed=3, rows=3000, rounds=6, categories=0, **more):
    """A booster with trees of up to so many leaves, and its rows; the last column has categories."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, 5))
    A[rng.random(A.shape) < 0.1] = np.nan
    y = np.nan_to_num(A).sum(axis=1) + np.sin(9 * np.nan_to_num(A[:, 0])) + rng.normal(size=rows)
    if categories:
        A[:, 4] = rng.integers(0, categories, rows)
        y += np.sin(A[:, 4])
    params = {
        "objective": "regression",
        "num_leaves": leaves,
        "min_data_in_leaf": 2,
        "verbose": -1,
        "num_threads": 1,
        "min_data_per_group": 2,
    }
    data = lightgbm.Dataset(A, y, categorical_feature=[4] if categories else [])
    return lightgbm.train(params | more, data, rounds), A


@pytest.mark.parametrize("block", range(4))
def test_random_boosters_score_as_lightgbm_scores_them(block):
    """Numbers, categories, every kind of missing value, zeros as missing, tiny, negative and infinite values, trees of one leaf."""
    for seed in range(block * FUZZ // 4, (block + 1) * FUZZ // 4):
        booster, A = oracle.random_booster(seed)
        rows = oracle.hard_rows(booster, A, seed)
        np.testing.assert_array_equal(scores_of(booster).raw(rows), raw(booster, rows), err_msg=str(seed))


@pytest.mark.parametrize(
    "more", [{"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, {"boosting": "dart"}, {"max_bin": 4000, "min_data_in_bin": 1}]
)
def test_other_kinds_of_boosting(more):
    booster, A = large(31, categories=300, max_cat_threshold=100, **more)
    np.testing.assert_array_equal(scores_of(booster).raw(A), raw(booster, A))


def test_neither_blocks_nor_threads_change_a_bit(monkeypatch):
    booster, A = large(40)
    scores, whole = scores_of(booster), raw(booster, A)
    monkeypatch.setattr(tree_scores, "CHUNK", 700)
    np.testing.assert_array_equal(scores.raw(A, n_jobs=2), whole)
    for rows in (0, 1, 2, 511, 512, 513):
        np.testing.assert_array_equal(scores.raw(A[:rows]), whole[:rows])
    np.testing.assert_array_equal(scores.raw(A[::-1]), whole[::-1])  # not contiguous


def test_trees_that_a_walk_scores_faster_are_left_to_lightgbm():
    booster, A = large(1500, min_data_in_leaf=1)
    with pytest.raises(TooManyCodesError):
        scores_of(booster)
    lazy = BoosterScores(booster)
    lazy.seen = 1 << 60
    np.testing.assert_array_equal(lazy.raw(A), raw(booster, A))
    assert lazy.scores is None
