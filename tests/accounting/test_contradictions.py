"""Records that contradict themselves are counted as a person would count them."""

import warnings

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def small(back=False):
    """Customer 1 is right; 2 flagged and there; 3 gone and not flagged; 4 came back; 5 left before joining; 6 left twice."""
    people = pd.DataFrame({"id": [1, 2, 3, 4, 5, 6], "joined": "2024-02-01", "gone": ["yes", "yes", "no", "no", "yes", "yes"]})
    visits = [(1, "2024-02-05"), (2, "2024-02-05"), (2, "2024-01-05"), (3, "2024-05-05"), (3, "2024-05-06"), (4, "2024-05-05")]
    ends = [(1, "2024-04-01"), (3, "2024-04-01"), (4, "2024-04-01"), (5, "2024-01-20"), (6, "2024-04-01"), (6, "2024-04-09")]
    subs = [(1, "2024-02-01", "2024-04-01"), (3, "2024-02-01", None), (2, "2024-02-01", None)]
    tables = cp.EventTables(
        people=cp.Customers(people, customer="id", since="joined", attributes=["gone"]),
        visits=cp.Events(pd.DataFrame(visits, columns=["id", "at"]), customer="id", time="at"),
        ends=cp.Events(pd.DataFrame(ends, columns=["id", "at"]), customer="id", time="at"),
        subs=cp.Intervals(pd.DataFrame(subs, columns=["id", "a", "b"]), customer="id", start="a", end="b"),
        observed_until="2024-07-01",
    )
    return tables, cp.Cancellation("30d", of="ends", back="visits" if back else None)


def counts(found):
    return {(r["finding"], r["table"]): (r["rows"], r["total"], r["customers"]) for r in found.to_dict("records")}


def test_each_contradiction_by_hand():
    tables, churn = small(back=True)
    found = cp.accounting.contradictions(tables, churn, flags={"gone": "yes"})
    assert counts(found) == {
        ("flagged-but-there", "people"): (1, 4, 1),  # 2; of four flagged
        ("row-before-joining", "visits"): (1, 6, 1),
        ("left-before-joining", "ends"): (1, 6, 1),
        ("left-again", "ends"): (1, 6, 1),
    }
    # 3 visited after cancelling: back, as far as this rule can tell. Without back= such visits contradict the cancellation.
    tables, churn = small()
    found = cp.accounting.contradictions(tables, churn, flags={"gone": "yes"})
    assert counts(found) == {
        ("flagged-but-there", "people"): (1, 4, 1),
        ("gone-but-unflagged", "people"): (2, 5, 2),
        ("row-before-joining", "visits"): (1, 6, 1),
        ("row-after-leaving", "visits"): (3, 6, 2),
        ("left-before-joining", "ends"): (1, 6, 1),
        ("left-again", "ends"): (1, 6, 1),
        ("open-after-leaving", "subs"): (1, 3, 1),
    }
    assert found["meaning"].str.len().gt(10).all()


def test_a_sound_business_contradicts_itself_nowhere():
    shop = cp.make_business(200, random_state=4, rule="cancellation")
    assert cp.accounting.contradictions(shop.tables, shop.churn).empty


def test_flags_of_other_types():
    people = pd.DataFrame({"id": range(4), "flag": [True, False, True, False], "code": [1, 0, 1, 0]})
    ends = pd.DataFrame({"id": [0, 1], "at": "2024-02-01"})
    visits = pd.DataFrame({"id": range(4), "at": "2024-01-01"})
    tables = cp.EventTables(
        people=cp.Customers(people, customer="id", attributes=["flag", "code"]),
        visits=cp.Events(visits, customer="id", time="at"),
        ends=cp.Events(ends, customer="id", time="at"),
        observed_until="2024-07-01",
    )
    found = cp.accounting.contradictions(tables, cp.Cancellation("30d", of="ends"), flags={"flag": True, "code": 1})
    assert found["column"].tolist() == ["flag", "flag", "code", "code"]
    assert found["rows"].tolist() == [1, 1, 1, 1]
    for flags in ({"flga": True}, {"flag": "perhaps"}):
        with pytest.raises(UsageError, match="no-such-flag"):
            cp.accounting.contradictions(tables, cp.Cancellation("30d", of="ends"), flags=flags)


def test_a_set_of_traps_is_reported_with_counts(shared_data):
    folder = shared_data("ravenstack")
    names = ("accounts", "churn_events", "feature_usage", "subscriptions", "support_tickets")
    accounts, ends, usage, subs, tickets = (pd.read_parquet(folder / f"{n}.parquet") for n in names)
    signed_up = accounts.set_index("account_id")["signup_date"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables = cp.EventTables(
            accounts=cp.Customers(accounts, customer="account_id", since="signup_date", attributes=["churn_flag"]),
            tickets=cp.Intervals(tickets, customer="account_id", start="submitted_at", end="closed_at"),
            churned=cp.Events(ends, customer="account_id", time="churn_date"),
            subs=cp.Intervals(subs, customer="account_id", start="start_date", end="end_date"),
        )
        by_subscription = cp.EventTables(
            subscriptions=cp.Customers(subs, customer="subscription_id", since="start_date"),
            usage=cp.Events(usage, customer="subscription_id", time="usage_date"),
        )
    found = cp.accounting.contradictions(tables, cp.Cancellation("90d", of="churned"), flags={"churn_flag": True})
    told = found.set_index(["finding", "table"])
    early = tickets["submitted_at"] < tickets["account_id"].map(signed_up)
    assert told.loc[("row-before-joining", "tickets"), "rows"] == early.sum()
    assert told.loc[("row-before-joining", "tickets"), "share"] == pytest.approx(0.54, abs=0.01)
    flagged = set(accounts.loc[accounts["churn_flag"], "account_id"])
    churned = set(ends["account_id"])
    assert told.loc[("flagged-but-there", "accounts"), "rows"] == len(flagged - churned)
    assert told.loc[("gone-but-unflagged", "accounts"), "rows"] == len(churned - flagged)
    assert told.loc[("left-again", "churned"), "rows"] == len(ends) - len(churned)
    assert (told["rows"] > 0).all()
    last = ends.groupby("account_id")["churn_date"].max()
    after = tickets["submitted_at"] > tickets["account_id"].map(last)
    assert told.loc[("row-after-leaving", "tickets"), "rows"] == after.sum()
    silent = cp.accounting.contradictions(by_subscription, cp.Inactivity("90d", of="usage")).set_index("finding")
    before = usage["usage_date"] < usage["subscription_id"].map(subs.set_index("subscription_id")["start_date"])
    assert silent.loc["row-before-joining", "rows"] == before.sum()
    assert silent.loc["row-before-joining", "share"] == pytest.approx(0.77, abs=0.01)
