"""Refuse wrong arguments of a pipeline's functions, with errors that name the right call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict.errors import UsageError, kind_of
from churnpredict.events.expected import check_tables
from churnpredict.events.tables import EventTables

__all__ = ["ELSEWHERE", "check_metric", "check_pipeline", "check_trained_and_tables"]

_SCORE = "call pipeline.score(tables) for risks with reasons, or pipeline.predict_proba(tables)"
_DRIVERS = "call pipeline.explain(tables).drivers for the reasons of each customer; scores hold the three strongest"
# Names from other libraries -> what to call here
ELSEWHERE = {
    **dict.fromkeys(("predict", "fit_predict", "score_samples", "decision_function", "predict_log_proba", "predict_risk"), _SCORE),
    **dict.fromkeys(("transform", "fit_transform"), "call pipeline.features_at(tables) for the features"),
    **dict.fromkeys(("feature_importances_", "feature_importance", "coef_", "shap_values", "feature_names_in_"), _DRIVERS),
    **dict.fromkeys(("evaluate", "cross_validate", "test", "validate"), "call pipeline.backtest(tables)"),
    **dict.fromkeys(("train", "partial_fit"), "call pipeline.fit(tables)"),
    **dict.fromkeys(("load", "from_file"), "call cp.load(path)"),
    **dict.fromkeys(("dump", "to_file", "export"), "call pipeline.save(path)"),
    **dict.fromkeys(("make_future_dataframe", "forecast", "when_leaving"), "call pipeline.when(tables) for the risk of each coming period"),
    **dict.fromkeys(("plot", "summary", "plot_components"), "call pipeline.report(tables, path) for a page, or pipeline.backtest(tables)"),
    **dict.fromkeys(("plan",), "call cp.plan_retention(pipeline.score(tables))"),
    **dict.fromkeys(("retrain", "refit", "update"), "call cp.retrain(pipeline, tables)"),
    **dict.fromkeys(("drift", "monitor"), "call cp.find_drift(pipeline, tables)"),
}


def check_pipeline(given: Any, call: str) -> None:
    """Refuse anything but a pipeline; ``call`` is the call as its user writes it.

    Raises
    ------
    UsageError
        ``not-a-pipeline``.
    """
    if not isinstance(given, type) and hasattr(given, "churn") and hasattr(given, "copy"):
        return
    if isinstance(given, (str, Path)):
        remedy = f"Load the model first: pipeline = cp.load(path), then {call}."
    elif hasattr(given, "predict_proba"):
        remedy = f"Train a pipeline around it: pipeline = cp.ChurnPipeline(churn, classifier=model).fit(tables), then {call}."
    else:
        remedy = f"Call {call} with pipeline = cp.ChurnPipeline(churn).fit(tables), or one from cp.load(path)."
    raise UsageError(
        "not-a-pipeline", f"{call.split('(', maxsplit=1)[0]} takes a ChurnPipeline as pipeline, not {kind_of(given)}", remedy=remedy
    )


def check_trained_and_tables(pipeline: Any, tables: Any, call: str, *, in_parts: bool = False) -> None:
    """Refuse anything but a trained pipeline and tables, in this order.

    Raises
    ------
    UsageError
        ``not-a-pipeline``, ``not-fitted``, ``not-tables``, ``needs-whole-tables``.
    """
    check_pipeline(pipeline, call)
    pipeline._fitted()
    check_tables(tables, call, in_parts=in_parts)


def check_metric(tables: Any, at: Any) -> None:
    """Refuse a call of ``score`` with features and labels, as in scikit-learn: here it returns a table of scores.

    Raises
    ------
    UsageError
        ``not-a-metric``.
    """
    labels = isinstance(at, (pd.Series, pd.DataFrame)) or (hasattr(at, "dtype") and getattr(at, "ndim", 0) > 0 and at.dtype.kind in "biufO")
    if labels and (not isinstance(tables, EventTables) or getattr(getattr(at, "dtype", None), "kind", "O") != "M"):
        raise UsageError(
            "not-a-metric",
            "pipeline.score gives one row per customer, and was called like a metric, with features and labels",
            remedy="Call pipeline.score(tables) for scores; for how good they are, pipeline.backtest(tables), or "
            "sklearn.metrics.roc_auc_score(y, pipeline.model_.predict_proba(X)[:, 1]).",
        )
