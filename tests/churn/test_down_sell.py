"""Shares of money are compared in cents, and a price list alone is enough for the rule."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def prices_of(before, after):
    n = len(before)
    return pd.DataFrame({"id": list(range(n)) * 2, "at": ["2024-01-01"] * n + ["2024-03-01"] * n, "price": [*before, *after]})


def fell(before, after, drop):
    declared = cp.States(prices_of(before, after), customer="id", time="at", values=["price"])
    tables = cp.EventTables(prices=declared, observed_until="2024-12-01")
    churn = cp.rules.DownSell("60d", value="price", drop=drop)
    return cp.label_churn(tables, cp.take_snapshots(tables, churn, at="2024-02-01"), churn)["outcome"].tolist()


def test_exactly_the_share_is_the_share():
    assert fell([29.00, 29.00, 29.00], [20.30, 20.31, 20.29], 0.3) == [1, 0, 1]


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=30), st.integers(1, 100), st.integers(-2, 2))
def test_every_share_of_every_amount_in_cents(cents, percent, off):
    """Against exact decimals: prices of whole cents on, above and below the bound."""
    before = [Decimal(c) / 100 for c in cents]
    bounds = [b * (100 - percent) / 100 for b in before]
    after = [max(b.quantize(Decimal("0.01")) + off * Decimal("0.01"), Decimal(0)) for b in bounds]
    expected = [int(a <= b) for a, b in zip(after, bounds, strict=True)]
    assert fell([float(b) for b in before], [float(a) for a in after], percent / 100) == expected


@pytest.mark.parametrize("drop", [0, 0.0, -0.1, 5.0, 1.0001, float("nan"), float("inf"), True, "0.3", None])
def test_shares_that_are_none_are_refused(drop):
    with pytest.raises(UsageError, match="drop is") as refused:
        cp.rules.DownSell("30d", drop=drop)
    assert refused.value.code == "bad-argument"


def test_all_of_it_may_be_asked_for():
    assert fell([10.0, 10.0], [0.0, 0.01], 1) == [1, 0]


def test_a_price_list_alone_is_enough():
    """No events anywhere: snapshots, features, outcomes, rates and the whole pipeline."""
    rng = np.random.default_rng(1)
    n = 600
    first = pd.DataFrame(
        {"id": range(n), "at": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D"), "price": 30.0}
    )
    later = pd.DataFrame(
        {"id": rng.integers(0, n, 4 * n), "at": pd.Timestamp("2023-05-01") + pd.to_timedelta(rng.permutation(4 * n), unit="h") * 5}
    )
    later["price"] = rng.choice([15.0, 30.0, 35.0], 4 * n)
    declared = cp.States(pd.concat([first, later]), customer="id", time="at", values=["price"], driver="price")
    tables = cp.EventTables(prices=declared)
    assert str(tables).startswith("EventTables: 600 customers, observed until ")
    churn = cp.rules.DownSell("30d", value="price", drop=0.3)
    past = cp.take_snapshots(tables, churn, every="60d")
    assert set(cp.label_churn(tables, past, churn)["outcome"]) == {0, 1}
    assert cp.churn_rate(tables, churn, period="Q")["lost"].sum() > 10
    pipeline = cp.ChurnPipeline(churn, every="60d", classifier=cp.ChurnClassifier(n_estimators=10, n_seeds=1, n_jobs=1)).fit(tables)
    assert len(pipeline.score(tables)) == 600
    with pytest.raises(UsageError, match="no-events"):
        cp.EventTables(people=cp.Customers(first, customer="id"))
