"""Payments of customers: sums of events in a period, contracts and prices as they hold just before a moment, or a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.worth import Worth
from churnpredict.errors import UsageError


@pytest.fixture
def tables() -> cp.EventTables:
    paid = pd.DataFrame(
        {"id": ["a", "a", "a", "b"], "day": ["2024-01-05", "2024-01-20", "2024-02-01", "2024-01-10"], "eur": [10, 20, 40, 5.0]}
    )
    plans = pd.DataFrame(
        {
            "id": ["a", "b", "b"],
            "start": ["2024-01-01", "2024-01-01", "2024-02-05"],
            "end": ["2024-06-01", "2024-01-15", None],
            "eur": [30.0, 7.0, 8.0],
        }
    )
    prices = pd.DataFrame({"id": ["a", "a", "b"], "day": ["2024-01-01", "2024-01-31", "2024-02-10"], "eur": [9.0, 12.0, 3.0]})
    return cp.EventTables(
        paid=cp.Events(paid, customer="id", time="day", value="eur"),
        plans=cp.Intervals(plans, customer="id", start="start", end="end", value="eur"),
        prices=cp.States(prices, customer="id", time="day", values=["eur"]),
    )


@pytest.mark.parametrize(
    ("value", "options", "money", "count"),
    [
        ("paid", {}, [30, 5], [2, 1]),
        ("paid", {"payments": 4}, [60, 20], [4, 4]),
        ("plans", {}, [30, np.nan], [1, 1]),
        ("plans", {"grace": "30d"}, [30, 7], [1, 1]),
        ("prices.eur", {}, [12, np.nan], [1, 1]),
        (25.0, {"payments": 6}, [150, 150], [6, 6]),
    ],
    ids=str,
)
def test_money_of_january(
    tables: cp.EventTables, value: str | float, options: dict[str, object], money: list[float], count: list[float]
) -> None:
    customers = tables.codes(pd.Series(["a", "b"]))
    start, end = (np.repeat(tables.instants(day, "at"), 2) for day in ("2024-01-01", "2024-02-01"))
    worth = Worth(tables, value, **{"payments": None} | options)  # type: ignore[arg-type]
    found = worth.before(customers, start, end)
    assert found[0] == pytest.approx(money, nan_ok=True)
    assert found[1] == pytest.approx(count)


@pytest.mark.parametrize(
    ("value", "code"), [("paid.usd", "no-such-value"), ("sales", "unknown-table"), (-1, "bad-argument"), (float("nan"), "bad-argument")]
)
def test_what_is_no_money_is_refused(tables: cp.EventTables, value: str | float, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        Worth(tables, value, None)
    with pytest.raises(UsageError, match="bad-argument"):
        Worth(tables, 10, 0)
