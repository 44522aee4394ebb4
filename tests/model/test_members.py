"""Members of the blend: the same risk whichever way they are scored."""

import copy
import pickle

import lightgbm
import numpy as np
import pytest
from tests.model.test_tree_scores import large, raw

import churnpredict as cp
from churnpredict.model import tree_scores
from churnpredict.model.members import CalendarMember, LinearMember, PurchaseMember, TreeMember, blended_margin


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


@pytest.mark.parametrize("seed", range(5))
def test_limits_of_whole_columns_are_those_of_columns_one_by_one(monkeypatch, seed):
    """Columns without holes are taken together; the limits are the same to the last bit as column by column."""
    rng = np.random.default_rng(seed)
    A = rng.gamma(1.0, 10.0, (301, 9)) * rng.choice([-1.0, 1.0], 9)
    A[rng.random(301) < 0.3, 2] = np.nan
    A[rng.random(301) < 0.9, 5] = np.nan
    A[:, 7] = np.nan
    y, w = (rng.random(301) < 0.4).astype(float), rng.random(301) + 0.5
    found = LinearMember().fit(A, y, w)
    monkeypatch.setattr(np, "quantile", np.nanquantile)
    slow = LinearMember().fit(A, y, w)
    for name in ("low_", "high_", "slope_", "shift_"):
        assert getattr(found, name).tobytes() == getattr(slow, name).tobytes()
    logs = np.sign(A[:, 0]) * np.log(1 + np.abs(A[:, 0]))
    step = found.scale_[0] / 4
    low, high = np.nanquantile(logs, [0.005, 0.995])
    assert low - step <= found.low_[0] <= low
    assert high <= found.high_[0] <= high + step


@pytest.mark.parametrize("seed", range(6))
def test_margin_and_contributions_together_are_those_of_each(seed):
    rng = np.random.default_rng(seed)
    A = rng.gamma(1.0, 10.0, (2500, 8)) * rng.choice([-1.0, 1.0], 8)
    A[:, 3] = rng.integers(0, 5, 2500)
    if seed % 2:
        A[rng.random(A.shape) < 0.2] = np.nan
    y = (rng.random(2500) < 0.4).astype(float)
    line = LinearMember(categories=(3,) if seed % 3 else ()).fit(A, y, np.ones(2500))
    for rows in (A, A[:1], A[:0]):
        margin, phi, base = line.margin_and_contributions(rows)
        assert margin.tobytes() == line.margin(rows).tobytes()
        apart, same = line.contributions(rows)
        assert phi.tobytes() == apart.tobytes()
        assert base == same
        np.testing.assert_allclose(phi.sum(axis=1) + base, margin, atol=1e-12)


def test_members_of_one_column_say_which():
    A = np.random.default_rng(0).random((50, 4)) * [5, 20, 1, 1] + [0, 0, 25, 0]
    purchases = PurchaseMember(("x", "t_x", "T"), columns=(0, 1, 2), window=(30.0, 0.0)).fit(A, (A[:, 1] > 9).astype(float), np.ones(50))
    for member in (purchases, CalendarMember(3)):
        phi, base = member.contributions(A)
        assert (np.delete(phi, member.only_column, axis=1) == 0).all()
        assert phi[:, member.only_column].tobytes() == (member.margin(A) - member.base_).tobytes()
        assert base == member.base_


def test_known_margins_are_not_computed_again():
    booster, A = large(31)
    tree, line = TreeMember(booster, weight=0.6), CalendarMember(0, weight=0.4)
    whole = blended_margin([tree, line], A)
    tree.scores_with = line.margin = None  # neither is asked
    assert blended_margin([tree, line], A, [raw(booster, A), A[:, 0]]).tobytes() == whole.tobytes()
