"""Businesses that several rooms test with: a small shop with a trained pipeline, made-up scores, a matrix with cutoffs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp


def shop_log(n: int = 260, seed: int = 0, days: int = 420) -> pd.DataFrame:
    """Customers who buy at rates of their own and leave for good at a moment of their own."""
    rng = np.random.default_rng(seed)
    parts = []
    for customer in range(n):
        start, gap, life = rng.integers(0, 200), rng.gamma(3, 5) + 3, rng.exponential(200) + 5
        times = start + np.cumsum(rng.exponential(gap, 60))
        times = times[(times < days) & (times < start + life)]
        parts.append(pd.DataFrame({"who": f"K{customer:04d}", "t": times, "eur": rng.gamma(2, 15, len(times)).round(2)}))
    log = pd.concat(parts, ignore_index=True).sort_values("t", kind="stable", ignore_index=True)
    log["paid_at"] = (pd.Timestamp("2023-01-01") + pd.to_timedelta((log.pop("t") * 86_400).astype(int), unit="s")).astype("datetime64[us]")
    return log


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    return shop_log()


@pytest.fixture(scope="session")
def tables(log: pd.DataFrame) -> cp.EventTables:
    return cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True))


@pytest.fixture(scope="session")
def churn() -> cp.Inactivity:
    return cp.Inactivity("60d", of="orders", active_within="90d")


# Of a few trees, where how well it predicts does not matter.
QUICKEST = {
    "members": ("trees",),
    "half_life": None,
    "n_estimators": 10,
    "n_seeds": 1,
    "n_jobs": 1,
    "min_leavers": 5,
}
QUICK = QUICKEST | {"n_estimators": 60, "horizon": "60d", "min_leavers": 10}


@pytest.fixture(scope="session")
def quick() -> cp.ChurnClassifier:
    return cp.ChurnClassifier(**QUICK)


@pytest.fixture(scope="session")
def trained(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> cp.ChurnPipeline:
    return cp.ChurnPipeline(churn, classifier=quick).fit(tables, until="2023-12-01")


@pytest.fixture(scope="session")
def cdnow(shared_data: Callable[[str], Path]) -> pd.DataFrame:
    return pd.read_parquet(shared_data("cdnow/transactions.parquet"))


HOSTILE = '</td><script>alert("x")</script><img src=x onerror=alert(1)>'


def made_scores(rng, n=400):
    drivers = np.array(["support", "price", "habit", "lifecycle", "quality"], dtype=object)
    risk = rng.beta(2, 6, n)
    first, second = drivers[rng.integers(0, 5, n)], drivers[rng.integers(0, 5, n)]
    second[second == first] = None
    value = rng.gamma(2, 150, n).round(2)
    return pd.DataFrame(
        {
            "customer_id": [f"K{i:04d}" for i in rng.permutation(n)],
            "cutoff": pd.Timestamp("2024-09-01"),
            "risk": risk,
            "percentile": pd.Series(risk).rank(method="max", pct=True) * 100,
            "band": np.select([risk > 0.4, risk < 0.1], ["high", "low"], "medium"),
            "value": value,
            "money_at_risk": risk * value,
            "reason_1": first,
            "reason_2": second,
            "reason_1_points": rng.uniform(0.05, 0.2, n),
            "reason_2_points": np.where(pd.isna(second), np.nan, rng.uniform(0.01, 0.05, n)),
            "words": [f"Support: {i} tickets are open." for i in range(n)],
            "model_id": "f00d",
        }
    )


@pytest.fixture
def scores(rng):
    return made_scores(rng)


@pytest.fixture
def snapshots(rng):
    """600 customers x 6 cutoffs: a signal, noise, missing values, a category; labels of 60 days."""
    n, cutoffs = 600, pd.date_range("2023-01-01", periods=6, freq="30D").as_unit("us")
    index = pd.MultiIndex.from_product([np.arange(n), cutoffs], names=["customer_id", "cutoff"])
    X = pd.DataFrame(rng.normal(size=(len(index), 5)).astype(np.float32), index=index)
    X.columns = ["habit__a", "habit__b", "value__c", "price__d", "support__e"]
    X.iloc[::7, 1] = np.nan
    X["contract__plan"] = pd.Categorical(rng.choice(["month", "year", "two years"], len(index)))
    z = 1.2 * X["habit__a"] - 0.8 * X["habit__b"].fillna(0) - 1.0 * (X["contract__plan"] == "year") - 0.5
    y = pd.Series((rng.random(len(index)) < 1 / (1 + np.exp(-z))).astype(int), index=index)
    return X, y
