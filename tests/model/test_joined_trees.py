"""Several boosters over one set of bins give what each gives alone."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from churnpredict.model import tree_scores
from churnpredict.model.joined_trees import join_trees
from churnpredict.model.members import LinearMember, TreeMember, blended_margin
from churnpredict.model.tree_scores import TreeScores
from churnpredict.model.trees import read_trees

WEIGHTS = (0.3, 0.5, 0.2)


def rows(rng, n):
    """Numbers with missing values and zeros, a category, and a column that never changes."""
    A = rng.normal(size=(n, 6))
    A[rng.random(A.shape) < 0.1] = np.nan
    A[rng.random(A.shape) < 0.1] = 0.0
    A[:, 4] = rng.integers(0, 40, n)
    A[:, 5] = 1.0
    return A


@pytest.fixture
def boosters(rng):
    found = []
    for seed, leaves in enumerate((31, 7, 80)):
        A = rows(rng, 1500)
        y = (np.nan_to_num(A[:, 0]) + (A[:, 4] % 3 == seed) + rng.normal(size=len(A)) > 0.5).astype(float)
        params = {"objective": "binary", "num_leaves": leaves, "max_depth": 6, "min_data_in_leaf": 3, "verbose": -1, "num_threads": 1}
        data = lgb.Dataset(A, y, categorical_feature=[4], params={"verbose": -1})
        found.append(lgb.train({**params, "seed": seed}, data, 15 + seed))
    constant = lgb.train({"objective": "binary", "verbose": -1, "min_data_in_leaf": 5000}, lgb.Dataset(A, y), 2)
    return [*found, constant]


def test_scores_of_each_are_equal_to_the_last_bit(boosters, rng):
    scores, A = TreeScores(*map(read_trees, boosters)), rows(rng, 1200)
    for n in (1, 31, 513, 1200):
        for booster, found in zip(boosters, scores.raw_of_each(A[:n], n_jobs=2), strict=True):
            np.testing.assert_array_equal(found, booster.predict(A[:n], raw_score=True))


def test_a_blend_is_the_sum_of_its_members(boosters, rng, monkeypatch):
    monkeypatch.setattr(tree_scores, "PAYS_FROM", 0)
    monkeypatch.setattr(tree_scores, "LOADING", 0)
    A = rows(rng, 400)
    line = LinearMember(weight=0.4).fit(np.nan_to_num(A), (A[:, 4] > 20).astype(float), np.ones(len(A)))
    trees = [TreeMember(booster, weight=w) for booster, w in zip(boosters, WEIGHTS, strict=False)]
    members = [trees[0], line, *trees[1:]]
    alone = np.zeros(len(A))
    for member in members:
        alone += member.weight * member.margin(A)
    np.testing.assert_array_equal(blended_margin(members, A), alone)
    np.testing.assert_array_equal(blended_margin(members, A), alone)  # the kept scores, too
    np.testing.assert_array_equal(blended_margin([line], A), 0.4 * line.margin(A))


@pytest.mark.parametrize("fault", ["bitset", "leaf_value"])
def test_a_fault_in_joining_is_seen(boosters, rng, fault):
    """The planted fault: one array of the second model is not moved behind the first one's."""
    trees = [read_trees(b) for b in boosters[:2]]
    joined = join_trees(trees)
    spoilt = {
        "bitset": np.concatenate([t.bitset for t in trees]),
        "leaf_value": np.concatenate([t.leaf_value for t in reversed(trees)]),
    }
    A = rows(rng, 300)
    scores = TreeScores(*trees)
    np.testing.assert_array_equal(scores.raw_of_each(A)[1], boosters[1].predict(A, raw_score=True))
    object.__setattr__(joined, fault, spoilt[fault])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_scores, "join_trees", lambda _: joined)
        wrong = TreeScores(*trees).raw_of_each(A)
    assert not all(np.array_equal(w, b.predict(A, raw_score=True)) for w, b in zip(wrong, boosters, strict=False))
