"""Section ``[against]`` of churn.toml: scores, rules and lists to judge beside the model, and the money that a backtest counts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from churnpredict.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from churnpredict.evaluation.campaign import Campaign

__all__ = ["Rivals", "campaign_of", "read_rivals"]

_REMEDY = 'Write "our rule" = "habit__orders_days_since_last >= 30", or "CRM health" = { score = "health.score", high = "healthy" }.'


@dataclass(frozen=True)
class Rivals:
    """What the section holds: texts by name, and what a high score means for those that say it."""

    against: dict[str, str] = field(default_factory=dict)
    high: dict[str, str] = field(default_factory=dict)

    def options(self) -> dict[str, Any]:
        """Return the arguments of :meth:`churnpredict.ChurnPipeline.backtest`."""
        return {"against": self.against or None, "high": self.high or None}


def read_rivals(section: Mapping[str, Any]) -> Rivals:
    """Return the scores, rules and lists of the section, checked as far as that is possible without the tables.

    Raises
    ------
    ConfigError
        ``bad-setting``: an entry that is neither a text nor ``score`` and ``high``, or one that a backtest refuses.
    """
    found = Rivals()
    for name, said in section.items():
        entry = {"score": said} if isinstance(said, str) else said
        if not isinstance(entry, Mapping) or not {"score"} <= set(entry) <= {"score", "high"} or not isinstance(entry["score"], str):
            raise ConfigError("bad-setting", f'[against]: "{name}" is neither a text nor a score with its direction', remedy=_REMEDY)
        found.against[name] = entry["score"]
        if "high" in entry:
            found.high[name] = entry["high"]
    if not found.against:
        return found
    from churnpredict.pipeline.rival_scores import check_rivals

    try:
        check_rivals(found.against, 1, found.high)
    except UsageError as error:
        raise ConfigError("bad-setting", f"[against]: {error.what}", remedy=_REMEDY) from None
    return found


def campaign_of(value: float | None, offer_cost: float | None, contact_cost: float | None, acceptance: float | None) -> Campaign | None:
    """Return the money of ``[plan]``; None where an amount is missing: given and assumed amounts are not mixed.

    >>> campaign_of(500, 20, None, None) is None, campaign_of(500, 20, 2, None)
    (True, Campaign(value=500.0, offer_cost=20.0, contact_cost=2.0, acceptance=0.3))
    """
    from churnpredict.evaluation.campaign import Campaign

    if value is None or offer_cost is None or contact_cost is None:
        return None
    return Campaign(value, offer_cost, contact_cost, **({} if acceptance is None else {"acceptance": acceptance}))
