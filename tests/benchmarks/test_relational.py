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


def test_the_baselines_are_what_their_names_say():
    frames = database()
    task, at = relational.TASKS["rel-hm/user-churn"], pd.Timestamp("2020-08-20")
    test = test_table(frames, at, task.horizon)
    known = {**frames, "transactions": frames["transactions"][frames["transactions"]["t_dat"] <= at]}
    found = relational.run_baselines(task, known, test)
    assert 0.5 < found["own past rate"] < 1
    assert found["LightGBM on windows"] > 0.6
    # rows after the test's moment change neither
    assert relational.run_baselines(task, frames, test) == found
    cutoffs = [at - pd.Timedelta(7, "D"), at - pd.Timedelta(14, "D")]
    past = relational.past_labels(task, frames["transactions"], cutoffs)
    for cutoff in cutoffs:
        by_hand = test_table(frames, cutoff, task.horizon)
        rows = past[past["cutoff"] == cutoff]
        assert rows["entity"].tolist() == by_hand["customer_id"].tolist()
        assert rows["churn"].astype(int).tolist() == by_hand["churn"].tolist()
    new = pd.Series([10**9])  # without an earlier row: everybody's share
    assert relational.own_rate(past, new) == pytest.approx(past["churn"].mean())


def test_counts_over_windows_equal_a_plain_loop():
    frames = database(n=30)
    task, at = relational.TASKS["rel-hm/user-churn"], pd.Timestamp("2020-08-20")
    log = frames["transactions"]
    entities = np.unique(log["customer_id"])[:10]
    table = relational.windowed(task, log, entities, at)
    for entity in entities:
        own = log[(log["customer_id"] == entity) & (log["t_dat"] <= at)]
        for n in (1, 2, 4, 8, 16):
            inside = own[own["t_dat"] > at - pd.Timedelta(7 * n, "D")]
            assert table.loc[entity, f"rows_{n}"] == len(inside)
            assert table.loc[entity, f"sum_{n}"] == pytest.approx(inside["price"].sum())


def test_every_board_has_figures_for_every_task():
    rows = relational.published()
    assert {row["board"] for row in rows} == set(relational.BOARDS)
    assert all(0.5 <= float(row[task]) < 1 for row in rows for task in relational.TASKS)
    assert len({(row["board"], row["method"]) for row in rows}) == len(rows)
