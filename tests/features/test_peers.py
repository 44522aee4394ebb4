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
    """What the feature says, customer by customer; orders of each are (at, item), in order."""
    width = pd.Timedelta(row.window.replace("d", "D"))

    def label(who, moment):
        if row.table == "people":
            return people.get(who)
        past = [item for at, item in orders.get(who, ()) if at < moment]
        return past[-1] if past else None

    def seen(who, since, until):
        return any(since <= at < until for at, _ in orders.get(who, ()))

    now = label(customer, cutoff)
    if now is None:
        return math.nan
    others = [w for w in people if w != customer and seen(w, cutoff - 2 * width, cutoff - width)]
    lost = [w for w in others if not seen(w, cutoff - width, cutoff)]
    mine = [w for w in others if label(w, cutoff - width) == now]
    if row.aggregate == "peer_count":
        return len(mine)
    return (len([w for w in mine if w in lost]) + SMOOTHING * len(lost) / len(others)) / (len(mine) + SMOOTHING)


def by_customer(orders, people):
    """The rows as plain lists: what each customer ordered, in order, and the plan, None for unknown."""
    bought = {who: sorted(zip(rows["at"], rows["item"], strict=True)) for who, rows in orders.groupby("user")}
    return bought, {who: None if pd.isna(plan) else plan for who, plan in zip(people["id"], people["plan"], strict=True)}


def test_peers_equal_the_plain_loop(shop):
    orders, people = shop
    cutoffs = pd.DatetimeIndex(["2024-03-20 00:00", "2024-05-02 07:00"])
    pairs = pd.DataFrame([(c, t) for c in range(0, 60, 13) for t in cutoffs], columns=["customer_id", "cutoff"])
    X = cp.build_features(tables_of(orders, people), pairs, features=ROWS)
    lists = by_customer(orders, people)
    for row in ROWS:
        expected = [plain(row, *lists, c, t) for c, t in X.index]
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
