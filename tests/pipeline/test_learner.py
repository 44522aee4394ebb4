"""A classifier gets the outcome window of the rule, however deep it lies; another window is refused."""

from __future__ import annotations

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.pipeline.learner import checked_classifier, default_classifier, with_window

RULE = cp.Inactivity("60d", gap="7d")


def test_the_window_reaches_classifiers_inside_others_and_leaves_the_given_one_alone() -> None:
    given = cp.ChurnClassifier()
    assert (with_window(given, RULE).horizon, with_window(given, RULE).gap) == ("60d", "7d")
    assert given.horizon is None
    deep = with_window(make_pipeline(StandardScaler(), GridSearchCV(cp.ChurnClassifier(), {"random_state": [0]})), RULE)
    inner = deep.steps[-1][1].estimator
    assert (inner.horizon, inner.gap) == ("60d", "7d")
    assert isinstance(with_window(LogisticRegression(), RULE), LogisticRegression)


def test_the_default_classifier_has_the_window_of_the_rule() -> None:
    made = default_classifier(RULE, random_state=3, n_jobs=1)
    assert (made.horizon, made.gap, made.random_state, made.min_leavers) == ("60d", "7d", 3, 10)


def test_another_window_is_refused() -> None:
    assert with_window(cp.ChurnClassifier(horizon="1440h", gap="7d"), RULE).horizon == "1440h", "the same length is the same window"
    for other in (cp.ChurnClassifier(horizon="30d"), cp.ChurnClassifier(horizon="60d", gap="0d")):
        with pytest.raises(UsageError, match="other-window"):
            with_window(other, RULE)
    with pytest.raises(UsageError, match="other-window"):
        with_window(GridSearchCV(LogisticRegression(), {}, cv=cp.TemporalSplit(horizon="30d")), RULE)


@pytest.mark.parametrize("wrong", ["lightgbm", cp.ChurnClassifier, 3], ids=str)
def test_what_is_no_classifier_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError, match="bad-argument"):
        checked_classifier(wrong)
    assert checked_classifier(None) is None
