"""Backtest: train again at past cutoffs on what was known then, and look at what came after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnpredict.errors import ImmatureError
from churnpredict.events.outcomes import label_churn
from churnpredict.events.progress import progress
from churnpredict.events.snapshots import take_snapshots
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import days, stamp
from churnpredict.events.treatments import nobody_treated
from churnpredict.features.build import build_features
from churnpredict.features.feature import Feature
from churnpredict.model.comparison import Backtest, baseline_risks, is_weak, judge
from churnpredict.operations.cutoffs import backtest_cutoffs
from churnpredict.operations.scoring import check_risks, snapshots_of

if TYPE_CHECKING:
    from churnpredict.operations.pipeline import ChurnPipeline

__all__ = ["backtest"]


def backtest(pipeline: ChurnPipeline, tables: EventTables, at: Any = None, *, rounds: int = 200) -> Backtest:
    """See :meth:`ChurnPipeline.backtest`."""
    churn = pipeline.churn
    cutoffs = backtest_cutoffs(tables, churn, at)
    latest = churn.latest_cutoff(tables)
    late = [c for c in cutoffs if int(tables.instants(c)[0]) > latest]
    if late:
        raise ImmatureError(
            "immature",
            f"test cutoffs whose outcome window is not fully observed yet; the latest cutoff that can be tested is {stamp(latest)}",
            rows=len(late),
            total=len(cutoffs),
            remedy="Take earlier cutoffs.",
        )
    parts = [_at_one(pipeline, tables, cutoff, rounds) for cutoff in progress(cutoffs, "backtest")]
    return Backtest(pd.concat(parts, ignore_index=True))


def _at_one(pipeline: ChurnPipeline, tables: EventTables, cutoff: pd.Timestamp, rounds: int) -> pd.DataFrame:
    """Figures at one cutoff; nothing known at or after it reaches the model or the baselines."""
    trained = pipeline.copy()
    X, outcomes = trained.training_rows(tables, cutoff)
    trained.learn(X, outcomes)
    snapshots = take_snapshots(tables, trained.churn, at=cutoff)
    happened = label_churn(tables, snapshots, trained.churn)
    X_test = build_features(tables, snapshots_of(happened), features=trained.features_, history=trained.history)
    X_test = nobody_treated(X_test, getattr(trained.model_, "feature_names_in_", ()))
    y_test = happened.within().to_numpy()
    risks = {"model": check_risks(np.asarray(trained.model_.predict_proba(X_test)[:, 1]))}
    recurring = _recurring(tables, cutoff, pipeline=trained, X=X, X_test=X_test)
    risks |= baseline_risks(
        X,
        outcomes.within(),
        X_test,
        horizon=days(trained.churn.horizon_span),
        gap=days(trained.churn.gap_span),
        recurring=recurring,
        random_state=trained.random_state,
        n_jobs=trained.n_jobs,
    )
    customers = X_test.index.get_level_values("customer_id")
    figures = judge(y_test, risks, customers=customers, rounds=rounds)
    weak, _ = is_weak(y_test, risks["model"], risks["base rate"], customers=customers, rounds=rounds)
    figures.insert(0, "cutoff", snapshots["cutoff"].iloc[0])
    return figures.assign(n=len(y_test), leavers=int(y_test.sum()), signal="weak" if weak else "clear")


def _recurring(
    tables: EventTables, cutoff: pd.Timestamp, *, pipeline: ChurnPipeline, X: pd.DataFrame, X_test: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """What recency and MBG/NBD need, whatever features the user chose: of the table of events that the rule reads, else of the first."""
    logs = tables.logs()
    of = getattr(pipeline.churn, "of", None)
    name = of if of in logs else next(iter(logs), None)
    if name is None:
        return None
    rows = [Feature(name, "active_days", "all"), Feature(name, "days_since_last"), Feature(name, "days_since_first")]
    train, test = (build_features(tables, snapshots_of(part), features=rows) for part in (X, X_test))
    return train, test
