"""The season on the page: what it expects of the time that the risks are about, and by how much it moves their level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.churn.rule import window_after
from churnpredict.clock import DAY, local_time
from churnpredict.explanation.attribution import explain
from churnpredict.languages.catalogue import Language, capital
from churnpredict.model.season.leaving import LeavingSeason
from churnpredict.report.charts import season_chart

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["SeasonAhead", "season_ahead", "season_told"]

_MOST = 2_000  # customers whose reasons give the move of the level; more would say the same
_STEP = 7  # days between two points of the picture
_YEAR = 366


@dataclass(frozen=True, eq=False)
class SeasonAhead:
    """What the season expects of the time that the risks are about.

    Attributes
    ----------
    start : Timestamp
        The first day of the usual year.
    year : DataFrame
        ``activity``, ``low`` and ``high`` of 366 days from ``start`` on; 1 is the average.
    opens, closes : float
        The outcome window, in days after ``start``.
    ratio : float
        How busy the window usually is, against those that the model has learnt from.
    seen : int
        In how many earlier years the same days were observed.
    moves : float
        What the season adds to the mean risk.
    of_leaving : bool
        Whether the year says how often customers leave, not how busy they are.
    """

    start: pd.Timestamp
    year: pd.DataFrame
    opens: float
    closes: float
    ratio: float
    seen: int
    moves: float
    of_leaving: bool = False


def season_ahead(pipeline: ChurnPipeline, X: pd.DataFrame, cutoff: int, timezone: str) -> SeasonAhead | None:
    """Return what a trained pipeline knows of the season at a cutoff; None where it uses none, or knows days of the week alone.

    Parameters
    ----------
    pipeline : ChurnPipeline
    X : DataFrame
        Features of the customers at risk at the cutoff.
    cutoff : int
        Microseconds since 1970.
    timezone : str
        The business's.
    """
    season = pipeline.season_.season
    if season is None or not len(X) or not (season.clock.knows_the_year or season.clock.effects):
        return None
    opens, closes = (local_time(np.array(window_after(pipeline.churn, cutoff, timezone)), timezone) / DAY).tolist()
    some = X.iloc[np.linspace(0, len(X) - 1, min(len(X), _MOST)).astype(np.int64)]
    clock = season.clock
    return SeasonAhead(
        start=pd.Timestamp(clock.end, unit="D"),
        year=pipeline.season_.table.reset_index(drop=True),
        opens=opens - clock.end,
        closes=closes - clock.end,
        ratio=float(season.activity_ratio(np.array([opens]), np.array([closes]))[0]),
        seen=clock.years_seen(opens, closes),
        moves=float(explain(pipeline.model_, some).points["calendar"].mean()),
        of_leaving=isinstance(season, LeavingSeason),
    )


def season_told(ahead: SeasonAhead | None, days: str | None, spoken: Language) -> dict[str, Any] | None:
    """Return the sentences and the picture of the season."""
    if ahead is None:
        return None
    busy = spoken.activity(days or "", ahead.ratio, what="expected_leaving" if ahead.of_leaving else "expected_activity")
    note = spoken.say("season.note.leaving" if ahead.of_leaving else "season.note")
    seen = spoken.say("season.seen", n=ahead.seen) if ahead.seen else spoken.say("season.never")
    sign = "+" if ahead.moves >= 0 else "\u2212"
    moved = spoken.say("season.level", n=f"\u2066{sign}{spoken.points(abs(ahead.moves))}\u2069")
    at = np.arange(0, _YEAR, _STEP)
    activity, low, high = (ahead.year[name].iloc[at].tolist() for name in ("activity", "low", "high"))
    length = min(ahead.closes - ahead.opens, float(_YEAR))
    opens = ahead.opens % 365.25
    ends = [spoken.day(ahead.start + pd.Timedelta(days=int(d))) for d in (0, _YEAR / 2, _YEAR - 1)]
    return {
        "words": [f"{capital(busy)}.", seen, moved],
        "chart": season_chart(at.tolist(), activity, low, high, (opens, opens + length), note),
        "note": note,
        "axis": ends,
    }
