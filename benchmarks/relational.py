"""The churn tasks of RelBench with the library's defaults: rel-hm user-churn, rel-amazon user-churn and item-churn.

    pip install relbench
    python benchmarks/relational.py [rel-hm/user-churn ...] [--download]

Nothing is tuned: tables and columns are named, the churn rule is the task's (nothing in the next 7 or 91 days, of those active in as many
days before), training ends where the test begins. RelBench's windows include their end and not their beginning, so a cutoff is
taken one microsecond after the task's timestamp. What others published (test AUROC) is printed beside, and was not run here.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from typing import Any

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

# Test AUROC as published by RelBench's authors (arXiv:2407.20060, entries of their leaderboard): not run here.
PUBLISHED = {
    "rel-hm/user-churn": {"LightGBM on the entity's own columns": 0.552, "features of a data scientist": 0.690, "RDL": 0.699},
    "rel-amazon/user-churn": {"LightGBM on the entity's own columns": 0.522, "features of a data scientist": 0.676, "RDL": 0.704},
    "rel-amazon/item-churn": {"LightGBM on the entity's own columns": 0.625, "features of a data scientist": 0.818, "RDL": 0.828},
}


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
    table = Table(
        "Test AUROC; all but the first column as published by RelBench's authors, not run here", ["task", "churnpredict", *_heads()]
    )
    for name in given.tasks:
        ours = "not run"
        if get_dataset is not None:
            dataset, task = name.split("/")
            database = get_dataset(dataset, download=given.download).get_db()
            test = get_task(dataset, task, download=given.download).get_table("test", mask_input_cols=False).df
            auc, n, unknown = run(TASKS[name], {key: t.df for key, t in database.table_dict.items()}, test)
            ours = f"{auc:.3f} ({n:,} rows, {unknown:,} not at risk)"
        table.add(name, ours, *(f"{PUBLISHED[name][head]:.3f}" for head in _heads()))
    table.print()


def _heads() -> list[str]:
    return list(next(iter(PUBLISHED.values())))


if __name__ == "__main__":
    main()
