"""Counts of weeks before several moments, and whether the cutoffs of training should cover a whole year."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from churnpredict.argument_checks import check_text
from churnpredict.churn.leaving_counts import count_leaving, has_leaving_season
from churnpredict.churn.rule import ChurnRule, is_of_silence, rule_name
from churnpredict.clock import DAY
from churnpredict.errors import SchemaError, UsageError, closest
from churnpredict.events.tables import EventTables
from churnpredict.events.week_counts import count_weeks
from churnpredict.features.feature import Feature
from churnpredict.model.purchases import find_triple
from churnpredict.model.season.leaving_counts import LeavingCounts
from churnpredict.model.season.season import FEWEST_PEOPLE, clock_of
from churnpredict.model.season.segments import clock_of_segment
from churnpredict.model.season.week_counts import WeekCounts
from churnpredict.model.seasonal import SeasonCounts
from churnpredict.pipeline.cutoffs import default_step, observed_until
from churnpredict.pipeline.named_days import named_spans
from churnpredict.spans import Span

__all__ = ["MOST_SEGMENTS", "check_season_by", "season_moments", "season_question", "to_learn_from", "training_step", "weeks_before"]

MOST_SEGMENTS = 40  # more are seldom large enough for a clock of their own
_MOST_OF_A_YEAR, _TWO_YEARS = 330 * DAY, 730 * DAY


def training_step(
    tables: EventTables,
    churn: ChurnRule,
    *,
    most_cutoffs: int = 24,
    weeks: Callable[[str, list[int]], list[WeekCounts]] | None = None,
    by: str | None = None,
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
    by : str, optional
        Attribute of the customers whose values have clocks of their own.

    Returns
    -------
    Span or None
        None where the default step does.
    """
    name = churn.table(tables) if is_of_silence(churn) else None
    covered, known = default_step(churn).nominal * most_cutoffs, observed_until(tables, churn)
    if name is None or covered >= _MOST_OF_A_YEAR or known - tables.first_event() < _TWO_YEARS:
        return None
    counts, *apart = count_weeks(tables, name, [known], _segments(tables, by)) if weeks is None else weeks(name, [known])
    pooled = clock_of(counts)
    clocks = [pooled, *(clock_of_segment(pooled, part) for part in apart if part.people >= FEWEST_PEOPLE)] if pooled else []
    return Span(days=-(-366 // most_cutoffs)) if any(clock is not None and clock.year_matters for clock in clocks) else None


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


def check_season_by(by: str | None, churn: ChurnRule) -> str | None:
    """Return the attribute whose values have clocks of their own.

    Raises
    ------
    UsageError
        ``bad-argument``: it is not a text, or customers do not leave by silence, so that there are no clocks of their events.
    """
    if by is None:
        return None
    if not is_of_silence(churn):
        remedy = "Leave out season_by=: the season of cancellations and contracts is one for all customers."
        raise UsageError("bad-argument", f"season_by={by!r} needs a rule of silence, and churn is {rule_name(churn)}", remedy=remedy)
    return check_text(by, "season_by", "Give the name of an attribute of the customers.")


def _segments(tables: EventTables, by: str | None) -> tuple[str, str] | None:
    """Return an attribute of the customers and the column of the features that holds it.

    Raises
    ------
    SchemaError
        ``missing-column``: there is no such attribute.
    UsageError
        ``bad-argument``: it is a number, or has too many values.
    """
    if by is None:
        return None
    profile = tables.profile
    if profile is None or by not in profile.attributes:
        known = [] if profile is None else profile.attributes
        remedy = f"Name one of the attributes= of cp.Customers.{closest(by, known)}"
        raise SchemaError("missing-column", "season_by is not an attribute of the customers", column=by, remedy=remedy)
    values = len(profile.labels[by]) if by in profile.labels else 0
    if not 0 < values <= MOST_SEGMENTS:
        what = f"has {values:,} values" if values else "is a number"
        remedy = f"Name an attribute of up to {MOST_SEGMENTS} labels, such as a country."
        raise UsageError("bad-argument", f"season_by={by!r} {what}", remedy=remedy)
    return by, Feature(profile.name, "attribute", column=by).name


def weeks_before(tables: EventTables, churn: ChurnRule, X: pd.DataFrame, by: str | None = None) -> SeasonCounts:
    """Count for the season: weeks of the table whose silence is the churn, or how many left, for cancellations and contracts.

    ``X`` are the training rows: the clock works on the three columns that MBG/NBD knows. Other rules have no season. The values of the
    attribute ``by`` are counted apart as well.
    """
    segments = _segments(tables, by)
    if segments is not None and segments[1] not in X.columns:
        remedy = "Keep it among the features, or leave out season_by=."
        raise SchemaError("missing-column", "the attribute that season_by names is not a feature", column=segments[1], remedy=remedy)
    if has_leaving_season(churn) and len(X):
        return count_leaving(tables, churn, observed_until(tables, churn), tables.first_event())
    name, moments = season_question(tables, churn, X)
    return [] if name is None else count_weeks(tables, name, moments, segments)


def season_question(tables: EventTables, churn: ChurnRule, X: pd.DataFrame) -> tuple[str | None, list[int]]:
    """Say which table's weeks are counted for the clock of the season, None for none, and before which moments."""
    name = churn.table(tables) if is_of_silence(churn) else None
    if name is None or find_triple(X.columns, name) is None or not len(X):
        return None, []
    return name, season_moments(tables, churn, list(X.index.get_level_values("cutoff").unique()))


def to_learn_from(weeks: SeasonCounts, calendar: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return the arguments with which a classifier learns the season: counts, and the named days around the last moment."""
    last = weeks.moment if isinstance(weeks, LeavingCounts) else max(counts.moment for counts in weeks)
    return {"weeks": weeks, "named_spans": named_spans(calendar, last)}
