"""Totals dated at the start of their period are found; bills and fees dated like them are not accused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.pipeline.period_totals import period_totals

END = pd.Timestamp("2024-07-01")


def _world(kind: str, rule: str = "cancellation", **how: object) -> tuple[cp.EventTables, pd.DataFrame, object]:
    """Steady customers, some of whom leave on any day; per month the total of what they did, a bill for the month before, or a fee."""
    rng = np.random.default_rng(2)
    n = 200
    joined = END - pd.to_timedelta(rng.integers(200, 700, n), unit="D")
    left = joined + pd.to_timedelta(rng.integers(120, 900, n), unit="D")
    days = [(c, d) for c in range(n) for d in pd.date_range(joined[c], min(left[c], END), freq="2D", inclusive="left")]
    log = pd.DataFrame(days, columns=["who", "day"]).assign(amount=rng.gamma(2.0, 10.0, len(days)))
    log["month"] = log["day"].dt.to_period("M")
    rows = log.groupby(["who", "month"], as_index=False)["amount"].sum()
    if kind == "bill":
        rows["month"] += 1
    rows["day"] = rows["month"].dt.start_time
    if kind == "fee":
        rows = rows[rows["day"].to_numpy() >= joined.to_numpy()[rows["who"]]].assign(amount=lambda f: 9.0 + f["who"] % 5)
    rows = rows[rows["day"] < END]
    gone = left < END
    tables = cp.EventTables(
        totals=cp.Events(rows[["who", "day", "amount"]], customer="who", time="day", value="amount", **how),
        people=cp.Customers(
            pd.DataFrame({"who": range(n), "joined": joined}), customer="who", since="joined" if rule == "inactivity" else None
        ),
        gone=cp.Events(pd.DataFrame({"who": np.flatnonzero(gone), "at": left[gone]}), customer="who", time="at"),
        observed_until=END,
    )
    churn = cp.Cancellation("60d", of="gone") if rule == "cancellation" else cp.Inactivity("60d", of="totals")
    return tables, cp.take_snapshots(tables, churn, every="30d"), churn


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@pytest.mark.parametrize("rule", ["cancellation", "inactivity"])
def test_a_total_of_a_month_that_is_not_over_is_found(rule: str) -> None:
    (finding,) = period_totals(*_world("total", rule))
    assert (finding.severity, finding.code, finding.where) == ("error", "total-of-open-period", 'table "totals", column "day"')
    assert 'known_after="month"' in finding.remedy
    assert not list(period_totals(*_world("total", rule, known_after="month")))


@pytest.mark.parametrize("rule", ["cancellation", "inactivity"])
@pytest.mark.parametrize("kind", ["bill", "fee"])
def test_bills_and_fees_of_the_first_of_the_month_are_not_accused(kind: str, rule: str) -> None:
    assert not list(period_totals(*_world(kind, rule)))
