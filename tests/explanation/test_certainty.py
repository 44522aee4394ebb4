"""How sure the first reason is: the spread of the members, by hand; told in words and figures; unknown for one member."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.explanation.certainty import lead_error
from churnpredict.explanation.stability import compare_reasons
from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.model.calibration import sigmoid


@pytest.fixture(scope="module")
def told():
    """Two reasons of the same strength, and customers for whom one leads."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"price__rises": rng.poisson(0.5, 1500).astype(float), "support__open": rng.poisson(0.5, 1500).astype(float)})
    X["habit__silence"] = rng.exponential(20, 1500)
    y = (rng.random(1500) < sigmoid(X["price__rises"] + X["support__open"] + X["habit__silence"] / 40 - 2.5)).astype(int)
    model = cp.ChurnClassifier(n_jobs=1, n_estimators=60, random_state=0).fit(X, y)
    return model, X, cp.explain(model, X)


def test_the_error_is_the_spread_of_the_members_by_hand():
    rng = np.random.default_rng(0)
    opinions, weights = [rng.normal(size=(40, 4)) for _ in range(3)], [0.2, 0.3, 1.0]
    total = sum(w * o for w, o in zip(weights, opinions, strict=True))
    for row, found in enumerate(lead_error(opinions, weights, total)):
        first, second = np.argsort(-total[row])[:2]
        leads = np.array([o[row, first] - (o[row, second] if total[row, second] > 0 else 0) for o in opinions])
        w = np.array(weights) / 1.5
        assert found == pytest.approx(1.5 * np.sqrt(np.sum(w**2 * (leads - w @ leads) ** 2)))
    assert np.isnan(lead_error(opinions[:1], [1.0], opinions[0])).all()
    assert (lead_error([opinions[0]] * 2, [0.5, 0.5], opinions[0]) < 1e-15).all()
    one = lead_error([o[:, :1] for o in opinions], weights, total[:, :1])
    assert one.shape == (40,)


def test_the_members_of_a_blend_are_those_of_the_explanation(told):
    model, X, why = told
    parts = [cp.explain(_alone(model, member), X).by_driver for member in model.members_]
    weights = [member.weight for member in model.members_]
    centre = sum(w * part for w, part in zip(weights, parts, strict=True))
    slope = model.calibration_.slope
    np.testing.assert_allclose(centre * slope, why.by_driver, atol=1e-9)
    np.testing.assert_allclose(why.lead_error, slope * lead_error(parts, weights, centre), atol=1e-9)
    assert why[3:5].lead_error.tolist() == why.lead_error[3:5].tolist()


class _Alone:
    """A model of one member of weight 1."""

    def __init__(self, model, member):
        from copy import copy

        from churnpredict.model.calibration import IdentityCalibration

        self.members_, self.calibration_ = [copy(member)], IdentityCalibration()
        self.members_[0].weight = 1.0
        self.encode, self.n_features_in_, self.feature_names_in_ = model.encode, model.n_features_in_, model.feature_names_in_

    def predict_proba(self, X):
        raise NotImplementedError


def _alone(model, member):
    return _Alone(model, member)


def test_about_equal_is_a_lead_within_its_error(told):
    _, _, why = told
    tied, lead = why.about_equal.to_numpy(), why.lead.to_numpy()
    ranked = np.sort(why.by_driver, axis=1)
    second = ranked[:, -2] > 0
    np.testing.assert_array_equal(tied, second & (ranked[:, -2] >= ranked[:, -1] / 2) & (lead < 1.96 * why.lead_error))
    assert 0 < tied.mean() < 0.6
    assert not tied[~second].any()


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_say_so_in_every_language(told, language):
    _, _, why = told
    listed = why.strongest(2)[0][:, 1] >= 0
    tied = np.flatnonzero(why.about_equal & listed)[:5]
    spoken = language_of(language)
    end = spoken.words["unranked"].rpartition("{b}")[2].strip(" .")
    text = why[tied].words(language=language)
    sure = why[np.flatnonzero(~why.about_equal)[:5]].words(language=language)
    assert all(end in t for t in text)
    assert not any(end in t for t in sure)
    assert not any(end in t for t in why[tied].words(1, language=language)), "one reason alone is not compared"


def test_it_is_unknown_for_one_member_and_for_a_part_of_the_risk(told):
    _, X, why = told
    y = (why.risk > why.risk.median()).astype(int)
    alone = cp.explain(cp.ChurnClassifier(n_jobs=1, members=("linear",)).fit(X, y), X)
    assert np.isnan(alone.lead_error).all()
    assert not alone.about_equal.any()


def test_retrains_agree_where_reasons_can_be_ranked():
    same, ranked, tied = [], [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        X = pd.DataFrame(rng.normal(size=(3000, 4)), columns=["habit__a", "price__b", "support__c", "value__d"])
        y = (rng.random(3000) < sigmoid(X @ [0.7, 0.6, 0.5, 0.3] - 1)).astype(int)
        options = {"n_jobs": 1, "n_estimators": 60, "n_seeds": 1, "random_state": 0}
        before, now = (cp.explain(cp.ChurnClassifier(**options).fit(X[:n], y[:n]), X[2500:]) for n in (2300, 2500))
        found = compare_reasons(now, before)
        ranked.append(found["ranked"])
        same.append(found["same_ranked"])
        equal = now.about_equal.to_numpy()
        tied.append(compare_reasons(now[equal], before[equal])["same_first"])
    assert np.mean(same) > 0.9
    assert np.mean(same) > np.mean(tied) + 0.1
    assert np.mean(ranked) > 0.4
