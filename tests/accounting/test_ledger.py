"""Periods of the calendar, and who is a customer at a moment: under each rule as its documentation says, in hindsight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.ledger import Ledger, Periods
from churnpredict.errors import TimeError, UsageError


@pytest.fixture
def tables() -> cp.EventTables:
    """``a`` stays, ``b`` goes in February and comes back in May, ``c`` goes in March."""
    visits = [(who, day) for who, gone in (("a", ()), ("b", (3, 4)), ("c", (4, 5, 6))) for day in _days(gone)]
    plans = pd.DataFrame(
        {
            "id": ["a", "b", "b", "c"],
            "start": ["2024-01-01", "2024-01-01", "2024-05-01", "2024-01-01"],
            "end": [None, "2024-03-01", None, "2024-04-01"],
        }
    )
    ends = pd.DataFrame({"id": ["b", "c"], "day": ["2024-02-29", "2024-04-01"]})
    return cp.EventTables(
        visits=cp.Events(pd.DataFrame(visits, columns=["id", "day"]), customer="id", time="day"),
        plans=cp.Intervals(plans, customer="id", start="start", end="end"),
        ends=cp.Events(ends, customer="id", time="day"),
    )


def _days(gone: tuple[int, ...]) -> list[pd.Timestamp]:
    return [day for day in pd.date_range("2024-01-01", "2024-06-30", freq="5D") if day.month not in gone]


RULES = [
    cp.Inactivity("20d", of="visits"),
    cp.SubscriptionEnd("30d", of="plans", grace="10d"),
    cp.Cancellation("30d", of="ends", back="visits"),
]


@pytest.mark.parametrize("churn", RULES, ids=lambda rule: type(rule).__name__)
def test_customers_by_month(tables: cp.EventTables, churn: object) -> None:
    ledger = Ledger(tables, churn)  # type: ignore[arg-type]
    there = {}
    for day in ("2024-02-01", "2024-04-25", "2024-06-01"):
        moments = np.repeat(tables.instants(day, "at"), 3)
        there[day] = "".join(np.array(tables.ids.to_pylist())[ledger.customers_at(np.arange(3, dtype=np.int32), moments)])
    assert there == {"2024-02-01": "abc", "2024-04-25": "a", "2024-06-01": "ab"}
    assert [tables.ids[i].as_py() for i in np.flatnonzero(ledger.gone() < ledger.observed_until)] == ["c"]


def test_a_rule_that_does_not_say_when_customers_leave_has_no_ledger(tables: cp.EventTables) -> None:
    with pytest.raises(UsageError, match="rule-not-accountable"):
        Ledger(tables, cp.rules.WinBack("30d", of="visits"))


@pytest.mark.parametrize(
    ("period", "labels"),
    [("M", ["2024-01", "2024-02", "2024-03"]), ("Q", ["2024Q1"]), ("Y", ["2024"]), ("Q-JAN", ["2025Q1"])],
)
def test_periods_begin_at_midnight_of_the_calendar(tables: cp.EventTables, period: str, labels: list[str]) -> None:
    first, last = (int(tables.instant(day, "at")) for day in ("2024-01-01", "2024-04-01"))
    found = Periods.between(tables, period, first, last)
    assert found.labels == labels
    assert (found.starts[1:] == found.ends[:-1]).all()
    assert (found.earlier < found.starts).all()
    assert Periods.start_of(tables, period, int(found.starts[-1]) + 1) == found.starts[-1]


def test_a_period_that_is_none_is_refused(tables: cp.EventTables) -> None:
    with pytest.raises(UsageError, match="bad-period"):
        Periods.between(tables, "D", 0, 1)
    with pytest.raises(TimeError, match="no-period"):
        Periods.between(tables, "Y", int(tables.instant("2024-01-02", "at")), int(tables.instant("2024-03-01", "at")))
