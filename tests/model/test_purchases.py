"""MBG/NBD: silence and likelihood equal numerical integration, and simulated populations are found again."""

import numpy as np
import pytest
from tests.evaluation.test_baselines import triple_frame
from tests.oracles.model_purchases import integrated, simulate

from churnpredict.evaluation.baselines import MBGNBD
from churnpredict.evaluation.metrics import log_loss
from churnpredict.model.purchases import PurchaseModel, fit_purchase_model, fit_to_outcomes, negative_log_likelihood

MODEL = PurchaseModel(r=0.7, alpha=50.0, a=0.6, b=1.5)


HISTORIES = [(0, 0.0, 200.0), (1, 30.0, 200.0), (7, 180.0, 200.0), (7, 60.0, 200.0), (40, 399.0, 400.0)]


@pytest.mark.parametrize("gap", [0.0, 14.0])
@pytest.mark.parametrize("history", HISTORIES)
def test_silence_is_what_integration_gives(history, gap):
    x, t_x, T = (np.array([v], dtype=float) for v in history)
    none, some = MODEL.log_silence(x, t_x, T, horizon=60.0, gap=gap)
    _, expected = integrated(MODEL, *history, horizon=60.0, gap=gap)
    assert np.exp(none[0]) == pytest.approx(expected, abs=3e-3)
    assert np.exp(none[0]) + np.exp(some[0]) == pytest.approx(1)


def test_the_oracle_catches_bg_nbd_which_never_loses_a_one_time_buyer():
    _, expected = integrated(MODEL, 0, 0.0, 200.0, horizon=60.0, gap=0.0)
    bg_nbd = (MODEL.alpha + 200) ** MODEL.r / (MODEL.alpha + 260) ** MODEL.r  # P(alive) = 1
    assert abs(bg_nbd - expected) > 0.05


def test_likelihood_is_what_integration_gives_and_its_gradient_is_right():
    theta = np.array([MODEL.r, MODEL.alpha, MODEL.a, MODEL.b])
    for history in HISTORIES[:4]:
        x, t_x, T = (np.array([v], dtype=float) for v in history)
        value, gradient = negative_log_likelihood(theta, x, t_x, T, w=np.ones(1))
        likelihood, _ = integrated(MODEL, *history, horizon=60.0, gap=0.0)
        assert np.exp(-value) == pytest.approx(likelihood, rel=2e-2)
        for k in range(4):
            step = np.eye(4)[k] * 1e-6 * theta[k]
            up, down = (negative_log_likelihood(theta + s * step, x, t_x, T, w=np.ones(1))[0] for s in (1, -1))
            assert gradient[k] == pytest.approx((up - down) / (2 * step[k]), rel=1e-4, abs=1e-8)


def test_maximum_likelihood_finds_a_simulated_population():
    x, t_x, later = simulate(MODEL, 4000, until=300.0, seed=3)
    T = np.full(4000, 300.0)
    fitted = fit_purchase_model(x, t_x, T)
    truth = np.array([not any(t < 360 for t in after) for after in later], dtype=float)
    risk, best = (np.exp(m.log_silence(x, t_x, T, horizon=60.0)[0]) for m in (fitted, MODEL))
    assert risk.mean() == pytest.approx(truth.mean(), abs=0.02)
    assert log_loss(truth, risk) < log_loss(truth, best) + 0.003
    weights = np.bincount(np.arange(4000) % 3, minlength=3)[np.arange(4000) % 3]
    assert fit_purchase_model(x, t_x, T, weights).r == pytest.approx(fitted.r, rel=0.05)


def test_fit_to_outcomes_is_not_fooled_by_a_risk_set_of_recent_buyers():
    x, t_x, later = simulate(MODEL, 6000, until=300.0, seed=5)
    T = np.full(6000, 300.0)
    y = np.array([not any(t < 360 for t in after) for after in later], dtype=float)
    recent = T - t_x <= 90
    X, y = triple_frame(x, t_x, T)[recent], y[recent]
    outcomes = MBGNBD(horizon="60d").fit(X, y).predict_proba(X)[:, 1]
    histories = MBGNBD(horizon="60d", method="histories").fit(X).predict_proba(X)[:, 1]
    assert abs(outcomes.mean() - y.mean()) < 0.02
    assert log_loss(y, outcomes) < log_loss(y, histories)
    again = MBGNBD(horizon="60d", method="histories", recalibrate=True).fit(X, y).predict_proba(X)[:, 1]
    assert abs(again.mean() - y.mean()) < 0.02


def _rows(n: int = 200, seed: int = 0):
    rng = np.random.default_rng(seed)
    T = rng.uniform(1, 700, n)
    x = rng.poisson(2, n).astype(float)
    return x, np.where(x > 0, rng.uniform(0, T), 0.0), T, rng.uniform(5, 90, n)


def test_silence_and_its_slopes_are_those_of_the_definition():
    x, t_x, T, horizon = _rows()
    none, some, slopes = MODEL.log_silence_and_slopes(x, t_x, T, horizon=horizon)
    assert np.stack([none, some]) == pytest.approx(np.stack(MODEL.log_silence(x, t_x, T, horizon=horizon)))
    at = np.log([MODEL.r, MODEL.alpha, MODEL.a, MODEL.b])
    for j in range(4):
        step = np.zeros(4)
        step[j] = 1e-6
        ahead, back = (PurchaseModel(*np.exp(at + way)).log_silence(x, t_x, T, horizon=horizon)[1] for way in (step, -step))
        assert slopes[j] == pytest.approx((ahead - back) / 2e-6, rel=1e-5, abs=1e-7)


def test_rows_that_repeat_count_as_often_as_they_occur():
    x, t_x, T, horizon = _rows()
    y = (np.arange(200) % 3 == 0).astype(float)
    often = np.random.default_rng(1).integers(1, 4, 200)
    weighed = fit_to_outcomes(x, t_x, T, y, often.astype(float), horizon=horizon)
    repeated = fit_to_outcomes(*(np.repeat(v, often) for v in (x, t_x, T, y)), horizon=np.repeat(horizon, often))
    assert [weighed.r, weighed.alpha, weighed.a, weighed.b] == pytest.approx([repeated.r, repeated.alpha, repeated.a, repeated.b], rel=1e-3)


def test_a_search_that_starts_near_ends_at_the_same_place():
    x, t_x, T, horizon = _rows(2000)
    y = (np.random.default_rng(2).random(2000) < np.exp(MODEL.log_silence(x, t_x, T, horizon=horizon)[0])).astype(float)
    one = fit_to_outcomes(x, t_x, T, y, horizon=horizon)
    other = fit_to_outcomes(x, t_x, T, y, horizon=horizon, near=MODEL)
    margins = [model.log_silence(x, t_x, T, horizon=horizon)[0] for model in (one, other)]
    assert np.abs(margins[0] - margins[1]).max() < 0.02
