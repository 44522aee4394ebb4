"""Columns that are added up by group while rows are explained."""

import numpy as np

from churnpredict.explanation.treeshap import TreeShap


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
