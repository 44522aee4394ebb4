"""Names from other libraries say what to call instead, and remain names that a classifier does not have."""

from __future__ import annotations

import copy
import pickle

import pytest

import churnpredict as cp
from churnpredict.model.elsewhere import ON_A_CLASSIFIER, not_an_attribute


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("save", "joblib.dump(model, path)"),
        ("coef_", "cp.explain(model, X)"),
        ("feature_importances_", "cp.explain(model, X)"),
        ("members_", "model.fit(X, y)"),
        ("transform", "cp.build_features"),
        ("nothing_of_the_kind", "has no attribute 'nothing_of_the_kind'"),
    ],
)
def test_what_to_call_instead(name: str, said: str) -> None:
    model = cp.ChurnClassifier()
    assert said in not_an_attribute(model, name, ON_A_CLASSIFIER, learnt="classes_", train="model.fit(X, y)")
    assert not hasattr(model, name)
    with pytest.raises(AttributeError) as caught:
        getattr(model, name)
    assert said in str(caught.value)
    assert caught.value.name == name


def test_copies_are_made_as_before() -> None:
    model = cp.ChurnClassifier(n_jobs=3)
    assert copy.deepcopy(model).n_jobs == pickle.loads(pickle.dumps(model)).n_jobs == 3
