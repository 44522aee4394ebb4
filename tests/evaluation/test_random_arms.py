"""Random logs are refused as seldom as the level says, however arms were drawn; contacts that follow the risk are seen."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from churnpredict.errors import TrainingError
from churnpredict.evaluation.random_arms import places_of, random_arms_test
from churnpredict.evaluation.uplift import UpliftModel

_LEVEL = 0.05


def line(X, labels):
    """The cheapest learner: the direction in which the means differ."""
    return lambda train, test: X[test] @ (X[train].T @ (labels[train] - labels[train].mean()))


def log(seed, *, once=False, strength=0.0, rows=5, share=0.5):
    """Features, who left, who was contacted and whose row it is, of 120 customers; contacts by customer or by row."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(120), rows)
    own, noise = rng.normal(size=(120, 8)), rng.normal(size=(len(owner), 8))
    X = 0.9 * own[owner] + 0.4 * noise
    left = (rng.random(len(owner)) < 1 / (1 + np.exp(1.2 - X[:, 0]))).astype(float)
    pull = share + strength * own[:, 0] if once else share + strength * X[:, 0]
    arm = rng.random(120) < pull if once else rng.random(len(owner)) < pull
    return X, left, (arm[owner] if once else arm).astype(float), owner


def p_value(X, left, arm, owner, customers):
    parts = [np.flatnonzero(owner % 5 == k) for k in range(5)]
    return random_arms_test(places_of(line(X, arm), parts), places_of(line(X, left), parts), arm, customers)


def refused(n, level=_LEVEL, **kind):
    logs = (log(seed, **kind) for seed in range(n))
    return sum(p_value(*one, one[-1]) < level for one in logs)


@pytest.mark.parametrize(
    "kind", [{}, {"once": True}, {"share": 0.9}, {"rows": 1}], ids=["by row", "by customer", "few held out", "one row"]
)
def test_random_logs_are_refused_as_seldom_as_the_level_says(kind):
    assert binomtest(refused(400, **kind), 400, _LEVEL, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize("once", [False, True])
def test_contacts_that_follow_the_risk_are_seen(once):
    found = [refused(60, once=once, strength=strength, level=0.01) for strength in (0.0, 0.1, 0.2)]
    assert found[0] <= 4 < found[1] < found[2]
    assert found[2] > 35
    assert refused(60, once=once, strength=-0.2, level=0.01) > 35  # contacts of those least likely to leave


def test_rows_of_a_customer_are_not_independent():
    """A planted fault: each row counts as a customer, and random logs are refused far too often."""
    found = [p_value(*log(seed, once=True), np.arange(600)) < _LEVEL for seed in range(100)]
    assert np.mean(found) > 0.15


def test_pairs_of_rows_count_once():
    """In a cross-validation two folds teach each other, and the spread under chance is far more than its standard error says."""

    def excess(place, arm):
        away = place * (arm - arm.mean())
        return away.sum() / np.sqrt(away @ away)

    once, twice = [], []
    for seed in range(300):
        X, _, arm, owner = log(seed, rows=1)
        parts, predict = [np.flatnonzero(owner % 5 == k) for k in range(5)], line(X, arm)
        found = places_of(predict, parts)
        once.append(excess(found.place, arm[found.rows]))
        each = [places_of(predict, [np.setdiff1d(owner, test), test]) for test in parts]
        twice.append(excess(np.concatenate([one.place for one in each]), arm[np.concatenate([one.rows for one in each])]))
    assert 0.85 < np.std(once) < 1.15
    assert np.std(twice) > 1.25


def test_no_part_is_scored_by_a_model_that_has_seen_it():
    seen = []
    found = places_of(lambda train, test: seen.append((set(train), set(test))) or np.zeros(len(test)), np.arange(20).reshape(4, 5))
    assert found.rows.tolist() == list(range(5, 20))
    assert all(max(train) < min(test) for train, test in seen)
    assert not found.place.any()


def test_a_log_that_follows_the_risk_is_refused_though_its_features_hardly_tell():
    """Sixty columns of noise hide who was contacted from the first test, and not the risk from the second."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(3000, 60))).add_prefix("x")
    chance = 1 / (1 + np.exp(1.5 - 1.2 * X["x0"]))
    y, arm = (rng.random(3000) < chance).astype(int), (rng.random(3000) < 0.42 + 0.3 * chance).astype(int)
    learner = LogisticRegression(C=0.1)
    with pytest.raises(TrainingError, match="not-random"):
        UpliftModel(classifier=learner, rounds=5).fit(X, y, arm)
    random = UpliftModel(classifier=learner, rounds=20).fit(X, y, rng.permutation(arm))
    assert random.random_arms_ > 0.025
    assert random.propensity_.value == pytest.approx(0.5, abs=0.03)
