"""Values that are looked up: as they were at the cutoff, with the categories that were known by then."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.features import asof

LOG = pd.DataFrame({"who": ["a", "b"], "at": ["2023-01-05", "2023-01-05"]})


def built(rows: list[cp.Feature], cutoffs: list[str], **tables) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    found = cp.EventTables(orders=cp.Events(LOG, customer="who", time="at"), observed_until="2026-01-01", **tables)
    pairs = pd.DataFrame([(w, pd.Timestamp(c)) for w in "ab" for c in cutoffs], columns=["customer_id", "cutoff"])
    return cp.build_features(found, pairs, features=rows)


def test_a_state_is_the_last_one_known() -> None:
    prices = pd.DataFrame({"who": ["a", "a"], "at": ["2023-03-01", "2023-06-01"], "price": [10.0, 12.0], "plan": ["basic", "pro"]})
    held = cp.States(prices, customer="who", time="at", values=["price", "plan"])
    rows = [cp.Feature("prices", "state", column="price"), cp.Feature("prices", "state", column="plan")]
    found = built(rows, ["2023-03-01", "2023-03-02", "2023-06-01", "2023-06-02"], prices=held)
    price, plan = found.columns
    assert found.loc["a", price].tolist()[1:] == [10.0, 10.0, 12.0]
    assert math.isnan(found.loc["a", price].iloc[0]), "from its own moment on it is not known before"
    assert found.loc["a", plan].astype(object).where(lambda s: s.notna(), None).tolist() == [None, "basic", "basic", "pro"]
    assert found.loc["b", price].isna().all()


def test_categories_are_those_known_before_the_latest_cutoff() -> None:
    prices = pd.DataFrame({"who": ["a", "a"], "at": ["2023-03-01", "2024-06-01"], "plan": ["basic", "pro"]})
    held = cp.States(prices, customer="who", time="at", values=["plan"])
    found = built([cp.Feature("prices", "state", column="plan")], ["2023-05-01"], prices=held)
    assert found.iloc[:, 0].cat.categories.tolist() == ["basic"]


def test_the_rows_that_held_are_looked_for_once_for_all_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = pd.DataFrame({"who": ["a", "a"], "at": ["2023-03-01", "2023-06-01"], "price": [10.0, 12.0], "plan": ["basic", "pro"]})
    held = cp.States(prices, customer="who", time="at", values=["price", "plan"])
    searches, search = [], asof.latest_known
    monkeypatch.setattr(asof, "latest_known", lambda *given: searches.append(given) or search(*given))
    rows = [cp.Feature("prices", "state", column="price"), cp.Feature("prices", "state", column="plan")]
    found = built(rows, ["2023-03-02", "2023-06-02"], prices=held)
    assert found.loc["a"].to_numpy().tolist() == [[10.0, "basic"], [12.0, "pro"]]
    assert len(searches) == 1


@pytest.mark.filterwarnings("ignore:.*before their customer")
def test_tenure_begins_with_the_day_of_joining() -> None:
    people = cp.Customers(pd.DataFrame({"who": ["a", "b"], "since": ["2023-01-01", "2024-12-01"]}), customer="who", since="since")
    rows = [cp.Feature("people", "tenure_days"), cp.Feature("people", "tenure_year")]
    found = built(rows, ["2023-12-31", "2024-01-01", "2024-01-02"], people=people)
    assert found.loc["a"].iloc[:, 0].tolist() == [364, 365, 366]
    assert found.loc["a"].iloc[:, 1].tolist() == [1, 2, 2]
    assert found.loc["b"].isna().all(axis=None), "not joined yet"


def test_days_until_a_date_of_the_customer() -> None:
    people = pd.DataFrame({"who": ["a", "b"], "since": ["2023-01-01"] * 2, "card": ["2024-01-31", None]})
    held = cp.Customers(people, customer="who", since="since", dates=["card"])
    found = built([cp.Feature("people", "days_until", column="card")], ["2024-01-01", "2024-02-10"], people=held).iloc[:, 0]
    assert found.loc["a"].tolist() == [30, -10]
    assert found.loc["b"].isna().all()


def test_the_season_is_an_angle() -> None:
    rows = [cp.Feature("calendar", "season_sin"), cp.Feature("calendar", "season_cos")]
    found = built(rows, ["2023-01-01", "2023-07-02", "2024-01-01"]).loc["a"].to_numpy()
    np.testing.assert_allclose(np.hypot(*found.T), 1.0, rtol=1e-6)
    np.testing.assert_allclose(found[0], [0, 1], atol=1e-6)
    np.testing.assert_allclose(found[1], [0, -1], atol=0.02)
    np.testing.assert_allclose(found[2], found[0], atol=0.02)


def test_seats_that_are_labels_are_refused() -> None:
    log = LOG.assign(person=["x", "y"])
    people = cp.Customers(pd.DataFrame({"who": ["a", "b"], "size": ["small", "large"]}), customer="who", attributes=["size"])
    tables = cp.EventTables(orders=cp.Events(log, customer="who", time="at", user="person", seats="people.size"), people=people)
    pairs = pd.DataFrame({"customer_id": ["a"], "cutoff": [pd.Timestamp("2023-02-01")]})
    with pytest.raises(UsageError, match="bad-seats"):
        cp.build_features(tables, pairs, features=[cp.Feature("orders", "seats_used", "90d")])
