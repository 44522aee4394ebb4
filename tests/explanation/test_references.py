"""What customers are compared with: the base is the mean of the reference rows, whatever kind they are."""

import numpy as np
import pandas as pd
import pytest
from tests.oracles.additivity import violations

from churnpredict.errors import UsageError
from churnpredict.explanation import references
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.references import usual_values


def test_all_active_counts_from_the_mean_of_everybody(book):
    model, X, _ = book
    X = X.iloc[:200]
    why = explain(model, X, reference="all_active")
    assert why.base_value == pytest.approx(model.decision_function(X).mean(), abs=1e-9)
    assert violations(why, model.decision_function(X)) == []
    assert np.abs(why.by_feature.mean(axis=0)).max() < 1e-9  # everybody against everybody: nothing is left
    assert "all active" in repr(why)


def test_just_below_threshold_counts_from_those_below(book):
    model, X, _ = book
    risk = model.predict_proba(X)[:, 1]
    why = explain(model, X, reference="just_below_threshold", threshold=0.4)
    below = np.sort(risk[risk < 0.4])[-45:]  # a twentieth of 900
    assert why.base_value == pytest.approx(np.log(below / (1 - below)).mean(), abs=1e-9)
    assert violations(why, model.decision_function(X)) == []
    default = explain(model, X.iloc[:50], reference="just_below_threshold")
    assert default.base_risk < np.quantile(risk[:50], 0.9)


def test_own_rows_and_only_drivers(book):
    model, X, _ = book
    own = X.iloc[300:340]
    why = explain(model, X.iloc[:100], reference=own)
    assert why.base_value == pytest.approx(model.decision_function(own).mean(), abs=1e-9)
    frugal = explain(model, X.iloc[:100], reference=own, detail="drivers")
    np.testing.assert_allclose(frugal.by_driver, why.by_driver, atol=1e-9)


def test_one_own_row_is_a_difference_of_two(book):
    """Against one row, the values of two identical customers are nothing at all."""
    model, X, _ = book
    why = explain(model, X.iloc[[5, 6]], reference=X.iloc[[5]])
    assert np.abs(why.by_feature[0]).max() < 1e-12
    assert np.abs(why.by_feature[1]).max() > 0.01


def test_order_of_rows_does_not_matter(book, monkeypatch):
    model, X, _ = book
    monkeypatch.setattr(references, "MOST_ROWS", 50)
    shuffled = X.sample(frac=1, random_state=3)
    for reference in ("all_active", "just_below_threshold"):
        one, two = explain(model, X, reference=reference), explain(model, shuffled, reference=reference)
        np.testing.assert_allclose(two.drivers.loc[X.index].to_numpy(), one.by_driver, atol=1e-9)


def test_a_member_of_another_kind_is_counted_from_the_reference(book):
    model, X, _ = book

    class Linear:
        weight = 0.3

        def contributions(self, A):
            return np.nan_to_num(A) * 0.01, -1.0

        def margin(self, A):
            return -1.0 + (np.nan_to_num(A) * 0.01).sum(axis=1)

    import copy

    blend = copy.copy(model)
    blend.members_ = [*model.members_, Linear()]
    why = explain(blend, X.iloc[:100], reference=X.iloc[200:250])
    assert violations(why, blend.decision_function(X.iloc[:100])) == []
    assert why.base_value == pytest.approx(blend.decision_function(X.iloc[200:250]).mean(), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"reference": "all_activ"}, "unknown-reference"),
        ({"reference": "just_below_threshold", "threshold": 1.5}, "bad-threshold"),
        ({"threshold": 0.5}, "bad-threshold"),
        ({"reference": "just_below_threshold", "threshold": 1e-9}, "nobody-below"),
    ],
)
def test_strange_references_are_refused(book, arguments, code):
    model, X, _ = book
    with pytest.raises(UsageError, match=code):
        explain(model, X, **arguments)
    with pytest.raises(UsageError, match="no-rows"):
        explain(model, X, reference=X.iloc[:0])


def test_usual_values():
    frame = pd.DataFrame({"a": [1.0, np.nan] + [3.0] * 29, "b": ["x"] * 20 + ["y"] * 11, "c": [None] * 31})
    assert usual_values(frame, ["a", "b", "c"]) == {"a": 3.0, "b": "x"}
    assert usual_values(frame.iloc[:29], ["a"]) == {}
    assert usual_values(np.ones((40, 2)), ["x0", "x1"]) == {"x0": 1.0, "x1": 1.0}
