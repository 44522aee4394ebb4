"""churnpredict: which customers will leave, why, and what to do about it.

Names are imported on first use, so ``import churnpredict`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

from churnpredict import threads  # noqa: F401 - notices forks from here on

# name -> module that defines it; the order is the alphabet's, held by a test
_HOME = {
    "Audit": "evaluation.audit",
    "Cancellation": "churn.rules",
    "ChurnClassifier": "model.classifier",
    "ChurnError": "errors",
    "ChurnPipeline": "pipeline.churn_pipeline",
    "ChurnWarning": "errors",
    "Customers": "events.tables",
    "DownSell": "churn.rules",
    "EventTables": "events.tables",
    "Events": "events.tables",
    "Explanation": "explanation.attribution",
    "Feature": "features.feature",
    "File": "events.source",
    "GainDisplay": "evaluation.displays",
    "Inactivity": "churn.rules",
    "Intervals": "events.tables",
    "OverTimeDisplay": "evaluation.displays",
    "OwnFeature": "features.custom",
    "ProfitDisplay": "evaluation.displays",
    "Query": "events.source",
    "ReliabilityDisplay": "evaluation.displays",
    "States": "events.tables",
    "SubscriptionEnd": "churn.rules",
    "TemporalSplit": "model.split",
    "TrialEnd": "churn.rules",
    "WinBack": "churn.rules",
    "aggregate": "features.custom",
    "audit": "evaluation.audit",
    "build_features": "features.build",
    "catalog": "features.catalog",
    "churn_rate": "accounting.rates",
    "cohorts": "accounting.cohorts",
    "compare_reasons": "explanation.stability",
    "confused_reasons": "explanation.stability",
    "contradictions": "accounting.contradictions",
    "explain": "explanation.attribution",
    "find_alerts": "retention.alerts",
    "find_drift": "monitoring.drift",
    "judge_alerts": "retention.alerts",
    "forget": "score_runs.forgetting",
    "label_churn": "churn.outcomes",
    "load": "pipeline.loading",
    "make_business": "simulation.business",
    "plan_retention": "retention.plan",
    "probe_features": "features.probe",
    "read_scores": "score_runs.runs",
    "reasons_against_drivers": "accounting.cohorts",
    "retrain": "lifecycle.retraining",
    "return_curve": "accounting.horizon",
    "revenue_churn": "accounting.rates",
    "rfm": "features.rfm",
    "rfm_summary": "features.rfm",
    "scan_tables": "events.partitions",
    "suggest_horizon": "accounting.horizon",
    "take_snapshots": "churn.snapshots",
    "tenure_table": "accounting.cohorts",
    "what_would_help": "explanation.whatif",
    "write_features": "features.write",
    "write_report": "report.page",
    "write_scores": "score_runs.batch",
}

__version__ = "0.1.0"
__all__ = [*sorted(_HOME), "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    from churnpredict.errors import closest

    near = "" if name.startswith("_") else closest(name, __all__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{near and '.'}{near}")


def __dir__() -> list[str]:
    return __all__
