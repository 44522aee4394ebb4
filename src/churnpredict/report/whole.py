"""Write the whole page from a trained pipeline and tables: the method ``report`` of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnpredict.argument_checks import check_text
from churnpredict.events.tables import EventTables
from churnpredict.figures import unit_of
from churnpredict.report.backtest_files import date_backtest
from churnpredict.report.collect import find_all
from churnpredict.report.page import write_report
from churnpredict.retention.plan import Plan

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["write_whole_report"]


def write_whole_report(
    pipeline: ChurnPipeline,
    tables: EventTables,
    path: str | Path,
    *,
    at: Any = None,
    since: Any = None,
    plan: Plan | Mapping[str, Any] | None = None,
    backtest: pd.DataFrame | None = None,
    alerts: Mapping[str, str] | None = None,
    title: str = "",
    unit: str = "",
    most_cards: int = 500,
) -> Path:
    """Write the page: see :meth:`churnpredict.ChurnPipeline.report`."""
    check_text(unit, "unit")
    planned = unit_of(plan) if isinstance(plan, Plan) else (plan or {}).get("unit", "")
    spoken, unit = pipeline.language, unit or planned or pipeline.unit
    options = plan if isinstance(plan, Plan) else {**(plan or {}), "unit": unit}
    if unit != pipeline.unit:  # one unit on the whole page: amounts in the reasons take theirs from the pipeline
        pipeline = copy(pipeline)
        pipeline.unit = unit
    found = find_all(pipeline, tables, at=at, since=since, rules=alerts, plan=options, most_cards=most_cards)
    judged = {} if backtest is None else date_backtest({"backtest": backtest}, tables, pipeline.churn, at, language=spoken)
    page: dict[str, Any] = {"title": title, "unit": unit, "language": spoken, "most_cards": most_cards}
    return write_report(found.scores, path, plan=found.plan, **found.parts, **judged, **page)
