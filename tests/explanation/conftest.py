"""One seed for every random matrix of this room, and a small trained model with named drivers."""

import numpy as np
import pandas as pd
import pytest

from churnpredict.model.classifier import ChurnClassifier


@pytest.fixture
def rng():
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def book():
    """A model, its rows and labels: 900 customers at one cutoff, with silence, spend, tickets, tenure and a plan."""
    rng = np.random.default_rng(7)
    n = 900
    since, gap = rng.exponential(30, n), rng.gamma(4, 4, n)
    index = pd.MultiIndex.from_product([np.arange(n), pd.DatetimeIndex(["2024-06-01"]).as_unit("us")], names=["customer_id", "cutoff"])
    X = pd.DataFrame(
        {
            "habit__orders_days_since_last": since,
            "habit__orders_gap_mean": gap,
            "habit__orders_gap_ratio": since / gap,
            "habit__orders_count_90d": rng.poisson(90 / gap * np.exp(-since / 60)),
            "habit__orders_count_365d": rng.poisson(365 / gap),
            "value__orders_sum_90d": rng.gamma(2, 40, n),
            "support__tickets_count_30d": rng.poisson(0.4, n),
            "lifecycle__customers_tenure_days": rng.uniform(30, 2000, n),
        },
        index=index,
    ).astype(np.float32)
    X.iloc[::11, 1] = np.nan
    X["lifecycle__customers_plan"] = pd.Categorical(rng.choice(["basic", "plus", "family"], n))
    z = 0.05 * since + 0.9 * X["support__tickets_count_30d"] - 0.004 * X["value__orders_sum_90d"] - 2.3
    y = pd.Series((rng.random(n) < 1 / (1 + np.exp(-z))).astype(int), index=index)
    model = ChurnClassifier(n_estimators=60, n_jobs=1).fit(X, y)
    return model, X, y
