"""Season, deviation and noise: as large as the evidence says, and from nothing nothing."""

import numpy as np
import pytest

from churnpredict.model.season.decomposition import Effect, decompose
from churnpredict.model.season.intensity import Intensity


def _seen(u: np.ndarray, precision: float) -> Intensity:
    """Weeks whose log intensities were seen as ``u``, each as firmly as ``precision``, but for their level."""
    n = len(u)
    information = precision * (np.eye(n) - np.ones((n, n)) / n)
    return Intensity((np.arange(n) - n + 0.5) * 7.0, information @ u, information, u, np.zeros(2))


def _year(weeks: np.ndarray, phase: float = 0.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * (weeks - phase) / 365.25)


AHEAD = np.arange(0, 365, 7.0)


def _weeks(n: int) -> np.ndarray:
    return (np.arange(n) - n + 0.5) * 7.0


def test_nothing_seen_is_nothing_told():
    found = decompose(_seen(np.random.default_rng(0).normal(size=120), 1e-9))
    assert np.abs(found.season(AHEAD)).max() < 1e-3
    assert np.abs(found.deviation(AHEAD)).max() < 1e-3


def test_years_that_agree_are_a_season_and_years_that_differ_are_not():
    agree = decompose(_seen(_year(_weeks(156)), 200.0))
    differ = np.concatenate([_year(_weeks(52)), _year(_weeks(52), 120), _year(_weeks(52), 240)])
    vary = decompose(_seen(differ, 200.0))
    assert np.ptp(agree.season(AHEAD)) > 0.85
    assert np.ptp(vary.season(AHEAD)) < 0.5 * np.ptp(agree.season(AHEAD))
    assert vary.sizes["deviation"] > 2 * agree.sizes["deviation"]


def test_a_year_seen_once_is_believed_in_part():
    once = decompose(_seen(_year(_weeks(53)), 200.0))
    thrice = decompose(_seen(_year(_weeks(156)), 200.0))
    assert 0.2 < np.ptp(once.season(AHEAD)) < np.ptp(thrice.season(AHEAD))
    assert once.season_sd(AHEAD).mean() > thrice.season_sd(AHEAD).mean()


def test_a_trend_is_neither_season_nor_forecast():
    weeks = _weeks(156)
    found = decompose(_seen(0.3 * weeks / 365.25, 200.0))
    assert np.ptp(found.season(AHEAD)) < 0.1
    assert np.abs(found.season(np.array([700.0])) - found.season(np.array([700.0 - 365.25]))) < 1e-9


def test_deviations_fade():
    u = np.zeros(156)
    u[-8:] = 0.6
    found = decompose(_seen(u, 200.0))
    near, far = found.deviation(np.array([5.0, 400.0]))
    assert near > 0.1
    assert abs(far) < 0.05 * near


def test_the_likelihood_is_at_its_top():
    """Other sizes are no likelier: the slopes by which the sizes were found are right."""
    intensity = _seen(_year(_weeks(110)) + np.random.default_rng(1).normal(0, 0.1, 110), 60.0)
    found = decompose(intensity)
    t = intensity.weeks
    lag = t[:, None] - t

    def log_posterior(sizes):
        season, peaks, deviation, noise = sizes
        wave = np.sin(np.pi * lag / 365.25) ** 2
        K = 25 + 0.09 * np.outer(t, t) / 365.25**2 + season**2 * np.exp(-2 * wave / 0.36) + peaks**2 * np.exp(-2 * wave / 0.0225)
        K = K + deviation**2 * np.exp(-np.abs(lag) / 60) + noise**2 * np.eye(len(t))
        L = np.linalg.cholesky(intensity.information + 1e-6 * np.eye(len(t)))
        M = np.eye(len(t)) + L.T @ K @ L
        y = np.linalg.solve(L, intensity.score)
        away = (np.log(sizes) - np.log([0.15, 0.05, 0.12, 0.05])) / 0.8
        return -0.5 * y @ np.linalg.solve(M, y) - 0.5 * np.linalg.slogdet(M)[1] - 0.5 * away @ away

    best = np.array(list(found.sizes.values()))
    for j in range(4):
        for factor in (0.9, 1.1):
            other = best.copy()
            other[j] *= factor
            assert log_posterior(other) < log_posterior(best) + 1e-3


def test_a_declared_effect_is_estimated_where_it_was_seen_and_believed_where_it_was_not():
    share = np.zeros(110)
    share[[20, 21, 72, 73]] = 1.0
    u = np.where(share > 0, np.log(0.3), 0.0)
    seen = decompose(_seen(u, 200.0), [Effect(share, np.log(0.5), 0.5)])
    assert np.exp(seen.effects[0]) == pytest.approx(0.3, abs=0.06)
    unseen = decompose(_seen(np.zeros(110), 200.0), [Effect(np.zeros(110), np.log(0.5), 0.5)])
    assert np.exp(unseen.effects[0]) == pytest.approx(0.5)
