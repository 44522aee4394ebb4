"""Shared shocks: as large as past months show, and intervals that hold on simulated businesses."""

import numpy as np
import pytest

from churnpredict.accounting.renewal_shocks import SPREADS, drawn_losses, spread_of_months


def month(rng, n, spread):
    """Risks of the contracts of a month, and which are lost under a shock that they share."""
    risk = rng.beta(2, 8, n)
    odds = np.log(risk / (1 - risk)) * np.sqrt(1 + 0.346 * spread**2) + rng.standard_normal() * spread
    return risk, rng.random(n) < 1 / (1 + np.exp(-odds))


def test_intervals_of_80_per_cent_cover_80_per_cent_of_200_businesses():
    """Businesses without a shock, with a small and with a large one; 24 past months of 40 contracts each."""
    inside = 0
    for seed in range(200):
        rng, spread = np.random.default_rng([0, seed]), (0.0, 0.3, 0.6)[seed % 3]
        came_up, lost = np.full(24, 40), np.array([month(rng, 40, spread)[1].sum() for _ in range(24)])
        risk, gone = month(rng, 60, spread)
        amounts, zeros = np.exp(rng.normal(3, 0.7, 60)), np.zeros(60, np.int64)
        drawn = drawn_losses(amounts, risk, zeros, zeros, 1, spread_of_months(came_up, lost, risk), draws=400, random_state=seed)
        low, high = np.quantile(drawn[:, 0], [0.1, 0.9])
        inside += low <= (amounts * gone).sum() <= high
    assert 0.75 <= inside / 200 <= 0.85


def test_draws_have_the_expected_loss_whatever_the_shock():
    rng = np.random.default_rng(3)
    risk, amounts, months = rng.beta(2, 8, 500), np.ones(500), np.repeat(np.arange(10), 50)
    for spread in (0.0, 0.5, 1.0):
        weights = (SPREADS[np.argmin(abs(SPREADS - spread))] == SPREADS).astype(float)
        drawn = drawn_losses(amounts, risk, months, months, 11, weights, draws=2_000, random_state=1)
        assert drawn[:, :10].mean(axis=0) == pytest.approx(np.bincount(months, risk), abs=0.7)
        assert (drawn[:, 10] == 0).all()
    spread_out = [
        drawn_losses(amounts, risk, m, months * 0, 1, weights, draws=2_000, random_state=1)[:, 0].std() for m in (months, months * 0)
    ]
    assert spread_out[1] > 2 * spread_out[0], "a shock of all does not average out"


def test_without_a_past_the_shock_is_that_of_the_prior():
    none = spread_of_months(np.zeros(3, np.int64), np.zeros(3, np.int64))
    assert none.sum() == pytest.approx(1.0)
    assert (np.diff(none) < 0).all()
    assert (
        drawn_losses(*(np.zeros(0),) * 2, *(np.zeros(0, np.int64),) * 2, 2, none, draws=100, random_state=0).tolist() == [[0.0, 0.0]] * 100
    )
