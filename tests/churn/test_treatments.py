"""Past retention contacts: which snapshots they touch, and the three ways of training on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.treatments import (
    apply,
    arms_of,
    as_many,
    evened,
    experiment,
    flag_treated,
    hold_out_rates,
    nobody_treated,
    prepare,
    untouched,
    with_treated,
)
from churnpredict.errors import ImmatureError, UsageError
from churnpredict.pipeline import partition_tasks as parts

CHURN = cp.Cancellation("30d", of="cancellations", gap="5d")


def tables_of(*contacts, kind="arm"):
    orders = pd.DataFrame({"who": list("abcd") * 2, "at": ["2024-01-01"] * 4 + ["2024-06-01"] * 4})
    gone = pd.DataFrame({"who": ["a"], "at": ["2024-03-20"]})
    log = pd.DataFrame(contacts, columns=["who", "at", "arm"])
    return cp.EventTables(
        orders=cp.Events(orders, customer="who", time="at"),
        cancellations=cp.Events(gone, customer="who", time="at"),
        treatments=cp.Events(log, customer="who", time="at", kind=kind, optional=True),
    )


def without_treated(tables, snapshots, churn, treatments):
    """A fault: the contacted are left out, and those who left before they could be contacted are all kept."""
    arms = arms_of(tables, snapshots, churn, treatments)
    return arms.index[~arms["treated"].to_numpy()].to_frame(index=False)


SNAPSHOTS = pd.DataFrame({"customer_id": list("abcd"), "cutoff": pd.Timestamp("2024-03-01")})


@pytest.mark.parametrize(
    ("at", "treated"), [("2024-02-29", False), ("2024-03-01", True), ("2024-04-04 23:59", True), ("2024-04-05", False)]
)
def test_the_window_is_half_open_and_begins_at_the_cutoff(at, treated):
    arms = arms_of(tables_of(("b", at, "call")), SNAPSHOTS, CHURN, "treatments")
    assert arms["treated"].tolist() == [False, treated, False, False]


def test_a_hold_out_is_no_treatment_and_a_contact_wins():
    tables = tables_of(
        ("a", "2024-03-02", "hold-out"), ("b", "2024-03-02", "Control"), ("b", "2024-03-09", "call"), ("c", "2024-03-05", "mail")
    )
    arms = arms_of(tables, SNAPSHOTS, CHURN, "treatments")
    assert arms["arm"].fillna("").tolist() == ["hold-out", "call", "mail", ""]
    assert arms["treated"].tolist() == [False, True, True, False]
    assert arms["hold_out"].tolist() == [True, False, False, False]
    assert without_treated(tables, SNAPSHOTS, CHURN, "treatments")["customer_id"].tolist() == ["a", "d"]


def test_snapshots_can_be_taken_without_the_treated():
    tables = tables_of(("b", "2024-03-02", "call"), ("c", "2024-03-02", "hold_out"))
    past = cp.take_snapshots(tables, CHURN, at="2024-03-01", treatments="treatments")
    assert past["customer_id"].tolist() == ["a", "c", "d"]
    assert past.columns.tolist() == ["customer_id", "cutoff"]
    with pytest.raises(ImmatureError, match="immature"):
        cp.take_snapshots(tables, CHURN, at="2024-12-01", treatments="treatments")


def test_a_log_without_kinds_is_all_contacts():
    arms = arms_of(tables_of(("a", "2024-03-02", "x"), kind=None), SNAPSHOTS, CHURN, "treatments")
    assert arms["arm"].iloc[0] == "contact"
    assert int(arms["treated"].sum()) == 1


def test_the_three_ways():
    tables = tables_of(("b", "2024-03-02", "call"))
    assert len(prepare(tables, SNAPSHOTS, CHURN, "treatments", "exclude")) == 3
    assert len(prepare(tables, SNAPSHOTS, CHURN, "treatments", "flag")) == 4
    outcomes = cp.label_churn(tables, SNAPSHOTS, CHURN)
    X = pd.DataFrame({"habit__x": 1.0}, index=outcomes.index)
    _, flagged = apply(tables, X, outcomes, CHURN, "treatments", "flag")
    assert flagged["treated"].tolist() == [False, True, False, False]
    assert flagged.within().tolist() == outcomes.within().tolist() == [1, 0, 0, 0]
    wider, same = apply(tables, X, outcomes, CHURN, "treatments", "feature")
    assert wider["communication__treatments_ahead"].tolist() == [0, 1, 0, 0]
    assert same is outcomes
    scored = nobody_treated(X, wider.columns)
    assert scored.columns.tolist() == wider.columns.tolist()
    assert not scored["communication__treatments_ahead"].any()
    with pytest.raises(UsageError, match="Did you mean") as refused:
        prepare(tables, SNAPSHOTS, CHURN, "treatments", "exclud")
    assert refused.value.code == "unknown-handling"
    with pytest.raises(UsageError, match='"treatments"'):
        with_treated(tables, X, CHURN, "treatmens")


def test_agrees_with_a_plain_loop_and_shows_what_contacts_did():
    shop = cp.make_business(400, random_state=5, treatments=True, rule="cancellation")
    past = cp.take_snapshots(shop.tables, shop.churn, every="60d")
    arms = arms_of(shop.tables, past, shop.churn, "treatments")
    log = shop.frames["treatments"]
    calls = {who: g["at"].to_numpy() for who, g in log[log["arm"] == "contact"].groupby("customer")}
    window = pd.Timedelta(shop.churn.horizon_span.days, "D")
    none = np.empty(0, "M8[us]")
    slow = [bool(((calls.get(w, none) >= c) & (calls.get(w, none) < c + window)).any()) for w, c in arms.index]
    assert arms["treated"].tolist() == slow
    rates = hold_out_rates(flag_treated(shop.tables, cp.label_churn(shop.tables, past, shop.churn), shop.churn, "treatments"))
    assert set(rates.index) == {"", "contact", "hold_out"}
    assert ((rates["low"] <= rates["left"]) & (rates["left"] <= rates["high"])).all()
    assert rates["n"].sum() == len(past)


def test_whoever_leaves_early_is_not_kept_for_want_of_a_contact() -> None:
    """Against the true risks of those left alone; planted: leaving out the contacted only is off by a third."""
    shop = cp.make_business(2500, random_state=3, treatments=True, rule="cancellation")
    at = ["2022-10-01", "2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01"]
    past = cp.take_snapshots(shop.tables, shop.churn, at=at)
    true = np.mean([shop.true_risk(a, "90d", contact=False).mean() for a in at])
    ways = [keep(shop.tables, past, shop.churn, "treatments") for keep in (untouched, without_treated)]
    even, biased = (cp.label_churn(shop.tables, rows, shop.churn).within().mean() for rows in ways)
    assert abs(even / true - 1) < 0.07
    assert biased / true > 1.2
    assert not arms_of(shop.tables, ways[0], shop.churn, "treatments")["treated"].any()
    pd.testing.assert_frame_equal(cp.take_snapshots(shop.tables, shop.churn, at=at, treatments="treatments"), ways[0])


def test_as_many_leavers_as_stayers_are_kept_and_all_where_leaving_shows_late() -> None:
    left = np.r_[np.linspace(1, 29, 600), np.full(1400, np.inf)]
    contacted = np.full(2000, np.inf)
    rng = np.random.default_rng(0)
    drawn = np.where(rng.random(2000) < 0.5, 10.0, np.inf)  # half are called on the tenth day, if they are still there
    contacted[left >= drawn] = drawn[left >= drawn]
    kept = as_many(left, contacted) & np.isinf(contacted)
    early, late, stayed = left < 10, (left >= 10) & np.isfinite(left), np.isinf(left)
    for group in (early, late, stayed):
        assert abs(kept[group].mean() - 0.5) < 0.06
    assert as_many(left, np.full(2000, np.inf)).all()
    shop = cp.make_business(300, random_state=1, treatments=True)
    past = cp.take_snapshots(shop.tables, shop.churn, at="2023-10-01")
    one, other = (keep(shop.tables, past, shop.churn, "treatments") for keep in (untouched, without_treated))
    assert one["customer_id"].tolist() == other["customer_id"].tolist()


def test_partitions_keep_whom_the_whole_keeps() -> None:
    """Law 6: how many leavers stay is settled over everybody, not within each part."""
    shop = cp.make_business(600, random_state=6, treatments=True, rule="cancellation")
    tables, at = shop.tables, ["2023-04-01", "2023-07-01"]
    rows = [cp.Feature("orders", "count", "30d")]
    past = cp.take_snapshots(tables, shop.churn, at=at)
    whole = untouched(tables, past, shop.churn, "treatments")
    asked = parts.Question(shop.churn, tables.instants(pd.to_datetime(at)), rows, outcomes=True, treatments="treatments")
    frames = []
    for part in range(3):
        some = {
            n: f[_third(f["customer_id" if n == "customers" else "user" if n == "usage" else "customer"]) == part]
            for n, f in shop.frames.items()
        }
        frames += list(parts.rows_of(replace(shop, frames=some).tables, asked))
    frame = pd.concat(frames).sort_index()
    outcomes = cp.label_churn(tables, past, shop.churn)
    pd.testing.assert_series_equal(frame["outcome"], outcomes["outcome"])
    kept = evened(outcomes, frame["contacted"].to_numpy())
    pd.testing.assert_frame_equal(frame.index[kept].to_frame(index=False), whole, check_dtype=False)
    X = cp.build_features(tables, whole, features=rows)
    pd.testing.assert_frame_equal(frame.loc[kept, X.columns], X)


def _third(ids):
    return ids.str.slice(-3).astype(int) % 3


def test_an_experiment_is_of_those_at_risk_when_chosen() -> None:
    shop = cp.make_business(300, random_state=1, treatments=True, rule="cancellation")
    rows = experiment(shop.tables, shop.churn, "treatments")
    log = shop.frames["treatments"]
    left = shop.truth["left_at"]
    latest = shop.end - pd.Timedelta("90D")
    wanted = log[(log["at"] <= latest) & ~(left.reindex(log["customer"]).to_numpy() < log["at"].to_numpy())]
    assert len(rows) == len(wanted.drop_duplicates(["customer", "at"])) > 100
    told = wanted.set_index(["customer", "at"])["arm"].eq("contact")
    found = rows.set_index(["customer_id", "cutoff"])["treated"].eq(1)
    assert found.sort_index().tolist() == told.sort_index().tolist()
    bare = cp.EventTables(orders=shop.tables.declarations["orders"])
    with pytest.raises(UsageError, match="no table of events"):
        experiment(bare, shop.churn, "treatments")
    with pytest.raises(UsageError, match="no randomised control group"):
        experiment(shop.tables, shop.churn, "orders")
