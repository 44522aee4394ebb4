"""Uplift: the effect of the experiment; nearer the truth than a share of the risk; nothing found where there is nothing; refusals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from churnpredict.errors import TrainingError, UsageError
from churnpredict.evaluation.uplift import UpliftModel


def experiment(rng, n=4000, differs=True):
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    risk = (1 / (1 + np.exp(1.5 - 1.2 * X["a"]))).to_numpy()
    kept = np.clip(0.3 + 0.3 * differs * X["b"], 0, 1).to_numpy()
    treated = (rng.random(n) < 0.5).astype(int)
    y = (rng.random(n) < risk * (1 - kept * treated)).astype(int)
    return X, y, treated, risk, kept


def model(**given):
    return UpliftModel(classifier=LogisticRegression(), rounds=60, **given)


def test_the_effect_and_the_acceptance_are_those_of_the_world(rng):
    X, y, treated, risk, kept = experiment(rng)
    found = model().fit(X, y, treated)
    assert found.effect_.low < (risk * kept).mean() < found.effect_.high
    assert found.effect_.value == pytest.approx(y[treated == 0].mean() - y[treated == 1].mean())
    assert found.acceptance_ == pytest.approx((risk * kept).sum() / risk.sum(), abs=0.1)
    assert found.propensity_.value == pytest.approx(0.5, abs=0.03)
    assert "keeps" in repr(found)


def test_who_is_kept_is_told_better_than_by_the_risk(rng):
    X, y, treated, risk, kept = experiment(rng)
    found = model().fit(X, y, treated)
    assert found.qini_.low > 0
    assert np.corrcoef(found.predict(X), risk * kept)[0, 1] > np.corrcoef(risk, risk * kept)[0, 1] + 0.1


def test_where_all_are_kept_alike_the_uplift_is_a_share_of_the_risk(rng):
    X, y, treated, risk, _ = experiment(rng, differs=False)
    found = model().fit(X, y, treated)
    assert found.belief_ < 0.5
    assert np.corrcoef(found.predict(X), risk)[0, 1] > 0.8


def test_nothing_is_found_where_there_is_nothing(rng):
    X, _, treated, risk, _ = experiment(rng)
    found = model().fit(X, (rng.random(len(risk)) < risk).astype(int), treated)
    assert found.effect_.low < 0 < found.effect_.high
    assert abs(found.predict(X)).mean() < 0.02
    assert "does not differ significantly from none" in repr(found)


def test_what_is_refused(rng):
    X, y, treated, risk, _ = experiment(rng)
    chosen = (rng.random(len(risk)) < risk).astype(int)  # by gut feeling: who looks likely to leave
    for rows, arm, code in ((slice(None), chosen, "not-random"), (slice(0, 150), treated, "log-too-small")):
        with pytest.raises(TrainingError) as caught:
            model().fit(X.iloc[rows], y[rows], arm[rows])
        assert caught.value.code == code
    with pytest.raises(UsageError):
        model().fit(X, y, treated * 2)
    with pytest.raises(UsageError):
        model().predict(X)


class ArmTree(DecisionTreeClassifier):
    """A learner that sees who is helped only if it knows the arm."""


def test_the_learner_is_chosen_by_qini_on_later_cutoffs(rng):
    n = 3000
    X, y, treated, *_ = experiment(rng, n=n)
    cutoff = pd.Timestamp("2024-01-01") + pd.to_timedelta(30 * rng.integers(0, 5, n), unit="D")
    X.index = pd.MultiIndex.from_arrays([np.arange(n), cutoff], names=["customer_id", "cutoff"])
    found = UpliftModel(classifier=ArmTree(max_depth=5, min_samples_leaf=60, random_state=0), rounds=40).fit(X, y, treated)
    assert found.chosen_on_ == "later cutoffs"
    assert set(found.choice_) == {"two", "single"}
    assert found.learner_ == max(found.choice_, key=lambda kind: found.choice_[kind].value)
    assert all(interval.low <= interval.value <= interval.high for interval in found.choice_.values())
    one = UpliftModel(classifier=ArmTree(max_depth=5, min_samples_leaf=60, random_state=0), learner="single", rounds=20).fit(X, y, treated)
    assert one.learner_ == "single"
    assert one.choice_ == {}
    assert "one model" in repr(one)
    assert np.corrcoef(one.predict(X), X["b"])[0, 1] > 0.1


def test_other_customers_choose_where_there_is_one_cutoff(rng):
    X, y, treated, *_ = experiment(rng)
    assert model().fit(X, y, treated).chosen_on_ == "other customers"
    with pytest.raises(UsageError, match="unknown-choice"):
        model(learner="three").fit(X, y, treated)


def test_a_plan_gets_an_uplift_only_where_it_is_proven(rng):
    X, y, treated, risk, _ = experiment(rng)
    found = model().fit(X, y, treated)
    assert found.proven
    np.testing.assert_array_equal(found.for_plan(X), found.predict(X))
    nothing = model().fit(X, (rng.random(len(risk)) < risk).astype(int), treated)
    assert not nothing.proven
    assert nothing.for_plan(X).isna().all()
    with pytest.raises(UsageError, match="not-fitted"):
        _ = model().proven
