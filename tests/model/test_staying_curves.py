"""Curves of staying against sums over many small steps."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from scipy.integrate import trapezoid

from churnpredict.model import staying_curves as module
from churnpredict.model.staying_curves import StayingCurves, join_curves, secant_of_exp

FINE = np.linspace(0.0, 40_000.0, 800_001)


def curves(seed: int = 0, n: int = 4) -> StayingCurves:
    rng = np.random.default_rng(seed)
    times = np.array([0.0, 30.0, 60.0, 60.0, 90.0, 150.0])  # many leave on day 60
    falls = rng.gamma(1.0, 0.15, (n, len(times) - 1))
    return StayingCurves(times, np.concatenate([np.zeros((n, 1)), -np.cumsum(falls, axis=1)], axis=1))


def test_a_day_of_many_is_one_step() -> None:
    found = curves()
    before, after = found.at(np.array([60.0 - 1e-9, 60.0])).T
    np.testing.assert_allclose(np.log(after / before), found.log_stay[:, 3] - found.log_stay[:, 2], atol=1e-8)


def test_mean_and_spread_are_those_of_many_small_steps() -> None:
    found = curves()
    stay = found.at(FINE)
    mean = trapezoid(stay, FINE, axis=1)
    second = 2 * trapezoid(stay * FINE, FINE, axis=1)
    got, spread = found.expected_days()
    np.testing.assert_allclose(got, mean, rtol=2e-3)
    np.testing.assert_allclose(spread, np.sqrt(second - mean**2), rtol=4e-3)


@pytest.mark.parametrize(("over", "lag", "discount"), [(120.0, 0.0, 0.0), (120.0, 60.0, 0.0), (365.0, 60.0, 0.001), (45.0, 0.0, 0.002)])
def test_paid_days_are_those_of_many_small_steps(over: float, lag: float, discount: float) -> None:
    found = curves(1)
    days = np.linspace(0.0, over, 200_001)
    middle = (days[1:] + days[:-1]) / 2
    stay = found.at(middle + lag) * np.exp(-discount * middle)
    np.testing.assert_allclose(found.paid_days(over, lag=lag, discount=discount), stay.mean(axis=1) * over, rtol=1e-5)


def test_left_by_is_where_the_curve_crosses() -> None:
    found = curves(2)
    for share in (0.1, 0.3, 0.5):
        day = found.left_by(share)
        for i, reached in enumerate(day):
            line = found.at(np.linspace(0, 150, 150_001))[i]
            crossed = np.flatnonzero(line <= 1 - share + 1e-12)
            assert np.isinf(reached) if not len(crossed) else abs(crossed[0] / 1000 - reached) < 2e-3


def test_joined_curves_meet_the_horizons_and_keep_the_shape_of_the_hazards() -> None:
    rng = np.random.default_rng(3)
    edges = np.array([0.0, 30.0, 60.0, 90.0, 120.0, 150.0])
    hazards = rng.uniform(0.02, 0.3, (50, 5))
    risk = rng.uniform(0.05, 0.6, 50)
    early = risk * rng.uniform(0.2, 0.9, 50)
    found = join_curves({90.0: risk, 45.0: early}, hazards, edges, lost_share=np.full(50, 0.25), lost_shares=np.full((50, 5), 0.5))
    assert found.times.tolist() == [0.0, 30.0, 45.0, 60.0, 90.0, 120.0, 150.0]
    assert (np.diff(found.log_stay, axis=1) <= 0).all()
    np.testing.assert_allclose(found.at(np.array([45.0, 90.0])), 1 - np.column_stack([early, risk]), atol=1e-12)
    np.testing.assert_allclose(found.at(np.array([150.0]))[:, 0], (1 - risk) * (1 - hazards[:, 3]) * (1 - hazards[:, 4]), atol=1e-12)
    lost = found.lost_at(np.array([90.0, 150.0]))
    assert lost is not None
    np.testing.assert_allclose(lost[:, 0], 0.25 * risk, atol=1e-12)
    np.testing.assert_allclose(lost[:, 1] - lost[:, 0], 0.5 * (1 - risk - found.at(np.array([150.0]))[:, 0]), atol=1e-12)


def test_silence_is_a_step_at_the_horizon() -> None:
    edges = np.array([0.0, 30.0, 60.0, 90.0])
    found = join_curves({60.0: np.array([0.4])}, np.array([[0.0, 0.0, 0.2]]), edges, at_once=True)
    assert found.at(np.array([0.0, 59.999, 60.0, 90.0])).round(6).tolist() == [[1.0, 1.0, 0.6, 0.48]]
    assert found.left_by(0.3).tolist() == [60.0]


def test_the_secant_has_a_limit() -> None:
    assert abs(float(secant_of_exp(np.array(0.3), np.array(0.3 + 1e-7))) - np.exp(0.3)) < 1e-6
    assert float(secant_of_exp(np.array(1.0), np.array(0.0))) == pytest.approx(np.e - 1)


def test_a_curve_that_forgets_its_lag_is_noticed() -> None:
    """A planted fault: the silence before the curve says so is not paid for."""
    true = StayingCurves.paid_days
    with (
        mock.patch.object(module.StayingCurves, "paid_days", lambda self, over, **kw: true(self, over, **(kw | {"lag": 0.0}))),
        pytest.raises(AssertionError),
    ):
        test_paid_days_are_those_of_many_small_steps(120.0, 60.0, 0.0)
