"""Values: those of a plain loop; better than the raw rate where little is known; one strange order does not move the book."""

import numpy as np
import pytest

from churnpredict.retention import value as module
from churnpredict.retention.value import Credibility, credible_rate, learn_credibility


def loop(paid, days):
    """Bühlmann and Straub, term by term, without bounds."""
    rows = [[(p / d, d) for p, d in zip(*both, strict=True) if d > 0] for both in zip(paid, days, strict=True)]
    rows = [r for r in rows if r]
    own = [sum(x * w for x, w in r) / sum(w for _, w in r) for r in rows]
    weight = [sum(w for _, w in r) for r in rows]
    w = sum(weight)
    m = sum(a * b for a, b in zip(own, weight, strict=True)) / w
    s2 = sum(wij * (x - o) ** 2 for r, o in zip(rows, own, strict=True) for x, wij in r) / sum(len(r) - 1 for r in rows)
    a = (sum(b * (o - m) ** 2 for o, b in zip(own, weight, strict=True)) - (len(rows) - 1) * s2) / (w - sum(b * b for b in weight) / w)
    z = [b / (b + s2 / a) for b in weight]
    mean = sum(i * o for i, o in zip(z, own, strict=True)) / sum(z)
    return mean, s2 / a, [i * o + (1 - i) * mean for i, o in zip(z, own, strict=True)]


def book(rng, n=600, periods=4):
    """Customers of different custom, known for different times; the first column is the latest period."""
    rate = rng.gamma(3, 1, n)
    since = rng.uniform(1, 120 * periods, n)
    days = np.clip(since[:, None] - 91 * np.arange(periods), 0, 91)
    paid = rng.poisson(rate[:, None] * days / 20) * 20.0
    return rate, paid, days


def test_it_is_the_formula(rng, monkeypatch):
    monkeypatch.setattr(module, "BOUND", 1.0)
    monkeypatch.setattr(module, "OWN", 1e9)
    _, paid, days = book(rng, 60)
    days[:3] = paid[:3] = 0.0
    found = learn_credibility(paid, days)
    mean, doubt, rates = loop(paid, days)
    assert (found.mean, found.doubt) == pytest.approx((mean, doubt))
    assert credible_rate(paid, days, found)[3:] == pytest.approx(rates)
    assert (credible_rate(paid, days, found)[:3] == 0).all(), "who never paid is worth nothing yet"


def test_it_is_nearer_the_truth_than_the_raw_rate_and_than_the_mean(rng):
    rate, paid, days = book(rng)
    raw = paid.sum(axis=1) / days.sum(axis=1)
    found = credible_rate(paid, days, learn_credibility(paid, days))
    there = days.sum(axis=1) > 0

    def error(guess):
        return np.sqrt(np.mean((guess - rate)[there] ** 2))

    assert error(found) < 0.8 * error(raw)
    assert error(found) < 0.8 * error(np.full(len(rate), rate.mean()))


def test_one_strange_order_does_not_move_the_book(rng):
    _, paid, days = book(rng)
    whole = np.flatnonzero((days == 91).all(axis=1))[0]
    strange = paid.copy()
    strange[whole, 1] = 1e6
    before, after = learn_credibility(paid, days), learn_credibility(strange, days)
    assert after.mean == pytest.approx(before.mean, rel=0.02)
    assert after.doubt == pytest.approx(before.doubt, rel=0.2)
    assert credible_rate(strange, days, after)[whole] < 0.01 * 1e6 / 91


def test_who_always_pays_much_is_believed(rng):
    _, paid, days = book(rng)
    whole = np.flatnonzero((days == 91).all(axis=1))[0]
    paid[whole] = 1e4
    rate = credible_rate(paid, days, learn_credibility(paid, days))[whole]
    assert rate > 0.5 * 1e4 / 91


def test_small_books(rng):
    assert learn_credibility(np.zeros((0, 4)), np.zeros((0, 4))) == Credibility(0.0, 1e9, 0.0)
    one = learn_credibility(np.array([[91.0, 0, 0, 0]]), np.array([[91.0, 0, 0, 0]]))
    assert one.mean == pytest.approx(1.0)
    alike = np.full((5, 4), 91.0)
    assert credible_rate(alike, alike, learn_credibility(alike, alike)) == pytest.approx(np.ones(5))
    back = credible_rate(np.array([[-500.0, 0.0]]), np.full((1, 2), 91.0), Credibility(1.0, 30.0, 9.0))
    assert back.tolist() == [0.0], "nobody is worth less than nothing"
