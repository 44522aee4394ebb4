"""Diagnostics of features, reasons, alerts and customers: a part of the public face."""

from __future__ import annotations

from churnpredict.churn.leaving_times import leaving_days
from churnpredict.evaluation.campaign import Campaign
from churnpredict.evaluation.group_errors import error_rates
from churnpredict.explanation.stability import compare_reasons, confused_reasons
from churnpredict.explanation.whatif import what_would_help
from churnpredict.features.probe import probe_features
from churnpredict.features.rfm import rfm, rfm_summary
from churnpredict.features.sessions import sessions
from churnpredict.report.customer_page import write_customer_page
from churnpredict.report.digest import digests, write_digests
from churnpredict.report.model_card import write_model_card
from churnpredict.retention.alerts import find_alerts, judge_alerts
from churnpredict.retention.concentration import find_segments
from churnpredict.retention.contacts import Contacts, read_contacts

__all__ = [
    "Campaign",
    "Contacts",
    "compare_reasons",
    "confused_reasons",
    "digests",
    "error_rates",
    "find_alerts",
    "find_segments",
    "judge_alerts",
    "leaving_days",
    "probe_features",
    "read_contacts",
    "rfm",
    "rfm_summary",
    "sessions",
    "what_would_help",
    "write_customer_page",
    "write_digests",
    "write_model_card",
]
