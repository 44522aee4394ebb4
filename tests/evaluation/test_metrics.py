"""Metrics against oracles, scikit-learn and the figures of the literature; law 11, ties."""

import importlib
from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import cross_validate
from tests.oracles.model_metrics import auc_by_pairs, empc_by_integration, lift_over_orders, mpc_by_cutoffs

from churnpredict.errors import UsageError
from churnpredict.evaluation import metrics
from churnpredict.evaluation.metrics import (
    auc,
    average_precision,
    bootstrap_interval,
    brier,
    brier_decomposition,
    calibration_error,
    calibration_intercept,
    calibration_slope,
    compare,
    empc,
    expected_profit,
    gain,
    lift,
    log_loss,
    mpc,
    qini,
    scorers,
)
from churnpredict.model.classifier import ChurnClassifier

Y20 = [1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
S20 = [0.9, 0.85, 0.8, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.28, 0.25, 0.2, 0.18, 0.15, 0.1, 0.05, 0.01]
CASES = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 1), min_size=n, max_size=n).filter(lambda y: 0 < sum(y) < len(y)),
        st.lists(st.integers(1, 9).map(lambda v: v / 10), min_size=n, max_size=n),
        st.lists(st.integers(0, 3), min_size=n, max_size=n),
    )
)
MONEY = {"value": 200, "offer_cost": 10, "contact_cost": 1}
ALL = [auc, average_precision, log_loss, brier, calibration_error, gain, lift, *(partial(f, **MONEY) for f in (mpc, empc, expected_profit))]


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_weights_are_repeated_rows_and_order_does_not_matter(case):
    y, p, w = (np.asarray(v, dtype=float) for v in case)
    assume(0 < w @ y < w.sum())
    shuffle = np.random.default_rng(len(y)).permutation(len(y))
    times = w.astype(int)
    for metric in ALL:
        value = metric(y, p, sample_weight=w)
        assert metric(np.repeat(y, times), np.repeat(p, times)) == pytest.approx(value, abs=1e-9)
        assert metric(y[shuffle], p[shuffle], sample_weight=w[shuffle]) == pytest.approx(value, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_as_scikit_learn_and_the_oracles_say(case):
    y, p, _ = (np.asarray(v, dtype=float) for v in case)
    w = np.linspace(0.5, 2, len(y))
    assert auc(y, p, sample_weight=w) == pytest.approx(auc_by_pairs(y, p, w))
    assert average_precision(y, p, sample_weight=w) == pytest.approx(sklearn.metrics.average_precision_score(y, p, sample_weight=w))
    assert log_loss(y, p, sample_weight=w) == pytest.approx(sklearn.metrics.log_loss(y, p, sample_weight=w))
    assert brier(y, p, sample_weight=w) == pytest.approx(sklearn.metrics.brier_score_loss(y, p, sample_weight=w))
    assert mpc(y, p, **MONEY) == pytest.approx(mpc_by_cutoffs(y, p, gamma=0.3))


def check_law_11(lift_function):
    for y in ([1, 0, 0, 0, 0, 1, 0, 0, 0, 0], [0] * 8 + [1, 1], [1, 1] + [0] * 8):
        for k in (0.1, 0.25, 0.5):
            assert lift_function(y, [0.3] * 10, k=k) == pytest.approx(1.0, abs=1e-12)


def test_law_11_constant_scores_have_lift_one_in_any_order():
    check_law_11(lift)


def test_law_11_catches_a_lift_that_trusts_the_row_order():
    def naive(y, p, *, k):
        top = np.argsort(-np.asarray(p), kind="stable")[: max(int(k * len(y)), 1)]
        return np.mean(np.asarray(y)[top]) / np.mean(y)

    with pytest.raises(AssertionError):
        check_law_11(naive)


def test_law_11_random_scores_have_lift_one_on_average(rng):
    y = (rng.random(2000) < 0.2).astype(float)
    drawn = [lift(y, rng.random(2000)) for _ in range(300)]
    assert np.mean(drawn) == pytest.approx(1.0, abs=4 * np.std(drawn) / np.sqrt(300))


def test_lift_under_partial_ties_is_the_mean_over_row_orders():
    y, p = [1, 0, 0, 1, 0, 1], [0.9, 0.5, 0.5, 0.5, 0.1, 0.1]
    for top in (1, 2, 3, 5):
        assert lift(y, p, k=top / 6) == pytest.approx(lift_over_orders(y, p, top))


@pytest.mark.parametrize(
    ("y", "p", "value"),
    [
        (Y20, S20, 7.421634774538493),
        ([1] * 2 + [0] * 8, [0.9] * 2 + [0.1] * 8, 11.2),
        ([1] * 2 + [0] * 8, [0.5] * 10, 2.960376682757553),
        ([0, 1, 0, 1, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9], 23.875593418348124),
    ],
)
def test_empc_has_the_published_values(y, p, value):
    assert empc(y, p, **MONEY) == pytest.approx(value, abs=1e-9)
    assert empc_by_integration(y, p) == pytest.approx(value, rel=1e-4)


def test_empc_catches_a_hull_that_keeps_every_vertex(monkeypatch):
    def raw(left, stayed):
        return np.r_[0.0, np.cumsum(left)] / left.sum(), np.r_[0.0, np.cumsum(stayed)] / stayed.sum()

    monkeypatch.setattr(importlib.import_module("churnpredict.evaluation.metrics"), "roc_hull", raw)
    with np.errstate(all="ignore"):
        assert empc(Y20, S20, **MONEY) != pytest.approx(7.421634774538493, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(CASES, st.integers(1, 12))
def test_brier_parts_sum_to_the_brier_score(case, bins):
    y, p, _ = (np.asarray(v, dtype=float) for v in case)
    parts = brier_decomposition(y, p, bins=bins)
    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within == pytest.approx(brier(y, p))
    assert min(parts[:3]) >= 0


def test_calibration_figures_find_what_was_planted(rng):
    z = rng.normal(size=40_000) - 1
    y = (rng.random(40_000) < 1 / (1 + np.exp(-z))).astype(float)

    def risk(v):
        return 1 / (1 + np.exp(-v))

    assert calibration_slope(y, risk(z)) == pytest.approx(1, abs=0.04)
    assert calibration_slope(y, risk(2 * z)) == pytest.approx(0.5, abs=0.03)
    assert calibration_slope(y, risk(-z)) == pytest.approx(-1, abs=0.04)
    assert calibration_intercept(y, risk(z - 0.7)) == pytest.approx(0.7, abs=0.04)
    assert calibration_error(y, risk(z)) < 0.01
    assert calibration_error(y, risk(z - 0.7)) > 0.08
    assert np.isnan(calibration_slope(y, np.full(len(y), 0.3)))
    assert np.isnan(calibration_intercept(np.zeros(3), [0.1, 0.2, 0.3]))


def test_expected_profit_contacts_only_where_it_pays():
    assert expected_profit([1, 0, 1, 0], [0.0, 0.0, 0.0, 0.0], **MONEY) == 0
    assert expected_profit([1, 0], [1.0, 0.0], **(MONEY | {"value": [1000, 1]})) == pytest.approx((0.3 * 990 - 1) / 2)
    assert expected_profit([0, 0], [1.0, 1.0], **MONEY) == pytest.approx(-11)


def test_qini_rewards_ranking_by_effect_and_is_zero_for_constant_scores(rng):
    n = 20_000
    effect = rng.random(n) * 0.4
    treated = rng.integers(0, 2, n)
    y = (rng.random(n) < 0.5 - treated * effect).astype(float)
    assert qini(y, effect, treated=treated) > 0.01
    assert qini(y, -effect, treated=treated) < -0.01
    assert qini(y, np.zeros(n), treated=treated) == pytest.approx(0, abs=1e-12)
    with pytest.raises(UsageError, match="one-arm"):
        qini(y, effect, treated=np.ones(n))


def test_bootstrap_draws_customers_with_all_their_rows(rng):
    p = rng.random(300)
    y = (rng.random(300) < p).astype(float)
    alone = bootstrap_interval(auc, y, p, rounds=200)
    tenfold = bootstrap_interval(auc, np.tile(y, 10), np.tile(p, 10), customers=np.tile(np.arange(300), 10), rounds=200)
    assert tenfold == pytest.approx(alone)
    naive = bootstrap_interval(auc, np.tile(y, 10), np.tile(p, 10), rounds=200)
    assert naive.high - naive.low < 0.5 * (alone.high - alone.low)
    assert alone.low < alone.value < alone.high


def test_compare_is_paired(rng):
    z = rng.normal(size=2000)
    y = (rng.random(2000) < 1 / (1 + np.exp(-z))).astype(float)
    good, worse = 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-0.5 * z))
    difference = compare(y, good, worse, rounds=200)
    assert difference.high < 0
    assert difference.value == pytest.approx(log_loss(y, good) - log_loss(y, worse))
    alone = bootstrap_interval(log_loss, y, good, rounds=200)
    assert difference.high - difference.low < 0.5 * (alone.high - alone.low)


def test_odd_input_is_refused_or_answered_with_nan():
    assert np.isnan(auc([1, 1], [0.1, 0.2]))
    assert np.isnan(average_precision([0, 0], [0.1, 0.2]))
    assert np.isnan(lift([0, 0], [0.1, 0.2]))
    assert empc([0, 0], [0.1, 0.2], **MONEY) == 0
    for bad in (lambda: auc([1, 0], [0.1]), lambda: log_loss([1, 0], [0.1, np.nan]), lambda: lift([1, 0], [0.1, 0.2], k=0)):
        with pytest.raises(UsageError):
            bad()


@pytest.mark.parametrize(("left", "stayed"), [("churned", "stayed"), ("gone", "away"), (1, 0), (1, 2)])
def test_scorers_find_the_label_that_means_left(left, stayed):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a__x": rng.normal(size=300)})
    gone = rng.random(300) < 1 / (1 + np.exp(-2 * X["a__x"]))
    model = ChurnClassifier(positive=left, n_jobs=1, n_estimators=20, n_seeds=1).fit(X, np.where(gone, left, stayed))
    risk = model.predict_risk(X)
    for name, scorer in scorers(**MONEY).items():
        sign, metric = (-1, name[4:]) if name.startswith("neg_") else (1, name)
        more = MONEY if metric in ("mpc", "empc") else {}
        assert scorer(model, X, np.where(gone, left, stayed)) == pytest.approx(sign * getattr(metrics, metric)(gone, risk, **more)), name
    found = cross_validate(model, X, np.where(gone, left, stayed), cv=2, scoring=scorers(**MONEY))
    assert found["test_auc"].min() > 0.7


def test_labels_in_words_and_other_treatments_are_refused():
    y, p = [0, 1, 1, 0], [0.1, 0.2, 0.3, 0.4]
    words = ["stayed", "left", "left", "stayed"]
    for bad in (lambda: auc(words, p), lambda: compare(words, p, p), lambda: bootstrap_interval(auc, words, p)):
        with pytest.raises(UsageError, match="not a number"):
            bad()
    for treated in ([0, 2, 0, 2], [1, 2, 1, 2], [0, 1, np.nan, 1], ["no", "yes", "no", "yes"], [0, 1, 0]):
        with pytest.raises(UsageError):
            qini(y, p, treated=treated)


def test_scorers_speak_to_scikit_learn():
    assert set(scorers()) >= {"auc", "neg_log_loss", "lift"}
    assert set(scorers(**MONEY)) - set(scorers()) == {"mpc", "empc"}, "a profit needs somebody's money"
    assert set(metrics.__all__) >= {"auc", "compare", "qini"}
