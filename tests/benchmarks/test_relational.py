"""The adapter to RelBench's churn tasks, on a small database of the same shape made here."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import relational


def database(seed=0, n=400, days=140):
    """Customers who buy at a rate of their own and leave for good some day: tables and columns named as in rel-hm."""
    rng = np.random.default_rng(seed)
    rows = []
    for customer in range(n):
        rate, leaves = rng.gamma(2, 0.12), rng.exponential(120)
        times = np.cumsum(rng.exponential(1 / rate, 60))
        rows += [(customer, int(t)) for t in times if t < min(days, leaves)]
    log = pd.DataFrame(rows, columns=["customer_id", "day"])
    log["t_dat"] = (pd.Timestamp("2020-05-01") + pd.to_timedelta(log.pop("day"), unit="D")).astype("datetime64[us]")
    log["price"], log["article_id"] = rng.gamma(2, 0.02, len(log)), rng.integers(0, 50, len(log))
    log["sales_channel_id"] = rng.integers(1, 3, len(log))
    people = pd.DataFrame({"customer_id": range(n), "age": rng.integers(18, 80, n).astype(float), "club_member_status": "ACTIVE"})
    return {"transactions": log, "customer": people, "article": pd.DataFrame({"article_id": range(50)})}


def test_table(frames, timestamp, horizon):
    """The task's own labels: (t, t + horizon], of those active in (t - horizon, t]."""
    log, span = frames["transactions"], pd.Timedelta(horizon.replace("d", "D"))
    before = log[(log["t_dat"] > timestamp - span) & (log["t_dat"] <= timestamp)]["customer_id"].unique()
    after = log[(log["t_dat"] > timestamp) & (log["t_dat"] <= timestamp + span)]["customer_id"].unique()
    return pd.DataFrame({"timestamp": timestamp, "customer_id": np.sort(before), "churn": (~np.isin(np.sort(before), after)).astype(int)})


test_table.__test__ = False


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
def test_the_task_runs_and_its_windows_are_kept():
    frames = database()
    task = relational.TASKS["rel-hm/user-churn"]
    at = pd.Timestamp("2020-08-20")
    test = test_table(frames, at, task.horizon)
    known = {**frames, "transactions": frames["transactions"][frames["transactions"]["t_dat"] <= at]}
    quick = cp.ChurnClassifier(members=("trees",), n_estimators=30, n_seeds=1, n_jobs=1, min_leavers=5)
    auc, n, unknown = relational.run(task, known, test, classifier=quick)
    assert n == len(test) > 50
    assert unknown == 0  # the rule's risk set is the task's, to the last customer
    assert auc > 0.6
    tables = cp.EventTables(observed_until="2020-12-01", **relational.declare(task, frames))
    churn = cp.Inactivity(task.horizon, of="events", active_within=task.horizon)
    labels = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=at + relational.TICK), churn).within()
    assert labels.tolist() == test["churn"].tolist()


def test_every_task_has_its_published_figures():
    assert set(relational.PUBLISHED) == set(relational.TASKS)
    assert all(0.5 < figure < 1 for row in relational.PUBLISHED.values() for figure in row.values())
