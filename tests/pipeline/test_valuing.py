"""Value of customers: what the last year paid, shrunk towards the mean as far as it is uncertain."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.pipeline.test_churn_pipeline import UNTIL

import churnpredict as cp
from churnpredict.pipeline import valuing
from churnpredict.retention.value import Credibility


def test_value_is_what_the_last_year_paid_believed_as_far_as_it_goes() -> None:
    log = pd.DataFrame(
        {
            "who": ["old", "old", "old", "new", "back"],
            "day": ["2023-01-10", "2024-06-29", "2024-01-10", "2024-06-21", "2024-06-30"],
            "eur": [1000.0, 364.0, 364.0, 90.0, -50.0],
        }
    )
    with pytest.warns(cp.ChurnWarning, match="negative-value"):
        tables = cp.EventTables(orders=cp.Events(log, customer="who", time="day", value="eur", money=True, activity="any"))
    churn = cp.Inactivity("90d", of="orders")
    snapshots = cp.take_snapshots(tables, churn, at="2024-07-01")
    paid, days = valuing.payments(tables, snapshots)  # type: ignore[misc]
    assert paid.tolist() == [[-50, 0, 0, 0], [90, 0, 0, 0], [364, 364, 0, 0]]
    assert days.round(3).tolist() == [[1, 0, 0, 0], [10, 0, 0, 0], [91, 91, 91, 91]]
    book = Credibility(mean=1.0, doubt=90.0, bound=100.0)
    value = dict(zip(snapshots["customer_id"], valuing.value_over_horizon(tables, snapshots, churn, book), strict=True))
    assert value == pytest.approx({"old": 90 * (728 + 90) / (364 + 90), "new": 90 * (90 + 90) / (10 + 90), "back": 90 * (90 - 50) / 91})
    bare = cp.EventTables(orders=cp.Events(log, customer="who", time="day"))
    assert np.isnan(valuing.value_over_horizon(bare, snapshots, churn)).all()
    assert valuing.learn_worth(bare, snapshots, churn) is None


def test_a_value_does_not_depend_on_who_else_is_scored(trained: cp.ChurnPipeline, log: pd.DataFrame, tables: cp.EventTables) -> None:
    some = log[log["who"] < "K0100"]
    few = cp.EventTables(
        orders=cp.Events(some, customer="who", time="paid_at", value="eur", money=True), observed_until=trained_until(tables)
    )
    alone, among = (t.set_index("customer_id")["value"] for t in (trained.score(few, at=UNTIL), trained.score(tables, at=UNTIL)))
    pd.testing.assert_series_equal(alone.sort_index(), among.reindex(alone.index).sort_index())


def trained_until(tables: cp.EventTables) -> pd.Timestamp:
    return pd.Timestamp(tables.observed_until(), unit="us")
