"""Amounts of contracts, whatever they are paid for, are read as amounts per month."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.events.terms import AVERAGE_MONTH, months_of_terms
from churnpredict.pipeline.valuing import learn_worth, value_by_model, value_over_horizon

CHURN = cp.SubscriptionEnd("90d", of="contracts")
AT = "2024-06-15"


def contracts(rows, **how):
    frame = pd.DataFrame(rows, columns=["u", "from", "to", "until", "eur"])
    roles = {"customer": "u", "start": "from", "end": "to", "planned_end": "until", "value": "eur", "end_inclusive": False}
    return cp.Intervals(frame, **roles, **how)


def values(observed_until="2024-07-01", **tables):
    tables = cp.EventTables(observed_until=observed_until, **tables)
    snapshots = take_snapshots(tables, CHURN, at=AT)
    return dict(zip(snapshots["customer_id"], value_over_horizon(tables, snapshots, CHURN), strict=True))


def year(who, eur, start="2024-01-01", until="2025-01-01"):
    return (who, start, None, until, eur)


@pytest.mark.parametrize(("per", "paid"), [("month", 100.0), ("year", 1200.0), ("contract", 1200.0)])
def test_a_running_contract_is_worth_its_amount_over_the_horizon(per, paid):
    found = values(contracts=contracts([year("a", paid), year("b", 2 * paid)], money=True, per=per))
    assert found == pytest.approx({"a": 100 * 90 / AVERAGE_MONTH, "b": 200 * 90 / AVERAGE_MONTH})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(1, 400), st.integers(0, 300)), min_size=1, max_size=12))
def test_the_value_is_what_a_loop_over_the_contracts_says(rows):
    day = pd.Timestamp("2023-06-01")
    frame = [(f"c{who}", day + pd.Timedelta(days=a), day + pd.Timedelta(days=a + n), pd.NaT, float(eur)) for who, a, n, eur in rows]
    frame.append(("always", day, pd.NaT, pd.NaT, 5.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ChurnWarning)
        found = values("2026-01-01", contracts=contracts(frame, money=True, per="month", repeats="keep"))
    moment = pd.Timestamp(AT)
    for who, value in found.items():
        running = sum(eur for u, start, end, _, eur in frame if u == who and start < moment and not end < moment)
        assert value == pytest.approx(running * 90 / AVERAGE_MONTH)


def test_a_customer_without_a_running_contract_is_worth_nothing_now():
    log = cp.Events(pd.DataFrame({"u": ["gone", "here"], "t": ["2024-06-01", "2024-06-01"]}), customer="u", time="t")
    ended = ("gone", "2023-01-01", "2024-01-01", "2024-01-01", 100.0)
    tables = cp.EventTables(
        log=log, contracts=contracts([ended, year("here", 100.0)], money=True, per="month"), observed_until="2024-07-01"
    )
    silence = cp.Inactivity("90d", of="log")
    snapshots = take_snapshots(tables, silence, at=AT)
    assert value_over_horizon(tables, snapshots, silence) == pytest.approx([0.0, 100 * 90 / AVERAGE_MONTH])


def test_what_customers_paid_says_more_than_their_contracts():
    orders = cp.Events(pd.DataFrame({"u": ["a"], "t": ["2024-06-01"], "v": [7.0]}), customer="u", time="t", value="v", money=True)
    with_orders = values(contracts=contracts([year("a", 1e6)], money=True, per="month"), orders=orders)
    assert with_orders["a"] < 100


def test_money_of_an_unknown_period_gives_no_value():
    assert np.isnan(list(values(contracts=contracts([year("a", 100.0)], money=True)).values())).all()


def test_a_model_needs_to_learn_nothing_of_contracts():
    tables = cp.EventTables(contracts=contracts([year("a", 100.0)], money=True, per="month"), observed_until="2024-07-01")
    snapshots = take_snapshots(tables, CHURN, at=AT)
    assert learn_worth(tables, snapshots, CHURN) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value_by_model(tables, snapshots, CHURN, None) == pytest.approx(100 * 90 / AVERAGE_MONTH)


def test_two_tables_of_contracts_leave_it_unknown_with_a_word():
    one = contracts([year("a", 100.0)], money=True, per="month")
    with pytest.warns(ChurnWarning, match="several-moneys"):
        assert np.isnan(list(values(contracts=one, addons=one).values())).all()


def test_contracts_without_an_amount_are_counted():
    with pytest.warns(ChurnWarning, match=r"contracts.*1 of 2.*no-amount"):
        values(contracts=contracts([year("a", 100.0), year("b", None)], money=True, per="month"))


WRONG = {
    "a period that is none": ({"money": True, "per": "week"}, "unknown-choice"),
    "an amount that is not money": ({"money": False, "per": "month"}, "bad-money"),
    "an amount of which nothing is said": ({"per": "month"}, "bad-money"),
    "whole contracts without an agreed end": ({"money": True, "per": "contract", "planned_end": None}, "bad-money"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_contradiction_is_refused(case):
    how, code = WRONG[case]
    frame = pd.DataFrame([year("a", 1.0)], columns=["u", "from", "to", "until", "eur"])
    roles = {"customer": "u", "start": "from", "end": "to", "planned_end": "until", "value": "eur"} | how
    with pytest.raises(UsageError, match=code):
        cp.EventTables(contracts=cp.Intervals(frame, **roles), observed_until="2024-07-01")


def test_a_whole_contract_without_its_end_is_refused():
    with pytest.raises(UsageError, match=r"contracts.*1 of 2.*no-planned-end"):
        values(contracts=contracts([year("a", 1.0), year("b", 1.0, until=None)], money=True, per="contract"))


def test_the_bridge_does_not_divide_twice():
    tables = cp.EventTables(contracts=contracts([year("a", 1200.0)], money=True, per="year"), observed_until="2024-07-01")
    bridge = cp.accounting.revenue_bridge(tables, value="contracts", min_group=1)
    assert set(bridge["end"].dropna()) == {100.0}
    again = cp.accounting.revenue_bridge(tables, value="contracts", per="year", min_group=1)
    assert set(again["end"].dropna()) == {100.0}
    with pytest.raises(UsageError, match=r'per is "contract", and amounts are declared per year.*bad-argument'):
        cp.accounting.revenue_bridge(tables, value="contracts", per="contract", min_group=1)


@given(st.dates(pd.Timestamp("2020-01-01").date(), pd.Timestamp("2024-12-31").date()), st.integers(1, 36), st.booleans())
def test_whole_months_are_whole_whether_the_end_or_the_last_day_is_written(start, months, last_day):
    begin = pd.Timestamp(start)
    end = begin + pd.DateOffset(months=months) - pd.Timedelta(days=int(last_day))
    found = months_of_terms(*(np.array([t.value // 1000]) for t in (begin, end)), "UTC", "contracts")
    assert found.tolist() == [float(months)]


# A contract's first day, its agreed end as written, whether that day belongs to it, and its months by the calendar.
TERMS = {
    "a year that holds a leap day": ("2024-01-01", "2025-01-01", False, 12.0),
    "the same, last day": ("2024-01-01", "2024-12-31", True, 12.0),
    "a year without one": ("2025-01-01", "2026-01-01", False, 12.0),
    "two years around one": ("2023-03-01", "2025-02-28", True, 24.0),
    "February of a leap year": ("2024-02-01", "2024-02-29", True, 1.0),
    "a year from a leap day": ("2024-02-29", "2025-02-28", False, 12.0),
    "the same, last day the 27th": ("2024-02-29", "2025-02-27", True, 12.0),
    "the same, last day the 28th": ("2024-02-29", "2025-02-28", True, 12.0),
    "four years from leap day to leap day": ("2024-02-29", "2028-02-28", True, 48.0),
    "a year that ends on a leap day": ("2023-03-01", "2024-02-29", True, 12.0),
    "45 days": ("2024-03-01", "2024-04-15", False, 45 / AVERAGE_MONTH),
}


@pytest.mark.parametrize("case", TERMS)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_whole_contracts_per_month_by_hand(case, zone):
    start, until, last_day, months = TERMS[case]
    declared = contracts([("a", start, None, until, 1200.0)], money=True, per="contract")
    tables = cp.EventTables(contracts=dataclasses.replace(declared, end_inclusive=last_day), observed_until="2026-07-01", timezone=zone)
    assert tables.stream("contracts").columns["value"] == pytest.approx([1200.0 / months], rel=1e-12)
