"""One seed for every random matrix of this room, and small trained models: with named drivers, with deep trees, with a pair of causes."""

import lightgbm
import numpy as np
import pandas as pd
import pytest

from churnpredict.model.calibration import sigmoid
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


@pytest.fixture(scope="session")
def deep():
    """A model whose trees are too deep for tables, and rows."""
    rng = np.random.default_rng(7)
    A = rng.normal(size=(600, 15))
    A[rng.random(A.shape) < 0.05] = np.nan
    y = np.nan_to_num(A).sum(axis=1) + rng.normal(size=600)
    params = {"objective": "regression", "num_leaves": 80, "min_data_in_leaf": 1, "verbose": -1, "num_threads": 1, "learning_rate": 0.5}
    return lightgbm.train(params, lightgbm.Dataset(A, y), 3), A


@pytest.fixture(scope="session")
def world():
    """Customers who leave where the price rose while a ticket is open."""
    rng = np.random.default_rng(5)
    n = 3000
    X = pd.DataFrame(
        {
            "price__prices_last_change_pct": rng.choice([0.0, 12.0], n),
            "price__prices_days_since_change": rng.exponential(60, n),
            "support__tickets_open_count": rng.choice([0.0, 2.0], n),
            "habit__orders_days_since_last": rng.exponential(20, n),
        },
        index=pd.RangeIndex(n, name="customer_id"),
    )
    both = (X.iloc[:, 0] > 0) & (X.iloc[:, 2] > 0)
    y = (rng.random(n) < sigmoid(-3 + 3.5 * both + X.iloc[:, 3] / 60)).astype(int)
    model = ChurnClassifier(n_jobs=1, members=("trees", "linear"), random_state=0).fit(X, y)
    return model, X, both.to_numpy()
