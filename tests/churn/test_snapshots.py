"""Arguments that are refused, or told of, by name: snapshots, the least size of a group, kinds of activity that nobody does."""

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.accounts import check_least
from churnpredict.errors import ChurnWarning, UsageError

FRAME = pd.DataFrame({"user": ["a", "b", "a"], "day": ["2024-01-01", "2024-01-05", "2024-03-01"], "what": ["paid", "paid", "gift"]})
TABLES = cp.EventTables(orders=cp.Events(FRAME, customer="user", time="day"))
RULE = cp.Inactivity("30d")
PAST = pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-01-20"]})


def test_a_moment_is_no_snapshots():
    with pytest.raises(UsageError, match="snapshots are of type str, not a frame"):
        cp.build_features(TABLES, "2024-01-20")


@pytest.mark.parametrize("least", ["5", 2.5, True, None, 0])
def test_a_least_group_is_a_whole_number(least):
    with pytest.raises(UsageError, match="min_group"):
        check_least(least)


def test_a_declared_activity_that_nobody_does_is_told():
    tables = cp.EventTables(orders=cp.Events(FRAME, customer="user", time="day", kind="what", activity=["paid", "gfit"]))
    for rule in (RULE, cp.rules.WinBack("30d", silent_for="15d")):
        with pytest.warns(ChurnWarning, match='no row is of kind "gfit"'):
            rule.check(tables)
