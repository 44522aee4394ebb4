"""Displays of a model in scikit-learn's manner, and of coming renewals: a part of the public face."""

from __future__ import annotations

from churnpredict.evaluation.displays import GainDisplay, OverTimeDisplay, ProfitDisplay, ReliabilityDisplay
from churnpredict.evaluation.uplift_display import UpliftDisplay
from churnpredict.retention.pictures import plot_renewals

__all__ = ["GainDisplay", "OverTimeDisplay", "ProfitDisplay", "ReliabilityDisplay", "UpliftDisplay", "plot_renewals"]
