"""tune=: a budget, deterministic by seed, never worse than the defaults on the rows that it may see; defaults untouched without it."""

import sys

import numpy as np
import pytest

import churnpredict as cp
from churnpredict.errors import MissingExtraError, UsageError
from churnpredict.model.tuning import read_budget

pytest.importorskip("optuna")
QUICK = {"horizon": "30d", "members": ("trees",), "half_life": None, "n_seeds": 1, "n_estimators": 40, "n_jobs": 1}


def test_a_number_of_trials_finds_the_same_trees_twice(snapshots):
    X, y = snapshots
    one, other = (cp.ChurnClassifier(**QUICK, tune=4).fit(X, y) for _ in range(2))
    tuned = one.training_record_["tuned"]
    assert tuned == other.training_record_["tuned"]
    assert tuned["trials"] == 4
    assert tuned["loss"] <= tuned["loss_before"]
    assert (one.predict_proba(X) == other.predict_proba(X)).all()
    tree = one.members_[0].booster.dump_model()["tree_info"][0]
    assert tree["num_leaves"] <= tuned["parameters"]["num_leaves"]


def test_the_first_trial_is_the_default(snapshots):
    X, y = snapshots
    plain, tuned = cp.ChurnClassifier(**QUICK).fit(X, y), cp.ChurnClassifier(**QUICK, tune=1).fit(X, y)
    assert plain.predict_proba(X) == pytest.approx(tuned.predict_proba(X))
    assert "tuned" not in plain.training_record_


def test_a_time_is_a_budget_too(snapshots):
    X, y = snapshots
    assert cp.ChurnClassifier(**QUICK, tune="1s").fit(X, y).training_record_["tuned"]["trials"] >= 1


def test_later_rows_do_not_reach_the_search(snapshots):
    """Only the training period is looked at: what follows it cannot change the choice."""
    X, y = snapshots
    early = X.index.get_level_values("cutoff") < np.datetime64("2023-05-01")
    turned = y.where(early, 1 - y)
    one, other = (cp.ChurnClassifier(**QUICK, tune=3).fit(X[early], labels[early]) for labels in (y, turned))
    assert one.training_record_["tuned"] == other.training_record_["tuned"]


@pytest.mark.parametrize("wrong", [0, -3, True, 1.5, "no time", "-5min"])
def test_what_is_no_budget_is_refused(wrong):
    with pytest.raises(UsageError, match="bad-budget"):
        read_budget(wrong)


def test_nothing_to_tune_is_said(snapshots):
    X, y = snapshots
    with pytest.warns(cp.ChurnWarning, match="not-tuned"):
        cp.ChurnClassifier(members=("linear",), tune=2).fit(X, y)


def test_without_optuna_the_extra_is_named(snapshots, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"churnpredict\[tune\]"):
        cp.ChurnClassifier(**QUICK, tune=2).fit(*snapshots)
