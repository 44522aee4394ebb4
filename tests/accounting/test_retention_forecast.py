"""Coming retention of revenue: near what steady businesses keep, only from what was known, and by the ends of contracts."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting import retention_forecast, revenue_bridge
from churnpredict.errors import TimeError, UsageError

N = 600


def steady(until="2024-01-01", seed=0):
    """600 customers; each quarter a tenth of them leave for good, and one in twenty pays a quarter more."""
    rng = np.random.default_rng(seed)
    rows, price, there = [], np.full(N, 100.0), np.ones(N, bool)
    begun = np.full(N, pd.Timestamp("2021-01-05").to_datetime64())
    for edge in pd.date_range("2021-01-01", "2023-10-01", freq="QS"):
        moment = (edge + pd.Timedelta(days=40)).to_datetime64()
        u = np.where(there, rng.random(N), 1.0)
        for who in np.flatnonzero(u < 0.15):
            rows.append((who, begun[who], moment, price[who]))
            begun[who], price[who] = moment, price[who] * 1.25
        there &= u >= 0.1
    rows += [(who, begun[who], None, price[who]) for who in np.flatnonzero(there)]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "eur"])
    contracts = cp.Intervals(frame, customer="user", start="from", end="to", end_inclusive=False, value="eur", money=True, per="month")
    return cp.EventTables(contracts=contracts, observed_until=until)


def test_a_steady_business_keeps_what_it_kept():
    coming = retention_forecast(steady(), value="contracts", at="2023-01-01")
    assert coming["period"].tolist() == ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
    assert coming["gross_retention"].between(0.88, 0.92).all()
    assert coming["net_retention"].sub(coming["gross_retention"]).between(0.006, 0.02).all()
    assert (coming["gross_low"] < coming["gross_retention"]).all()
    assert (coming["gross_retention"] < coming["gross_high"]).all()
    assert "%" in repr(coming)
    assert "0.8" not in repr(coming)
    came = revenue_bridge(steady(), value="contracts", period="Q", min_group=1).set_index("period")["gross_retention"]
    assert abs(came["2023Q1"] - coming.loc[0, "gross_retention"]) < 0.05
    wide = retention_forecast(steady(), value="contracts", at="2023-01-01", level=0.99)
    assert (wide["gross_low"] < coming["gross_low"]).all()


def test_only_what_was_known_counts_and_the_seed_decides():
    early = retention_forecast(steady(until="2023-02-10"), value="contracts", at="2023-02-01")
    assert early.equals(retention_forecast(steady(), value="contracts", at="2023-02-01"))
    assert early["period"].iloc[0] == "2023Q1", "the quarter that the cutoff lies in"
    assert not early.equals(retention_forecast(steady(), value="contracts", at="2023-02-01", random_state=1))


def yearly(n=400):
    """Contracts of a year that all end with the first quarter; every fifth is not renewed."""
    rng = np.random.default_rng(5)
    rows, there = [], np.arange(n)
    for year in range(2019, 2024):
        rows += [(who, f"{year}-02-15", f"{year + 1}-02-15", 50.0) for who in there]
        there = there[rng.random(len(there)) >= 0.2]
    frame = pd.DataFrame(rows, columns=["user", "from", "until", "eur"])
    frame["to"] = frame["until"]
    roles = {"customer": "user", "start": "from", "end": "to", "planned_end": "until", "value": "eur", "end_inclusive": False} | {
        "money": True,
        "per": "month",
    }
    return cp.EventTables(contracts=cp.Intervals(frame, **roles), observed_until="2024-01-01")


@pytest.mark.parametrize("churn", [None, cp.SubscriptionEnd("90d", of="contracts", grace="14d")])
def test_contracts_are_lost_when_they_end(churn):
    coming = retention_forecast(yearly(), churn, value="contracts", at="2023-10-01", periods=5).set_index("period")
    assert 0.72 < coming.loc["2024Q1", "gross_retention"] < 0.86
    others = coming.drop("2024Q1")
    assert (others["gross_retention"] > 0.99).all()
    assert (coming["net_retention"] - coming["gross_retention"]).abs().max() < 0.01


def test_terms_run_on_where_a_contract_renews_itself():
    """One row per customer, without an end: the agreed end is the first of many, a year apart."""
    rows = [(who, "2019-02-15", None if who % 5 else f"{2020 + who % 4}-02-15", "2020-02-15", 50.0) for who in range(500)]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "until", "eur"])
    roles = {"customer": "user", "start": "from", "end": "to", "planned_end": "until", "value": "eur", "end_inclusive": False} | {
        "money": True,
        "per": "month",
    }
    tables = cp.EventTables(contracts=cp.Intervals(frame, **roles), observed_until="2024-01-01")
    coming = retention_forecast(tables, value="contracts", at="2023-10-01").set_index("period")
    assert coming.loc["2024Q1", "gross_retention"] < 0.97
    assert (coming.drop("2024Q1")["gross_retention"] > 0.99).all()


def test_payments_are_compared_with_those_of_the_period_before():
    rng = np.random.default_rng(2)
    months = pd.date_range("2022-01-10", "2023-12-10", freq="MS")
    rows = [(who, month, 10.0) for who in range(500) for month in months if rng.random() < 0.6]
    orders = cp.Events(pd.DataFrame(rows, columns=["user", "at", "eur"]), customer="user", time="at", value="eur")
    tables = cp.EventTables(orders=orders, observed_until="2024-01-01")
    coming = retention_forecast(tables, value="orders", period="M", periods=2)
    assert coming["period"].tolist() == ["2024-01", "2024-02"]
    assert coming["gross_retention"].between(0.55, 0.65).all()


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(TimeError, match=r"fewer than 3 whole periods.*\[no-period\]"):
        retention_forecast(steady(), value="contracts", at="2021-08-01")
    for wrong in ({"periods": 0}, {"periods": 13}, {"level": 1.0}, {"draws": 3}, {"value": 3}, {"value": ""}):
        with pytest.raises(UsageError, match="bad-argument"):
            retention_forecast(steady(), **{"value": "contracts", **wrong})
    with pytest.raises(UsageError, match="bad-period"):
        retention_forecast(steady(), value="contracts", period="D")
    with pytest.raises(UsageError, match="rule-not-accountable"):
        retention_forecast(steady(), cp.Inactivity("90d", of="contracts"), value="contracts")
