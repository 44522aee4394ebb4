"""Every meta-estimator of scikit-learn gives the same with labels of any make and in any order as with 0 and 1."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, make_scorer, roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import churnpredict as cp
from churnpredict.errors import ChurnWarning, OutcomeError
from churnpredict.evaluation.displays import GainDisplay
from churnpredict.model.labels import risk_of

# stays, leaves, and what positive= must say
MAKES = {
    "0 and 1": (0, 1, None),
    "1 and 0, leaving is 0": (1, 0, 0),
    "-1 and 1": (-1, 1, None),
    "1 and -1, leaving is -1": (1, -1, -1),
    "1 and 2": (1, 2, None),
    "2 and 1, leaving is 1": (2, 1, 1),
    "text, leaving first": ("stayed", "churned", "churned"),
    "text, leaving last": ("active", "lost", "lost"),
    "text, numbers": ("0", "1", None),
    "bool": (False, True, True),
    "bool, leaving is False": (True, False, False),
    "float": (0.0, 1.0, None),
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a__x": rng.normal(size=360), "b__y": rng.normal(size=360)})
    return X, rng.random(360) < 1 / (1 + np.exp(-2.5 * X["a__x"].to_numpy()))


@pytest.fixture(params=MAKES)
def labels(request, data):
    stays, leaves, positive = MAKES[request.param]
    kind = object if isinstance(stays, str) else None
    return data[0], np.where(data[1], np.array(leaves, dtype=kind), np.array(stays, dtype=kind)), leaves, positive


def quick(positive=None, **more):
    return cp.ChurnClassifier(**({"positive": positive, "n_jobs": 1, "n_estimators": 15, "n_seeds": 1} | more))


def column(model, leaves):
    return list(model.classes_).index(leaves)


def test_classes_are_sorted_and_the_risk_is_found_by_label(labels, data):
    X, y, leaves, positive = labels
    model, plain = quick(positive).fit(X, y), quick().fit(X, data[1].astype(int))
    assert list(model.classes_) == sorted(set(y.tolist()))
    np.testing.assert_array_equal(model.predict_proba(X)[:, column(model, leaves)], plain.predict_proba(X)[:, 1])
    np.testing.assert_array_equal(model.predict_risk(X), plain.predict_risk(X))
    np.testing.assert_array_equal(risk_of(model, X), plain.predict_risk(X))
    np.testing.assert_array_equal(model.predict_parts(X)["risk"], plain.predict_risk(X))
    np.testing.assert_array_equal(model.predict(X) == leaves, plain.predict(X) == 1)
    np.testing.assert_array_equal(model.predict(X) == model.classes_[1], model.decision_function(X) > 0)
    why = cp.explain(model, X)
    np.testing.assert_allclose(why.risk, plain.predict_risk(X), atol=1e-12)
    np.testing.assert_allclose(why.values, cp.explain(plain, X).values, atol=1e-12)
    with pytest.warns(ChurnWarning, match="in-sample"):
        shown = GainDisplay.from_estimator(model, X, y)
    with pytest.warns(ChurnWarning, match="in-sample"):
        expected = GainDisplay.from_estimator(plain, X, data[1].astype(int))
    np.testing.assert_array_equal(shown.gain, expected.gain)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: CalibratedClassifierCV(model, cv=2),
        lambda model: CalibratedClassifierCV(model, cv=2, method="isotonic", ensemble=False),
        lambda model: StackingClassifier([("churn", model)], LogisticRegression(), cv=2),
        lambda model: VotingClassifier([("churn", model), ("line", LogisticRegression())], voting="soft"),
        OneVsRestClassifier,
        lambda model: BaggingClassifier(model, 2, random_state=0),
        lambda model: make_pipeline(FunctionTransformer(), model),
        FixedThresholdClassifier,
        clone,
    ],
    ids=["sigmoid", "isotonic", "stacking", "voting", "one-against-rest", "bagging", "pipeline", "threshold", "clone"],
)
def test_what_wraps_a_classifier_ranks_by_the_risk(labels, data, wrap):
    X, y, leaves, positive = labels
    model = wrap(quick(positive)).fit(X, y)
    risk = model.predict_proba(X)[:, column(model, leaves)]
    assert roc_auc_score(data[1], risk) > 0.85
    assert np.mean((model.predict(X) == leaves) == data[1]) > 0.75


def test_what_judges_a_classifier_judges_the_risk(labels, data):
    X, y, leaves, positive = labels
    assert cross_val_score(quick(positive), X, y, cv=2, scoring="roc_auc").min() > 0.8
    assert cross_val_score(quick(positive), X, y, cv=2, scoring="neg_log_loss").min() > -0.55
    classes = sorted(set(y.tolist()))
    p = cross_val_predict(quick(positive), X, y, cv=2, method="predict_proba")
    assert roc_auc_score(data[1], p[:, classes.index(leaves)]) > 0.8
    z = cross_val_predict(quick(positive), X, y, cv=2, method="decision_function")
    assert roc_auc_score(y == classes[1], z) > 0.8
    moved = permutation_importance(quick(positive).fit(X, y), X, y, scoring="roc_auc", n_repeats=2, random_state=0)
    assert moved.importances_mean[0] > 0.2
    scorer = make_scorer(average_precision_score, response_method="predict_proba", pos_label=leaves)
    for scoring in ("roc_auc", "neg_log_loss", scorer):
        search = GridSearchCV(quick(positive), {"n_estimators": [1, 40], "members": [("trees",)]}, cv=2, scoring=scoring).fit(X, y)
        assert search.best_params_["n_estimators"] == 40
        assert search.predict_proba(X).shape == (len(X), 2)
    tuned = TunedThresholdClassifierCV(quick(positive), cv=2, scoring=make_scorer(lambda t, p: np.mean(t == p))).fit(X, y)
    assert np.mean((tuned.predict(X) == leaves) == data[1]) > 0.75


def test_encoded_labels_have_predictions_and_no_risk(data):
    X, left = data
    model = quick("churned").fit(X, left.astype(int))  # as a meta-estimator encodes "churned" and "stayed"
    np.testing.assert_array_equal(model.predict_proba(X), quick().fit(X, left.astype(int)).predict_proba(X))
    for speak in (model.predict_risk, model.predict_parts, lambda X: cp.explain(model, X), lambda X: risk_of(model, X)):
        with pytest.raises(OutcomeError, match="no-positive-class"):
            speak(X)
    with pytest.raises(OutcomeError, match="no-positive-class"):
        quick("churned", monotone={"a__x": 1}).fit(X, left.astype(int))
    with pytest.raises(OutcomeError, match="unknown-positive"):
        quick("churn").fit(X, np.where(left, "churned", "stayed"))
