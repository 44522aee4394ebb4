"""A data set full of traps on purpose: they must be reported by name and count, not trained on in silence."""

import warnings

import pandas as pd
import pytest

import churnpredict as cp


@pytest.fixture
def folder(shared_data):
    return shared_data("ravenstack")


def codes_of(caught):
    return {w.message.code: str(w.message) for w in caught if hasattr(w.message, "code")}


def test_tickets_before_the_sign_up(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tables = cp.EventTables(
            accounts=cp.Customers(
                folder / "accounts.parquet", customer="account_id", since="signup_date", attributes=["industry", "plan_tier"]
            ),
            tickets=cp.Intervals(
                folder / "support_tickets.parquet", customer="account_id", start="submitted_at", end="closed_at", driver="support"
            ),
        )
    message = codes_of(caught)["before-joining"]
    accounts, tickets = (pd.read_parquet(folder / f"{n}.parquet") for n in ("accounts", "support_tickets"))
    early = (tickets["submitted_at"] < tickets["account_id"].map(accounts.set_index("account_id")["signup_date"])).sum()
    assert f"{early:,} of {len(tickets):,} rows" in message
    assert early / len(tickets) == pytest.approx(0.54, abs=0.01)
    assert len(tables) == len(accounts)


def test_usage_before_the_subscription(folder):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cp.EventTables(
            subscriptions=cp.Customers(folder / "subscriptions.parquet", customer="subscription_id", since="start_date"),
            usage=cp.Events(folder / "feature_usage.parquet", customer="subscription_id", time="usage_date", item="feature_name"),
        )
    message = codes_of(caught)["before-joining"]
    subscriptions, usage = (pd.read_parquet(folder / f"{n}.parquet") for n in ("subscriptions", "feature_usage"))
    early = (usage["usage_date"] < usage["subscription_id"].map(subscriptions.set_index("subscription_id")["start_date"])).sum()
    assert f"{early:,} of" in message
    assert early / len(usage) == pytest.approx(0.77, abs=0.01)


def test_the_same_usage_id_with_other_content(folder):
    usage = pd.read_parquet(folder / "feature_usage.parquet")
    again = usage.duplicated("usage_id").sum()
    declared = cp.Events(usage, customer="subscription_id", time="usage_date", item="feature_name", id="usage_id")
    with pytest.raises(cp.ChurnError, match="event-id") as refused:
        cp.EventTables(usage=declared)
    assert f"{again} of 25,000 rows" in str(refused.value)
