"""Who has no score, and why: with everybody who has one, they are everybody."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.unscored import absent

AT = "2024-07-01"


def reasons(tables: cp.EventTables, churn: object) -> dict[str, str]:
    found = absent(tables, churn, int(tables.instants(AT)[0]))  # type: ignore[arg-type]
    at_risk = set(cp.take_snapshots(tables, churn, at=AT)["customer_id"])  # type: ignore[arg-type]
    assert not at_risk & set(found["customer_id"])
    assert len(at_risk) + len(found) == len(tables)
    assert all(w.startswith(r) for w, r in zip(found["words"], found["reason"], strict=True))
    return dict(zip(found["customer_id"], found["reason"], strict=True))


@pytest.fixture
def orders() -> pd.DataFrame:
    return pd.DataFrame({"who": ["a", "b", "c", "e"], "day": pd.to_datetime(["2024-06-20", "2024-01-10", "2024-07-01", "2024-06-01"])})


@pytest.fixture
def people() -> pd.DataFrame:
    joined = pd.to_datetime(["2024-01-01", "2024-01-01", "2024-07-01", "2024-06-15", "2024-05-01"])
    return pd.DataFrame({"id": list("abcde"[:5]), "since": joined})


def test_silent_new_and_never_seen(orders: pd.DataFrame, people: pd.DataFrame) -> None:
    log = cp.Events(orders, customer="who", time="day")
    alone = cp.EventTables(orders=log, observed_until="2024-08-01")
    assert reasons(alone, cp.Inactivity("90d")) == {"b": "gone already", "c": "not a customer yet"}
    both = cp.EventTables(orders=log, people=cp.Customers(people, customer="id", since="since"), observed_until="2024-08-01")
    assert reasons(both, cp.Inactivity("90d", of="orders")) == {"b": "gone already", "c": "not a customer yet", "d": "no data"}
    assert set(reasons(both, cp.Inactivity("90d", of="orders", active_within="ever"))) == {"c"}


def test_cancelled(orders: pd.DataFrame) -> None:
    left = pd.DataFrame({"who": ["b", "c"], "at": pd.to_datetime(["2024-02-01", "2024-07-05"])})
    tables = cp.EventTables(
        orders=cp.Events(orders, customer="who", time="day"),
        cancellations=cp.Events(left, customer="who", time="at"),
        observed_until="2024-08-01",
    )
    assert reasons(tables, cp.Cancellation("30d", of="cancellations")) == {"b": "gone already", "c": "not a customer yet"}
