"""Trials, down-sell and the way back, customer by customer against plain loops; and cancellations that became known late."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2024-01-01")
CUTOFFS = [START + 60 * DAY, START + 95 * DAY, START + 130 * DAY]
GAP, HORIZON = 7 * DAY, 30 * DAY


def outcomes_of(tables, rule):
    past = cp.take_snapshots(tables, rule, at=CUTOFFS)
    return past, cp.label_churn(tables, past, rule)


def judged(left_at, cutoff):
    """None for before the window, 0 for not within it, 1 for within it."""
    if left_at is not None and left_at < cutoff + GAP:
        return None
    return int(left_at is not None and left_at < cutoff + GAP + HORIZON)


def check(past, labels, customers, at_risk, left_at):
    expected_risk, expected = [], {}
    for who in customers:
        for cutoff in CUTOFFS:
            if at_risk(who, cutoff):
                expected_risk.append((who, cutoff))
                found = judged(left_at(who, cutoff), cutoff)
                if found is not None:
                    expected[who, cutoff] = found
    assert sorted(expected_risk) == list(past.itertuples(index=False, name=None))
    assert labels["outcome"].to_dict() == expected
    assert {0, 1} <= set(expected.values()), "the history shows both outcomes"


@pytest.fixture
def visits(rng):
    days = np.sort(rng.choice(200 * 24, 400))
    return pd.DataFrame({"user": rng.integers(0, 40, 400), "at": START + pd.to_timedelta(days, unit="h")})


def test_the_way_back(visits):
    tables = cp.EventTables(visits=cp.Events(visits, customer="user", time="at"))
    past, labels = outcomes_of(tables, cp.rules.WinBack("30d", gap="7d", silent_for="25d"))

    def own(who):
        return visits.loc[visits["user"] == who, "at"]

    def at_risk(who, cutoff):
        before = own(who)[own(who) < cutoff]
        return len(before) > 0 and before.max() < cutoff - 25 * DAY

    check(past, labels, range(40), at_risk, lambda who, cutoff: own(who)[own(who) >= cutoff].min() if (own(who) >= cutoff).any() else None)


def test_down_sell(rng):
    days = np.sort(rng.choice(200 * 24, 300))
    prices = pd.DataFrame(
        {"user": rng.integers(0, 40, 300), "at": START + pd.to_timedelta(days, unit="h"), "price": rng.choice([0.0, 10, 11, 20], 300)}
    )
    opening = pd.DataFrame({"user": range(40), "at": START, "price": 20.0})
    prices = pd.concat([opening, prices], ignore_index=True).drop_duplicates(["user", "at"], ignore_index=True)
    visits = pd.DataFrame({"user": range(40), "at": START + 199 * DAY})
    tables = cp.EventTables(
        visits=cp.Events(visits, customer="user", time="at"), prices=cp.States(prices, customer="user", time="at", values=["price"])
    )
    past, labels = outcomes_of(tables, cp.rules.DownSell("30d", gap="7d", value="price", drop=0.2))

    def rows(who):
        return prices[prices["user"] == who].sort_values(["at", "price"])

    def now(who, cutoff):
        return rows(who).loc[rows(who)["at"] < cutoff, "price"].iloc[-1]

    def left_at(who, cutoff):
        lower = rows(who)[(rows(who)["at"] >= cutoff) & (rows(who)["price"] <= now(who, cutoff) * 0.8)]
        return lower["at"].min() if len(lower) else None

    check(past, labels, range(40), lambda who, cutoff: now(who, cutoff) > 0, left_at)


def test_trials(rng):
    """One trial each of random length; half of them go on to a paid contract, some too late."""
    rows = []
    for who in range(60):
        start = START + pd.to_timedelta(int(rng.integers(0, 120)), unit="D")
        end = start + pd.to_timedelta(int(rng.integers(10, 60)), unit="D")
        rows.append((who, start, end, "trial"))
        if rng.random() < 0.5:
            paid = end + pd.to_timedelta(int(rng.integers(0, 25)), unit="D")
            rows.append((who, paid, paid + 100 * DAY, "paid"))
    plans = pd.DataFrame(rows, columns=["user", "from", "to", "plan"])
    tables = cp.EventTables(
        plans=cp.Intervals(plans, customer="user", start="from", end="to", kind="plan"),
        visits=cp.Events(pd.DataFrame({"user": [0], "at": [START + 299 * DAY]}), customer="user", time="at"),
    )
    past, labels = outcomes_of(tables, cp.rules.TrialEnd("30d", gap="7d", kinds=["trial"], grace="14d"))
    trial = plans[plans["plan"] == "trial"].set_index("user")
    paid = plans[plans["plan"] == "paid"].set_index("user")["from"]

    def left_at(who, cutoff):
        end = trial.loc[who, "to"]
        return None if who in paid.index and paid[who] <= end + 14 * DAY else end

    check(past, labels, range(60), lambda who, cutoff: trial.loc[who, "from"] < cutoff < trial.loc[who, "to"], left_at)


def test_a_cancellation_known_too_late_is_out_of_the_question():
    gone = pd.DataFrame({"user": [1, 2], "at": ["2024-02-01", "2024-04-10"], "recorded": ["2024-03-20", "2024-04-11"]})
    visits = pd.DataFrame({"user": [1, 2, 3, 3], "at": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-07-01"]})
    tables = cp.EventTables(
        gone=cp.Events(gone, customer="user", time="at", known_at="recorded"), visits=cp.Events(visits, customer="user", time="at")
    )
    rule = cp.Cancellation("60d", of="gone")
    past = cp.take_snapshots(tables, rule, at="2024-03-01")
    assert past["customer_id"].tolist() == [1, 2, 3], "nobody knew yet that the first had gone"
    assert cp.label_churn(tables, past, rule)["outcome"].droplevel("cutoff").to_dict() == {2: 1, 3: 0}
