"""Boosters that were trained elsewhere: explained exactly as they predict, or refused by name."""

import lightgbm
import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import ChurnError
from churnpredict.explanation.attribution import explain

PLAIN = {"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 7}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=600), "b": rng.normal(size=600), "size": rng.choice([10, 20, 30], 600)})
    X["plan"] = rng.choice(["year", "month", "week"], 600)
    margin = X["a"] + 2 * (X["size"] == 20) - 2 * (X["plan"] == "week")
    return X, (rng.random(600) < 1 / (1 + np.exp(-margin))).astype(int)


def trained(X, y, more=None, rounds=20, **options):
    return lightgbm.train(PLAIN | (more or {}), lightgbm.Dataset(X, y, **options), rounds)


@pytest.mark.parametrize("rows", [40, 600])
@pytest.mark.parametrize(
    "more",
    [
        {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1},
        {"boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "sigmoid": 2.0},
        {"boosting": "dart"},
        {"data_sample_strategy": "goss"},
        {"sigmoid": 0.5},
        {"boost_from_average": False},
        {"objective": "cross_entropy"},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"is_unbalance": True},
    ],
    ids=str,
)
def test_every_kind_of_booster_is_explained_as_it_predicts(frame, more, rows):
    X, y = frame
    A = X[["a", "b", "size"]]
    booster = trained(A, y, more)
    for reference in (None, "all_active"):
        if reference is not None and "sigmoid" in more:  # a reference needs tables, which another sigmoid does not have
            with pytest.raises(ChurnError, match="sigmoid"):
                explain(booster, A.iloc[:rows], reference=reference)
            continue
        why = explain(booster, A.iloc[:rows], reference=reference)
        np.testing.assert_allclose(why.risk, booster.predict(A.iloc[:rows]), atol=1e-9)


def test_the_best_iteration_counts(frame):
    X, y = frame
    A = X[["a", "b", "size"]].to_numpy()
    booster = trained(A, y, rounds=30)
    whole = booster.predict(A)
    booster.best_iteration = 5  # as early stopping sets it
    assert not np.array_equal(booster.predict(A), whole)
    np.testing.assert_allclose(explain(booster, A).risk, booster.predict(A), atol=1e-9)


def categories(X):
    return X.assign(size=pd.Categorical(X["size"]), plan=pd.Categorical(X["plan"]))


def test_the_boosters_own_list_says_what_a_category_is(frame):
    X, y = frame
    booster = trained(categories(X), y)
    expected = booster.predict(categories(X))
    others = {
        "as trained": categories(X),
        "numbers and texts": X,
        "one of two is a category": X.assign(plan=pd.Categorical(X["plan"])),
        "levels in another order": X.assign(
            size=pd.Categorical(X["size"], [30, 10, 20]), plan=pd.Categorical(X["plan"], ["week", "year", "month"])
        ),
        "more levels": X.assign(size=pd.Categorical(X["size"], [5, 10, 20, 30]), plan=pd.Categorical(X["plan"])),
        "columns in another order": categories(X)[["plan", "size", "b", "a"]],
    }
    for name, given in others.items():
        np.testing.assert_allclose(explain(booster, given).risk, expected, atol=1e-9, err_msg=name)
    one_kind = categories(X[X["plan"] == "week"])  # its own levels are one, and still the third of the booster
    np.testing.assert_allclose(explain(booster, one_kind).risk, expected[X["plan"] == "week"], atol=1e-9)
    with pytest.raises(ChurnError, match="other-categories"):
        explain(booster, X.assign(size=X["size"].astype(str)))


def test_numbers_that_were_trained_on_are_not_taken_for_codes(frame):
    X, y = frame
    numbers = X[["a", "b", "size"]]
    for booster in (trained(numbers, y), trained(numbers.to_numpy(), y, categorical_feature=[2])):
        expected = booster.predict(numbers.to_numpy())
        np.testing.assert_allclose(explain(booster, numbers.assign(size=pd.Categorical(numbers["size"]))).risk, expected, atol=1e-9)
    with pytest.raises(ChurnError, match="other-categories"):
        explain(trained(numbers, y), numbers.assign(size=pd.Categorical(X["plan"])))


@pytest.mark.parametrize("more", [{"linear_tree": True}, {"objective": "regression"}, {"objective": "multiclass", "num_class": 3}], ids=str)
def test_what_cannot_be_explained_is_refused_by_name(frame, more):
    X, y = frame
    A = X[["a", "b", "size"]]
    with pytest.raises(ChurnError):
        explain(trained(A, y, more), A)
