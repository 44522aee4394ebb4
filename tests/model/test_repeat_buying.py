"""Repeat buying against figures that lifetimes 0.11.3 gives for the same parameters, and against histories drawn from known ones."""

from __future__ import annotations

import numpy as np
import pytest

from churnpredict.errors import TrainingError
from churnpredict.model.purchases import PurchaseModel
from churnpredict.model.repeat_buying import RepeatBuying, SpendModel, fit_repeat_buying, fit_spend

X, T_X, T = np.array([0.0, 1, 4, 25]), np.array([0.0, 12, 80, 300]), np.array([200.0, 40, 250, 310])
# lifetimes, and pymc-marketing 0.19.2 the same: conditional_probability_alive,
# conditional_expected_number_of_purchases_up_to_time(90), mean negative log-likelihood
BG = (
    [1.0, 0.4952518140261024, 0.05762879429047977, 0.9410321380562869],
    [0.209385170032387, 1.041417498640121, 0.08283551376449572, 6.194386593155398],
    29.562537911993914,
)
MBG = (
    [0.41034589269593585, 0.5760134029854197, 0.06722781860503202, 0.9430469736994589],
    [0.08716090550790988, 1.263901689020062, 0.09758192885883733, 6.2249244941807005],
    29.559198125612582,
)


@pytest.mark.parametrize(("kind", "theirs"), [("BG/NBD", BG), ("MBG/NBD", MBG)])
def test_same_parameters_give_what_lifetimes_gives(kind: str, theirs: tuple[list[float], list[float], float]) -> None:
    model = RepeatBuying(kind, 0.52, 9.3, 0.74, 2.6)
    alive, purchases, loss = theirs
    np.testing.assert_allclose(model.alive(X, T_X, T), alive, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.purchases(X, T_X, T, 90.0), purchases, rtol=0, atol=1e-9)
    assert -model.log_likelihood(X, T_X, T).mean() == pytest.approx(loss, abs=1e-9)


def test_mbg_is_the_member_of_the_blend() -> None:
    one, other = RepeatBuying("MBG/NBD", 0.52, 9.3, 0.74, 2.6), PurchaseModel(0.52, 9.3, 0.74, 2.6)
    odds = other.log_alive_odds(X, T_X, T)
    np.testing.assert_allclose(one.alive(X, T_X, T), 1 / (1 + np.exp(-odds)), atol=1e-12)


def test_gamma_gamma_is_that_of_lifetimes() -> None:
    model = SpendModel(6.25, 3.74, 15.4)
    theirs = [35.12773722627737, 17.658509454949943, 35.0126171593367, 22.226240644065665]
    np.testing.assert_allclose(model.expected(X, np.array([0.0, 10, 35, 22])), theirs, atol=1e-9)


def test_the_gap_at_one_is_closed() -> None:
    near = [RepeatBuying("MBG/NBD", 0.52, 9.3, a, 2.6).purchases(X, T_X, T, 90.0) for a in (0.999, 1.0, 1.001)]
    np.testing.assert_allclose(near[1], (near[0] + near[2]) / 2, rtol=1e-4)
    assert np.isfinite(near[1]).all()


def histories(n: int, seed: int, model: RepeatBuying, ends: float) -> tuple[np.ndarray, ...]:
    """Purchase by purchase: repeats, the last one, the age, and purchases in the 100 days after the end."""
    rng = np.random.default_rng(seed)
    rate, leaves = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    x, t_x, later, T = np.zeros(n), np.zeros(n), np.zeros(n), rng.uniform(ends / 2, ends, n)
    for i in range(n):
        now = 0.0
        while rng.random() >= leaves[i]:  # may leave after every purchase, the first included
            now += rng.exponential(1 / rate[i])
            if now > T[i] + 100:
                break
            if now <= T[i]:
                x[i], t_x[i] = x[i] + 1, now
            else:
                later[i] += 1
    return x, t_x, T, later


def test_known_parameters_come_back_and_foretell_the_purchases() -> None:
    true = RepeatBuying("MBG/NBD", 0.9, 25.0, 0.8, 3.0)
    x, t_x, T, later = histories(12_000, 1, true, 300.0)
    found = fit_repeat_buying("MBG/NBD", x, t_x, T)
    assert found.log_likelihood(x, t_x, T).mean() >= true.log_likelihood(x, t_x, T).mean()
    assert found.r == pytest.approx(true.r, rel=0.15)
    assert found.a / (found.a + found.b) == pytest.approx(true.a / (true.a + true.b), rel=0.1)
    told = found.purchases(x, t_x, T, 100.0)
    error = (later - told).std() / np.sqrt(len(x))
    assert abs(later.mean() - told.mean()) < 4 * error
    assert abs(true.purchases(x, t_x, T, 100.0).mean() - later.mean()) < 4 * error


def test_a_first_purchase_after_which_nobody_leaves_is_noticed() -> None:
    """A planted fault: MBG/NBD reckoned as BG/NBD."""
    wrong = RepeatBuying("BG/NBD", 0.52, 9.3, 0.74, 2.6)
    assert np.abs(wrong.alive(X, T_X, T) - MBG[0]).max() > 0.1
    assert np.abs(wrong.purchases(X, T_X, T, 90.0) - MBG[1]).max() > 0.01


def test_spend_of_known_parameters_comes_back() -> None:
    rng = np.random.default_rng(2)
    p, q, v = 6.0, 4.0, 15.0
    x = rng.integers(1, 12, 6000).astype(float)
    mean = rng.gamma(p * x, 1 / (rng.gamma(q, 1 / v, 6000) * x))
    found = fit_spend(x, mean)
    assert found.usual == pytest.approx(v * p / (q - 1), rel=0.05)
    assert found.q == pytest.approx(q, rel=0.15)


def test_what_cannot_be_learnt_is_refused() -> None:
    with pytest.raises(TrainingError, match="second day"):
        fit_repeat_buying("BG/NBD", np.zeros(5), np.zeros(5), np.full(5, 10.0))
    with pytest.raises(TrainingError, match="fewer than two"):
        fit_spend(np.array([0.0, 1.0]), np.array([5.0, 5.0]))
