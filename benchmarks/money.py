"""Money on real customers. tv_subscriptions: the costs of each decision are given per customer, so what a rule saves is known, not assumed;
five folds, the default classifier beside plain LightGBM. cdnow: plan, page and alerts for the last cutoff.

Run as ``taskset -c 1 python benchmarks/money.py [tv] [cdnow]``; the data lie in ``../shared/data``, beside the checkout.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.evaluation.metrics import auc, bootstrap_interval, empc
from churnpredict.report.collect import find_all, judged_alerts

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def whom(risk, costs):
    """The customers whom plan_retention contacts, where each decision costs what the data say.

    A contact saves ``p (FN - TP) - (1 - p) (FP - TN)``: an offer that costs FP - TN, is always accepted, and keeps FN - TP + FP - TN.
    """
    offer = (costs["C_FP"] - costs["C_TN"]).to_numpy()
    scores = pd.DataFrame({"customer_id": np.arange(len(risk)), "risk": risk, "value": (costs["C_FN"] - costs["C_TP"]).to_numpy() + offer})
    plan = cp.plan_retention(scores, offer_cost=offer, contact_cost=0, acceptance=1, holdout=0)
    return scores["customer_id"].isin(plan.contacts["customer_id"]).to_numpy()


def spent(contact, y, costs):
    """What the decisions cost (n,)."""
    return np.where(contact, np.where(y, costs["C_TP"], costs["C_FP"]), np.where(y, costs["C_FN"], costs["C_TN"]))


def tv():
    path = DATA / "flat" / "tv_subscriptions.parquet"
    if not path.exists():
        print(f"tv_subscriptions: skipped, {path} is not there")
        return
    frame = pd.read_parquet(path)
    y, costs = frame["target"].to_numpy() == 1, frame[["C_FP", "C_FN", "C_TP", "C_TN"]]
    X = frame[[c for c in frame if c.startswith("x")]]
    learners = {
        "churnpredict": lambda: cp.ChurnClassifier(n_jobs=1),
        "plain LightGBM": lambda: lgb.LGBMClassifier(n_jobs=1, verbose=-1, random_state=0),
    }
    risks, seconds = {name: np.empty(len(y)) for name in learners}, dict.fromkeys(learners, 0.0)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        for name, make in learners.items():
            model, took = cpu(lambda make=make, train=train: make().fit(X.iloc[train], y[train].astype(int)))
            risks[name][test] = model.predict_proba(X.iloc[test])[:, 1]
            seconds[name] += took
    nobody, everybody = spent(np.zeros(len(y), bool), y, costs), spent(np.ones(len(y), bool), y, costs)
    print(f"tv_subscriptions, 5 folds: {len(y):,} customers, {y.mean():.1%} left;", end=" ")
    print(f"contacting nobody costs {nobody.sum():,.0f}, all {everybody.sum():,.0f}\n")
    table = Table("saved against the cheaper of nobody and all", ["rule", "contacts", "cost", "saved", "95 %"])
    cheaper = nobody if nobody.sum() < everybody.sum() else everybody
    for name, risk in risks.items():
        chosen = whom(risk, costs)
        ranked = np.zeros(len(y), bool)
        ranked[np.argsort(-risk, kind="stable")[: chosen.sum()]] = True
        for rule, contact in ((f"plan, {name}", chosen), (f"highest risks, as many, {name}", ranked)):
            cost = spent(contact, y, costs)
            found = bootstrap_interval(lambda a, b, sample_weight: 1 - (sample_weight @ a) / (sample_weight @ b), cost, cheaper, rounds=300)
            table.add(rule, f"{contact.sum():,}", f"{cost.sum():,.0f}", f"{found.value:.1%}", f"{found.low:.1%} to {found.high:.1%}")
    table.print()
    figures = Table("the risks themselves", ["model", "AUC", "EMPC", "CPU s"])
    for name, risk in risks.items():
        figures.add(name, f"{auc(y, risk):.4f}", f"{empc(y, risk):.3f}", f"{seconds[name]:.0f}")
    figures.print()


def cdnow():
    path = DATA / "cdnow" / "transactions.parquet"
    if not path.exists():
        print(f"cdnow: skipped, {path} is not there")
        return
    log = cp.Events(pd.read_parquet(path), customer="customer_id", time="date", value="amount", money=True)
    tables = cp.EventTables(orders=log)
    churn = cp.Inactivity("91d", of="orders", active_within="182d")
    pipeline, seconds = cpu(lambda: cp.ChurnPipeline(churn, n_jobs=1).fit(tables))
    rules = {"no order for 90 days": "habit__orders_days_since_last >= 90", "silent beyond the rhythm": "habit__orders_gap_ratio >= 2"}
    plan = {"offer_cost": 5, "contact_cost": 1, "acceptance": 0.1}
    found, more = cpu(lambda: find_all(pipeline, tables, rules=rules, plan=plan))
    with tempfile.TemporaryDirectory() as folder:
        page, last = cpu(lambda: cp.write_report(found.scores, Path(folder) / "report.html", plan=found.plan, unit="$", **found.parts))
        size = page.stat().st_size
    print(f"cdnow, {found.scores['cutoff'].max():%Y-%m-%d}: {len(found.scores):,} customers at risk,", end=" ")
    print(f"{len(found.parts['unscored']):,} without a score\n")
    print(found.plan)
    print(f"\npage of {size / 1e6:.2f} MB; CPU s: training {seconds:.0f}, scores, plan and alerts {more:.0f}, page {last:.1f}\n")
    now = found.parts["alerts"]["alert"].value_counts()
    for row in judged_alerts(tables, churn, rules).to_dict("records"):
        told = f"{row['alert']}: {now.get(row['alert'], 0):,} now; in the past {row['fired']:,} times"
        print(f"{told}, followed by leaving {row['left']:.0%} of the time ({row['base_rate']:.0%} anyway), {row['caught']:.0%} of leavers")


def main():
    pin()
    warnings.simplefilter("ignore", cp.ChurnWarning)
    wanted = sys.argv[1:] or ["tv", "cdnow"]
    for name, run in (("tv", tv), ("cdnow", cdnow)):
        if name in wanted:
            run()


if __name__ == "__main__":
    main()
