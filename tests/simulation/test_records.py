"""Records of a simulated business: each cause leaves its trace, and nothing is recorded outside membership."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.simulation.test_business import TIMES, WHO

from churnpredict.simulation import records
from churnpredict.simulation.business import Business, make_business
from churnpredict.simulation.planting import DRIVERS

D = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop() -> Business:
    return make_business(2500, random_state=3, treatments=True, trial="14d", season=0.5)


def with_frame(shop: Business, name: str, frame: pd.DataFrame) -> Business:
    return Business(shop.frames | {name: frame}, shop.truth, shop.causes, shop.rule, shop.world)


def check_nothing_outside_membership(shop: Business) -> None:
    """No row of any table before the sign-up, after leaving, or outside the records."""
    joined = shop.frames["customers"].set_index("customer_id")["signup_date"]
    for name, frame in shop.frames.items():
        who = frame[WHO.get(name, "customer")]
        left = shop.truth["left_at"].reindex(who).to_numpy()
        for column in set(frame.columns) & set(TIMES):
            time = frame[column].to_numpy()
            assert not (time > left).any(), f"{name}.{column} after leaving"
            assert not (time < joined.reindex(who).to_numpy()).any(), f"{name}.{column} before the sign-up"
            assert not (time >= np.datetime64(shop.end)).any(), f"{name}.{column} after the end"
            if name not in ("cancellations", "subscriptions"):
                assert not (time == left).any(), f"{name}.{column} at the moment of leaving"


def test_nothing_is_recorded_outside_membership(shop: Business) -> None:
    check_nothing_outside_membership(shop)
    late = shop.frames["returns"]
    assert (late["recorded_at"] >= late["returned_at"]).all()
    assert (late["recorded_at"] < shop.end).all()
    assert (late["recorded_at"].to_numpy() > shop.truth["left_at"].reindex(late["customer"]).to_numpy()).any(), "late rows exist"


def test_fault_a_row_after_leaving_is_caught(shop: Business) -> None:
    usage = shop.frames["usage"]
    gone = shop.truth["left_at"].dropna().index[0]
    row = pd.DataFrame({"user": [gone], "at": [shop.truth.loc[gone, "left_at"] + D], "feature": ["lists"], "kind": ["action"]})
    with pytest.raises(AssertionError, match="after leaving"):
        check_nothing_outside_membership(with_frame(shop, "usage", pd.concat([usage, row])))


def traces(shop: Business, driver_of: pd.Series) -> pd.DataFrame:
    """Daily rates of each signal between cause and leaving: rows are planted drivers, columns signals."""
    left = shop.truth[shop.truth["outcome"] > 0]
    frames, days = shop.frames, (left["left_at"] - left["cause_at"]) / D

    def between(name: str, time: str, which: pd.Series | None = None) -> pd.DataFrame:
        frame = frames[name] if which is None else frames[name][which]
        who = frame[WHO.get(name, "customer")]
        seen = (frame[time].to_numpy() >= left["cause_at"].reindex(who).to_numpy()) & (
            frame[time].to_numpy() < left["left_at"].reindex(who).to_numpy()
        )
        return frame[seen].assign(who=who[seen])

    usage, payments, contacts = frames["usage"], frames["payments"], frames["contacts"]
    counted = {
        "habit": between("orders", "paid_at"),
        "support": between("tickets", "opened_at"),
        "quality": between("usage", "at", usage["kind"] == "error"),
        "complexity": between("usage", "at", usage["kind"] == "help"),
        "competition": between("market", "at"),
        "communication": between("contacts", "at", contacts["kind"] == "email"),
        "payment": between("payments", "at", payments["kind"] == "failed"),
    }
    group = driver_of.reindex(left.index)
    span = days.groupby(group).sum()
    table = {name: rows["who"].map(group).value_counts().reindex(span.index).fillna(0) / span for name, rows in counted.items()}
    spent = counted["habit"]
    table["value"] = spent.groupby(spent["who"].map(group))["amount"].mean()
    prices = frames["prices"].sort_values(["customer", "at"])
    risen = prices.groupby("customer")["price"].pct_change() > 0.08
    rises = between("prices", "at")
    table["price"] = rises[risen.reindex(rises.index)]["who"].map(group).value_counts().reindex(span.index).fillna(0) / group.value_counts()
    contract = frames["subscriptions"].sort_values("starts").groupby("customer")["auto_renew"].last().reindex(left.index)
    table["contract"] = (~contract.astype(bool)).groupby(group).mean()
    joined = frames["customers"].set_index("customer_id")["signup_date"]
    first = usage[(usage["at"] - usage["user"].map(joined) < 21 * D) & (usage["kind"] == "action")]["user"].value_counts()
    table["onboarding"] = first.reindex(left.index).fillna(0).groupby(group).mean()
    tenure = (left["cause_at"] - joined.reindex(left.index)) / D
    table["lifecycle"] = tenure.between(345, 415).groupby(group).mean()
    return pd.DataFrame(table)


LOWERED = {"habit", "value", "communication", "onboarding"}


def check_traces(table: pd.DataFrame) -> None:
    """Each cause moves its own signal by far more than any other cause does."""
    for driver in DRIVERS:
        own, others = table.loc[driver, driver], table[driver].drop(driver)
        if driver in ("habit", "onboarding"):  # a failed start is quiet in orders too, lost habit in use
            others = others.drop(["onboarding", "habit"], errors="ignore")
        if driver in LOWERED:
            assert own < 0.6 * others.min(), f"{driver}: {own} against {others.min()}"
        else:
            assert own > 1.8 * others.max(), f"{driver}: {own} against {others.max()}"


def test_each_cause_leaves_its_own_trace_before_leaving() -> None:
    shop = make_business(4000, random_state=5)
    check_traces(traces(shop, shop.truth["driver"]))
    left = shop.truth.loc[shop.truth["outcome"] > 0, "driver"]
    mixed = pd.Series(np.random.default_rng(0).permutation(left.to_numpy()), index=left.index)
    with pytest.raises(AssertionError):
        check_traces(traces(shop, mixed))


def test_stayers_have_the_same_troubles(shop: Business) -> None:
    stayed = shop.truth.index[shop.truth["outcome"] == 0]
    clear = set(stayed) - set(shop.causes["customer_id"])  # no cause ever struck them
    assert len(clear) > 300
    payments, prices = shop.frames["payments"], shop.frames["prices"].sort_values(["customer", "at"])
    assert len(clear & set(payments.loc[payments["kind"] == "failed", "customer"])) > 0.15 * len(clear)
    assert len(clear & set(prices.loc[prices.groupby("customer")["price"].pct_change() > 0.08, "customer"])) > 0.01 * len(clear)
    assert len(clear & set(shop.frames["tickets"].loc[shop.frames["tickets"]["reopened"] > 0, "customer"])) > 0.02 * len(clear)
    assert len(clear & set(shop.frames["subscriptions"].loc[~shop.frames["subscriptions"]["auto_renew"], "customer"])) > 0.08 * len(clear)


def test_money_and_terms_agree(shop: Business) -> None:
    prices = shop.frames["prices"].rename(columns={"price": "now"})[["customer", "at", "now"]]
    payments = pd.merge_asof(shop.frames["payments"], prices, on="at", by="customer")
    assert (payments["amount"] == payments["now"]).all()
    terms = shop.frames["subscriptions"].sort_values(["customer", "starts"])
    follows = terms.groupby("customer")["starts"].shift(-1)
    assert (terms["ends"][follows.notna()] == follows.dropna()).all(), "terms follow each other without a gap"
    last = terms.groupby("customer").last()
    assert terms.groupby("customer")["ends"].last().reindex(shop.truth.index).isna().sum() <= len(last)
    ended = terms.drop_duplicates("customer", keep="last").set_index("customer")["ends"]
    pd.testing.assert_series_equal(ended.reindex(shop.truth.index), shop.truth["left_at"], check_names=False)
    assert (terms["renews_at"] > terms["starts"]).all()


def test_trial_is_free_and_first(shop: Business) -> None:
    terms = shop.frames["subscriptions"].sort_values(["customer", "starts"])
    first = terms.drop_duplicates("customer").set_index("customer")
    assert (first["plan"] == "trial").all()
    assert (first["price"] == 0).all()
    paid = shop.frames["payments"].groupby("customer")["at"].min()
    regular = shop.causes[shop.causes["driver"] == "payment"]["customer_id"]
    since = (paid - first["starts"].reindex(paid.index)).drop(regular, errors="ignore")
    assert (since >= pd.Timedelta(days=14)).mean() > 0.999
    assert "trial" not in set(make_business(100).frames["subscriptions"]["plan"])


def test_cancellations_tell_the_outcome_and_often_the_reason() -> None:
    shop = make_business(4000, random_state=9)
    gone = shop.frames["cancellations"].set_index("customer").join(shop.truth)
    assert len(gone) == (shop.truth["outcome"] > 0).sum()
    assert (gone["at"] == gone["left_at"]).all()
    assert ((gone["kind"] == "payment_failure") == (gone["outcome"] == 2)).all()
    stated = gone["stated_reason"].dropna()
    assert abs(len(stated) / len(gone) - 0.6) < 0.04
    right = stated == gone.loc[stated.index, "driver"].map(records.STATED)
    assert 0.7 < right.mean() < 0.85


def test_treatment_log_lists_the_living_only(shop: Business) -> None:
    log = shop.frames["treatments"]
    assert set(log["arm"]) == {"contact", "hold_out"}
    assert abs((log["arm"] == "contact").mean() - 0.5) < 0.05
    assert "treatments" not in make_business(50).frames
