"""Trees of XGBoost: values equal the library's own, and what is not exact is refused."""

import numpy as np
import pandas as pd
import pytest
from tests.explanation.readers.matrices import FRAME, A, M, W, Y, Z, refused

import churnpredict as cp
from churnpredict.errors import MismatchError


@pytest.mark.parametrize(
    "more",
    [{}, {"booster": "dart", "rate_drop": 0.3}, {"tree_method": "exact"}, {"objective": "count:poisson"},
     {"num_parallel_tree": 3, "subsample": 0.5}, {"base_score": 0.3}, {"objective": "binary:logitraw"},
     {"monotone_constraints": "(1,0,-1,0)"}, {"grow_policy": "lossguide", "max_leaves": 9}, {"tree_method": "approx"},
     {"interaction_constraints": "[[0,1],[2,3]]"}, {"objective": "reg:quantileerror", "quantile_alpha": 0.3},
     {"objective": "reg:absoluteerror"}, {"objective": "binary:hinge"}, {"scale_pos_weight": 4, "max_delta_step": 1}],
)  # fmt: skip
def test_xgboost_as_it_explains_itself(more):
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(M, Y, weight=W)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 5, "eta": 0.3, "nthread": 1} | more, data, 10)
    explainer = cp.TreeShap(booster)
    phi, expected = explainer.shap_values(M)
    theirs = booster.predict(data, pred_contribs=True)
    np.testing.assert_allclose(phi, theirs[:, :-1], rtol=0, atol=1e-5)  # theirs are sums in 32 bits
    assert expected == pytest.approx(theirs[0, -1], abs=1e-5)
    pairs, _ = explainer.interaction_values(M[:30])
    np.testing.assert_allclose(pairs, booster.predict(data, pred_interactions=True)[:30, :-1, :-1], rtol=0, atol=1e-5)
    assert "Hessian" in explainer.base


def test_xgboost_with_categories_by_name_and_refusals():
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=10, max_depth=4, enable_categorical=True, max_cat_to_onehot=3, n_jobs=1).fit(FRAME, Z)
    why = cp.explain(model, FRAME)
    np.testing.assert_allclose(why.risk, model.predict_proba(FRAME)[:, 1], rtol=0, atol=1e-5)
    stranger = FRAME.assign(price__c=pd.Categorical(["new"] * 400))
    with pytest.raises(MismatchError, match="other-categories"):
        cp.TreeShap(model).shap_values(stranger)
    refused(xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(A, Y), 2), "model-unsupported", "no trees")
    three = np.digitize(A[:, 0], [-0.5, 0.5])
    refused(xgboost.XGBClassifier(n_estimators=2).fit(A, three), "model-unsupported", "more than one score")


def test_xgboost_stops_where_its_estimator_stops():
    xgboost = pytest.importorskip("xgboost")
    model = xgboost.XGBClassifier(n_estimators=200, early_stopping_rounds=2, n_jobs=1, learning_rate=1.0)
    model.fit(A[:300], Y[:300], eval_set=[(A[300:], Y[300:])], verbose=False)
    np.testing.assert_allclose(cp.explain(model, A).risk, model.predict_proba(A)[:, 1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("missing", [-999.0, 0.0, 0.1])
def test_xgboost_takes_the_number_that_stands_for_missing(missing):
    """A planted fault: read as a number, the rows go another way, and no error tells so."""
    xgboost = pytest.importorskip("xgboost")
    filled = np.where(np.isnan(M), missing, M)
    model = xgboost.XGBClassifier(n_estimators=20, max_depth=4, n_jobs=1, missing=missing).fit(filled, Y)
    phi, expected = cp.TreeShap(model).shap_values(filled)
    margin = model.predict(filled, output_margin=True)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, margin, rtol=0, atol=1e-5)
    assert np.abs(cp.TreeShap(model.get_booster()).shap_values(filled)[0].sum(axis=1) + expected - margin).max() > 0.1
    np.testing.assert_allclose(cp.explain(model, filled).risk, model.predict_proba(filled)[:, 1], rtol=0, atol=1e-5)
    named = pd.DataFrame(filled, columns=list("abcd")).assign(d=pd.Categorical(FRAME["price__c"].astype(object).fillna("x")))
    model = xgboost.XGBClassifier(n_estimators=20, n_jobs=1, missing=missing, enable_categorical=True).fit(named, Y)
    if missing == 0:  # a category has the number 0
        refused(model, "model-unsupported", "category of that number")
        return
    phi, expected = cp.TreeShap(model).shap_values(named)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, model.predict(named, output_margin=True), rtol=0, atol=1e-5)
    with pytest.raises(MismatchError, match="not-a-number"):
        cp.TreeShap(model).shap_values(named.assign(a=np.nan))
