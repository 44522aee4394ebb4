"""Weights of exact SHAP values: factorials and quadrature, against their definitions."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest

from churnpredict.explanation.leaf_layout import beta_weights, gauss_legendre


def test_weights_are_shares_of_orders() -> None:
    beta = beta_weights(12)
    for n in range(13):
        for m in range(13):
            assert beta[n, m] == pytest.approx(factorial(n) * factorial(m) / factorial(n + m + 1), rel=1e-14)
    assert beta[0, 0] == 1


@pytest.mark.parametrize("m", range(1, 9))
def test_quadrature_is_exact_for_polynomials(m: int) -> None:
    nodes, weights = gauss_legendre(16)
    for power in range(2 * m):
        assert (weights[m] * nodes[m] ** power).sum() == pytest.approx(1 / (power + 1), rel=1e-13)
    assert np.count_nonzero(weights[m]) == m
