"""Rates, revenue, cohorts, tenure and horizons, in hindsight. Features, churn and the pipeline may not import it."""

from churnpredict.accounting.account_risks import account_risk
from churnpredict.accounting.accounts import Accounts
from churnpredict.accounting.bridge import RevenueBridge, revenue_bridge
from churnpredict.accounting.cohorts import cohorts, reasons_against_drivers, tenure_table
from churnpredict.accounting.coming_renewals import renewals
from churnpredict.accounting.contradictions import contradictions
from churnpredict.accounting.expected_purchases import expected
from churnpredict.accounting.horizon import ReturnCurve, SuggestedHorizon, return_curve, suggest_horizon
from churnpredict.accounting.rates import churn_rate, revenue_churn
from churnpredict.accounting.retention_forecast import retention_forecast
from churnpredict.accounting.state_moves import Transitions, transitions

__all__ = [
    "Accounts",
    "ReturnCurve",
    "RevenueBridge",
    "SuggestedHorizon",
    "Transitions",
    "account_risk",
    "churn_rate",
    "cohorts",
    "contradictions",
    "expected",
    "reasons_against_drivers",
    "renewals",
    "retention_forecast",
    "return_curve",
    "revenue_bridge",
    "revenue_churn",
    "suggest_horizon",
    "tenure_table",
    "transitions",
]
