"""Trees of other libraries: against their own values, shap's, and the definition; what has no exact values is refused by name."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from tests.explanation.readers.matrices import A, M, Y, refused

import churnpredict as cp
from churnpredict.errors import MismatchError, UsageError
from churnpredict.explanation.readers.find_reader import read_forest


def test_what_is_not_exact_is_refused_by_name():
    three = np.digitize(A[:, 0], [-0.5, 0.5])
    refused(RandomForestClassifier(3).fit(A, three), "model-unsupported", "3 classes")
    refused(GradientBoostingClassifier(n_estimators=3).fit(A, three), "model-unsupported", "more than two classes")
    refused(HistGradientBoostingClassifier(max_iter=3).fit(A, three), "model-unsupported", "more than two classes")
    refused(RandomForestRegressor(3).fit(A, A[:, :2]), "model-unsupported", "several outputs")
    refused(GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()).fit(A, Y), "model-unsupported", "init=")
    assert read_forest(LogisticRegression().fit(A, Y)) is None
    assert read_forest(IsolationForest(n_estimators=5).fit(A)) is None
    with pytest.raises(UsageError, match="cannot-explain"):
        cp.explain(DummyClassifier().fit(A, Y), A)
    with pytest.raises(UsageError, match="not-a-risk"):
        cp.explain(RandomForestRegressor(3).fit(A, Y), A)


def test_rows_that_the_model_does_not_take_are_refused():
    model = GradientBoostingClassifier(n_estimators=3).fit(A, Y)
    with pytest.raises(MismatchError, match="not-a-number"):
        cp.TreeShap(model).shap_values(M)
    with pytest.raises(MismatchError, match="column-count"):
        cp.TreeShap(model).shap_values(A[:, :3])
    with pytest.raises(MismatchError, match="other-categories"):
        cp.TreeShap(model).shap_values(pd.DataFrame(A).assign(z="x").drop(columns=0))


# --- XGBoost and CatBoost: large, so only where somebody has them -------------------------------------------------------------------------
