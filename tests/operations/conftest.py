"""A small shop, trained once for all tests of the roof."""

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
    return cp.EventTables(orders=cp.Events(log, customer="who", time="paid_at", value="eur"))


@pytest.fixture(scope="session")
def churn() -> cp.Inactivity:
    return cp.Inactivity("60d", of="orders", active_within="90d")


QUICK = {"members": ("trees",), "half_life": None, "n_estimators": 60, "n_seeds": 1, "n_jobs": 1, "horizon": "60d", "min_leavers": 10}


@pytest.fixture(scope="session")
def quick() -> cp.ChurnClassifier:
    return cp.ChurnClassifier(**QUICK)


@pytest.fixture(scope="session")
def trained(tables: cp.EventTables, churn: cp.Inactivity, quick: cp.ChurnClassifier) -> cp.ChurnPipeline:
    return cp.ChurnPipeline(churn, classifier=quick).fit(tables, until="2023-12-01")


@pytest.fixture(scope="session")
def cdnow(shared_data: Callable[[str], Path]) -> pd.DataFrame:
    return pd.read_parquet(shared_data("cdnow/transactions.parquet"))
