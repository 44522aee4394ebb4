"""Churn rates of customers as others document them, on the small customer base of ``test_definitions``: worked by hand."""

import pandas as pd
import pytest
from tests.accounting.test_definitions import CANCELS, base

import churnpredict as cp
from churnpredict.errors import UsageError


def march(tables=None, churn=CANCELS, **options):
    rates = cp.churn_rate(base() if tables is None else tables, churn, **{"value": "contracts", "period": "M", "min_group": 1, **options})
    return rates[rates["period"] == "2024-03"].iloc[0]


def check(row, customers, joined, lost, base):
    assert (row["customers"], row["joined"], row["lost"]) == (customers, joined, lost)
    assert row["rate"] == lost / base
    assert row["low"] < row["rate"] < row["high"]


# customers at the start of March: stays, cancels, gone, to free, back, two, up, pauses: 8; "from free" is a ninth where free ones count


def test_date_of_churn_trials_same_month_returns_and_free_contracts():
    # gone leaves; "to free" and "from free" stay; "back" is there at the end; "short" and "a day" were not there at the start
    check(march(like="chartmogul", trials=["trial"], pauses="pauses"), 9, 3, 1, 9)
    # cancels (its contract runs into April), gone, short, a day, to free, back: each loss counts, and who joined is in the base
    check(march(like="stripe", trials=["trial"]), 8, 3, 6, 8 + 3)
    # gone, short, to free, back; "a day" ends as it began, and the trial has an amount: a customer since February
    check(march(like="baremetrics", trials=["trial"]), 9, 2, 4, 9)


def test_the_rule_alone_counts_who_left_and_stayed_away():
    row = march(churn=CANCELS, value=None)
    assert (row["customers"], row["lost"]) == (10, 1), "without like: everybody with a contract, also a trial or a free one"


def contracts(rows):
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "eur"])
    declared = cp.Intervals(frame, customer="user", start="from", end="to", end_inclusive=False, value="eur")
    log = cp.Events(pd.DataFrame({"user": ["refunded"], "at": ["2024-03-05"]}), customer="user", time="at")
    return cp.EventTables(contracts=declared, cancellations=log, observed_until="2025-07-01")


def test_annual_contracts_and_refunds_that_end_them():
    rows = [
        ("year", "2023-06-01", "2024-06-01", 1200),  # not renewed: lost in May, where contracts run to the end of a period
        ("refunded", "2023-09-01", "2024-03-05", 1200),  # a year that is refunded and ends early, on 5 March
        ("month", "2024-01-01", None, 10),
    ]
    for like in ("chartmogul", "baremetrics", "stripe"):
        check(march(contracts(rows), like=like), 3, 0, 1, 3)
    for like, lost in {"chartmogul": 1, "baremetrics": 1}.items():
        rates = cp.churn_rate(contracts(rows), CANCELS, value="contracts", period="M", like=like, min_group=1)
        assert dict(zip(rates["period"], rates["lost"], strict=True))["2024-05"] == lost


def test_pauses():
    row = march(like="chartmogul", trials=["trial"])
    assert row["lost"] == march(like="chartmogul", trials=["trial"], pauses="pauses")["lost"], "who pauses stays a customer"
    for like in ("stripe", "baremetrics"):
        with pytest.raises(UsageError, match="not-documented"):
            march(like=like, pauses="pauses")


def test_groups_small_ones_and_periods_that_are_not_over():
    halves = {"stays": "a", "cancels": "a", "gone": "a", "to free": "b", "back": "b", "two": "b", "up": "b", "pauses": "b"}
    rates = cp.churn_rate(base(), CANCELS, value="contracts", period="M", like="stripe", by=halves, min_group=1)
    here = rates[rates["period"] == "2024-03"].set_index("group")
    assert here.loc["a", ["customers", "lost"]].tolist() == [3, 2]
    assert here.loc["b", ["customers", "lost"]].tolist() == [5, 2]
    hidden = cp.churn_rate(base(), CANCELS, value="contracts", period="M", like="stripe", min_group=100)
    assert hidden["rate"].isna().all()
    assert hidden["lost"].isna().all()
    year = cp.churn_rate(base(), CANCELS, value="contracts", period="Y", like="stripe", min_group=1)
    assert year["rate"].isna().all()
    assert year["note"].str.startswith("immature").all()


def test_what_is_not_documented_or_contradicts_is_refused():
    with pytest.raises(UsageError, match=r"ProfitWell .* churn rate of customers.*\[not-documented\]"):
        march(like="profitwell", free="churn")
    with pytest.raises(UsageError, match=r"value is None.*\[bad-argument\]"):
        march(like="stripe", value=None)
    with pytest.raises(UsageError, match=r"payments is given.*\[bad-argument\]"):
        march(like="stripe", payments=12)
    with pytest.raises(UsageError, match=r"only used with like.*\[bad-argument\]"):
        march(trials=["trial"])
    with pytest.raises(UsageError, match="bad-argument"):
        march(like="strip")
