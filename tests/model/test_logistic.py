"""A logistic regression around log-odds that are given."""

import numpy as np
import pytest

from churnpredict.model.members import LinearMember


def test_a_line_around_an_offset_is_the_one_that_an_offset_makes():
    """With an offset of zero it is scikit-learn's; with a true one it finds the same slopes as a line that was told the rest."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(4000, 3))
    offset = rng.normal(0, 1, 4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-(A[:, 0] - 0.5 + offset)))).astype(float)
    w = rng.uniform(0.5, 1.5, 4000)
    plain = LinearMember(strength=1.0).fit(A, y, w)
    zero = LinearMember(strength=1.0).fit(A, y, w, np.zeros(4000))
    assert zero.slope_ == pytest.approx(plain.slope_, abs=1e-4)
    assert zero.base_ == pytest.approx(plain.base_, abs=1e-4)
    wide = np.column_stack([A, rng.normal(size=(4000, 150))])
    for matrix in (A, wide):
        around = LinearMember(strength=1.0).fit(matrix, y, w, offset)
        assert around.slope_[0] > 1.15 * plain.slope_[0]
        p = 1 / (1 + np.exp(-(around.margin(matrix) + offset)))
        assert w @ p == pytest.approx(w @ y, rel=1e-3)  # the intercept is free
