"""Many calls by one model at the same time say the same as one after the other: nothing that is shared is changed in place."""

from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pandas as pd
import pytest

from churnpredict.explanation.attribution import explain
from churnpredict.explanation.contributions import always_by_tables
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.classifier import ChurnClassifier


@pytest.fixture(scope="module")
def booster():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(900, 6))
    data = lightgbm.Dataset(A, A[:, 0] + A[:, 1] * A[:, 2] > 0, params={"verbosity": -1, "num_threads": 1})
    return lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": 15}, data, 30), A


def test_groups_of_one_caller_are_not_those_of_another(booster):
    model, A = booster
    explainer = TreeShap(model)
    many = [np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 0, 1]), np.array([1, 0, 0, 0, 0, 0]), np.arange(6)]
    expected = [TreeShap(model).shap_values(A, groups=groups)[0] for groups in many]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda i: explainer.shap_values(A, groups=many[i % 4])[0], range(200)))
    for i, phi in enumerate(got):
        np.testing.assert_array_equal(phi, expected[i % 4])


def test_what_a_call_says_does_not_depend_on_calls_before(booster):
    model, A = booster
    explainer = TreeShap(model)
    few, _ = explainer.shap_values(A[:20])
    explainer.shap_values(A)  # builds the tables
    np.testing.assert_array_equal(explainer.shap_values(A[:20])[0], few)


def test_a_model_explains_in_threads_as_alone():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(700, 4)), columns=["habit__a", "habit__b", "price__c", "value__d"])
    y = (rng.random(700) < 1 / (1 + np.exp(1 - X["habit__a"]))).astype(int)
    model = ChurnClassifier(n_estimators=20, n_seeds=1, n_jobs=1).fit(X, y)
    asked = [X, X.iloc[:40], X.iloc[:400], X.iloc[[3]]]
    other = {"habit__a": "price", "value__d": "support"}

    def say(i):
        if i % 3 == 2:
            with always_by_tables():
                return explain(model, asked[i % 4], detail="drivers").by_driver
        return explain(model, asked[i % 4], drivers=other if i % 3 else None, detail="drivers").by_driver

    alone = [say(i) for i in range(12)]
    with ThreadPoolExecutor(6) as pool:
        for i, got in enumerate(pool.map(say, range(60))):
            np.testing.assert_array_equal(got, alone[i % 12])
