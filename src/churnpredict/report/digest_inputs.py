"""Read plans from files for a digest, and find who of their customers is still there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.unscored import absent
from churnpredict.errors import SchemaError, warn
from churnpredict.events.tables import EventTables
from churnpredict.moments import Moment
from churnpredict.per_customer import match_ids, read_as
from churnpredict.pipeline.cutoffs import one_moment
from churnpredict.table_files import check_ending, read_frame

__all__ = ["digest_inputs"]


def digest_inputs(
    tables: EventTables, churn: ChurnRule, plan: Path, before: Path | None = None, *, at: Moment | None = None
) -> dict[str, Any]:
    """Return the arguments of :func:`churnpredict.report.digest.digests` from files of plans: no model is needed.

    Parameters
    ----------
    tables : EventTables
    churn : churn rule
        Says at the plan's cutoff who is still at risk, and who is gone.
    plan, before : path
        Plans as ``churnpredict report`` writes them; from CSV, ids are read as those of the tables are.
    at : time, optional
        The cutoff, where nobody is in the plan.

    Warns
    -----
    ChurnWarning
        ``unknown-ids``: customers of a plan who are not in the tables.
    """
    now = _read(tables, plan)
    last = None if before is None else _read(tables, before)
    when = now["cutoff"].max() if len(now) else at
    if when is None:
        return {"plan": now, "before": last}
    gone = absent(tables, churn, one_moment(tables, when, "cutoff"))
    ids = pd.Series(tables.ids.to_pandas())
    there = ids[match_ids(gone["customer_id"], ids, "customers without a score")[0] < 0]
    return {"plan": now, "before": last, "unscored": gone, "scored": there.to_numpy()}


def _read(tables: EventTables, path: Path) -> pd.DataFrame:
    frame = read_frame(path)
    for column in ("customer_id", "cutoff"):
        if column not in frame:
            remedy = "Give a plan that churnpredict report wrote."
            raise SchemaError("missing-column", "the file of a plan has no such column", table=path.name, column=column, remedy=remedy)
    ids = pd.Index(tables.ids.to_pandas())
    if check_ending(path) != "parquet":
        frame["customer_id"] = read_as(frame["customer_id"], ids)
    frame["cutoff"] = pd.to_datetime(frame["cutoff"])
    unknown = int((match_ids(ids, frame["customer_id"], path.name)[0] < 0).sum()) if len(frame) else 0
    if unknown:
        what = f"customers of {path.name} are not in the tables"
        warn("unknown-ids", what, rows=unknown, total=len(frame), remedy="They count as without a score: compare the ids.", stacklevel=3)
    return frame
