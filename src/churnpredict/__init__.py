"""churnpredict: which customers will leave, why, and what to do about it.

Names are imported on first use, so ``import churnpredict`` is quick.
"""

from __future__ import annotations

import importlib

from churnpredict import threads  # noqa: F401 - notices forks from here on

# name -> module that defines it; in alphabetical order, checked by a test
_HOME = {
    "Cancellation": "churn.rules",
    "ChurnClassifier": "model.classifier",
    "ChurnError": "errors",
    "ChurnPipeline": "pipeline.churn_pipeline",
    "ChurnWarning": "errors",
    "Customers": "events.tables",
    "EventTables": "events.tables",
    "Events": "events.tables",
    "Feature": "features.feature",
    "File": "events.source",
    "Inactivity": "churn.rules",
    "Intervals": "events.tables",
    "Query": "events.source",
    "States": "events.tables",
    "SubscriptionEnd": "churn.rules",
    "TemporalSplit": "model.split",
    "TreeShap": "explanation.treeshap",
    "audit": "evaluation.audit",
    "build_features": "features.build",
    "catalog": "features.catalog",
    "churn_rate": "accounting.rates",
    "explain": "explanation.attribution",
    "find_drift": "monitoring.drift",
    "label_churn": "churn.outcomes",
    "load": "pipeline.loading",
    "make_business": "simulation.business",
    "plan_retention": "retention.plan",
    "retrain": "lifecycle.retraining",
    "take_snapshots": "churn.snapshots",
    "write_report": "report.page",
}
# what functions return or take, for annotations and isinstance: importable, but not in the way of somebody who looks for a verb
_CLASSES = {
    "Audit": "evaluation.audit_report",
    "Backtest": "pipeline.backtest_result",
    "Business": "simulation.business",
    "Campaign": "evaluation.campaign",
    "Drift": "monitoring.drift",
    "Explanation": "explanation.attribution",
    "KeptTables": "events.history.kept_tables",
    "Outcomes": "churn.outcomes",
    "PartitionedTables": "events.partitions",
    "Plan": "retention.plan",
    "Retraining": "lifecycle.retraining",
    "Scores": "pipeline.scores",
    "Staying": "pipeline.staying",
    "Timeline": "pipeline.timeline",
}
_PARTS = ("accounting", "diagnostics", "displays", "features", "rules", "runs")  # modules with the rest of the public face

__version__ = "0.1.0"
__all__ = [*sorted((*_HOME, *_PARTS)), "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    home = _HOME.get(name) or _CLASSES.get(name)
    if home is not None:
        value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{_hint(name)}")


_PATH = 'tables take a path as it is, such as cp.Events("orders.csv", customer="...", time="...")'
# Names that people expect here -> what to call
_ELSEWHERE = {
    **dict.fromkeys(("read_csv", "read_parquet", "read_excel", "read_table", "load_csv", "read_sql"), _PATH),
    **dict.fromkeys(("train", "fit"), "call cp.ChurnPipeline(churn).fit(tables)"),
    **dict.fromkeys(("predict", "score", "predict_proba"), "call pipeline.score(tables), with a pipeline that is trained or loaded"),
    **dict.fromkeys(("backtest", "evaluate", "cross_validate"), "call pipeline.backtest(tables)"),
    **dict.fromkeys(("Model", "Classifier", "ChurnModel", "Predictor"), "ChurnPipeline for tables of events, ChurnClassifier for a matrix"),
    **dict.fromkeys(("save", "dump"), "call pipeline.save(path)"),
    **dict.fromkeys(("plan",), "call cp.plan_retention(scores)"),
    **dict.fromkeys(
        (
            "summary_data_from_transaction_data",
            "clv_summary",
            "BetaGeoFitter",
            "ParetoNBDFitter",
            "ModifiedBetaGeoFitter",
            "GammaGammaFitter",
        ),
        "cp.diagnostics.rfm_summary gives frequency, recency and value; cp.ChurnPipeline holds MBG/NBD as one of its members",
    ),
    **dict.fromkeys(("train_test_split", "TimeSeriesSplit"), "cp.TemporalSplit splits rows by cutoff; pipeline.backtest(tables) does all"),
    **dict.fromkeys(("Churn", "ChurnRule", "ChurnDefinition"), "cp.Inactivity, cp.SubscriptionEnd and cp.Cancellation are the churn rules"),
    **dict.fromkeys(("Table", "Tables", "Dataset", "EntitySet", "Orders"), "cp.EventTables(orders=cp.Events(...)) holds the tables"),
}


def _hint(name: str) -> str:
    """Return where a name of that spelling is, or the nearest one."""
    if name.startswith("_"):
        return ""
    if name in _ELSEWHERE:
        return f": {_ELSEWHERE[name]}"
    for part in _PARTS:
        if name in importlib.import_module(f"{__name__}.{part}").__all__:
            return f". It is churnpredict.{part}.{name}."
    from churnpredict.errors import closest

    near = closest(name, (*__all__, *_CLASSES))
    return f".{near}" if near else ""


def __dir__() -> list[str]:
    return __all__
