"""Members of the blend: the same risk whichever way they are scored."""

import copy
import pickle

import lightgbm
import numpy as np
import pytest
from tests.model.test_tree_scores import large, raw

import churnpredict as cp
from churnpredict.model import tree_scores
from churnpredict.model.members import TreeMember


def test_few_rows_and_many_rows_agree_and_switch(monkeypatch):
    booster, A = large(31)
    monkeypatch.setattr(tree_scores, "PAYS_FROM", 6 * 1000)
    monkeypatch.setattr(tree_scores, "LOADING", 6 * 1000)
    member = TreeMember(booster)
    whole = raw(booster, A)
    for _ in range(2):
        np.testing.assert_array_equal(member.margin(A[:600]), whole[:600])
    assert member.scores.scores is not None
    np.testing.assert_array_equal(member.margin(A[:5]), whole[:5])
    for same in (pickle.loads(pickle.dumps(member)), copy.deepcopy(member)):
        np.testing.assert_array_equal(same.margin(A), whole)
        assert same.weight == member.weight
    with pytest.raises(lightgbm.basic.LightGBMError, match="number of features"):
        member.margin(A[:100, :3])


def test_a_classifier_scores_the_same_either_way(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 4))
    model = cp.ChurnClassifier(random_state=0, n_jobs=1).fit(X, (X[:, 0] + rng.normal(size=800) > 0).astype(int))
    slow = model.predict_proba(X)
    monkeypatch.setattr(tree_scores, "PAYS_FROM", 0)
    monkeypatch.setattr(tree_scores, "LOADING", 0)
    np.testing.assert_array_equal(model.predict_proba(X), slow)
    assert any(isinstance(m, TreeMember) and m.joint[1].scores is not None for m in model.members_)
