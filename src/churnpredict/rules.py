"""Churn rules, which define when a customer has left: a part of the public face."""

from __future__ import annotations

from churnpredict.churn.rules import Cancellation, DownSell, Inactivity, SubscriptionEnd, TrialEnd, WinBack

__all__ = ["Cancellation", "DownSell", "Inactivity", "SubscriptionEnd", "TrialEnd", "WinBack"]
