"""Verdicts: what is said follows from the intervals, and every miss says why."""

import numpy as np
import pytest

from churnpredict.evaluation.comparison import judge
from churnpredict.evaluation.verdict import reach_verdict


def told(rng, n, *, shift=0.0, slope=1.0, spread=1.0):
    """Truth at risks whose log-odds are stated with another level or slope, beside the base rate."""
    z = spread * rng.normal(size=n) - 1
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    said = 1 / (1 + np.exp(-((z + 1) * slope - 1 + shift)))
    return y, {"model": said, "base rate": np.full(n, y.mean()), "recency": 1 / (1 + np.exp(-(0.3 * z - 0.7)))}


def verdict(rng, n=3000, *, train_rate=None, seasons_seen=None, **options):
    y, risks = told(rng, n, **options)
    return reach_verdict(judge(y, risks, rounds=60), train_rate=train_rate, seasons_seen=seasons_seen)


def test_a_true_risk_is_clear_better_and_right(rng):
    found = verdict(rng, spread=1.5)
    assert found[:4] == ("clear", "better", "right", "right")
    assert "Better than recency" in found.words
    assert "WEAK" not in found.words


def test_noise_is_weak(rng):
    y, p = rng.integers(0, 2, 500), rng.random(500)
    found = reach_verdict(judge(y, {"model": p, "base rate": np.full(500, y.mean())}, rounds=50))
    assert (found.signal, found.against) == ("weak", "alone")
    assert "WEAK SIGNAL" in found.words


@pytest.mark.parametrize(("seen", "why"), [(0, "season never seen"), (1, "season seen once"), (2, "level moved"), (None, "level moved")])
def test_a_wrong_level_says_why(rng, seen, why):
    found = verdict(rng, shift=0.6, train_rate=0.31, seasons_seen=seen)
    assert found.level == why
    assert "too high on average" in found.words
    assert "31 %" in found.words


def test_few_rows_excuse_what_chance_can_do_and_nothing_more(rng):
    levels = {verdict(rng, 120, shift=0.1).level for _ in range(5)}
    assert levels <= {"right", "too few rows"}
    assert verdict(rng, 120, shift=2.5).level not in ("right", "too few rows")


@pytest.mark.parametrize(("slope", "name"), [(1.8, "overconfident"), (0.5, "underconfident"), (1.0, "right")])
def test_slopes_are_named(rng, slope, name):
    assert verdict(rng, slope=slope).slope == name


def test_worse_is_said(rng):
    y, risks = told(rng, 3000)
    turned = {"model": 1 - risks["model"], **{k: v for k, v in risks.items() if k != "model"}}
    assert reach_verdict(judge(y, turned, rounds=50)).against == "worse"
