"""The definitions of others on one small customer base: every number of March 2024 is worked by hand here."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting import revenue_bridge
from churnpredict.errors import UsageError

CONTRACTS = [
    ("stays", "2024-01-01", None, 100, "paid"),
    ("cancels", "2024-01-01", "2024-04-15", 60, "paid"),  # on 10 March, for the end of a contract that runs until 15 April
    ("gone", "2024-01-01", "2024-03-15", 22, "paid"),
    ("tries", "2024-02-20", "2024-03-05", 30, "trial"),
    ("tries", "2024-03-05", None, 30, "paid"),
    ("short", "2024-03-04", "2024-03-20", 50, "paid"),  # joins and leaves in one month
    ("a day", "2024-03-08 09:00", "2024-03-08 17:00", 70, "paid"),  # and on one day
    ("to free", "2024-01-01", "2024-03-12", 40, "paid"),
    ("to free", "2024-03-12", None, 0, "paid"),
    ("from free", "2024-01-01", "2024-02-01", 20, "paid"),
    ("from free", "2024-02-01", "2024-03-18", 0, "paid"),
    ("from free", "2024-03-18", None, 25, "paid"),
    ("back", "2024-01-01", "2024-03-06", 80, "paid"),
    ("back", "2024-03-26", None, 90, "paid"),
    ("two", "2024-01-01", None, 35, "paid"),
    ("two", "2024-01-01", "2024-03-09", 15, "paid"),
    ("up", "2024-01-01", "2024-03-01", 10, "paid"),
    ("up", "2024-03-01", None, 12, "paid"),
    ("pauses", "2024-01-01", None, 45, "paid"),  # from 11 to 21 March
]
CANCELS = cp.Cancellation("30d", of="cancellations")


def base():
    frame = pd.DataFrame(CONTRACTS, columns=["user", "from", "to", "eur", "kind"])
    contracts = cp.Intervals(
        frame, customer="user", start="from", end="to", end_inclusive=False, value="eur", money=True, per="month", kind="kind"
    )
    days = pd.DataFrame({"user": ["pauses"], "from": ["2024-03-11"], "to": ["2024-03-21"]})
    return cp.EventTables(
        contracts=contracts,
        pauses=cp.Intervals(days, customer="user", start="from", end="to", end_inclusive=False),
        cancellations=cp.Events(pd.DataFrame({"user": ["cancels"], "at": ["2024-03-10"]}), customer="user", time="at"),
        observed_until="2024-07-01",
    )


def march(**options):
    bridge = revenue_bridge(base(), CANCELS, **{"value": "contracts", "trials": ["trial"], "min_group": 1, **options})
    return bridge[bridge["period"] == "2024-03"].iloc[0]


def check(row, **expected):
    for name, value in expected.items():
        assert row[name] == value, name
    end = row["start"] + row["new"] + row["expansion"] - row["contraction"] - row["churn"] + row["returned"]
    assert end == row["end"]


# at the start of March: 100 + 60 + 22 + 40 (to free) + 80 (back) + 35 + 15 (two) + 10 (up) + 45 (pauses) = 407


def test_chartmogul():
    row = march(like="chartmogul", pauses="pauses")
    check(row, start=407, new=30 + 50 + 70, expansion=25 + 2, contraction=40 + 15, churn=22 + 50 + 70 + 80, returned=90, end=397)
    check(row, customers=9, joined=3, lost=4, came_back=1)  # "from free" has stayed a customer
    assert row["gross_churn"] == 277 / 407
    assert row["net_churn"] == (277 - 27 - 90) / 407
    assert row["customer_churn"] == 1 / 9, "who joined in the month, or is back, is not lost: gone is"


def test_stripe():
    row = march(like="stripe")
    churn = 60 + 22 + 50 + 70 + 40 + 80  # the 60 on 10 March, not in April
    check(row, start=407, new=30 + 50 + 70, expansion=2, contraction=15, churn=churn, returned=25 + 90, end=337)
    check(row, customers=8, joined=3, lost=6, came_back=2)
    assert row["customer_churn"] == 6 / (8 + 3)
    assert not {"gross_churn", "net_churn"} & set(row.index), "not documented"


def test_baremetrics():
    row = march(like="baremetrics")  # the trial has an amount: new in February
    check(row, start=407 + 30, new=50 + 25, expansion=2, contraction=15, churn=22 + 50 + 40 + 80, returned=90, end=397)
    check(row, customers=9, joined=2, lost=4, came_back=1)  # the day of "a day" ends as it began
    assert row["gross_churn"] == 207 / 437
    assert row["net_churn"] == 205 / 437
    assert row["customer_churn"] == 4 / 9


def test_profitwell():
    row = march(like="profitwell", pauses="pauses", free="churn")
    check(row, start=407, new=30, expansion=2 + 45, contraction=15 + 45, churn=22 + 40 + 80, returned=25 + 90, end=397)
    check(row, customers=8, joined=1, lost=3, came_back=2)
    assert not {"gross_churn", "net_churn", "customer_churn"} & set(row.index), "not documented"


def test_without_a_name_the_rule_and_the_options_decide():
    row = march(changes="each")
    check(row, start=407, new=150, expansion=2, contraction=15, churn=322, returned=115, end=337)
    row = march(pauses="pauses", free="contraction")
    check(row, start=407, new=30, expansion=25 + 2 + 10, contraction=40 + 15, churn=60 + 22, returned=0, end=337)
    assert row["customers"] == 9


def test_what_is_not_documented_is_refused():
    with pytest.raises(UsageError, match=r"Stripe that was read does not say what a pause is.*\[not-documented\]"):
        march(like="stripe", pauses="pauses")
    with pytest.raises(UsageError, match="not-documented"):
        march(like="baremetrics", pauses="pauses")
    with pytest.raises(UsageError, match=r"from paid to free contracts.*2 of .*\[not-documented\]"):
        march(like="profitwell")
    with pytest.raises(UsageError, match="needs-cancellations"):
        revenue_bridge(base(), value="contracts", like="stripe")
    with pytest.raises(UsageError, match="bad-period"):
        march(like="profitwell", free="churn", period="W")
    with pytest.raises(UsageError, match=r'Did you mean "stripe".*\[bad-argument\]'):
        march(like="strip")
    with pytest.raises(UsageError, match=r"changes is 'net' and like is 'stripe'"):
        march(like="stripe", changes="net")
    with pytest.raises(UsageError, match=r"free is 'gone'.*bad-argument"):
        march(free="gone")
    with pytest.raises(UsageError, match="not-intervals"):
        march(pauses="cancellations")


def test_a_year_of_2000_is_166_67_a_month():
    rows = [("a", "2024-01-15", None, "2025-01-15", 2000.0), ("b", "2024-01-31", "2024-03-31", "2024-04-30", 300.0)]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "until", "eur"])
    declared = {"customer": "user", "start": "from", "end": "to", "end_inclusive": False, "value": "eur"}
    tables = cp.EventTables(contracts=cp.Intervals(frame, **declared, planned_end="until"), observed_until="2024-07-01")
    bridge = revenue_bridge(tables, value="contracts", per="contract", min_group=1)
    assert bridge.cents["end"].dropna().tolist() == [26667, 26667, 16667, 16667, 16667, 16667], "b: 31 January to 30 April are three months"
    with pytest.raises(UsageError, match=r"need the end that was agreed.*\[no-planned-end\]"):
        revenue_bridge(
            cp.EventTables(contracts=cp.Intervals(frame, **declared), observed_until="2024-07-01"), value="contracts", per="contract"
        )
    frame["until"] = ["2025-01-15", "2024-03-01"]  # 30 days are no whole month from 31 January
    tables = cp.EventTables(contracts=cp.Intervals(frame, **declared, planned_end="until"), observed_until="2024-07-01")
    found = revenue_bridge(tables, value="contracts", per="contract", min_group=1).cents["new"].iloc[0]
    assert found == 16667 + int(np.rint(30000 / (30 / 30.436875)))


def test_pauses_may_overlap_and_reach_over_the_ends_of_contracts():
    frame = pd.DataFrame([("a", "2024-01-10", "2024-04-10", 10.0)], columns=["user", "from", "to", "eur"])
    days = pd.DataFrame(
        {
            "user": "a",
            "from": ["2024-01-01", "2024-02-05", "2024-02-10", "2024-04-01"],
            "to": ["2024-01-20", "2024-02-20", "2024-03-05", None],
        }
    )
    tables = cp.EventTables(
        contracts=cp.Intervals(frame, customer="user", start="from", end="to", end_inclusive=False, value="eur", money=True, per="month"),
        pauses=cp.Intervals(days, customer="user", start="from", end="to", end_inclusive=False),
        observed_until="2024-07-01",
    )
    bridge = revenue_bridge(tables, value="contracts", pauses="pauses", changes="each", min_group=1)
    moves = bridge.set_index("period")[["new", "expansion", "contraction", "churn", "returned", "end", "customers", "lost"]]
    assert moves.loc["2024-01"].tolist() == [10, 0, 0, 0, 0, 10, 0, 0]
    assert moves.loc["2024-02"].tolist() == [0, 0, 10, 0, 0, 0, 1, 0]
    assert moves.loc["2024-03"].tolist() == [0, 10, 0, 0, 0, 10, 1, 0]
    assert moves.loc["2024-04"].tolist() == [0, 0, 10, 0, 0, 0, 1, 1], "lost while on a pause: nobody pays less by it"
