"""Churn accounts: equal to tables computed by hand, to the plain loop over the definitions, and to the planted truth."""

import dataclasses
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.histories import histories, make_history
from tests.oracles.features_pandas import utc
from tests.oracles.rates import FAR, calendar_of, cancelling, falling_silent, kept_by_cohort, lost_per_period, subscribing, wilson_by_search

import churnpredict as cp
from churnpredict.accounting import ledger as departures
from churnpredict.errors import IdentityError, TimeError, UsageError
from churnpredict.intervals import wilson
from churnpredict.spans import Span

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def business(n=1000, lost=200, *, involuntary=50, price=2000.0, observed_until="2025-01-01", **people):
    """So many customers since 2022, of whom so many cancel in 2023; each pays on the first of every second month."""
    ids = np.arange(n)
    pays = pd.date_range("2022-01-01", "2022-12-31", freq="2MS")
    day = pd.Timestamp("2023-01-01") + pd.to_timedelta(ids[:lost] % 365, unit="D")
    who = pd.DataFrame({"id": ids, "joined": "2021-12-15", **people})
    attributes = [c for c in people if c != "keeper"]
    return cp.EventTables(
        people=cp.Customers(who, customer="id", since="joined", attributes=attributes, owner="keeper" if "keeper" in people else None),
        payments=cp.Events(
            pd.DataFrame({"id": np.repeat(ids, len(pays)), "at": np.tile(pays, n), "eur": price}), customer="id", time="at", value="eur"
        ),
        prices=cp.States(pd.DataFrame({"id": ids, "at": "2021-12-15", "eur": price}), customer="id", time="at", values=["eur"]),
        ends=cp.Events(
            pd.DataFrame({"id": ids[:lost], "at": day, "why": np.where(ids[:lost] < involuntary, "card", "own will")}),
            customer="id",
            time="at",
            kind="why",
        ),
        observed_until=observed_until,
    )


RULE = cp.Cancellation("90d", of="ends", involuntary=["card"])
IN_2023 = {"start": "2023-01-01", "end": "2024-01-01"}


# --- by hand ---


def test_200_of_1000_are_20_per_cent():
    (row,) = cp.churn_rate(business(), RULE, period="Y", **IN_2023).to_dict("records")
    assert (row["period"], row["customers"], row["lost"], row["voluntary"], row["involuntary"]) == ("2023", 1000, 200, 150, 50)
    assert row["rate"] == 0.2
    assert row["low"] == pytest.approx(0.1764, abs=1e-4)
    assert row["high"] == pytest.approx(0.2259, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "payments"), [("payments", None), ("payments", 6), ("prices", 6), ("prices.eur", 6), (2000, 6), (2000.0, 6)]
)
def test_200_x_2000_x_6_are_2_400_000(value, payments):
    rates = cp.churn_rate(business(), RULE, period="Y", value=value, payments=payments, **IN_2023)
    assert rates[["average_payment", "payments", "money_lost"]].to_numpy().tolist() == [[2000.0, 6.0, 2_400_000.0]]
    assert "2,400,000" in repr(rates)
    assert "20 %" in repr(rates)
    assert "2,400,000" in rates._repr_html_()


@pytest.mark.parametrize(("earliest", "whole"), [("2023-12-20", True), ("2024-01-05", False)])
def test_money_is_that_of_the_lost_and_not_of_the_average_customer(earliest, whole):
    """Where payments begin after 3 January, the 29 days before February are not a whole period of them."""
    pays = [(1, earliest, 900.0), (2, "2024-01-06", 10.0), (2, "2024-01-07", 30.0), (1, "2024-02-02", 900.0)]
    tables = cp.EventTables(
        pays=cp.Events(pd.DataFrame(pays, columns=["id", "at", "eur"]), customer="id", time="at", value="eur"),
        ends=cp.Events(pd.DataFrame({"id": [2], "at": ["2024-02-10"]}), customer="id", time="at"),
        observed_until="2024-03-01",
    )
    churn = cp.Cancellation("30d", of="ends")
    (row,) = cp.churn_rate(tables, churn, value="pays", start="2024-02-01", period="M", min_group=1).to_dict("records")
    assert row["lost"] == 1
    money = [row[c] for c in ("average_payment", "payments", "money_lost")]
    assert money == [20.0, 2.0, 40.0] if whole else np.isnan(money).all()


def test_what_is_not_observed_is_not_zero():
    tables = business(observed_until="2023-11-15")
    rates = cp.churn_rate(tables, RULE, period="Q", start="2023-01-01", value=2000.0)
    assert rates["period"].tolist() == ["2023Q1", "2023Q2", "2023Q3", "2023Q4"]
    last = rates.iloc[-1]
    assert last[["lost", "voluntary", "involuntary", "rate", "low", "high", "money_lost"]].isna().all()
    assert last["customers"] == 1000 - rates["lost"].iloc[:3].sum()
    assert last["note"] == "immature until 2024-01-01"
    assert not rates.iloc[:3]["lost"].isna().any()
    whole = cp.churn_rate(business(observed_until="2024-01-01"), RULE, period="Q", **IN_2023)
    assert not whole["lost"].isna().any()
    assert whole["lost"].sum() == 200


def test_grace_delays_maturity():
    contracts = pd.DataFrame({"id": range(8), "a": "2024-01-05", "b": ["2024-03-10"] * 3 + [None] * 5})
    declared = cp.Intervals(contracts, customer="id", start="a", end="b")
    churn = cp.SubscriptionEnd("30d", of="subs", grace="14d")
    for until, mature in (("2024-04-14", False), ("2024-04-15", True)):
        (row,) = cp.churn_rate(
            cp.EventTables(subs=declared, observed_until=until), churn, period="M", start="2024-03-01", end="2024-04-01"
        ).to_dict("records")
        assert (row["lost"] == 3) if mature else pd.isna(row["lost"])
        assert row["note"] == ("" if mature else "immature until 2024-04-15")


def test_groups():
    region = np.where(np.arange(1000) < 900, "north", "south")
    keeper = np.where(np.arange(1000) % 4 == 0, "Ann", "Bob")
    tables = business(region=region, keeper=keeper, size=np.arange(1000) % 3)
    by = {name: cp.churn_rate(tables, RULE, period="Y", by=name, **IN_2023).set_index(name) for name in ("region", "owner", "size")}
    assert by["region"][["customers", "lost"]].to_dict("index") == {
        "north": {"customers": 900, "lost": 200},
        "south": {"customers": 100, "lost": 0},
    }
    assert by["owner"]["lost"].to_dict() == {"Ann": 50, "Bob": 150}
    assert by["size"]["lost"].to_dict() == {0.0: 67, 1.0: 67, 2.0: 66}
    segments = pd.Series(np.where(np.arange(500) < 250, "new", "old"), index=np.arange(500), name="segment")
    found = cp.churn_rate(tables, RULE, period="Y", by=segments, **IN_2023).set_index("segment")
    assert found["customers"].to_dict() == {"new": 250, "old": 250, "unknown": 500}
    assert found["lost"].sum() == 200


def test_tiny_groups_are_not_shown():
    tables = business(n=20, lost=10, region=["a"] * 4 + ["b"] * 16)
    rates = cp.churn_rate(tables, RULE, period="Y", by="region", value=10.0, **IN_2023).set_index("region")
    assert rates.loc["a"].drop(["period", "note"]).isna().all()
    assert rates.loc["a", "note"] == "fewer than 5 customers"
    assert rates.loc["b", ["customers", "lost"]].tolist() == [16, 6]
    assert cp.churn_rate(tables, RULE, period="Y", by="region", min_group=4, **IN_2023)["lost"].tolist() == [4, 6]


def test_revenue_by_hand():
    """Five pay 100, one leaves, one falls to 60, one rises to 150; a newcomer counts nowhere."""
    contracts = pd.DataFrame(
        [
            (1, "2024-01-01", "2024-04-20", 100), (2, "2024-01-01", "2024-05-01", 100), (2, "2024-05-01", None, 60),
            (3, "2024-01-01", "2024-05-01", 100), (3, "2024-05-01", None, 150), (4, "2024-01-01", None, 100),
            (5, "2024-01-01", None, 100), (6, "2024-05-01", None, 1000),
        ],
        columns=["id", "a", "b", "eur"],
    )  # fmt: skip
    tables = cp.EventTables(
        subs=cp.Intervals(contracts, customer="id", start="a", end="b", value="eur", money=True, per="month"), observed_until="2024-12-31"
    )
    churn = cp.SubscriptionEnd("30d", of="subs", grace="30d")
    frame = cp.accounting.revenue_churn(tables, churn, value="subs", start="2024-04-01", end="2024-07-01")
    (row,) = frame.to_dict("records")
    assert [row[c] for c in ("customers", "start", "lost_revenue", "contraction", "expansion", "end")] == [5, 500, 100, 40, 50, 410]
    assert (row["gross_churn"], row["net_retention"]) == (0.28, 0.82)
    assert cp.accounting.revenue_churn(tables, churn, value="subs", start="2024-10-01")["net_retention"].isna().all()


def test_who_comes_back_can_leave_again():
    visits = [(i, "2023-12-01") for i in range(6)] + [(0, "2024-02-10")]
    tables = cp.EventTables(
        visits=cp.Events(pd.DataFrame(visits, columns=["id", "at"]), customer="id", time="at"),
        ends=cp.Events(pd.DataFrame({"id": [0, 1, 0], "at": ["2024-01-10", "2024-01-12", "2024-03-10"]}), customer="id", time="at"),
        observed_until="2024-05-01",
    )
    window = {"period": "M", "start": "2024-01-01", "min_group": 1}
    returning = cp.churn_rate(tables, cp.Cancellation("30d", of="ends", back="visits"), **window)
    assert returning[["customers", "lost"]].to_numpy().tolist() == [[6, 2], [4, 0], [5, 1], [4, 0]]
    for_good = cp.churn_rate(tables, cp.Cancellation("30d", of="ends"), **window)
    assert for_good[["customers", "lost"]].to_numpy().tolist() == [[6, 2], [4, 0], [4, 0], [4, 0]]


def test_trials_and_partial_churn():
    """Of three trials that end in February one is paid for in time, one too late, one never; of two prices one falls by half."""
    terms = [(1, "2024-01-20", "2024-02-10", "trial"), (2, "2024-01-20", "2024-02-10", "trial"), (3, "2024-01-20", "2024-02-10", "trial")]
    terms += [(1, "2024-02-15", None, "paid"), (2, "2024-03-05", None, "paid")]
    prices = [(4, "2024-01-01", 10.0), (5, "2024-01-01", 10.0), (5, "2024-02-05", 5.0)]
    tables = cp.EventTables(
        terms=cp.Intervals(pd.DataFrame(terms, columns=["id", "a", "b", "kind"]), customer="id", start="a", end="b", kind="kind"),
        prices=cp.States(pd.DataFrame(prices, columns=["id", "at", "price"]), customer="id", time="at", values=["price"]),
        observed_until="2024-05-01",
    )
    february = {"period": "M", "start": "2024-02-01", "end": "2024-03-01", "min_group": 1}
    for churn, expected in (
        (cp.rules.TrialEnd("30d", of="terms", grace="14d"), [3, 2]),
        (cp.rules.DownSell("30d", of="prices", value="price", drop=0.2), [2, 1]),
    ):
        assert cp.churn_rate(tables, churn, **february)[["customers", "lost"]].to_numpy().tolist() == [expected]


# --- the plain loop over the definitions ---


def check_silence(history, horizon):
    """Accounts of inactivity are those of the plain loop, in hindsight: what became known late counts from when it happened."""
    tables = history.tables()
    visits = history.log[~(history.log["amount"] < 0)]  # a refund is no visit
    times = pd.Series(utc(visits["at"], history.timezone), index=visits.index)
    rows = times.groupby(visits["user"].to_numpy()).apply(list).to_dict()
    people = history.plain().people
    since = {} if people is None else people["since"].dropna().to_dict()
    rule = falling_silent(rows, horizon, since, history.timezone)
    rates = cp.churn_rate(tables, cp.Inactivity(horizon, of="orders", active_within="300d"), period="M", start="2024-03-01", min_group=1)
    local = calendar_of(pd.Timestamp("2024-03-01"), pd.Timestamp(2026, 1, 1), 1)[: len(rates)]
    periods = [tuple(utc(p, history.timezone)) for p in local]
    counts = lost_per_period(rule, history.customers(), periods)
    end = pd.Timestamp(tables.observed_until("orders"), unit="us")
    compared = 0
    for (_, row), (_, stop), (customers, left, lost) in zip(rates.iterrows(), periods, counts, strict=True):
        assert row["customers"] == customers
        if stop > end:
            assert pd.isna(row["lost"]), "an immature period was given a figure"
            continue
        assert (row["voluntary"], row["involuntary"]) == (left, lost)
        compared += left
    return compared


@given(histories(), st.sampled_from(["10d", "30d", "75d"]))
def test_silence_is_counted_as_the_plain_loop_counts_it(history, horizon):
    try:
        check_silence(history, horizon)
    except TimeError as error:
        assert error.code == "no-period"  # noqa: PT017


def test_the_property_test_above_meets_leavers():
    assert sum(check_silence(make_history(seed, known_at=bool(seed % 2), people=bool(seed % 3)), "30d") for seed in range(8)) > 10


def wide_risk_set(tables, churn, call):
    """A fault: who has been silent for a horizon is still taken for a customer, and lost a second time."""
    ledger = departures.Ledger.__new__(departures.Ledger)
    ORIGINAL(ledger, tables, churn, call)
    ledger.customers_at = lambda customers, moments: churn.at_risk(ledger.tables, customers, moments)
    return ledger


def dated_by_beginning(stream, horizon, whole=departures.ends_of_silence):
    ended = whole(stream, horizon)
    return dataclasses.replace(ended, times=horizon.before(ended.times))


ORIGINAL = departures.Ledger.__init__
FAULTS = {
    "a wider risk set": mock.patch("churnpredict.accounting.rates.Ledger", wide_risk_set),
    "known, not happened": mock.patch.object(departures, "in_hindsight", lambda tables: tables),
    "the end of the data is no end": mock.patch.object(departures.Ledger, "waiting", Span(days=-400)),
    "silence dated by its beginning": mock.patch.object(departures, "ends_of_silence", dated_by_beginning),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_caught(fault):
    caught = 0
    for seed in range(4):
        history = make_history(seed, known_at=True, people=True)
        check_silence(history, "30d")
        with FAULTS[fault]:
            try:
                check_silence(history, "30d")
            except (AssertionError, ValueError):
                caught += 1
    assert caught


def random_contracts(seed):
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 40), unit="D")
    end = (start + pd.to_timedelta(rng.integers(5, 150, 40), unit="D")).to_series().mask(rng.random(40) < 0.2).to_numpy()
    return pd.DataFrame({"id": rng.integers(0, 12, 40), "a": start, "b": end})


@given(st.integers(0, 10_000), st.sampled_from(["0d", "10d", "40d"]))
def test_contracts_are_counted_as_the_plain_loop_counts_them(seed, grace):
    frame = random_contracts(seed)
    closed = frame.assign(b=frame["b"].fillna(FAR))
    rule = subscribing({c: list(zip(g["a"], g["b"], strict=True)) for c, g in closed.groupby("id")}, grace)
    tables = cp.EventTables(subs=cp.Intervals(frame, customer="id", start="a", end="b"), observed_until="2026-06-01")
    window = {"start": "2024-02-01", "end": "2025-06-01"}
    rates = cp.churn_rate(tables, cp.SubscriptionEnd("30d", of="subs", grace=grace), period="M", min_group=1, **window)
    counts = lost_per_period(rule, sorted(set(frame["id"])), calendar_of(pd.Timestamp("2024-02-01"), pd.Timestamp("2025-06-01"), 1))
    assert rates[["customers", "voluntary"]].fillna(0).to_numpy().tolist() == [[n, left] for n, left, _ in counts]


def test_a_simulated_business_is_accounted_as_it_was():
    shop = cp.make_business(300, random_state=8, rule="cancellation")
    truth = shop.truth
    ends = {c: [(t, k)] for c, t, k in zip(truth.index, truth["left_at"], truth["outcome"], strict=True) if k}
    joined = shop.frames["customers"].set_index("customer_id")["signup_date"].astype("datetime64[us]").to_dict()
    rule, months = cancelling(ends, joined, involuntary=[2]), calendar_of(pd.Timestamp("2022-07-01"), shop.end, 3)
    rates = cp.churn_rate(shop.tables, shop.churn, start="2022-07-01")
    mature = [p for p in months if p[1] <= shop.end]
    found = rates[["customers", "voluntary", "involuntary"]].iloc[: len(mature)]
    assert found.to_numpy().tolist() == [list(row) for row in lost_per_period(rule, truth.index, mature)]
    years = calendar_of(pd.Timestamp("2022-01-01"), shop.end, 12)
    kept = cp.accounting.cohorts(shop.tables, shop.churn, period="Y")
    expected = kept_by_cohort(rule, joined, years)
    assert kept.index.tolist() == ["2022", "2023", "2024"]
    assert kept["customers"].sum() == 300
    assert kept.loc["2022", [1, 2]].tolist() == pytest.approx(expected[0])
    assert kept.loc["2023", 1] == pytest.approx(expected[1][0])
    assert kept.loc["2024", [1, 2]].isna().all()
    assert kept.loc["2023", [2]].isna().all()


@pytest.mark.parametrize(("lost", "customers"), [(0, 10), (3, 10), (10, 10), (200, 1000), (1, 1)])
def test_wilson_is_the_inverted_score_test(lost, customers):
    low, high = wilson([lost], [customers])
    assert (low[0], high[0]) == pytest.approx(wilson_by_search(lost, customers), abs=1e-9)


def test_blocks_of_customers_do_not_show(monkeypatch):
    from churnpredict.accounting import accounts

    tables = business(region=np.where(np.arange(1000) % 3, "x", "y"))
    whole = cp.churn_rate(tables, RULE, by="region", value="payments", start="2023-01-01")
    monkeypatch.setattr(accounts, "BLOCK", 50)
    pd.testing.assert_frame_equal(whole, cp.churn_rate(tables, RULE, by="region", value="payments", start="2023-01-01"))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"period": "quarter"}, "bad-period"),
        ({"by": "regoin"}, "no-such-group"),
        ({"by": "points"}, "too-many-groups"),
        ({"value": "ends"}, "no-such-value"),
        ({"value": "paymnets"}, "unknown-table"),
        ({"value": "prices.usd"}, "no-such-value"),
        ({"payments": 0, "value": 1.0}, "bad-argument"),
        ({"value": -2000.0}, "bad-argument"),
        ({"min_group": 0}, "bad-argument"),
        ({"level": 2}, "bad-argument"),
        ({"start": "2030-01-01"}, "no-period"),
        ({"by": pd.Series(["a", "b"], index=[1, 1])}, "duplicate-customer"),
    ],
)
def test_refusals(arguments, code):
    with pytest.raises((UsageError, TimeError, IdentityError)) as refused:
        cp.churn_rate(business(region="x", points=np.arange(1000.0)), RULE, **arguments)
    assert refused.value.code == code


def test_a_rule_that_does_not_say_when_one_leaves_is_refused():
    with pytest.raises(UsageError, match="rule-not-accountable"):
        cp.churn_rate(business(), cp.rules.WinBack("30d", of="payments"))


def test_tables_that_are_read_in_parts_are_refused():
    visits = pd.DataFrame({"id": [1, 2], "at": ["2024-01-01", "2024-03-01"]})
    parts = cp.runs.scan_tables(visits=cp.Events(visits, customer="id", time="at"))
    for ask in (lambda: cp.churn_rate(parts, cp.Inactivity("30d")), lambda: cp.accounting.suggest_horizon(parts)):
        with pytest.raises(UsageError, match="needs-whole-tables"):
            ask()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_period_before_is_that_of_the_calendar(zone: str) -> None:
    """Of 10 a month, paid on the first: the period before April is March, not the 30 days before April."""
    rows = [(i, pd.Timestamp(2024, m, 1), 10.0) for i in range(20) for m in range(1, 9) if i >= 5 or m <= 3]
    paid = cp.Events(pd.DataFrame(rows, columns=["u", "t", "v"]), customer="u", time="t", value="v", driver="payment")
    gone = cp.Events(pd.DataFrame({"u": range(5), "t": pd.Timestamp("2024-03-15")}), customer="u", time="t")
    tables, churn = cp.EventTables(paid=paid, gone=gone, observed_until="2024-09-01", timezone=zone), cp.Cancellation("30d", of="gone")
    found = cp.accounting.revenue_churn(tables, churn, value="paid", period="M", start="2024-02-01").set_index("period")
    assert found["start"].tolist() == [200.0, 200.0, 150.0, 150.0, 150.0, 150.0, 150.0]
    assert found["end"].tolist() == [200.0, 150.0, 150.0, 150.0, 150.0, 150.0, 150.0]
    assert found.loc["2024-03", "lost_revenue"] == 50.0
    assert cp.accounting.revenue_churn(tables, churn, value="paid", period="Q").set_index("period").loc["2024Q2", "start"] == 450.0
    april = cp.EventTables(paid=paid, gone=gone, observed_until="2024-09-01", timezone=zone)
    rates = cp.churn_rate(april, churn, period="M", value="paid", start="2024-03-01", end="2024-04-01")
    assert rates["money_lost"].tolist() == [50.0]


def test_money_lost_and_lost_revenue_agree_on_contracts_that_end_as_a_period_does():
    """Customer 1 pays 100 + 50 in April, 100 at the start of May, and leaves in May; 2 renews at that moment for 60, and leaves too."""
    contracts = pd.DataFrame(
        [
            (1, "2024-01-01", "2024-05-20", 100), (1, "2024-01-01", "2024-05-01", 50),
            (2, "2024-01-01", "2024-05-01", 80), (2, "2024-05-01", "2024-05-25", 60),
            (3, "2024-01-01", None, 10),
        ],
        columns=["id", "a", "b", "eur"],
    )  # fmt: skip
    tables = cp.EventTables(
        subs=cp.Intervals(contracts, customer="id", start="a", end="b", value="eur", money=True, per="month"), observed_until="2024-12-31"
    )
    churn = cp.SubscriptionEnd("30d", of="subs", grace="0d")
    may = {"period": "M", "value": "subs", "start": "2024-05-01", "end": "2024-06-01", "min_group": 1}
    (rates,) = cp.churn_rate(tables, churn, **may).to_dict("records")
    (kept,) = cp.accounting.revenue_churn(tables, churn, **may).to_dict("records")
    assert rates["lost"] == 2
    assert rates["money_lost"] == kept["lost_revenue"] == 180
