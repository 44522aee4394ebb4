"""Names that people look for on a classifier, and what to call instead."""

from __future__ import annotations

__all__ = ["ON_A_CLASSIFIER", "not_an_attribute"]

ON_A_CLASSIFIER = {
    **dict.fromkeys(("save", "dump", "save_model", "to_file"), "joblib.dump(model, path) keeps it; a pipeline has pipeline.save(path)"),
    **dict.fromkeys(("load", "load_model"), "joblib.load(path) gives it back; cp.load(path) is for pipelines"),
    **dict.fromkeys(("feature_importances_", "feature_importance", "coef_", "shap_values"), "call cp.explain(model, X)"),
    **dict.fromkeys(("explain", "drivers", "reasons"), "call cp.explain(model, X)"),
    **dict.fromkeys(
        ("backtest", "evaluate", "cross_validate"), "cp.TemporalSplit is a splitter for cross_validate; a pipeline has backtest"
    ),
    **dict.fromkeys(("train", "fit_predict", "partial_fit"), "call model.fit(X, y), then model.predict_proba(X)"),
    **dict.fromkeys(("transform", "fit_transform"), "cp.build_features(tables, snapshots) gives the features"),
}


def not_an_attribute(thing: object, name: str, elsewhere: dict[str, str], *, learnt: str, train: str) -> str:
    """Return the message for a name that an object does not have: what to call where another library has it.

    ``elsewhere`` gives the advice by name, ``learnt`` the attribute that a trained object has, ``train`` the call that trains it.

    >>> not_an_attribute(object(), "coef_", ON_A_CLASSIFIER, learnt="classes_", train="model.fit(X, y)")
    "'object' object has no attribute 'coef_': call cp.explain(model, X)"
    """
    advice = elsewhere.get(name, "")
    if not advice and name.endswith("_") and not name.startswith("_") and learnt not in vars(thing):
        advice = f"it is not trained yet; call {train}"
    return f"{type(thing).__name__!r} object has no attribute {name!r}{f': {advice}' if advice else ''}"
