"""Names that people look for on a classifier, and what to call instead."""

from __future__ import annotations

__all__ = ["not_an_attribute"]

_ELSEWHERE = {
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


def not_an_attribute(thing: object, name: str) -> str:
    """Return the message for a name that a classifier does not have.

    >>> not_an_attribute(object(), "coef_")
    "'object' object has no attribute 'coef_': call cp.explain(model, X)"
    """
    advice = _ELSEWHERE.get(name, "")
    if not advice and name.endswith("_") and not name.startswith("_") and "classes_" not in vars(thing):
        advice = "it is not trained yet; call model.fit(X, y)"
    return f"{type(thing).__name__!r} object has no attribute {name!r}{f': {advice}' if advice else ''}"
