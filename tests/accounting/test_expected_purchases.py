"""Expected purchases from tables: histories as the summary of repeat buying counts them, only what was known, days and money."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import DataError, UsageError

AT = "2023-12-01"


def test_histories_are_those_of_the_summary(tables: cp.EventTables) -> None:
    found = cp.accounting.expected(tables, AT, over="60d")
    summary = cp.diagnostics.rfm_summary(tables, AT).loc[found.index]
    for name in ("repeat_days", "days_first_to_last", "days_since_first"):
        assert found[name].tolist() == summary[name].tolist()
    assert list(found.columns[3:]) == ["p_alive", "expected_purchases", "expected_value", "expected_spend"]
    np.testing.assert_allclose(found["expected_spend"], found["expected_purchases"] * found["expected_value"])
    assert found["p_alive"].between(0, 1).all()
    longer = cp.accounting.expected(tables, AT, over="120d")
    assert (longer["expected_purchases"] > found["expected_purchases"]).all()
    assert (longer["expected_purchases"] <= 2 * found["expected_purchases"]).all(), "nobody buys faster later"


def test_nothing_after_the_cutoff_is_used(tables: cp.EventTables) -> None:
    cut = tables.known_before(int(tables.instants(AT)[0]))
    pd.testing.assert_frame_equal(cp.accounting.expected(cut, AT), cp.accounting.expected(tables, AT))


def test_one_time_buyers_differ_between_the_models(tables: cp.EventTables) -> None:
    other, found = (cp.accounting.expected(tables, AT, model=m) for m in ("BG/NBD", "MBG/NBD"))
    once = found["repeat_days"] == 0
    assert once.any()
    assert (other.loc[once, "p_alive"] == 1).all()
    assert (found.loc[once, "p_alive"] < 1).all()


def test_one_day_is_one_purchase_and_money_of_the_first_day_does_not_count() -> None:
    rows = [(f"u{i}", "2024-01-01 09:00", 100.0) for i in range(6)]
    rows += [(f"u{i}", f"2024-01-{5 + i:02d} {h}:00", 10.0) for i in range(6) for h in ("09", "17")]
    rows += [(f"u{i}", f"2024-02-{5 + i:02d} 09:00", 30.0 + i) for i in range(3)]
    log = pd.DataFrame(rows, columns=["who", "at", "eur"])
    found = cp.accounting.expected(cp.EventTables(orders=cp.Events(log, customer="who", time="at", value="eur")), "2024-03-01")
    assert found["repeat_days"].tolist() == [2.0] * 3 + [1.0] * 3
    assert (found["expected_value"] < 30).all(), "20 on each second day, 30 on the third; the 100 of the first day are left out"


def test_what_cannot_be_is_refused(tables: cp.EventTables) -> None:
    with pytest.raises(UsageError, match="model"):
        cp.accounting.expected(tables, AT, model="Pareto")
    with pytest.raises(DataError, match="nobody was seen"):
        cp.accounting.expected(tables, "2020-01-01")
