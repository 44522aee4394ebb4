"""Law 8: drivers sum to the calibrated log-odds, and in probability points to p - p0, within 1e-9."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracles.additivity import violations

from churnpredict.errors import ModelError
from churnpredict.explanation import attribution, contributions
from churnpredict.explanation.attribution import explain, secant
from churnpredict.model.calibration import AffineCalibration, IsotonicCalibration
from churnpredict.model.classifier import ChurnClassifier

NAMES = ["habit__a_count_30d", "habit__a_gap_ratio", "price__b", "staff__visits", "plain"]


class Member:
    """A member that adds some function of each column."""

    def __init__(self, rng, scale, weight):
        self.slopes, self.weight, self.base = rng.normal(size=len(NAMES)) * scale, weight, float(rng.normal())

    def contributions(self, A):
        return np.nan_to_num(np.tanh(A)) * self.slopes, self.base

    def margin(self, A):
        phi, base = self.contributions(A)
        return base + phi.sum(axis=1)


class Blend:
    """The attributes that an additive model shows."""

    def __init__(self, members, calibration):
        self.members_, self.calibration_, self.base_rate_ = members, calibration, 0.2
        self.feature_names_in_, self.n_features_in_ = np.array(NAMES, dtype=object), len(NAMES)

    def encode(self, X):
        return X[NAMES].to_numpy(dtype=np.float64)

    def decision_function(self, X):
        A = self.encode(X)
        return self.calibration_.transform(sum(m.weight * m.margin(A) for m in self.members_))


def blend(seed, scale=1.0, slope=0.8, intercept=-0.4, n_members=2, rows=7):
    rng = np.random.default_rng(seed)
    calibration = AffineCalibration()
    calibration.slope, calibration.intercept = slope, intercept
    model = Blend([Member(rng, scale, w) for w in rng.dirichlet(np.ones(n_members))], calibration)
    X = pd.DataFrame(rng.normal(size=(rows, len(NAMES))), columns=NAMES)
    X.iloc[0] = 0.0  # a customer exactly at the reference: z is z0
    return model, X


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    scale=st.sampled_from([1e-12, 1e-4, 1.0, 30.0, 1000.0]),
    slope=st.floats(0.05, 4),
    intercept=st.floats(-30, 30),
    n_members=st.integers(1, 3),
    detail=st.sampled_from(["features", "drivers"]),
)
def test_drivers_sum_to_the_calibrated_risk(seed, scale, slope, intercept, n_members, detail):
    model, X = blend(seed, scale, slope, intercept, n_members)
    assert violations(explain(model, X, detail=detail), model.decision_function(X)) == []


@pytest.mark.parametrize("calibration", ["affine", "identity", "isotonic"])
def test_law_holds_for_a_trained_classifier(calibration):
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(800, 4)), columns=NAMES[:4])
    X.iloc[::5, 1] = np.nan
    X["contract__plan"] = pd.Categorical(rng.choice(["month", "year"], 800))
    y = (rng.random(800) < 1 / (1 + np.exp(1 - X["price__b"] - X["habit__a_count_30d"]))).astype(int)
    model = ChurnClassifier(n_estimators=40, calibration=calibration, n_jobs=1).fit(X, y)
    why = explain(model, X.iloc[:200])
    assert violations(why, model.decision_function(X.iloc[:200])) == []
    assert np.abs(why.risk.to_numpy() - model.predict_proba(X.iloc[:200])[:, 1]).max() < 1e-12


def test_isotonic_is_additive_along_its_secant():
    model, X = blend(3, rows=300)
    margin = model.decision_function(X)
    model.calibration_ = IsotonicCalibration().fit(margin, np.random.default_rng(0).random(300) < 1 / (1 + np.exp(-margin)))
    assert violations(explain(model, X), model.decision_function(X)) == []


def test_reference_customer_has_no_points_and_a_finite_factor():
    model, X = blend(1)
    why = explain(model, X)
    assert why.points.iloc[0].abs().max() == 0.0
    assert secant(800.0, -800.0) == pytest.approx(1 / 1600)
    assert secant(-3.0, -3.0) == pytest.approx(secant(-3.0, -3.0 + 1e-4), rel=1e-3)


def _without_intercept(self):
    calibration = self.model.calibration
    kept, calibration.intercept = calibration.intercept, 0.0
    try:
        return _CALIBRATED(self)
    finally:
        calibration.intercept = kept


def _without_slope(self):
    base, log_odds, grouped, phi = _CALIBRATED(self)
    return base, log_odds, grouped / self.model.calibration.slope, None if phi is None else phi / self.model.calibration.slope


def _base_uncalibrated(self):
    _, log_odds, grouped, phi = _CALIBRATED(self)
    return self.base, log_odds, grouped, phi


_CALIBRATED = contributions.Contributions.calibrated


@pytest.mark.parametrize("fault", [_without_intercept, _without_slope, _base_uncalibrated])
def test_a_wrong_calibration_is_caught(monkeypatch, fault):
    monkeypatch.setattr(contributions.Contributions, "calibrated", fault)
    model, X = blend(2)
    assert violations(explain(model, X), model.decision_function(X))


@pytest.mark.parametrize(
    "fault",
    [
        lambda z, z0: attribution.sigmoid(z) * (1 - attribution.sigmoid(z)),  # the slope at the customer, as is often seen
        lambda z, z0: np.ones_like(z),  # log-odds sold as points
        lambda z, z0: (attribution.sigmoid(z) - 0.2) / (z - z0 + 1e-300),  # counted from the churn rate
    ],
)
def test_a_wrong_factor_is_caught(monkeypatch, fault):
    monkeypatch.setattr(attribution, "secant", fault)
    model, X = blend(2)
    assert violations(explain(model, X), model.decision_function(X))


def test_a_forgotten_member_is_refused_before_anything_is_shown(monkeypatch):
    model, X = blend(2)
    monkeypatch.setattr(Member, "contributions", lambda self, A: (np.zeros(A.shape), self.base))
    monkeypatch.setattr(Member, "margin", lambda self, A: self.base + np.tanh(A) @ self.slopes)
    with pytest.raises(ModelError, match="not-additive"):
        explain(model, X)
