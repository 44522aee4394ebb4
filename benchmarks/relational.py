"""The churn tasks of RelBench with the library's defaults: rel-hm user-churn, rel-amazon user-churn and item-churn.

    pip install relbench
    python benchmarks/relational.py [rel-hm/user-churn ...] [--download]

Nothing is tuned: tables and columns are named, the churn rule is the task's (nothing in the next 7 or 91 days, of those active in as many
days before), training ends where the test begins. RelBench's windows include their end and not their beginning, so a cutoff is
taken one microsecond after the task's timestamp. Two baselines run on the same rows: each entity's own past rate,
and LightGBM on a dozen counts over windows, which stands on no published board. What others published (test AUROC) comes from
`relbench_published.csv`, is printed beside, and was not run here.
"""

from __future__ import annotations

import argparse
import csv
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table
from churnpredict.evaluation import metrics

TICK = pd.Timedelta(1, "us")


@dataclass(frozen=True)
class Task:
    """Which table of the database is the log, and which columns mean what."""

    horizon: str
    log: str
    customer: str
    time: str
    roles: dict[str, str]
    people: str
    attributes: tuple[str, ...] = ()


TASKS = {
    "rel-hm/user-churn": Task(
        "7d",
        "transactions",
        "customer_id",
        "t_dat",
        {"value": "price", "item": "article_id", "kind": "sales_channel_id"},
        "customer",
        ("age", "club_member_status", "fashion_news_frequency"),
    ),
    "rel-amazon/user-churn": Task(
        "91d", "review", "customer_id", "review_time", {"value": "rating", "item": "product_id", "kind": "verified"}, "customer"
    ),
    "rel-amazon/item-churn": Task(
        "91d", "review", "product_id", "review_time", {"value": "rating", "item": "customer_id", "kind": "verified"}, "product", ("price",)
    ),
}

BOARDS = {
    "paper": "RelBench's paper, arXiv:2407.20060, tables 3 and 4",
    "relarena": "RelArena at commit e890022 of 2026-08-21, baseline_results/results.csv, the configuration chosen by validation",
    "leaderboard": "RelBench's leaderboard, relbench-leaderboard.static.hf.space, its first rows as read on 2026-11-29",
}


def published() -> list[dict[str, str]]:
    """Return what others published, a row for each board and method, test AUROC by task; none of it was run here."""
    with Path(__file__).with_name("relbench_published.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def declare(task: Task, frames: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The library's declarations of a RelBench database; columns that are not there are left out."""
    log, people = frames[task.log], frames[task.people]
    roles = {role: column for role, column in task.roles.items() if column in log}
    log = log.dropna(subset=[task.customer]).astype({roles["kind"]: str} if "kind" in roles else {})
    attributes = [column for column in task.attributes if column in people]
    return {
        "events": cp.Events(log, customer=task.customer, time=task.time, **roles),
        "people": cp.Customers(people, customer=task.customer, attributes=attributes),
    }


def run(task: Task, frames: dict[str, pd.DataFrame], test: pd.DataFrame, *, classifier: Any = None) -> tuple[float, int, int]:
    """Train on what was known before the test, score, compare.

    Parameters
    ----------
    task : Task
    frames : dict of str to DataFrame
        The database, up to the test's timestamp.
    test : DataFrame
        The task's test table: ``timestamp``, the entity, ``churn``.

    Returns
    -------
    auc : float
    n, unknown : int
        Rows of the test, and those of entities that the rule does not hold at risk: they get the base rate.
    """
    (moment,) = test["timestamp"].unique()
    cutoff = pd.Timestamp(moment) + TICK
    churn = cp.Inactivity(task.horizon, of="events", active_within=task.horizon)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cp.ChurnWarning)
        tables = cp.EventTables(observed_until=cutoff, **declare(task, frames))
        pipeline = cp.ChurnPipeline(churn, classifier=classifier).fit(tables, until=cutoff)
        found = pipeline.predict_proba(tables, at=cutoff).set_index("customer_id")["leaves"]
    risk = test[task.customer].map(found).to_numpy(dtype=np.float64)
    unknown = np.isnan(risk)
    return metrics.auc(test["churn"].to_numpy(), np.where(unknown, pipeline.base_rate_, risk)), len(test), int(unknown.sum())


def past_labels(task: Task, log: pd.DataFrame, cutoffs: list[pd.Timestamp]) -> pd.DataFrame:
    """Return the task's rows at earlier cutoffs: ``entity``, ``cutoff``, ``churn``, for those with a row in (cutoff - horizon, cutoff]."""
    span, parts = pd.Timedelta(task.horizon.replace("d", "D")), []
    for cutoff in cutoffs:
        active = _entities(task, log, cutoff - span, cutoff)
        parts.append(
            pd.DataFrame(
                {"entity": active, "cutoff": cutoff, "churn": (~np.isin(active, _entities(task, log, cutoff, cutoff + span))).astype(float)}
            )
        )
    return pd.concat(parts, ignore_index=True)


def own_rate(past: pd.DataFrame, entities: pd.Series) -> np.ndarray:
    """Return each entity's share of leaving among its own earlier rows, and everybody's share for those without one."""
    return entities.map(past.groupby("entity")["churn"].mean()).fillna(past["churn"].mean()).to_numpy(dtype=np.float64)


def windowed(task: Task, log: pd.DataFrame, entities: Any, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return counts and sums over the last 1, 2, 4, 8 and 16 horizons, and the days since the last and the first row."""
    seen = log[(log[task.time] <= cutoff) & log[task.customer].isin(entities)]
    days = (cutoff - seen[task.time]) / pd.Timedelta(1, "D")
    span = float(task.horizon.rstrip("d"))
    grouped = days.groupby(seen[task.customer])
    table = pd.DataFrame({"last": grouped.min(), "first": grouped.max()})
    value = task.roles["value"]
    for n in (1, 2, 4, 8, 16):
        inside = seen[days < n * span].groupby(task.customer)
        table[f"rows_{n}"] = inside.size()
        if value in seen:
            table[f"sum_{n}"] = inside[value].sum()
    return table.fillna(0.0).reindex(entities)


def run_baselines(task: Task, frames: dict[str, pd.DataFrame], test: pd.DataFrame) -> dict[str, float]:
    """Return the AUROC of both baselines; earlier cutoffs lie whole horizons before the test's, 60 for the rates and 8 for the booster."""
    log = frames[task.log].dropna(subset=[task.customer])
    (moment,) = test["timestamp"].unique()
    span = pd.Timedelta(task.horizon.replace("d", "D"))
    earliest = log[task.time].min() + span
    cutoffs = [c for c in (pd.Timestamp(moment) - k * span for k in range(1, 61)) if c >= earliest]
    past = past_labels(task, log, cutoffs)
    recent = [c for c in cutoffs[:8] if (past["cutoff"] == c).any()]
    X = pd.concat([windowed(task, log, past["entity"][past["cutoff"] == c], c) for c in recent])
    y = np.concatenate([past["churn"][past["cutoff"] == c] for c in recent])
    booster = lgb.LGBMClassifier(n_estimators=100, random_state=0, n_jobs=1, verbose=-1).fit(X, y)
    risk = booster.predict_proba(windowed(task, log, test[task.customer], pd.Timestamp(moment)))[:, 1]
    churn = test["churn"].to_numpy()
    return {"own past rate": metrics.auc(churn, own_rate(past, test[task.customer])), "LightGBM on windows": metrics.auc(churn, risk)}


def _entities(task: Task, log: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp) -> np.ndarray:
    return np.unique(log[task.customer][(log[task.time] > after) & (log[task.time] <= until)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", default=list(TASKS), help=f"of {', '.join(TASKS)}")
    parser.add_argument("--download", action="store_true", help="let RelBench load what is not in its cache")
    given = parser.parse_args()
    try:
        from relbench.datasets import get_dataset
        from relbench.tasks import get_task
    except ImportError:
        print("RelBench is not installed (pip install relbench): only what others published can be shown.")
        get_dataset = get_task = None
    if get_dataset is not None:
        table = Table("Test AUROC, run here", ["task", "rows", "not at risk", "churnpredict", "own past rate", "LightGBM on windows"])
        for name in given.tasks:
            dataset, task = name.split("/")
            database = get_dataset(dataset, download=given.download).get_db()
            test = get_task(dataset, task, download=given.download).get_table("test", mask_input_cols=False).df
            frames = {key: t.df for key, t in database.table_dict.items()}
            auc, n, unknown = run(TASKS[name], frames, test)
            beside = run_baselines(TASKS[name], frames, test)
            table.add(name, f"{n:,}", f"{unknown:,}", f"{auc:.4f}", *(f"{a:.4f}" for a in beside.values()))
        table.print()
    for board, source in BOARDS.items():
        table = Table(f"Published test AUROC, not run here. {source}", ["method", *given.tasks])
        for row in published():
            if row["board"] == board:
                table.add(row["method"], *(row[name] for name in given.tasks))
        table.print()


if __name__ == "__main__":
    main()
