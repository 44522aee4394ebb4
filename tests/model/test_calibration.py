"""Calibration: monotone, recovers what was planted, weights are repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnpredict.errors import UsageError
from churnpredict.model.calibration import AffineCalibration, make_calibration, sigmoid


@settings(max_examples=40, deadline=None)
@given(st.floats(0.2, 3), st.floats(-3, 3), st.integers(0, 10_000))
def test_affine_recovers_slope_and_intercept_and_mean(slope, intercept, seed):
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=8000)
    y = (rng.random(8000) < sigmoid(slope * margin + intercept)).astype(float)
    fitted = AffineCalibration().fit(margin, y)
    p = sigmoid(slope * margin + intercept)
    rows = np.column_stack([margin, np.ones(8000)])
    errors = np.sqrt(np.diag(np.linalg.inv(rows.T @ (rows * (p * (1 - p))[:, None]))))  # standard errors of maximum likelihood
    assert abs(fitted.slope - slope) < 5 * errors[0]
    assert abs(fitted.intercept - intercept) < 5 * errors[1]
    assert sigmoid(fitted.transform(margin)).mean() == pytest.approx(y.mean(), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["affine", "identity", "isotonic"]))
def test_every_calibration_is_monotone(seed, name):
    rng = np.random.default_rng(seed)
    margin, y = rng.normal(size=60) * rng.choice([0.1, 1, 30]), rng.integers(0, 2, 60)
    fitted = make_calibration(name).fit(margin, y)
    assert np.all(np.diff(fitted.transform(np.sort(margin))) >= 0)


def test_a_useless_margin_gets_a_small_positive_slope(rng):
    fitted = AffineCalibration().fit(-rng.normal(size=500) - 1, rng.integers(0, 2, 500))
    assert 0 < fitted.slope < 0.4
    separated = AffineCalibration().fit(np.r_[-np.ones(5), np.ones(5)], np.r_[np.zeros(5), np.ones(5)])
    assert np.isfinite([separated.slope, separated.intercept]).all()


def test_weights_are_repeated_rows(rng):
    margin, y, w = rng.normal(size=200), rng.integers(0, 2, 200), rng.integers(1, 4, 200)
    a = AffineCalibration(prior=0).fit(margin, y, w)
    b = AffineCalibration(prior=0).fit(np.repeat(margin, w), np.repeat(y, w))
    assert (a.slope, a.intercept) == pytest.approx((b.slope, b.intercept), abs=1e-6)


def test_shift_moves_the_level_and_unknown_names_are_refused(rng):
    margin, y = rng.normal(size=50), rng.integers(0, 2, 50)
    for name in ("affine", "isotonic"):
        fitted = make_calibration(name).fit(margin, y)
        before = fitted.transform(margin)
        fitted.shift(0.5)
        np.testing.assert_allclose(fitted.transform(margin) - before, 0.5)
    with pytest.raises(UsageError, match="unknown-calibration"):
        make_calibration("beta")
