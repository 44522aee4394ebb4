"""The common form of models that can be explained, and refusals of those that cannot."""

import lightgbm
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.explanation.test_attribution import QUIET
from tests.oracles.additivity import violations

from churnpredict.errors import ModelError, UsageError
from churnpredict.explanation.attribution import explain


def test_booster_and_sklearn_model_of_lightgbm(book):
    _, X, y = book
    booster = lightgbm.train(QUIET | {"sigmoid": 1.7}, lightgbm.Dataset(X, y.to_numpy()), 15)
    log_odds = 1.7 * booster.predict(X, raw_score=True)
    why = explain(booster, X[X.columns[::-1]])  # by name: LightGBM itself would take them by place
    assert violations(why, log_odds) == []
    assert list(why.drivers.columns) == ["habit", "value", "support", "lifecycle"]
    labels = np.where(y == 1, "churn", "stay")
    model = lightgbm.LGBMClassifier(n_estimators=15, verbose=-1, n_jobs=1).fit(X, labels)
    with pytest.raises(UsageError, match="no-positive-class"):
        explain(model, X)
    why = explain(model, X, positive="churn")
    np.testing.assert_allclose(why.risk, model.predict_proba(X)[:, list(model.classes_).index("churn")], atol=1e-12)
    assert np.corrcoef(why.risk, y)[0, 1] > 0.3


def test_what_cannot_be_explained_says_so(book):
    _, X, y = book
    flat = X.drop(columns="lifecycle__customers_plan").fillna(0)
    with pytest.raises(UsageError, match="cannot-explain"):
        explain(LogisticRegression(max_iter=5000).fit(flat, y), flat)
    regression = lightgbm.train(QUIET | {"objective": "regression"}, lightgbm.Dataset(flat, y.to_numpy()), 5)
    with pytest.raises(UsageError, match="not-a-risk"):
        explain(regression, flat)
    with pytest.raises(UsageError, match="no-rows"):
        explain(book[0], X.iloc[:0])
    linear = lightgbm.train(QUIET | {"linear_tree": True}, lightgbm.Dataset(flat, y.to_numpy(), params={"linear_tree": True}), 5)
    with pytest.raises((ModelError, lightgbm.basic.LightGBMError)):
        explain(linear, flat)
