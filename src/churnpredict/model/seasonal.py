"""Put the season beside the training rows of a classifier, and beside the rows that it scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from churnpredict.clock import DAY, local_time
from churnpredict.errors import TimeError
from churnpredict.model.purchases import find_triple
from churnpredict.model.season.leaving import LEAVING, LeavingSeason, Windows, learn_leaving
from churnpredict.model.season.leaving_counts import LeavingCounts
from churnpredict.model.season.named_spans import NamedSpan
from churnpredict.model.season.season import COLUMN, Season, SeasonRows, learn_season
from churnpredict.model.season.week_counts import WeekCounts
from churnpredict.model.split import Window
from churnpredict.model.training import Rows, Settings, fit_line, validation_folds
from churnpredict.threads import one_blas_thread

__all__ = ["SEASON_COLUMNS", "AnySeason", "SeasonCounts", "activity_ratio", "season_beside", "season_column"]

SEASON_COLUMNS = (COLUMN, LEAVING)
AnySeason = Season | LeavingSeason
SeasonCounts = Sequence[WeekCounts] | LeavingCounts
Fold = tuple[np.ndarray, np.ndarray]


@one_blas_thread()
def season_beside(
    rows: Rows,
    settings: Settings,
    counts: SeasonCounts,
    spans: Sequence[NamedSpan] = (),
    levels: Mapping[int, Sequence[str]] | None = None,
) -> tuple[Rows, Settings, AnySeason | str]:
    """Return rows with the season's offset and an empty column for it, settings that fit them, and the season.

    Without evidence rows and settings are as they were, and in place of the season stands why.

    Parameters
    ----------
    rows : Rows
    settings : Settings
    counts : list of WeekCounts, or LeavingCounts
        Weeks of the table whose events recur, before several moments; or how many left in the past, for cancellations and contracts.
    spans : list of NamedSpan
        Declared days.
    levels : dict of int to list of str
        The values behind the codes of a category column, by its position: needed where segments are counted apart.
    """
    if settings.window is None or rows.times is None or set(SEASON_COLUMNS) & set(rows.names):
        return rows, settings, "no recurring event is known"
    folds, validated_on = validation_folds(rows, window=settings.window, seed=settings.seed)
    if validated_on != "time":
        return rows, settings, "no later cutoffs to judge it by"

    A = np.array(rows.A)
    A[:, [j for j, name in enumerate(rows.names) if name.endswith(("season_sin", "season_cos"))]] = np.nan
    quiet = replace(rows, A=A)  # the members do without these columns as well: see training.settle_season

    def seasonless(fold: Fold) -> np.ndarray:
        before, valid = fold
        line = fit_line(quiet, before, rows.w[before], settings=settings, strength=0.03, max_rows=2_000)  # it only judges
        return line.margin(A[valid])

    if isinstance(counts, LeavingCounts):
        windows = _windows(rows.times, settings.window)
        found: Any = learn_leaving(windows, rows.y, rows.w, counts, folds=folds, seasonless=seasonless, spans=spans)
    else:
        found = _silence(rows, settings, counts, folds, seasonless, spans, levels or {})
    if isinstance(found, str):
        return rows, settings, found
    season, offset, by_fold = found
    wider = replace(
        rows,
        A=np.column_stack([rows.A, np.zeros(len(rows.A))]),
        names=[*rows.names, season.column],
        offset=offset,
        by_fold=tuple(by_fold),
    )
    monotone = (*settings.monotone, 0) if settings.monotone else ()
    return wider, replace(settings, monotone=monotone), season


def _silence(
    rows: Rows,
    settings: Settings,
    weeks: Sequence[WeekCounts],
    folds: Sequence[Fold],
    seasonless: Callable[[Fold], np.ndarray],
    spans: Sequence[NamedSpan],
    levels: Mapping[int, Sequence[str]],
) -> tuple[Season, np.ndarray, Sequence[Any]] | str:
    triple = find_triple(rows.names, weeks[0].table or settings.of) if weeks else None
    if triple is None or settings.window is None or rows.times is None:
        return "no recurring event is known"
    names = [triple.active_days, triple.since_last, triple.since_first]
    segmented = next((c.segment[0] for c in weeks if c.segment), None)
    codes = {}
    if segmented in rows.names:
        names.append(segmented)
        codes = {label: code for code, label in enumerate(levels.get(rows.names.index(segmented), ()))}
    columns = [rows.A[:, rows.names.index(name)] for name in names]
    asked = _season_rows(columns, rows.times, settings.window)
    found = learn_season(asked, rows.y, rows.w, weeks, folds=folds, seasonless=seasonless, spans=spans, codes=codes)
    if isinstance(found, str):
        return found
    season = replace(found.season, columns=tuple(names if found.season.own else names[:3]))
    return season, found.offset, found.by_fold


def season_column(season: AnySeason, columns: Sequence[np.ndarray], times: np.ndarray | None, window: Window) -> np.ndarray:
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
    if isinstance(season, LeavingSeason):
        return season.offsets(_windows(times, window))
    return season.offsets(_season_rows(columns, times, window))


def activity_ratio(season: AnySeason, columns: Sequence[np.ndarray], times: np.ndarray, window: Window) -> np.ndarray:
    """Return how busy each row's outcome window is expected to be, or how often customers leave in it, against the windows that were learnt
    from, shape (n,).
    """
    if isinstance(season, LeavingSeason) or not season.own:
        asked = _windows(times, window)
        return season.activity_ratio(asked.starts, asked.ends)
    rows = _season_rows(columns, times, window)
    return season.activity_ratio(rows.starts, rows.ends, rows.segments)


def _windows(times: np.ndarray, window: Window) -> Windows:
    zone = window.timezone
    starts = np.asarray(window.gap.after(times, zone))
    return Windows(*(local_time(moments, zone) / DAY for moments in (times, starts, window.closes(times))))


def _season_rows(columns: Sequence[Any], times: np.ndarray, window: Window) -> SeasonRows:
    return SeasonRows.of(columns, *_windows(times, window))
