"""Uplift: the effect of the experiment; nearer the truth than a share of the risk; nothing found where there is nothing; refusals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

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
