"""Counts of those at risk and those who left: against a slow count, from parts, and blind to what follows."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.leaving_counts import count_leaving, has_leaving_season
from churnpredict.model.season.leaving_counts import PERIOD, TENURES
from churnpredict.pipeline.cutoffs import as_known

START = pd.Timestamp("2021-01-01")
END = START + pd.Timedelta(days=900)


def _people(n=150, seed=0):
    rng = np.random.default_rng(seed)
    joined = rng.integers(0, 800, n)
    left = joined + rng.integers(1, 900, n)
    return pd.DataFrame({"who": [f"K{i}" for i in range(n)], "joined": joined, "left": left})


def _tables(people, until=END):
    since = people.assign(since=START + pd.to_timedelta(people["joined"], unit="D"))
    gone = people[people["left"] < 900]
    gone = gone.assign(at=START + pd.to_timedelta(gone["left"] + 0.5, unit="D"))
    gone = gone[gone["at"] < until]
    return cp.EventTables(
        customers=cp.Customers(since[["who", "since"]], customer="who", since="since"),
        cancellations=cp.Events(gone[["who", "at"]], customer="who", time="at"),
        observed_until=END,
    )


def _count(tables, churn=None):
    churn = churn or cp.Cancellation("90d", of="cancellations")
    return count_leaving(tables, churn, churn.settled_until(tables), tables.first_event())


def test_counts_are_those_of_a_slow_count():
    people = _people()
    found = _count(_tables(people))
    first = people["left"][people["left"] < 900].min() + 0.5
    for k in range(40):
        start = 900 - PERIOD * (k + 1)
        there = people[(people["joined"] < start) & (people["left"] + 0.5 >= start)] if start > first else people[:0]
        classes = np.searchsorted(TENURES, start - there["joined"], side="right")
        gone = there["left"].to_numpy() + 0.5 < min(start + PERIOD, 900)
        assert found.at_risk[k].tolist() == np.bincount(classes, minlength=5).tolist(), k
        assert found.left[k].tolist() == np.bincount(classes[gone], minlength=5).tolist(), k
    assert found.left.sum() > 30


def test_parts_of_the_customers_add_up():
    people = _people()
    whole = _tables(people)
    churn = cp.Cancellation("90d", of="cancellations")
    moment, first = churn.settled_until(whole), whole.first_event()
    parts = [count_leaving(_tables(people.iloc[rows]), churn, moment, first) for rows in (slice(0, 60), slice(60, None))]
    both = parts[0] + parts[1]
    assert np.array_equal(both.at_risk, _count(whole).at_risk)
    assert np.array_equal(both.left, _count(whole).left)


def test_rows_from_the_end_on_change_nothing():
    """The law of the clock: what is known at or after ``until`` changes nothing. A planted row before it does."""
    people, until = _people(), "2022-09-01"
    one = _count(as_known(_tables(people), until))
    later = people.copy()
    day = (pd.Timestamp(until) - START).days
    later.loc[(later["left"] >= day) & (later["joined"] < day - 1), "left"] = day  # all others leave on that very day
    other = _count(as_known(_tables(later), until))
    assert (one.moment, one.lag) == (other.moment, other.lag)
    assert np.array_equal(one.at_risk, other.at_risk)
    assert np.array_equal(one.left, other.left)
    planted = later.copy()
    planted.loc[planted["left"] == day, "left"] = day - 1
    assert not np.array_equal(one.left, _count(as_known(_tables(planted), until)).left)


def test_contracts_are_settled_after_their_grace():
    shop = cp.make_business(200, random_state=0)
    churn = cp.SubscriptionEnd("90d", of="subscriptions", grace="30d")
    found = _count(shop.tables, churn)
    assert found.lag == 30
    assert (found.left <= found.at_risk).all()
    assert found.left.sum() > 0


@pytest.mark.parametrize(
    ("churn", "has"), [(cp.Cancellation("90d"), True), (cp.SubscriptionEnd("90d"), True), (cp.Inactivity("90d"), False)]
)
def test_rules_with_a_season_of_leaving(churn, has):
    assert has_leaving_season(churn) is has
    assert not has_leaving_season(cp.rules.WinBack("60d"))
