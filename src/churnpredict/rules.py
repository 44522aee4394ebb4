"""Churn rules: what counts as leaving; a part of the public face that is asked for by name."""

from __future__ import annotations

from churnpredict.churn.rules import Cancellation, DownSell, Inactivity, SubscriptionEnd, TrialEnd, WinBack

__all__ = ["Cancellation", "DownSell", "Inactivity", "SubscriptionEnd", "TrialEnd", "WinBack"]
