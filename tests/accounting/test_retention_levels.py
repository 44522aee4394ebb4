"""Drawn chances and amounts of moves: steady where the past is, wider where it wanders, and intervals that hold."""

import numpy as np

from churnpredict.accounting.retention_levels import chances, drawn_amounts

DRAWS = 600


def test_the_spread_follows_the_past():
    rng = np.random.default_rng(0)
    sizes, ahead = np.full((16, 1), 2000.0), np.array([1, 4])
    steady = chances(np.full((16, 1), 0.1), sizes, ahead, DRAWS, rng)
    wild = chances(np.tile([[0.05], [0.2]], (8, 1)), sizes, ahead, DRAWS, rng)
    rising = chances(np.linspace(0.03, 0.25, 16)[:, None], sizes, ahead, DRAWS, rng)
    assert 4 * steady[:, 0].std() < wild[:, 0].std(), "a shock of the period"
    assert np.median(rising[:, 0]) > 0.18 > np.median(wild[:, 0]), "a level that wanders stays where it is"
    assert rising[:, 1].std() > 1.2 * rising[:, 0].std(), "and is less known further ahead"


def test_classes_have_chances_of_their_own():
    shares, sizes = np.tile([0.02, 0.3], (12, 1)), np.tile([500.0, 100.0], (12, 1))
    found = np.median(chances(shares, sizes, np.array([1]), DRAWS, np.random.default_rng(1)), axis=0)[0]
    assert 0.015 < found[0] < 0.03
    assert 0.25 < found[1] < 0.35
    sizes[:, 1] = 0.0  # never seen: as all others
    assert np.isfinite(chances(shares, sizes, np.array([1]), DRAWS, np.random.default_rng(1))).all()


def test_amounts_have_the_mean_and_the_spread_of_coin_tosses():
    rng = np.random.default_rng(2)
    amounts, classes = rng.lognormal(3, 1, 3000), rng.integers(0, 2, 3000)
    chance = np.tile([0.1, 0.3], (4000, 1))
    parts, weights = np.array([0.2, 0.5]), np.array([3.0, 1.0])
    found = drawn_amounts(amounts, classes, chance, parts, weights, rng)
    p, mean, square = chance[0][classes], 0.275, 0.75 * 0.04 + 0.25 * 0.25
    expected, variance = (amounts * p * mean).sum(), (amounts**2 * (p * square - (p * mean) ** 2)).sum()
    assert abs(found.mean() / expected - 1) < 0.01
    assert abs(found.std() / np.sqrt(variance) - 1) < 0.05


def test_intervals_of_80_per_cent_cover_80_per_cent_of_200_businesses():
    """Without the shared level and shock they cover far fewer: that is the fault which this catches."""
    inside = alone = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        amounts = rng.lognormal(3, rng.uniform(0.3, 1.2), int(rng.integers(60, 800)))
        shock, walk, odds = rng.uniform(0, 0.5), rng.uniform(0, 0.12), rng.uniform(-3, -1.5)
        level = odds + np.cumsum(walk * rng.standard_normal(15)) + shock * rng.standard_normal(15)
        lost = rng.random((15, len(amounts))) < 1 / (1 + np.exp(-level[:, None]))
        shares = (lost @ amounts / amounts.sum())[:, None]
        sizes = np.full((14, 1), amounts.sum() ** 2 / (amounts**2).sum())
        chance = chances(shares[:14], sizes, np.array([1]), DRAWS, rng)[:, 0]
        classes, whole = np.zeros(len(amounts), np.int64), np.empty(0)
        for fixed in (False, True):
            now = np.full_like(chance, shares[:14].mean()) if fixed else chance
            low, high = np.quantile(drawn_amounts(amounts, classes, now, whole, whole, rng) / amounts.sum(), [0.1, 0.9])
            held = bool(low <= shares[14, 0] <= high)
            inside, alone = inside + held * (not fixed), alone + held * fixed
    assert 0.75 <= inside / 200 <= 0.85
    assert alone / 200 < 0.7
