"""Codes of rows: every threshold of a model splits as LightGBM splits, and what cannot be coded is refused."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from churnpredict.model import codes
from churnpredict.model.codes import TooManyCodesError, codes_of
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, read_trees


@pytest.fixture(scope="module")
def booster():  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(0)
    A = np.column_stack([rng.normal(size=600), rng.integers(0, 12, 600), rng.normal(size=600)])
    A[rng.random(A.shape) < 0.1] = np.nan
    y = np.nan_to_num(A[:, 0]) + np.sin(np.nan_to_num(A[:, 1]))
    parameters = {"num_leaves": 8, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1, "min_data_per_group": 5}
    return lightgbm.train(parameters, lightgbm.Dataset(A, y, categorical_feature=[1]), 5), A


def test_each_row_goes_the_way_of_its_codes(booster) -> None:  # type: ignore[no-untyped-def]
    """The way through each tree by codes alone ends in the leaf that LightGBM names."""
    model, A = booster
    trees = read_trees(model, EXPLAINABLE_OBJECTIVES)
    found = codes_of(trees)
    encoded = found.encode(A)
    leaves = model.predict(A, pred_leaf=True)
    for t in range(trees.n_trees):
        base = trees.node_start[t]
        for row in range(0, len(A), 37):
            node = 0
            while node >= 0:
                at = base + node
                code = encoded[found.used[at], row]
                side = found.goes_left[found.map_start[at] + code]
                node = int((trees.left_child if side else trees.right_child)[at])
            assert ~node == leaves[row, t]


def test_only_used_features_have_codes(booster) -> None:  # type: ignore[no-untyped-def]
    model, _ = booster
    found = codes_of(read_trees(model, EXPLAINABLE_OBJECTIVES))
    assert found.features.tolist() == sorted(np.flatnonzero(model.feature_importance("split")).tolist())
    assert found.is_categorical.tolist() == [f == 1 for f in found.features]
    assert (np.diff(found.edge_start) > 0).all()
    for u in range(len(found.features)):
        edges = found.edges[found.edge_start[u] : found.edge_start[u + 1]]
        assert (np.diff(edges) > 0).all()


def test_too_many_thresholds_are_refused(booster, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(codes, "MOST_CODES", 3)
    with pytest.raises(TooManyCodesError, match="more than 3 thresholds"):
        codes_of(read_trees(booster[0], EXPLAINABLE_OBJECTIVES))
