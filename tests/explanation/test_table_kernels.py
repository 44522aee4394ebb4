"""Tables of leaf patterns: a planted fault in any of them is caught."""

import dataclasses

import numpy as np
import pytest
from tests.explanation.test_treeshap import check_like_lightgbm
from tests.oracles import shapley as oracle

from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, read_trees


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"decision_type": lambda d: d ^ 2}, id="missing to the wrong side"),
        pytest.param({"threshold": lambda t: np.nextafter(t, -np.inf)}, id="equal to the threshold, to the right"),
        pytest.param({"internal_count": lambda c: c + 1}, id="a cover wrong by one"),
        pytest.param({"bitset_words": lambda w: w ^ np.uint32(1)}, id="one category to the wrong side"),
        pytest.param({"leaf_value": lambda v: v[::-1].copy()}, id="leaves in another order"),
    ],
)
def test_a_planted_fault_is_caught(fault):
    (key, change), *_ = fault.items()
    caught = 0
    for seed in range(40):
        booster, A = oracle.random_booster(seed)
        model = read_trees(booster, EXPLAINABLE_OBJECTIVES)
        wrong = dataclasses.replace(model, **{key: change(getattr(model, key))})
        try:
            check_like_lightgbm(TreeShap(wrong, few_rows=0), booster, oracle.hard_rows(booster, A, seed))
        except AssertionError:
            caught += 1
            if caught == 3:
                break
    assert caught == 3


def test_a_wrong_background_is_caught():
    booster, A = oracle.random_booster(3, n_features=4, most_trees=3)
    rows = oracle.hard_rows(booster, A, 3, n=9)
    phi, _ = TreeShap(booster, rows[2:]).shap_values(rows[:2])
    wrong, _ = TreeShap(booster, rows[3:]).shap_values(rows[:2])
    assert np.abs(phi - wrong).max() > 1e-6
