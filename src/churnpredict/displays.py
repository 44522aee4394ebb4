"""Pictures of a model in the manner of scikit-learn; a part of the public face that is asked for by name."""

from __future__ import annotations

from churnpredict.evaluation.displays import GainDisplay, OverTimeDisplay, ProfitDisplay, ReliabilityDisplay

__all__ = ["GainDisplay", "OverTimeDisplay", "ProfitDisplay", "ReliabilityDisplay"]
