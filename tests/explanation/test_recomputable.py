"""From raw events to a sentence, and from the same events by hand to the same sentence."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.explanation.attribution import Explanation
from churnpredict.explanation.drivers import assign_drivers
from churnpredict.explanation.words import Narrator

CUTOFF = pd.Timestamp("2024-06-01 09:30")


@pytest.fixture(scope="module")
def orders():
    rng = np.random.default_rng(11)
    start = CUTOFF.normalize() - pd.Timedelta(days=900)
    rows = [(c, start + pd.Timedelta(days=int(d))) for c in range(12) for d in np.cumsum(rng.integers(3, 40, 60)) if d < 900]
    return pd.DataFrame(rows, columns=["customer", "day"]).assign(amount=lambda d: rng.integers(5, 90, len(d)))


@pytest.fixture(scope="module")
def narrator(orders):
    tables = cp.EventTables(orders=cp.Events(orders, customer="customer", time="day", value="amount"))
    snapshots = pd.DataFrame({"customer_id": np.arange(12), "cutoff": CUTOFF})
    rows = [cp.Feature("orders", a, w) for a in ("count", "active_days", "sum") for w in ("90d", "365d")]
    rows += [cp.Feature("orders", a) for a in ("days_since_last", "days_since_first", "gap_mean")] + [cp.Feature("orders", "trend", "90d")]
    X = cp.build_features(tables, snapshots, features=rows)
    keys, table = assign_drivers(X.columns)
    nothing = np.zeros(X.shape)
    why = Explanation(
        index=X.index,
        features=list(X.columns),
        keys=keys,
        table=table,
        base_value=0.0,
        log_odds=nothing[:, 0],
        by_driver=nothing[:, : len(table)],
        by_feature=nothing,
        rows=X,
        given_usual={},
        usual_rows=X,
        base_rate=None,
        reference="",
    )
    return Narrator(why, money={"orders": "€"})


def _digits(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}".rstrip("0").rstrip(".")


@pytest.mark.parametrize("customer", range(12))
def test_every_number_follows_from_the_events(orders, narrator, customer):
    times = orders[(orders["customer"] == customer) & (orders["day"] < CUTOFF)]
    age = (CUTOFF - times["day"]) / pd.Timedelta(days=1)
    recent, year = times[age <= 90], times[age <= 365]
    at = {feature.name: j for j, feature in enumerate(narrator.read)}
    n, before = len(recent), int(((age > 90) & (age <= 180)).sum())
    things = "order" if n == 1 else "orders"
    usually = _digits(len(year) * 90 / 365)
    assert narrator.fact(at["habit__orders_count_90d"], customer) == f"{n or 'no'} {things} in the last 90 days, usually {usually}"
    days = times["day"].dt.normalize().drop_duplicates()
    gap = days.diff().dropna().tail(32).dt.days.mean()  # the catalog's own rhythm: the latest 33 active days
    last = times["day"].max()
    expected = f"orders: last one {int(age.min())} days ago ({last.day} {last:%b %Y}), usually every {_digits(gap)} days"
    expected = expected.replace(" 1 days ", " 1 day ").replace(" 0 days ago ", " today ")
    assert narrator.fact(at["habit__orders_days_since_last"], customer) == expected
    money = narrator.fact(at["value__orders_sum_90d"], customer)
    assert money == f"orders worth €{recent['amount'].sum():,} in the last 90 days, usually €{_digits(year['amount'].sum() * 90 / 365)}"
    if n:
        beside = (
            f"{before} in the same time before" if n != before else f"usually {usually}"
        )  # as many as before: beside the own usual number
        assert narrator.fact(at["habit__orders_trend_90d"], customer) == f"{n} {things} in the last 90 days, {beside}"
