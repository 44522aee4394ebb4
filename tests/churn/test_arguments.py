"""What is no table and no rule is refused by name wherever either is taken: a frame, or a horizon alone, is an easy mistake."""

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.accounts import check_least
from churnpredict.errors import ChurnWarning, UsageError

FRAME = pd.DataFrame({"user": ["a", "b", "a"], "day": ["2024-01-01", "2024-01-05", "2024-03-01"], "what": ["paid", "paid", "gift"]})
TABLES = cp.EventTables(orders=cp.Events(FRAME, customer="user", time="day"))
RULE = cp.Inactivity("30d")
PAST = pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-01-20"]})


@pytest.mark.parametrize(
    "call",
    [
        lambda tables: cp.take_snapshots(tables, RULE, at="2024-01-20"),
        lambda tables: cp.label_churn(tables, PAST, RULE),
        lambda tables: cp.build_features(tables, PAST),
        cp.catalog,
        lambda tables: cp.rfm(tables, at="2024-01-20"),
        lambda tables: cp.rfm_summary(tables, at="2024-01-20"),
        lambda tables: cp.ChurnPipeline(RULE).fit(tables),
        lambda tables: cp.ChurnPipeline(RULE).fit(tables, until="2024-02-01"),
        lambda tables: cp.ChurnPipeline(RULE).backtest(tables),
    ],
)
@pytest.mark.parametrize("tables", [FRAME, "orders.csv", None, cp.EventTables])
def test_a_frame_is_no_tables(call, tables):
    with pytest.raises(UsageError, match="no-tables"):
        call(tables)


@pytest.mark.parametrize(
    "call",
    [
        lambda churn: cp.take_snapshots(TABLES, churn, at="2024-01-20"),
        lambda churn: cp.label_churn(TABLES, PAST, churn),
        cp.ChurnPipeline,
    ],
)
@pytest.mark.parametrize("churn", ["180d", None, pd.Timedelta("30D"), cp.Inactivity])
def test_a_horizon_is_no_rule(call, churn):
    with pytest.raises(UsageError, match="no-rule") as caught:
        call(churn)
    assert churn != "180d" or 'Inactivity("180d")' in str(caught.value)


def test_a_moment_is_no_snapshots():
    with pytest.raises(UsageError, match="snapshots are of type str, not a frame"):
        cp.build_features(TABLES, "2024-01-20")


@pytest.mark.parametrize("least", ["5", 2.5, True, None, 0])
def test_a_least_group_is_a_whole_number(least):
    with pytest.raises(UsageError, match="min_group"):
        check_least(least)


def test_a_declared_activity_that_nobody_does_is_told():
    tables = cp.EventTables(orders=cp.Events(FRAME, customer="user", time="day", kind="what", activity=["paid", "gfit"]))
    for rule in (RULE, cp.WinBack("30d", silent_for="15d")):
        with pytest.warns(ChurnWarning, match='no row is of kind "gfit"'):
            rule.check(tables)
