"""Columns of a booster trained elsewhere: TreeShap takes those of a frame by name, and categories by the booster's own list."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnError, MismatchError
from churnpredict.explanation.booster_columns import BoosterColumns


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=900), "plan": rng.choice([10, 20, 30], 900), "b": rng.normal(size=900)})
    y = rng.random(900) < 1 / (1 + np.exp(-X["a"] - 2 * (X["plan"] == 20)))
    X["plan"] = X["plan"].astype("category")
    data = lgb.Dataset(X, y.astype(int))
    return lgb.train({"objective": "binary", "verbose": -1, "num_leaves": 8, "num_threads": 1}, data, 12), X


FORMS = {
    "as in training": lambda X: X,
    "other order of columns": lambda X: X[["b", "plan", "a"]],
    "numbers": lambda X: X.astype({"plan": int}),
    "objects": lambda X: X.astype({"plan": object}),
    "other order of categories": lambda X: X.assign(plan=X["plan"].cat.reorder_categories([30, 10, 20])),
    "a column more": lambda X: X.assign(c=1.0),
    "Polars": lambda X: pl.from_pandas(X.astype({"plan": int})),
    "codes": lambda X: X.assign(plan=X["plan"].cat.codes).to_numpy(np.float64),
}


@pytest.mark.parametrize("form", FORMS)
def test_values_sum_to_what_the_booster_predicts(trained, form):
    """A category of 10, 20 and 30 was compared with codes 0 to 2, and columns in another order were taken by position."""
    booster, X = trained
    phi, expected = cp.TreeShap(booster).shap_values(FORMS[form](X))
    np.testing.assert_allclose(phi.sum(axis=1) + expected, booster.predict(X, raw_score=True), atol=1e-9)


def test_what_is_not_known_is_refused(trained):
    booster, X = trained
    for wrong in (X.astype({"plan": float}).to_numpy(), X.astype({"plan": str}), X.drop(columns="b")):
        with pytest.raises(MismatchError):
            cp.TreeShap(booster).shap_values(wrong)
    with pytest.raises(MismatchError, match="numbered from 0"):
        cp.explain(booster, X.astype({"plan": float}).to_numpy())
    with pytest.raises(ChurnError, match="other-categories"):
        cp.TreeShap(booster.model_to_string()).shap_values(X)
    assert BoosterColumns(booster, X[["b", "plan", "a"]]).names == ["a", "plan", "b"]
