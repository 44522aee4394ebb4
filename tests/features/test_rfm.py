"""RFM tables: against plain pandas, by their laws, and as people read them."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError


@pytest.fixture(scope="module")
def shop():
    return cp.make_business(300, random_state=4)


def by_pandas(orders, at):
    """Repeat days and their money, the long way."""
    past = orders[orders["paid_at"] < at].assign(day=lambda d: d["paid_at"].dt.floor("D"))
    daily = past.groupby(["customer", "day"], as_index=False)["amount"].sum()
    first = daily.groupby("customer")["day"].transform("min")
    groups = daily.groupby("customer")
    out = pd.DataFrame(
        {
            "repeat_days": groups.size() - 1.0,
            "days_first_to_last": (groups["day"].max() - groups["day"].min()).dt.days.astype(float),
            "days_since_first": ((pd.Timestamp(at) - pd.Timedelta("1us")).floor("D") - groups["day"].min()).dt.days.astype(float),
        }
    )
    repeats = daily[daily["day"] > first].groupby("customer")["amount"].mean()
    return out.assign(mean_repeat_value=repeats.reindex(out.index).fillna(0.0))


def test_the_summary_equals_pandas(shop):
    for at in ("2023-06-01", "2023-12-24 15:00"):
        mine = cp.diagnostics.rfm_summary(shop.tables, at, of="orders")
        expected = by_pandas(shop.frames["orders"], at)
        pd.testing.assert_frame_equal(mine, expected, check_names=False, check_index_type=False, rtol=1e-12)


def test_scores_are_quintiles_and_equal_customers_score_alike(shop):
    table = cp.diagnostics.rfm(shop.tables, "2023-12-01", of="orders")
    for score, of, sign in (("recency_score", "days_since_last", -1), ("frequency_score", "active_days", 1), ("money_score", "value", 1)):
        assert table[score].between(1, 5).all()
        assert (table.groupby(of)[score].nunique() == 1).all()
        ordered = table.assign(by=sign * table[of]).sort_values("by")[score]
        assert ordered.is_monotonic_increasing
    assert table["money_score"].value_counts(normalize=True).between(0.15, 0.25).all()
    best = table[(table["recency_score"] == 5) & (table["frequency_score"] == 5)]
    assert (best["segment"] == "champion").all()


def test_what_comes_after_the_moment_changes_nothing(shop):
    at = "2023-09-01"
    orders = shop.frames["orders"]
    early = cp.EventTables(orders=cp.Events(orders[orders["paid_at"] < at], customer="customer", time="paid_at", value="amount"))
    whole = cp.EventTables(orders=cp.Events(orders, customer="customer", time="paid_at", value="amount"))
    pd.testing.assert_frame_equal(cp.diagnostics.rfm(early, at), cp.diagnostics.rfm(whole, at))
    pd.testing.assert_frame_equal(cp.diagnostics.rfm_summary(early, at), cp.diagnostics.rfm_summary(whole, at))


def test_stages_and_the_next_event():
    days = {"new": ["2024-06-01", "2024-06-20"], "steady": [f"2024-{m:02d}-05" for m in range(1, 7)], "gone": ["2023-01-01", "2023-02-01"]}
    days["late"] = ["2024-01-01", "2024-01-11", "2024-01-21", "2024-05-01"]
    days["back"] = ["2023-01-01", "2024-06-25"]
    log = pd.DataFrame([(who, day) for who, some in days.items() for day in some], columns=["user", "day"])
    table = cp.diagnostics.rfm(cp.EventTables(visits=cp.Events(log, customer="user", time="day")), "2024-07-01")
    assert table["stage"].to_dict() == {"new": "new", "steady": "current", "gone": "dormant", "late": "current", "back": "resurrected"}
    assert table.loc["steady", "expected_next_event"] == pd.Timestamp("2024-07-05")
    assert np.isnat(table.loc[["gone"], "expected_next_event"].to_numpy()[0]) == np.False_


def test_which_table_is_asked_for(shop):
    with pytest.raises(UsageError, match="which-table"):
        cp.diagnostics.rfm(shop.tables, "2023-12-01")
