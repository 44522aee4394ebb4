"""Features of peers against a plain loop over other customers, and against the future."""

import math

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.features.peers import SMOOTHING

DAY = pd.Timedelta(days=1)
ROWS = [
    cp.Feature("people", "peer_churn", "30d", column="plan"),
    cp.Feature("people", "peer_count", "30d", column="plan"),
    cp.Feature("orders", "peer_churn", "30d", column="item"),
    cp.Feature("orders", "peer_count", "30d", column="item"),
]


@pytest.fixture
def shop(rng):
    n, customers = 900, 60
    start = pd.Timestamp("2024-01-01")
    orders = pd.DataFrame(
        {
            "user": rng.integers(0, customers, n),
            "at": start + pd.to_timedelta(rng.integers(0, 200 * 24, n), unit="h"),
            "item": rng.choice(["a", "b", "c"], n),
        }
    )
    people = pd.DataFrame({"id": np.arange(customers), "plan": rng.choice(["free", "pro", None], customers)})
    return orders, people


def tables_of(orders, people):
    return cp.EventTables(
        orders=cp.Events(orders, customer="user", time="at", item="item"), people=cp.Customers(people, customer="id", attributes=["plan"])
    )


def plain(row, orders, people, customer, cutoff):
    """What the feature says, customer by customer."""
    width = pd.Timedelta(row.window.replace("d", "D"))

    def label(who, moment):
        if row.table == "people":
            found = people.set_index("id")["plan"].get(who)
            return None if pd.isna(found) else found
        past = orders[(orders["user"] == who) & (orders["at"] < moment)].sort_values(["at", "item"])
        return past["item"].iloc[-1] if len(past) else None

    def seen(who, since, until):
        return ((orders["user"] == who) & (orders["at"] >= since) & (orders["at"] < until)).any()

    now = label(customer, cutoff)
    if now is None:
        return math.nan
    others = [w for w in people["id"] if w != customer and seen(w, cutoff - 2 * width, cutoff - width)]
    lost = [w for w in others if not seen(w, cutoff - width, cutoff)]
    mine = [w for w in others if label(w, cutoff - width) == now]
    if row.aggregate == "peer_count":
        return len(mine)
    return (len([w for w in mine if w in lost]) + SMOOTHING * len(lost) / len(others)) / (len(mine) + SMOOTHING)


def test_peers_equal_the_plain_loop(shop):
    orders, people = shop
    cutoffs = pd.DatetimeIndex(["2024-03-20 00:00", "2024-05-02 07:00"])
    pairs = pd.DataFrame([(c, t) for c in range(0, 60, 13) for t in cutoffs], columns=["customer_id", "cutoff"])
    X = cp.build_features(tables_of(orders, people), pairs, features=ROWS)
    for row in ROWS:
        expected = [plain(row, orders, people, c, t) for c, t in X.index]
        np.testing.assert_allclose(X[row.name], np.array(expected, np.float32), rtol=1e-6)
    assert X["lifecycle__orders_item_peer_churn_30d"].nunique() > 3


def test_peers_know_nothing_of_the_future(shop):
    orders, people = shop
    cutoff = pd.Timestamp("2024-04-10")
    pairs = pd.DataFrame({"customer_id": np.arange(60), "cutoff": cutoff})
    pairs = pairs[pairs["customer_id"].isin(orders.loc[orders["at"] < cutoff, "user"])]
    whole = cp.build_features(tables_of(orders, people), pairs, features=ROWS)
    past = cp.build_features(tables_of(orders[orders["at"] < cutoff], people), pairs, features=ROWS)
    pd.testing.assert_frame_equal(whole, past, check_exact=True)
    assert not len(cp.diagnostics.probe_features(lambda t, s: cp.build_features(t, s, features=ROWS), tables_of(orders, people), pairs))
