"""What is money is said with the table: hours, points and pieces never become money at risk."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.errors import ChurnWarning, UsageError
from churnpredict.events.money import paying_table
from churnpredict.pipeline.valuing import value_by_model, value_over_horizon

HOURS, EUROS = 3.0, 20.0


def log(each, n=30):
    days = pd.date_range("2024-01-01", "2024-12-20", freq="10D")
    return pd.DataFrame([(f"c{i}", day, each) for i in range(n) for day in days], columns=["u", "t", "v"])


def events(each, **how):
    return cp.Events(log(each), customer="u", time="t", value="v", **how)


CHURN = cp.Inactivity("73d", of="watched")
NO = {"money": False}
CASES = {
    "hours alone": ({"watched": {}}, None),
    "hours that are declared to be none": ({"watched": {"driver": "payment", **NO}}, None),
    "hours and sums, nothing said": ({"watched": {}, "sums": {}}, None),
    "hours and money": ({"watched": {}, "sums": {"money": True}}, "sums"),
    "hours and payments": ({"watched": {"driver": "value"}, "sums": {"driver": "payment"}}, "sums"),
    "orders that payments pay": ({"watched": {}, "orders": {"money": True}, "sums": {"driver": "payment"}}, "orders"),
    "a currency": ({"watched": {}, "sums": {"currency": "c"}}, "sums"),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_said_to_be_money_is(case):
    given, wanted = CASES[case]
    sources = {
        name: cp.Events(log(HOURS if name == "watched" else EUROS).assign(c="EUR"), customer="u", time="t", value="v", **how)
        for name, how in given.items()
    }
    tables = cp.EventTables(**sources)
    assert paying_table(tables.declarations) == wanted
    value = value_over_horizon(tables, take_snapshots(tables, CHURN, at="2024-12-20"), CHURN)
    if wanted is None:
        assert np.isnan(value).all()
    else:
        assert value == pytest.approx(EUROS / 10 * 73, rel=0.05)


def test_two_tables_of_money_leave_it_unknown_with_a_word():
    tables = cp.EventTables(watched=events(HOURS), orders=events(EUROS, money=True), invoices=events(EUROS, money=True))
    with pytest.warns(ChurnWarning, match=r"orders, invoices.*money=False.*several-moneys"):
        assert paying_table(tables.declarations) is None


@pytest.mark.parametrize("how", [{"money": "v"}, {"money": 1}, {"money": False, "currency": "c"}])
def test_what_is_said_of_money_is_checked(how):
    with pytest.raises(UsageError, match="bad-money"):
        cp.EventTables(orders=cp.Events(log(1.0).assign(c="EUR"), customer="u", time="t", value="v", **how))
    with pytest.raises(UsageError, match="bad-money"):
        cp.EventTables(orders=cp.Events(log(1.0), customer="u", time="t", money=True))


def test_a_value_declared_with_the_customers_is_per_year():
    people = pd.DataFrame({"u": [f"c{i}" for i in range(30)], "worth": 365.25})
    tables = cp.EventTables(people=cp.Customers(people, customer="u", value="worth"), watched=events(HOURS))
    assert value_over_horizon(tables, take_snapshots(tables, CHURN, at="2024-12-20"), CHURN) == pytest.approx(73.0)


def test_no_value_depends_on_who_else_is_scored():
    """A model that has not learnt what is paid says so, instead of learning it from the rows at hand."""
    tables = cp.EventTables(watched=events(HOURS), sums=events(EUROS, money=True))
    snapshots = take_snapshots(tables, CHURN, at="2024-12-20")
    with pytest.warns(ChurnWarning, match="worth-not-learnt"):
        assert np.isnan(value_by_model(tables, snapshots, CHURN, None)).all()


def test_accounts_take_no_money_from_a_table_that_has_none():
    tables = cp.EventTables(watched=events(HOURS, money=False))
    with pytest.raises(UsageError, match="not-money"):
        cp.churn_rate(tables, CHURN, value="watched")


def test_a_currency_of_no_amount_is_refused() -> None:
    frame = pd.DataFrame({"who": ["a"], "at": pd.to_datetime(["2024-01-01"]), "currency": ["EUR"]})
    with pytest.raises(UsageError, match="bad-money"):
        cp.EventTables(orders=cp.Events(frame, customer="who", time="at", currency="currency"))
