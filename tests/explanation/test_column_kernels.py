"""Columns that are added up by group while rows are explained."""

import lightgbm
import numpy as np
import pytest

from churnpredict.explanation.treeshap import TreeShap


@pytest.fixture(scope="module")
def deep():
    """A model whose trees are too deep for tables, and rows."""
    rng = np.random.default_rng(7)
    A = rng.normal(size=(600, 15))
    A[rng.random(A.shape) < 0.05] = np.nan
    y = np.nan_to_num(A).sum(axis=1) + rng.normal(size=600)
    params = {"objective": "regression", "num_leaves": 80, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1, "learning_rate": 0.5}
    return lightgbm.train(params, lightgbm.Dataset(A, y), 3), A


def test_groups_are_sums_of_their_features(deep):
    booster, A = deep
    groups = np.arange(15) % 4
    explainer = TreeShap(booster, few_rows=0)
    phi, expected = explainer.shap_values(A)
    summed, same = explainer.shap_values(A, groups=groups)
    assert summed.shape == (600, 4)
    assert same == expected
    np.testing.assert_allclose(summed, np.column_stack([phi[:, groups == g].sum(axis=1) for g in range(4)]), atol=1e-12)
    few, _ = TreeShap(booster).shap_values(A[:10], groups=groups)
    np.testing.assert_allclose(summed[:10], few, atol=1e-12)
