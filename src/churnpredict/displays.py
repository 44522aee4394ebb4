"""Pictures of a model in the manner of scikit-learn, and of the contracts that end; a part of the public face that is asked for by name."""

from __future__ import annotations

from churnpredict.evaluation.displays import GainDisplay, OverTimeDisplay, ProfitDisplay, ReliabilityDisplay
from churnpredict.evaluation.uplift_display import UpliftDisplay
from churnpredict.retention.pictures import plot_renewals

__all__ = ["GainDisplay", "OverTimeDisplay", "ProfitDisplay", "ReliabilityDisplay", "UpliftDisplay", "plot_renewals"]
