"""Counts of weeks before several moments, and whether the cutoffs of training should cover a whole year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from churnpredict.churn.leaving_counts import count_leaving, has_leaving_season
from churnpredict.churn.rule import ChurnRule, is_of_silence
from churnpredict.clock import DAY
from churnpredict.events.tables import EventTables
from churnpredict.events.week_counts import count_weeks
from churnpredict.model.purchases import find_triple
from churnpredict.model.season.season import clock_of
from churnpredict.model.season.week_counts import WeekCounts
from churnpredict.model.seasonal import SeasonCounts
from churnpredict.pipeline.cutoffs import default_step, observed_until
from churnpredict.spans import Span

__all__ = ["season_moments", "season_question", "training_step", "weeks_before"]

_MOST_OF_A_YEAR, _TWO_YEARS = 330 * DAY, 730 * DAY


def training_step(
    tables: EventTables,
    churn: ChurnRule,
    *,
    most_cutoffs: int = 24,
    weeks: Callable[[str, list[int]], list[WeekCounts]] | None = None,
) -> Span | None:
    """Return a step with which the training cutoffs cover a whole year, where the default does not and the time of the year matters.

    A model of the last four months of a shop that lives on Christmas has seen no Christmas. Two years of events are needed to know that
    the year matters; where it does not, the newest cutoffs say more.

    Parameters
    ----------
    tables : EventTables
        As known at the time of training.
    churn : churn rule
    most_cutoffs : int
        Of the training.
    weeks : callable, optional
        Counts weeks of a table before moments; :func:`churnpredict.events.week_counts.count_weeks` of the tables by default.

    Returns
    -------
    Span or None
        None where the default step does.
    """
    name = churn.table(tables) if is_of_silence(churn) else None
    covered, known = default_step(churn).nominal * most_cutoffs, observed_until(tables, churn)
    if name is None or covered >= _MOST_OF_A_YEAR or known - tables.first_event() < _TWO_YEARS:
        return None
    (counts,) = count_weeks(tables, name, [known]) if weeks is None else weeks(name, [known])
    clock = clock_of(counts)
    return Span(days=-(-366 // most_cutoffs)) if clock is not None and clock.year_matters else None


def season_moments(tables: EventTables, churn: ChurnRule, trained_on: Sequence[Any]) -> list[int]:
    """Return the moments before which the clock of the season counts weeks: cutoffs half a horizon apart, and the end of what is known.

    The clock of each tells what could have been known then, so that evidence for it is found without a look ahead.
    """
    chosen: list[int] = []
    half = churn.horizon_span.nominal // 2
    for moment in sorted((int(m) for m in tables.instants(trained_on)), reverse=True):
        if not chosen or chosen[-1] - moment >= half:
            chosen.append(moment)
    return [*chosen[::-1], observed_until(tables, churn)]


def weeks_before(tables: EventTables, churn: ChurnRule, X: pd.DataFrame) -> SeasonCounts:
    """Count for the season: weeks of the table whose silence is the churn, or how many left, for cancellations and contracts.

    ``X`` are the training rows: the clock works on the three columns that MBG/NBD knows. Other rules have no season.
    """
    if has_leaving_season(churn) and len(X):
        return count_leaving(tables, churn, observed_until(tables, churn), tables.first_event())
    name, moments = season_question(tables, churn, X)
    return [] if name is None else count_weeks(tables, name, moments)


def season_question(tables: EventTables, churn: ChurnRule, X: pd.DataFrame) -> tuple[str | None, list[int]]:
    """Say which table's weeks are counted for the clock of the season, None for none, and before which moments."""
    name = churn.table(tables) if is_of_silence(churn) else None
    if name is None or find_triple(X.columns, name) is None or not len(X):
        return None, []
    return name, season_moments(tables, churn, list(X.index.get_level_values("cutoff").unique()))
