"""The reader of a model is found by the library that made it; what is not made of trees has none."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import churnpredict as cp
from churnpredict.explanation.readers.find_reader import read_forest

X = np.random.default_rng(0).normal(size=(80, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize(
    "model", [GradientBoostingClassifier(n_estimators=3), RandomForestClassifier(n_estimators=3), DecisionTreeClassifier()], ids=str
)
def test_trees_of_scikit_learn_are_read(model: object) -> None:
    assert read_forest(model.fit(X, Y)) is not None  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", [LogisticRegression(), SVC()], ids=str)
def test_what_is_not_made_of_trees_has_no_reader(model: object) -> None:
    assert read_forest(model.fit(X, Y)) is None  # type: ignore[attr-defined]
    assert read_forest(object()) is None
    assert read_forest(cp.ChurnClassifier()) is None
