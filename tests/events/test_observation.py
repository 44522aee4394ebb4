"""Totals are known when their period is over; what lies outside the observed time is left out with a word, and a log's end is its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.events.observation import end_of_period
from churnpredict.events.timing import stamp
from churnpredict.moments import moment as instant


@pytest.mark.parametrize(
    ("when", "period", "over"),
    [
        ("2024-02-01", "month", "2024-03-01"),
        ("2024-02-29 17:00", "month", "2024-03-01"),
        ("2024-12-05", "month", "2025-01-01"),
        ("2024-05-20", "quarter", "2024-07-01"),
        ("2024-05-20", "year", "2025-01-01"),
        ("2024-05-19", "week", "2024-05-20"),  # a Sunday
        ("2024-05-20", "week", "2024-05-27"),
        ("2024-05-20", "day", "2024-05-21"),
    ],
)
def test_a_total_is_complete_at_the_end_of_its_period(when: str, period: str, over: str) -> None:
    assert stamp(int(end_of_period(np.array([instant(when)]), period, "UTC")[0]) + 1) == over


def test_the_month_is_that_of_the_business() -> None:
    """Berlin's March ends an hour of summer time earlier than that of UTC."""
    end = end_of_period(np.array([instant("2024-03-15")]), "month", "Europe/Berlin")
    assert pd.Timestamp(int(end[0]) + 1, unit="us", tz="UTC").tz_convert("Europe/Berlin") == pd.Timestamp("2024-04-01", tz="Europe/Berlin")


def test_a_month_that_is_not_over_is_no_feature() -> None:
    months = pd.date_range("2023-01-01", "2023-12-01", freq="MS")
    log = pd.DataFrame({"u": np.repeat([1, 2], 12), "month": np.tile(months, 2), "hours": np.arange(24.0)})
    tables = cp.EventTables(usage=cp.Events(log, customer="u", time="month", value="hours", known_after="month"))
    assert stamp(tables.observed_until()) == "2024-01-01"
    at = pd.DataFrame({"customer_id": [1, 1, 1], "cutoff": pd.to_datetime(["2023-05-01", "2023-05-20", "2023-06-01"])})
    X = cp.build_features(tables, at)
    (name,) = [c for c in X if c.endswith("usage_sum_30d")]
    assert X[name].tolist() == [3.0, 3.0, 4.0]  # of April, of April, of May
    states = cp.EventTables(
        usage=cp.Events(log, customer="u", time="month"),
        plan=cp.States(log, customer="u", time="month", values=["hours"], known_after="month"),
    )
    X = cp.build_features(states, at)
    (name,) = [c for c in X if c.endswith("plan_hours")]
    assert X[name].tolist() == [3.0, 3.0, 4.0]


def test_an_unknown_period_is_refused_with_the_nearest() -> None:
    log = pd.DataFrame({"u": [1], "t": ["2024-01-01"]})
    with pytest.raises(UsageError, match=r'known_after is "months".*month') as caught:
        cp.EventTables(x=cp.Events(log, customer="u", time="t", known_after="months"))
    assert caught.value.code == "unknown-period"


def test_rows_outside_the_observed_time_are_named_and_left_out() -> None:
    log = pd.DataFrame({"u": [1, 1, 2, 2], "t": ["1970-01-01", "2024-01-05", "2024-02-01", "2042-06-30"]})
    with pytest.warns(ChurnWarning) as told:
        tables = cp.EventTables(x=cp.Events(log, customer="u", time="t", observed_from="2024-01-01", observed_until="2024-03-01"))
    said = [str(w.message) for w in told]
    assert any("before observed_from (1970-01-01) are left out" in s and "1 of 4 rows" in s for s in said)
    assert any("after observed_until (2042-06-30) are left out" in s and "1 of 4 rows" in s for s in said)
    assert len(tables.streams["x"]) == 2
    assert stamp(tables.observed_until("x")) == "2024-03-01"


def test_a_row_after_today_does_not_move_the_end_of_the_log() -> None:
    log = pd.DataFrame({"u": [1, 2, 2], "t": ["2024-01-05", "2024-02-01", "2150-06-30"]})
    with pytest.warns(ChurnWarning, match=r"rows after today \(2150-06-30\) are left out"):
        tables = cp.EventTables(x=cp.Events(log, customer="u", time="t"))
    assert stamp(tables.observed_until()) == "2024-02-02"


def test_rows_without_a_time_may_be_no_events() -> None:
    people = pd.DataFrame({"u": range(10), "gone": ["2024-02-01", *[None] * 9]})
    visits = pd.DataFrame({"u": range(10), "t": "2024-01-01"})
    tables = cp.EventTables(
        visits=cp.Events(visits, customer="u", time="t"), gone=cp.Events(people, customer="u", time="gone", optional_time=True)
    )
    assert len(tables.streams["gone"]) == 1


def test_a_log_that_has_ended_stays_ended_in_the_past_of_tables() -> None:
    """Silence after the end of a log is no churn, however much later another log ends."""
    visits = pd.DataFrame({"u": [1, 2, 3], "t": ["2024-01-01", "2024-01-20", "2024-01-31"]})
    orders = pd.DataFrame({"u": [1, 2, 3], "t": ["2024-01-02", "2024-06-01", "2024-06-30"]})
    tables = cp.EventTables(visits=cp.Events(visits, customer="u", time="t"), orders=cp.Events(orders, customer="u", time="t"))
    past = tables.known_before(instant("2024-05-01"))
    assert stamp(past.observed_until("visits")) == "2024-02-01"
    assert stamp(past.observed_until("orders")) == "2024-05-01"
    assert stamp(past.observed_until()) == "2024-05-01"
    assert stamp(cp.Inactivity("10d", of="visits").latest_cutoff(past)) == "2024-01-22"
    declared = cp.EventTables(
        visits=cp.Events(visits, customer="u", time="t", observed_until="2024-03-01"), orders=cp.Events(orders, customer="u", time="t")
    )
    assert stamp(declared.observed_until("visits")) == "2024-03-01"
    assert stamp(declared.observed_until()) == "2024-07-01"
