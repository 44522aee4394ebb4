"""Backtests as files, and a note when one is of another date than the page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict.churn.rule import ChurnRule, window_after
from churnpredict.errors import SourceError, warn
from churnpredict.events.tables import EventTables
from churnpredict.languages.catalogue import Language, language_of
from churnpredict.pipeline.cutoffs import scoring_cutoff
from churnpredict.report.sections import tenths
from churnpredict.table_files import beside, check_ending, write_frame

__all__ = ["date_backtest", "read_backtest", "tenths_path", "write_backtest"]

_FIGURES = {"cutoff", "model", "metric", "value", "low", "high", "n", "leavers"}


def write_backtest(path: Path, figures: pd.DataFrame) -> Path:
    """Write a backtest, and beside it the tenths that its calibration is drawn from: risks said and shares that left, no ids."""
    found = tenths(figures)
    if found is not None:
        write_frame(tenths_path(path), found)
    return write_frame(path, figures)


def read_backtest(path: Path) -> dict[str, Any]:
    """Return what :func:`write_backtest` wrote, as arguments of :func:`churnpredict.write_report`; empty where there is none.

    What cannot be read is there as the error, ``unreadable-backtest``.
    """
    if not path.exists():
        return {}
    return {name: _figures_or_error(file) for name, file in _files_of_backtest(path).items()}


def _files_of_backtest(path: Path) -> dict[str, Path]:
    beside = tenths_path(path)
    return {"backtest": path} | ({"calibration": beside} if beside.exists() else {})


def _read_figures(path: Path) -> pd.DataFrame:
    needed = {"said", "lost", "n"} if ".tenths." in path.name else _FIGURES
    try:
        found = pd.read_parquet(path) if check_ending(path) == "parquet" else pd.read_csv(path)
        if not needed <= set(found.columns):
            raise ValueError("columns are missing")
        return found.assign(cutoff=pd.to_datetime(found["cutoff"])) if "cutoff" in needed else found
    except (OSError, ValueError):  # a parser's own words could quote a row
        remedy = "Run churnpredict backtest again."
        raise SourceError("unreadable-backtest", f'"{path}" is not a table of a backtest', remedy=remedy) from None


def date_backtest(
    found: Mapping[str, Any], tables: EventTables, churn: ChurnRule, at: Any = None, *, language: str | Language = "en"
) -> dict[str, Any]:
    """Return a backtest (:func:`read_backtest`) with a note on its date and that of the page, ``backtest_note``.

    The date of the page is by default the end of what was observed. Warns of a backtest whose outcomes lie after it, ``later-backtest``,
    and of one that is a whole outcome window older than it could be, ``old-backtest``.
    """
    figures = found.get("backtest")
    if not isinstance(figures, pd.DataFrame) or not len(figures):
        return dict(found)
    spoken = language_of(language)
    date, newest = scoring_cutoff(tables, churn, at), pd.Timestamp(figures["cutoff"].max())
    closes = window_after(churn, int(tables.instants(newest)[0]), tables.timezone)[1]
    on = tables.stamp(date)
    if closes > date:
        known = tables.stamp(closes)
        told = f"the backtest is of {newest:%Y-%m-%d}, and what came of it was known on {known}, after {on}, the date of the page"
        note = spoken.say("trust.later", tested=spoken.day(newest), date=spoken.day(pd.Timestamp(on)))
        warn("later-backtest", told, remedy="Test an earlier cutoff: churnpredict backtest --at ...")
    elif closes <= churn.latest_cutoff(tables.known_before(date)):
        told = f"the backtest is of {newest:%Y-%m-%d}, and a newer one could be made on {on}, the date of the page"
        note = spoken.say("trust.old", tested=spoken.day(newest))
        warn("old-backtest", told, remedy="Run churnpredict backtest again.")
    else:
        return dict(found)
    return dict(found) | {"backtest_note": note}


def tenths_path(path: Path) -> Path:
    """Return the path of a backtest's tenths: ``backtest.csv.gz`` has them in ``backtest.tenths.csv.gz``."""
    return beside(path, "tenths")


def _figures_or_error(path: Path) -> pd.DataFrame | SourceError:
    try:
        return _read_figures(path)
    except SourceError as error:
        return error
