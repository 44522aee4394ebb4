"""Put the season beside the training rows of a classifier, and beside the rows that it scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from churnpredict.clock import DAY, local_time
from churnpredict.errors import TimeError
from churnpredict.model.purchases import find_triple
from churnpredict.model.season.named_spans import NamedSpan
from churnpredict.model.season.season import COLUMN, Season, SeasonRows, learn_season
from churnpredict.model.season.week_counts import WeekCounts
from churnpredict.model.split import Window
from churnpredict.model.training import Rows, Settings, fit_line, validation_folds
from churnpredict.threads import one_blas_thread

__all__ = ["activity_ratio", "season_beside", "season_column"]


@one_blas_thread()
def season_beside(
    rows: Rows, settings: Settings, weeks: Sequence[WeekCounts], spans: Sequence[NamedSpan] = ()
) -> tuple[Rows, Settings, Season | str]:
    """Return rows with the season's offset and an empty column for it, settings that fit them, and the season.

    Without evidence rows and settings are as they were, and in place of the season stands why.

    Parameters
    ----------
    rows : Rows
    settings : Settings
    weeks : list of WeekCounts
        Of the table whose events recur.
    spans : list of NamedSpan
        Declared days.
    """
    triple = find_triple(rows.names, weeks[0].table or settings.of) if weeks else None
    if triple is None or settings.window is None or rows.times is None or COLUMN in rows.names:
        return rows, settings, "no recurring event is known"
    folds, validated_on = validation_folds(rows, window=settings.window, seed=settings.seed)
    if validated_on != "time":
        return rows, settings, "no later cutoffs to judge it by"

    def seasonless(fold: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        before, valid = fold
        line = fit_line(rows, before, rows.w[before], settings=settings, strength=0.03, max_rows=4_000)
        return line.margin(rows.A[valid])

    columns = [rows.A[:, rows.names.index(name)] for name in triple]
    asked = _season_rows(columns, rows.times, settings.window)
    found = learn_season(asked, rows.y, rows.w, weeks, folds=folds, seasonless=seasonless, spans=spans)
    if isinstance(found, str):
        return rows, settings, found
    wider = replace(
        rows,
        A=np.column_stack([rows.A, np.zeros(len(rows.A))]),
        names=[*rows.names, COLUMN],
        offset=found.offset,
        by_fold=tuple(found.by_fold),
    )
    monotone = (*settings.monotone, 0) if settings.monotone else ()
    return (
        wider,
        replace(settings, monotone=monotone),
        replace(found.season, columns=(triple.active_days, triple.since_last, triple.since_first)),
    )


def season_column(season: Season, columns: Sequence[np.ndarray], times: np.ndarray | None, window: Window) -> np.ndarray:
    """Return what the calendar adds to the log-odds of rows to score, shape (n,).

    Raises
    ------
    TimeError
        ``no-cutoff``.
    """
    if times is None:
        raise TimeError(
            "no-cutoff",
            "the model knows the season, and the rows do not say at which cutoff they stand",
            remedy='Keep the index level "cutoff" of X, as build_features gives it.',
        )
    return season.offsets(_season_rows(columns, times, window))


def activity_ratio(season: Season, times: np.ndarray, window: Window) -> np.ndarray:
    """Return how busy each row's outcome window is expected to be, against the windows that were learnt from, shape (n,)."""
    zone = window.timezone
    starts, ends = np.asarray(window.gap.after(times, zone)), window.closes(times)
    return season.activity_ratio(local_time(starts, zone) / DAY, local_time(ends, zone) / DAY)


def _season_rows(columns: Sequence[Any], times: np.ndarray, window: Window) -> SeasonRows:
    zone = window.timezone
    starts = np.asarray(window.gap.after(times, zone))
    return SeasonRows.of(columns, *(local_time(moments, zone) for moments in (times, starts, window.closes(times))))
