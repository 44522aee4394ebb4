"""Are the parts of a risk true? Voluntary and involuntary risks, and earlier horizons, beside the hazards that made a business.

Run as ``python benchmarks/outcomes.py [--customers 3000] [--seeds 1 2]``. Each world is trained with the defaults up to its last mature
cutoff, and judged there: mean risk beside the true one and what happened (within .02 asked), the slope of what happened on the log-odds,
how many customers have a shorter horizon riskier than a longer one (0 asked), and what training costs with and without the parts.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, pin

PARTS = [("risk", None, 90), ("risk_left", 1, 90), ("risk_lost", 2, 90), ("risk_30d", None, 30), ("risk_60d", None, 60)]


def slope(risk: np.ndarray, happened: np.ndarray) -> float:
    """Of a logistic regression of what happened on the log-odds: 1 is right, less is too bold."""
    from sklearn.linear_model import LogisticRegression

    z = np.log(risk / (1 - risk))[:, None]
    return float(LogisticRegression(C=1e6).fit(z, happened).coef_[0, 0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    pin()
    worst = 0.0
    for seed in given.seeds:
        business = cp.make_business(given.customers, random_state=seed, rule="cancellation")
        at = (business.end - pd.Timedelta(days=91)).normalize()
        seconds = {}
        for name, horizons in (("one risk", None), ("with parts", ["30d", "60d"])):
            pipeline = cp.ChurnPipeline(business.churn, horizons=horizons, n_jobs=1)
            X, outcomes = pipeline.training_rows(business.tables, until=at)
            begin = time.process_time()
            if horizons is None:
                outcomes["outcome"] = outcomes["outcome"].clip(upper=1)  # nobody tells leaving from being lost
            pipeline.learn(X, outcomes)
            seconds[name] = time.process_time() - begin
        now = pipeline.features_at(business.tables, at=at)
        risks = pipeline.model_.predict_parts(now)
        became = cp.label_churn(business.tables, cp.take_snapshots(business.tables, business.churn, at=at), business.churn).loc[now.index]
        table = Table(
            f"business {seed}: {len(now):,} customers at risk on {at.date()}, {X.shape[0]:,} x {X.shape[1]} to learn from",
            ["", "mean risk", "true", "happened", "|risk - true|", "|risk - happened|", "slope"],
        )
        for column, outcome, days in PARTS:
            true = business.true_risk(at, f"{days}d", outcome=outcome).reindex(now.index.get_level_values("customer_id")).mean()
            happened = ((became["outcome"] > 0) if outcome is None else (became["outcome"] == outcome)) & (became["duration"] <= days)
            risk = risks[column].mean()
            worst = max(worst, abs(risk - happened.mean()))
            gaps = (
                f"{abs(risk - true):.4f}",
                f"{abs(risk - happened.mean()):.4f}",
                f"{slope(risks[column].to_numpy(), happened.to_numpy()):.2f}",
            )
            table.add(column, f"{risk:.4f}", f"{true:.4f}", f"{happened.mean():.4f}", *gaps)
        table.print()
        wrong = int(((risks["risk_30d"] > risks["risk_60d"]) | (risks["risk_60d"] > risks["risk"])).sum())
        apart = float((risks["risk_left"] + risks["risk_lost"] - risks["risk"]).abs().max())
        cost = seconds["with parts"] / seconds["one risk"]
        print(f"  customers with a shorter horizon riskier than a longer one: {wrong}; |left + lost - risk| at most {apart:.1e}")
        print(
            f"  training, CPU: {seconds['one risk']:.1f} s for one risk, {seconds['with parts']:.1f} s with its parts ({cost:.2f}x)\n",
            flush=True,
        )
    print(f"largest |mean risk - happened|: {worst:.4f} (at most .02 asked)")


if __name__ == "__main__":
    main()
