"""Uplift and Qini curves: their published definitions row by row, other libraries, chance, intervals, refusals."""

import numpy as np
import pytest
from scipy.integrate import trapezoid

from churnpredict.errors import UsageError
from churnpredict.evaluation.metrics import bootstrap_interval, qini
from churnpredict.evaluation.uplift_curves import auuc, max_uplift_profit, qini_curve, uplift_curve


@pytest.fixture
def log(rng):
    n = 600
    arm, helped = (rng.random(n) < 0.4).astype(int), rng.random(n)
    y = (rng.random(n) < 0.5 - 0.3 * arm * (helped > 0.5)).astype(int)
    return y, helped + 0.1 * rng.normal(size=n), arm


def test_as_published(log):
    y, p, arm = log
    order = np.argsort(-p)
    kept, t = 1 - y[order], arm[order]
    share, uplift = uplift_curve(y, p, treated=arm)
    _, gained = qini_curve(y, p, treated=arm)
    for k in (1, 17, 300, 600):
        n1, n0 = t[:k].sum(), (1 - t[:k]).sum()
        k1, k0 = kept[:k][t[:k] == 1].sum(), kept[:k][t[:k] == 0].sum()
        assert share[k] == pytest.approx(k / 600)
        assert uplift[k] == pytest.approx(((k1 / n1 if n1 else 0) - (k0 / n0 if n0 else 0)) * k / 600)
        assert gained[k] == pytest.approx((k1 - (k0 * n1 / n0 if n0 else 0)) / t.sum())
    assert qini(y, p, treated=arm) == pytest.approx(trapezoid(gained, share) - gained[-1] / 2)
    assert auuc(y, p, treated=arm) == pytest.approx(trapezoid(uplift, share))


@pytest.mark.filterwarnings("ignore:Function stable_cumsum")
def test_like_scikit_uplift(log):
    metrics = pytest.importorskip("sklift.metrics")
    y, p, arm = log
    at, theirs = metrics.uplift_curve(1 - y, p, arm)
    share, mine = uplift_curve(y, p, treated=arm)
    np.testing.assert_allclose(np.interp(at / 600, share, mine) * 600, theirs, atol=1e-9)
    at, theirs = metrics.qini_curve(1 - y, p, arm)
    share, mine = qini_curve(y, p, treated=arm)
    np.testing.assert_allclose(np.interp(at / 600, share, mine) * arm.sum(), theirs, atol=1e-9)


def test_a_constant_score_is_chance_whatever_the_order(log):
    y, _, arm = log
    share, kept = uplift_curve(y, np.ones(600), treated=arm)
    effect = (1 - y)[arm == 1].mean() - (1 - y)[arm == 0].mean()
    assert share.tolist() == [0.0, 1.0]
    assert kept[-1] == pytest.approx(effect)
    assert auuc(y, np.ones(600), treated=arm) == pytest.approx(effect / 2)
    ties = np.round(np.random.default_rng(1).random(600), 1)
    mixed = np.random.default_rng(2).permutation(600)
    assert auuc(y, ties, treated=arm) == pytest.approx(auuc(y[mixed], ties[mixed], treated=arm[mixed]), abs=1e-12)


def test_weights_are_repeated_rows_and_intervals_hold_the_figure(log):
    y, p, arm = log
    w = np.random.default_rng(3).integers(0, 3, 600)
    twice = np.repeat(np.arange(600), w)
    assert auuc(y, p, treated=arm, sample_weight=w) == pytest.approx(auuc(y[twice], p[twice], treated=arm[twice]))
    found = bootstrap_interval(auuc, y, p, treated=arm, rounds=40)
    assert found.low < found.value < found.high


def test_the_most_profitable_share_is_the_best_of_all(log):
    y, p, arm = log
    profit, share = max_uplift_profit(y, p, treated=arm, value=100, offer_cost=5, contact_cost=1)
    at, kept = uplift_curve(y, p, treated=arm)
    assert profit <= (100 * kept).max()
    assert share in at
    assert max_uplift_profit(y, p, treated=arm, value=100, contact_cost=1000) == (0.0, 0.0)


def test_what_is_refused(log):
    y, p, arm = log
    for given in ({"treated": np.ones(600)}, {"treated": arm * 2}, {"treated": arm[:5]}):
        with pytest.raises(UsageError):
            auuc(y, p, **given)
