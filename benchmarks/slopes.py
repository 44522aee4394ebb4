"""Slopes of small, wide businesses: are risks as bold as they should be, and do fewer columns help?

Run as ``python benchmarks/slopes.py [--customers 1500] [--seeds 6] [--first 4001]``. Businesses of ``make_business``, written
cancellations and silence by turns, are learnt with the defaults from all columns of the catalog, and from fewer: no window longer than
the horizon, no statistic of gaps, and of all time only the active days, which MBG/NBD needs. Both are judged on the same customers, at the
last mature cutoff. A slope is that of a logistic regression of what happened on the log-odds: 1 is right, less is too bold, more is too
timid. Its standard error stands beside it.
"""

from __future__ import annotations

import argparse
from copy import copy
from typing import Any

import numpy as np
import pandas as pd

import churnpredict as cp
from _measure import Table, cpu, pin
from churnpredict.evaluation.metrics import auc
from churnpredict.model.calibration import AffineCalibration, sigmoid

HORIZON = 90


def fewer(feature: cp.Feature) -> bool:
    """Whether a column belongs to the fewer ones."""
    if feature.window == "all":
        return feature.aggregate == "active_days"
    longer = feature.window is not None and int(feature.window.removesuffix("d")) > HORIZON
    return not (longer or "gap" in feature.aggregate or feature.aggregate == "streak")


def slope_of(z: np.ndarray, left: np.ndarray) -> tuple[float, float]:
    """The slope of what happened on log-odds, and its standard error."""
    line = AffineCalibration(prior=0.0).fit(z, left)
    p = sigmoid(line.transform(z))
    h = p * (1 - p)
    return line.slope, float(1 / np.sqrt(h @ z**2 - (h @ z) ** 2 / h.sum()))


def judged(pipeline: Any, X: pd.DataFrame, left: np.ndarray) -> dict[str, float]:
    """Log loss, AUC and slope."""
    z = pipeline.model_.decision_function(X)
    slope, error = slope_of(z, left)
    return {"loss": float((np.logaddexp(0, z) - left * z).mean()), "auc": auc(left, z), "slope": slope, "error": error}


def sides(seed: int, customers: int) -> tuple[str, list[dict[str, float]]]:
    """What is judged, and both sides."""
    rule = "cancellation" if seed % 2 else "inactivity"
    business = cp.make_business(customers, random_state=seed, rule=rule)
    churn, tables = business.churn, business.tables
    at = (business.end - pd.Timedelta(days=HORIZON + 1)).normalize()
    every = cp.ChurnPipeline(churn, n_jobs=1)
    X, outcomes = every.training_rows(tables, at)
    few = copy(every)
    few.features_ = [feature for feature in every.features_ if fewer(feature)]
    names = [name for name in X.columns if name in {feature.name for feature in few.features_}]
    spent = [cpu(every.learn, X, outcomes)[1], cpu(few.learn, X[names], outcomes)[1]]
    now = every.features_at(tables, at=at)
    became = cp.label_churn(tables, cp.take_snapshots(tables, churn, at=at), churn).reindex(now.index)
    left = (became["outcome"] > 0).to_numpy().astype(float)
    found = [judged(every, now, left), judged(few, now[names], left)]
    for one, seconds in zip(found, spent, strict=True):
        one["seconds"] = seconds
    return f"{rule} {seed}, {len(now):,} at risk, {left.mean():.0%} left, {X.shape[1]} and {len(names)} columns", found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first", type=int, default=4001)
    given = parser.parse_args()
    pin()
    table = Table("All columns, and fewer", ["", "slope", "log loss", "AUC", "CPU s of the fit"])
    kept = []
    for seed in range(given.first, given.first + given.seeds):
        name, found = sides(seed, given.customers)
        kept.append(found)
        slopes = " -> ".join(f"{one['slope']:.2f} +- {one['error']:.2f}" for one in found)
        table.add(
            name,
            slopes,
            *(" -> ".join(f"{one[what]:{form}}" for one in found) for what, form in (("loss", ".4f"), ("auc", ".3f"), ("seconds", ".0f"))),
        )
        print(table.rows[-1], flush=True)
    table.print()
    loss = np.array([[one["loss"] for one in found] for found in kept])
    slope = np.array([[one["slope"] for one in found] for found in kept])
    inside = ((slope >= 0.9) & (slope <= 1.1)).sum(axis=0)
    away = np.exp(np.abs(np.log(slope)).mean(axis=0))
    change = loss[:, 1] - loss[:, 0]
    error = 2 * change.std(ddof=1) / np.sqrt(len(change)) if len(change) > 1 else np.nan
    print(f"slopes within .9 to 1.1: {inside[0]} and {inside[1]} of {len(slope)}; off 1 by a factor of {away[0]:.2f} and {away[1]:.2f}")
    print(f"log loss, mean change {change.mean():+.4f} +- {error:.4f}, worst {change.max():+.4f}")


if __name__ == "__main__":
    main()
