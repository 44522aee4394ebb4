"""By default customers are compared with those at the newest training cutoff: exactly their mean, steady from training to training."""

import copy

import numpy as np
import pandas as pd
import pytest
from tests.oracles.additivity import violations

from churnpredict.errors import ModelError
from churnpredict.explanation.attribution import explain
from churnpredict.explanation.stability import compare_reasons
from churnpredict.model import classifier
from churnpredict.model.classifier import ChurnClassifier


def ageing(cutoffs, first=0, n=60):
    """Customers who all joined on one day, at ten-day cutoffs: tenure is the same for all of them and grows; silence tells them apart."""
    rng = np.random.default_rng(11)
    days = np.repeat(np.arange(first, first + cutoffs), n) * 10
    index = pd.MultiIndex.from_arrays(
        [np.tile(np.arange(n), cutoffs), pd.Timestamp("2024-01-01").as_unit("us") + pd.to_timedelta(days, unit="D")],
        names=["customer_id", "cutoff"],
    )
    X = pd.DataFrame({"habit__a_days_since_last": rng.exponential(30, len(days)), "lifecycle__a_tenure": 30.0 + days}, index=index)
    z = 0.04 * X["habit__a_days_since_last"] + 0.006 * X["lifecycle__a_tenure"] - 3
    return X, pd.Series((rng.random(len(days)) < 1 / (1 + np.exp(-z))).astype(int), index=index)


@pytest.fixture(scope="module")
def aged():
    X, y = ageing(30)
    return ChurnClassifier(horizon="30d", n_estimators=40, n_jobs=1).fit(X, y), X


def test_counted_from_the_mean_of_the_customers_at_the_newest_cutoff(aged):
    model, X = aged
    newest = X[X.index.get_level_values("cutoff") == X.index.get_level_values("cutoff").max()]
    why = explain(model, newest)
    assert why.base_value == pytest.approx(model.decision_function(newest).mean(), abs=1e-9)
    assert np.abs(why.by_feature.mean(axis=0)).max() < 1e-9  # they against themselves: nothing is left
    everybody = explain(model, X)
    assert violations(everybody, model.decision_function(X)) == []
    assert "newest training cutoff" in repr(why)
    frugal = explain(model, X, detail="drivers")
    np.testing.assert_allclose(frugal.by_driver, everybody.by_driver, atol=1e-9)
    assert frugal.base_value == pytest.approx(everybody.base_value, abs=1e-12)


def test_of_many_customers_an_even_part_says_what_is_typical(monkeypatch):
    X, y = ageing(12)
    monkeypatch.setattr(classifier, "TYPICAL", 7)
    model = ChurnClassifier(horizon="30d", n_estimators=5, n_jobs=1).fit(X, y)
    newest = X[X.index.get_level_values("cutoff") == X.index.get_level_values("cutoff").max()]
    some = newest.iloc[[0, 10, 20, 30, 39, 49, 59]]
    assert explain(model, newest).base_value == pytest.approx(model.decision_function(some).mean(), abs=1e-9)


def test_what_all_have_in_common_is_nobodys_reason(aged):
    """All have grown older since the training rows, on average. Against these, that alone would be a reason for everybody."""
    model, X = aged
    newest = X[X.index.get_level_values("cutoff") == X.index.get_level_values("cutoff").max()]
    assert abs(explain(model, newest).drivers["lifecycle"].mean()) < 1e-9
    forgetful = copy.copy(model)
    forgetful.typical_ = None
    assert explain(forgetful, newest).drivers["lifecycle"].min() > 0.2
    first = [explain(m, newest).top(1)["reason_1"].eq("lifecycle").mean() for m in (model, forgetful)]
    assert first[1] > first[0] + 0.3


def test_reasons_are_steadier_from_one_training_to_the_next():
    models = []
    for first in (0, 6):
        X, y = ageing(24, first)
        models.append(ChurnClassifier(horizon="30d", n_estimators=40, n_jobs=1).fit(X, y))
    today = ageing(1, 33, n=300)[0]
    steady = compare_reasons(*(explain(model, today) for model in models))["same_first"]
    for model in models:
        model.typical_ = None
    assert steady >= 0.95
    assert compare_reasons(*(explain(model, today) for model in models))["same_first"] < steady


def test_without_cutoffs_the_trees_say_what_is_typical(book):
    model, X, y = book  # one cutoff
    assert model.typical_ is None
    assert "average training row" in repr(explain(model, X.iloc[:5]))
    flat = ChurnClassifier(n_estimators=5, n_jobs=1).fit(X.reset_index(drop=True), y.to_numpy())
    assert flat.typical_ is None


def test_rows_of_ones_own_are_not_counted_twice(aged):
    model, X = aged
    own = X.iloc[40:80]
    why = explain(model, X.iloc[:30], reference=own)
    assert why.base_value == pytest.approx(model.decision_function(own).mean(), abs=1e-9)
    assert violations(why, model.decision_function(X.iloc[:30])) == []


def test_a_base_that_forgets_the_typical_customer_is_refused(aged):
    """The planted fault: contributions are counted from the typical customer, the base is not."""

    class Forgotten(np.ndarray):
        def sum(self, *args, **kwargs):
            return np.float64(0.0)

    model, X = aged
    tilted = copy.copy(model)
    tilted.typical_ = model.typical_.view(Forgotten)
    with pytest.raises(ModelError, match="not-additive"):
        explain(tilted, X)
