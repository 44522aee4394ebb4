"""Labels of any type as 0 and 1, and which of them means "left"; what does not say so is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from churnpredict.errors import ChurnWarning, OutcomeError, TrainingError, UsageError
from churnpredict.model.labels import check_leavers, leaving_of, read_labels, risk_of

X = np.array([[0.0], [1.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("labels", "positive", "leaving"),
    [
        ([0, 1, 0], None, 1),
        ([-1, 1, -1], None, 1),
        (["0", "1", "0"], None, "1"),
        (["one", "two", "one"], None, "two"),
        (["stay", "churn", "stay"], "churn", "churn"),
        ([False, True, False], True, True),
        ([1, 2, 1], 1, 1),
    ],
    ids=str,
)
def test_the_label_that_left_is_one(labels: list[object], positive: object, leaving: object) -> None:
    found = read_labels(labels, positive=positive)
    assert found.leaving == leaving
    assert found.target.tolist() == [float(label == leaving) for label in labels]
    assert list(found.classes) == sorted(set(labels))  # type: ignore[type-var]


def test_left_and_lost_are_both_gone() -> None:
    assert read_labels(pd.DataFrame({"outcome": [0, 1, 2], "duration": [9, 1, 2]})).target.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("labels", "options", "code"),
    [
        (["stay", "churn"], {}, "no-positive-class"),
        ([True, False], {}, "no-positive-class"),
        (["a", "b"], {"positive": "c"}, "unknown-positive"),
        ([0, 1, 2], {}, "many-classes"),
        ([0, 1, np.nan], {}, "missing-label"),
        ([0, 1, np.inf], {}, "infinite-label"),
        (pd.DataFrame({"outcome": [0, -1]}), {}, "unknown-outcome"),
    ],
    ids=str,
)
def test_labels_that_do_not_say_who_left_are_refused(labels: object, options: dict[str, object], code: str) -> None:
    with pytest.raises(OutcomeError, match=code):
        read_labels(labels, **options)
    with pytest.raises(UsageError, match="no-outcomes"):
        read_labels(None)


def test_the_risk_is_the_column_of_the_label_that_left() -> None:
    numbers = LogisticRegression().fit(X, [0, 0, 1, 1])
    assert leaving_of(numbers) == 1
    assert (risk_of(numbers, X) == numbers.predict_proba(X)[:, 1]).all()
    texts = LogisticRegression().fit(X, ["a", "a", "b", "b"])
    with pytest.raises(OutcomeError, match="no-positive-class"):
        leaving_of(texts)


def test_leavers_are_counted_before_training() -> None:
    some = np.r_[np.ones(20), np.zeros(100)]
    with pytest.raises(TrainingError, match="one-class"):
        check_leavers(np.zeros(5))
    with pytest.raises(OutcomeError, match="too-few-leavers"):
        check_leavers(some, at_least=21)
    with pytest.warns(ChurnWarning, match="few-leavers"):
        check_leavers(some, at_least=20)
    check_leavers(some)
    with pytest.raises(OutcomeError, match="too-few-leavers"):
        check_leavers(1 - some, at_least=21, either=True)
