"""Where the curves of staying learn from, and at which days they are told."""

from __future__ import annotations

import pandas as pd
from tests.shops import QUICKEST

import churnpredict as cp
from churnpredict.pipeline.leaving_curves import curve_snapshots, days_of_grid, moments_after


def test_snapshots_reach_back_as_far_as_the_period(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    past = tables.known_before(int(tables.instants("2023-12-01")[0]))
    short, long = (pd.DatetimeIndex(curve_snapshots(trained, past, days)["cutoff"].unique()) for days in (90.0, 300.0))
    last = pd.Timestamp(trained.churn.latest_cutoff(past), unit="us")
    assert short.max() == long.max() == last
    assert long.min() < short.max() - pd.Timedelta(days=150)
    assert len(long) <= 24
    assert all(cutoff + pd.Timedelta(days=60) <= pd.Timestamp("2023-12-01") for cutoff in long), "every horizon is observed"


def test_days_of_a_curve_hold_the_horizons_and_the_end(trained: cp.ChurnPipeline) -> None:
    model = cp.ChurnClassifier(horizon="50d", horizons=["20d"], **QUICKEST)
    assert days_of_grid(trained.churn, trained.model_, 100.0).tolist() == [30.0, 60.0, 90.0, 100.0]
    shop = cp.make_business(300, random_state=1, rule="cancellation")
    churn = cp.Cancellation("50d", of="cancellations", involuntary=["payment_failure"])
    pipeline = cp.ChurnPipeline(churn, classifier=model, every="60d").fit(shop.tables, until="2023-12-01")
    assert days_of_grid(churn, pipeline.model_, 100.0).tolist() == [20.0, 30.0, 50.0, 60.0, 90.0, 100.0]


def test_months_of_a_horizon_close_by_the_calendar(tables: cp.EventTables) -> None:
    churn = cp.Inactivity("2 months", of="orders")
    X = pd.DataFrame(index=pd.MultiIndex.from_tuples([("K0001", pd.Timestamp("2023-12-31"))], names=["customer_id", "cutoff"]))
    assert moments_after(tables, churn, X, 60.875, "2 months").tolist() == [pd.Timestamp("2024-02-29")]
    assert moments_after(tables, churn, X, 30.0, None).tolist() == [pd.Timestamp("2024-01-30")]
