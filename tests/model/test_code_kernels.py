"""Scores by codes: trees of any size, and a planted fault in every table is caught."""

import copy

import numpy as np
import pytest
from tests.model.test_tree_scores import large, raw, scores_of


@pytest.mark.parametrize("leaves", [2, 31, 32, 33, 64, 65, 200])
def test_trees_of_any_size(leaves):
    booster, A = large(leaves)
    assert max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"]) == leaves
    np.testing.assert_array_equal(scores_of(booster).raw(A), raw(booster, A))


def corrupted(scores, part, change):
    twin = copy.copy(scores)
    if part == "leaf_value":
        twin.leaf_value = np.roll(scores.leaf_value, 1)
    else:
        place = {"low": 2, "width": 3, "mask": 5}[part]
        twin.entries = tuple(change(e.copy()) if i == place else e for i, e in enumerate(scores.entries))
    return twin


@pytest.mark.parametrize("part", ["leaf_value", "low", "width", "mask"])
def test_planted_faults_are_caught(part):
    booster, A = large(33)
    change = (lambda a: a ^ np.uint32(6)) if part == "mask" else (lambda a: a + np.uint16(1))
    assert (corrupted(scores_of(booster), part, change).raw(A) != raw(booster, A)).any()
