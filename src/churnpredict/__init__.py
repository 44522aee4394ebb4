"""churnpredict: which customers will leave, why, and what to do about it.

Names are imported on first use, so ``import churnpredict`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

# name -> module that defines it; the order is the alphabet's, held by a test
_HOME = {
    "Audit": "model.audit",
    "Cancellation": "events.rules",
    "ChurnClassifier": "model.classifier",
    "ChurnError": "errors",
    "ChurnPipeline": "operations.pipeline",
    "ChurnWarning": "errors",
    "Customers": "events.tables",
    "DownSell": "events.rules",
    "EventTables": "events.tables",
    "Events": "events.tables",
    "Explanation": "explanation.attribution",
    "Feature": "features.feature",
    "GainDisplay": "model.displays",
    "Inactivity": "events.rules",
    "Intervals": "events.tables",
    "OverTimeDisplay": "model.displays",
    "OwnFeature": "features.own",
    "ProfitDisplay": "model.displays",
    "Query": "events.source",
    "ReliabilityDisplay": "model.displays",
    "States": "events.tables",
    "SubscriptionEnd": "events.rules",
    "TemporalSplit": "model.split",
    "TrialEnd": "events.rules",
    "WinBack": "events.rules",
    "aggregate": "features.own",
    "audit": "model.audit",
    "build_features": "features.build",
    "catalog": "features.catalog",
    "churn_rate": "events.rates",
    "cohorts": "events.cohorts",
    "compare_reasons": "explanation.stability",
    "confused_reasons": "explanation.stability",
    "contradictions": "events.contradictions",
    "explain": "explanation.attribution",
    "find_alerts": "retention.alerts",
    "find_drift": "operations.drift",
    "judge_alerts": "retention.alerts",
    "forget": "operations.forgetting",
    "label_churn": "events.outcomes",
    "load": "operations.store",
    "make_business": "events.synthetic",
    "plan_retention": "retention.plan",
    "probe_features": "features.probe",
    "read_scores": "operations.runs",
    "reasons_against_drivers": "events.cohorts",
    "return_curve": "events.horizon",
    "revenue_churn": "events.rates",
    "rfm": "features.rfm",
    "rfm_summary": "features.rfm",
    "scan_tables": "events.partitions",
    "suggest_horizon": "events.horizon",
    "take_snapshots": "events.snapshots",
    "tenure_table": "events.cohorts",
    "what_would_help": "explanation.whatif",
    "write_features": "features.write",
    "write_report": "retention.report",
    "write_scores": "operations.batch",
}

__version__ = "0.1.0"
__all__ = [*sorted(_HOME), "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
