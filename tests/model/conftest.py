"""One seed for every random matrix of this room, and a small history with a cutoff in its index."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(20240229)


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
