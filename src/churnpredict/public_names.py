"""Modules in which public names are defined: names on top, classes that functions return, and the parts that hold the rest."""

from __future__ import annotations

__all__ = ["ON_TOP", "PARTS", "RETURNED"]

# name -> module that defines it; in alphabetical order, checked by a test
ON_TOP = {
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
RETURNED = {
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
PARTS = ("accounting", "diagnostics", "displays", "features", "rules", "runs")  # modules with the rest of the public face
