"""What the page can show, for the tests of its parts."""

import numpy as np
import pandas as pd
import pytest
from tests.shops import HOSTILE

import churnpredict as cp
from churnpredict.pipeline.backtest_result import Backtest


@pytest.fixture(scope="session")
def everything():
    """What the page can show beside scores, plan and back-test."""
    rng = np.random.default_rng(1)
    shop = cp.make_business(400, random_state=3, rule="cancellation")
    rates, tenure = cp.churn_rate(shop.tables, shop.churn), cp.accounting.tenure_table(shop.tables, shop.churn)
    ids = [f"K{i:04d}" for i in range(400)]
    index = pd.MultiIndex.from_product([ids, [pd.Timestamp("2024-06-01")]], names=["customer_id", "cutoff"])
    risk = rng.beta(2, 8, 400)
    figures = Backtest([(pd.Timestamp("2024-06-01"), "model", "auc", 0.7, 0.6, 0.8, 400, 80, "clear")])
    figures.columns = ["cutoff", "model", "metric", "value", "low", "high", "n", "leavers", "signal"]
    figures.predictions = pd.DataFrame({"outcome": (rng.random(400) < risk).astype(int), "model": risk}, index=index)
    return {
        "rates": rates,
        "tenure": tenure,
        "cohorts": cp.accounting.cohorts(shop.tables, shop.churn, period="Q"),
        "backtest": figures,
        "drift": pd.DataFrame({"where": [HOSTILE], "what": ["PSI 0.31"], "remedy": ["Retrain."]}),
        "unscored": pd.DataFrame({"customer_id": range(12), "reason": ["gone already"] * 9 + ["no data"] * 3}),
        "changes": pd.DataFrame({"words": [f"Risk up 3.0 points: {HOSTILE} +3.0."] * 400}, index=ids),
        "activity": pd.DataFrame(rng.poisson(1, (400, 26)) * (np.arange(26) < 24), index=ids),
    }
