"""Trees of CatBoost: values equal the library's own, and what is not exact is refused."""

import numpy as np
import pytest
from tests.explanation.readers.matrices import FRAME, A, M, W, Y, Z, refused

import churnpredict as cp


def test_catboost_with_monotone_constraints_counts_from_the_mean_of_the_training():
    """CatBoost's own values sum to the score as well, but from another base."""
    catboost = pytest.importorskip("catboost")
    quiet = {"iterations": 10, "depth": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    model = catboost.CatBoostClassifier(monotone_constraints=[1, 0, -1, 0], **quiet).fit(A, Y, sample_weight=W)
    raw = model.predict(A, prediction_type="RawFormulaVal")
    phi, expected = cp.TreeShap(model).shap_values(A)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, raw, rtol=0, atol=1e-9)
    assert expected == pytest.approx(np.average(raw, weights=W), abs=1e-6)
    model.set_scale_and_bias(0.5, 0.2)
    phi, expected = cp.TreeShap(model).shap_values(A)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, model.predict(A, prediction_type="RawFormulaVal"), rtol=0, atol=1e-9)


@pytest.mark.parametrize("more", [{}, {"nan_mode": "Max"}, {"boosting_type": "Ordered"}, {"loss_function": "CrossEntropy"}])
def test_catboost_as_it_explains_itself(more):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostClassifier(iterations=10, depth=5, verbose=0, allow_writing_files=False, thread_count=1, **more)
    model.fit(M, Y, sample_weight=W)
    explainer = cp.TreeShap(model)
    phi, expected = explainer.shap_values(M)
    theirs = model.get_feature_importance(catboost.Pool(M), type="ShapValues")
    np.testing.assert_allclose(phi, theirs[:, :-1], rtol=0, atol=1e-9)
    assert expected == pytest.approx(theirs[0, -1], abs=1e-9)
    np.testing.assert_allclose(cp.explain(model, M).risk, model.predict_proba(M)[:, 1], rtol=0, atol=1e-9)
    assert "weights" in explainer.base


def test_catboost_refuses_what_is_not_exact():
    catboost = pytest.importorskip("catboost")
    quiet = {"iterations": 3, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    refused(catboost.CatBoostClassifier(grow_policy="Lossguide", **quiet).fit(A, Y), "model-unsupported", "symmetric")
    text = FRAME.assign(price__c=FRAME["price__c"].astype(object).fillna("none"))
    for most in (2, 20):
        model = catboost.CatBoostClassifier(cat_features=["price__c"], one_hot_max_size=most, **quiet).fit(text, Z)
        refused(model, "model-unsupported", "categories")
    refused(catboost.CatBoostClassifier(**quiet).fit(A, np.digitize(A[:, 0], [-0.5, 0.5])), "model-unsupported", "more than one score")
