"""Trees of other libraries: against their own values, shap's, and the definition; what has no exact values is refused by name."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from tests.oracles import shapley as oracle

import churnpredict as cp
from churnpredict.errors import ChurnError, MismatchError, ModelError, ModelFileError, UsageError
from churnpredict.explanation.forest_members import ForestMember
from churnpredict.explanation.readers.find_reader import read_forest
from churnpredict.model.calibration import sigmoid

RNG = np.random.default_rng(0)
A = RNG.normal(size=(400, 4))
A[:, 1] = RNG.integers(0, 4, 400)
M = A.copy()
M[RNG.random(A.shape) < 0.1] = np.nan
Y = (RNG.random(400) < sigmoid(2 * A[:, 0] * A[:, 1] / 3 + A[:, 2])).astype(int)
W = RNG.random(400) * 2
FRAME = pd.DataFrame(
    {"habit__a": M[:, 0], "price__c": pd.Categorical(np.array(list("xyzuvwst"))[RNG.integers(0, 8, 400)]), "value__b": M[:, 2]}
)
FRAME.loc[:20, "price__c"] = np.nan
Z = (RNG.random(400) < sigmoid(2 * FRAME["price__c"].isin(["x", "u"]) + M[:, 2] - 1)).astype(int)

SKLEARN = [
    (GradientBoostingClassifier(n_estimators=8, random_state=0), A),
    (GradientBoostingClassifier(n_estimators=8, subsample=0.6, init="zero", random_state=0), A),
    (GradientBoostingClassifier(n_estimators=8, loss="exponential", random_state=0), A),
    (GradientBoostingRegressor(n_estimators=8, loss="huber", random_state=0), A),
    (RandomForestClassifier(8, max_depth=5, random_state=0), M),
    (ExtraTreesClassifier(8, max_depth=5, bootstrap=True, max_samples=0.5, random_state=0), M),
    (RandomForestRegressor(8, max_depth=5, random_state=0), M),
    (DecisionTreeClassifier(max_depth=5, random_state=0), M),
    (HistGradientBoostingClassifier(max_iter=8), M),
    (HistGradientBoostingRegressor(max_iter=8, categorical_features=[1]), M),
]


def raw_of(model, X):
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return model.predict_proba(X)[:, 1] if hasattr(model, "predict_proba") else model.predict(X)


@pytest.mark.parametrize(("model", "X"), SKLEARN, ids=lambda value: type(value).__name__)
def test_sklearn_sums_to_the_score_and_equals_shap(model, X):
    model.fit(X, Y, sample_weight=W)
    explainer = cp.TreeShap(model)
    phi, expected = explainer.shap_values(X)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, raw_of(model, X), rtol=0, atol=1e-12)
    pairs, _ = explainer.interaction_values(X[:30])
    np.testing.assert_allclose(pairs.sum(axis=2), phi[:30], rtol=0, atol=1e-12)
    against, mean = cp.TreeShap(model, X[:50]).shap_values(X[50:80])
    np.testing.assert_allclose(against.sum(axis=1) + mean, raw_of(model, X[50:80]), rtol=0, atol=1e-12)
    assert mean == pytest.approx(raw_of(model, X[:50]).mean(), abs=1e-12)
    unknown_to_shap = getattr(model, "loss", "") == "exponential" or getattr(model, "init", "") == "zero"
    if not unknown_to_shap and getattr(model, "categorical_features", None) is None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import shap

            theirs = np.asarray(shap.TreeExplainer(model).shap_values(X[:20], check_additivity=False))
        np.testing.assert_allclose(phi[:20], theirs[..., 1] if theirs.ndim == 3 else theirs, rtol=0, atol=1e-6)


def tree_game(model, row):
    """v(S) of a single tree of scikit-learn, from its own arrays."""
    tree = model.tree_

    def value(node, known):
        if tree.children_left[node] < 0:
            return tree.value[node, 0, 1] / tree.value[node, 0].sum()
        left, right, feature = tree.children_left[node], tree.children_right[node], tree.feature[node]
        if feature in known:
            x = np.float32(row[feature])
            down = bool(tree.missing_go_to_left[node]) if np.isnan(x) else x <= tree.threshold[node]
            return value(left if down else right, known)
        weight = tree.weighted_n_node_samples
        return (weight[left] * value(left, known) + weight[right] * value(right, known)) / weight[node]

    return lambda known: value(0, known)


def test_a_tree_of_sklearn_as_defined():
    model = DecisionTreeClassifier(max_depth=6, random_state=1).fit(M, Y, sample_weight=W)
    explainer = cp.TreeShap(model)
    values, expected = explainer.interaction_values(M[:5])
    for row, mine in zip(M[:5], values, strict=True):
        game = tree_game(model, row)
        np.testing.assert_allclose(mine, oracle.interactions(game, 4), rtol=0, atol=1e-12)
        assert expected == pytest.approx(game(frozenset()), abs=1e-12)


def test_rows_are_compared_in_the_librarys_own_precision():
    model = DecisionTreeClassifier(max_depth=4, random_state=1).fit(A, Y)
    edge = A[:60].copy()
    numeric = model.tree_.feature >= 0
    edge[np.arange(int(numeric.sum())), model.tree_.feature[numeric]] = model.tree_.threshold[numeric] + 1e-9  # the same in 32 bits
    edge[40:50, 0] = 1e-40
    phi, expected = cp.TreeShap(model).shap_values(edge)
    np.testing.assert_allclose(phi.sum(axis=1) + expected, model.predict_proba(edge)[:, 1], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        HistGradientBoostingClassifier(max_iter=10, categorical_features="from_dtype"),
        RandomForestClassifier(20, random_state=0),
        GradientBoostingClassifier(n_estimators=10, loss="exponential", random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_explain_takes_classifiers_of_sklearn(model):
    X = FRAME if "categorical_features" in model.get_params() else FRAME[["habit__a", "value__b"]].fillna(0.0)
    model.fit(X, Z)
    why = cp.explain(model, X)
    np.testing.assert_allclose(why.risk, model.predict_proba(X)[:, 1], rtol=0, atol=1e-9)
    np.testing.assert_allclose(why.points.sum(axis=1), why.risk - why.base_risk, rtol=0, atol=1e-9)
    np.testing.assert_allclose(why.pair_points.sum(axis=1), why.risk - why.base_risk, rtol=0, atol=1e-9)
    assert "an average training row (the training rows" in why.reference
    stays = cp.explain(model, X, positive=0)
    np.testing.assert_allclose(stays.risk, 1 - why.risk, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(cp.explain(model, X[X.columns[::-1]]).values[X.columns], why.values[X.columns])
    with pytest.raises(MismatchError, match="missing-column"):
        cp.explain(model, X.drop(columns="habit__a"))


def test_a_pipeline_explains_another_learner_and_says_why_it_is_not_saved(tables, churn, tmp_path):
    learner = HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")
    pipeline = cp.ChurnPipeline(churn, classifier=learner).fit(tables, until="2023-12-01")
    scores = pipeline.score(tables, at="2024-01-01")
    assert scores["reason_1"].notna().any()
    with pytest.raises(ChurnError, match="not-storable"):
        pipeline.save(tmp_path / "churn.model")


def refused(model, code, match=""):
    with pytest.raises(ModelFileError, match=match) as told:
        cp.TreeShap(model)
    assert told.value.code == code


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


def test_trees_that_do_not_give_the_prediction_are_noticed(monkeypatch):
    model = RandomForestClassifier(3, random_state=0).fit(A, Y)
    monkeypatch.setattr(ForestMember, "margin", lambda self, rows: np.full(len(rows), 0.3))
    with pytest.raises(ModelError, match="not-additive"):
        cp.explain(model, A)


# --- XGBoost and CatBoost: large, so only where somebody has them -------------------------------------------------------------------------


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
