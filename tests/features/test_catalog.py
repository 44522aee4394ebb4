"""The default features: by kind of table, with the driver that a table declares, within the history that is asked for."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.spans import span

LOG = pd.DataFrame({"id": ["a", "b"] * 10, "day": pd.date_range("2024-01-01", periods=20), "eur": 1.0})
PLANS = pd.DataFrame({"id": ["a", "b"], "start": ["2024-01-01"] * 2, "end": [None, "2024-06-01"]})


def tables(**more: object) -> cp.EventTables:
    return cp.EventTables(
        orders=cp.Events(LOG, **{"customer": "id", "time": "day", "value": "eur"} | more),  # type: ignore[arg-type]
        plans=cp.Intervals(PLANS, customer="id", start="start", end="end"),
    )


def test_names_are_unique_and_begin_with_their_driver() -> None:
    names = [row.name for row in catalog(tables())]
    assert len(set(names)) == len(names) > 60
    assert {"habit__orders_gap_ratio", "value__orders_sum_90d", "contract__plans_open_count"} <= set(names)
    found = cp.build_features(tables(), cp.take_snapshots(tables(), cp.Inactivity("10d", of="orders"), at="2024-01-15"))
    assert list(found.columns) == names


def test_history_leaves_out_what_looks_back_further() -> None:
    bounded = catalog(tables(), history="60d")
    assert {row.window for row in bounded if row.table == "orders" and row.aggregate == "count"} == {"7d", "14d", "30d", "60d", "all"}
    assert all(
        span(row.window).nominal <= span("60d").nominal for row in bounded if row.window not in (None, "all") and row.aggregate != "decayed"
    )


@pytest.mark.parametrize(("declared", "expected"), [(None, "value"), ("support", "support"), ("habit", "value")])
def test_the_driver_of_a_table_is_that_of_its_features(declared: str | None, expected: str) -> None:
    assert with_driver(cp.Feature("orders", "sum", "90d"), tables(driver=declared)).driver == expected
    own = cp.Feature("orders", "sum", "90d", driver="price")
    assert with_driver(own, tables(driver=declared)) == own
