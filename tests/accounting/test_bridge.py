"""The revenue bridge: equal to a plain oracle in whole days on a thousand books, and to tables worked by hand."""

import numpy as np
import pandas as pd
import pytest
from tests.oracles.bridge import bridge_of, bridged, cut_by, priced

import churnpredict as cp
from churnpredict.accounting import RevenueBridge, revenue_bridge
from churnpredict.errors import ChurnWarning, ContentError, TimeError, UsageError

FIRST = pd.Timestamp("2023-11-01")
DAYS = 150  # of a book: both changes of the clock of Santiago lie near them, and a leap day in them
MOVES = ["new", "expansion", "contraction", "churn", "returned"]
COUNTS = ["customers", "joined", "lost", "came_back"]
BOOKS = 84  # of each of the twelve settings below


def book(rng):
    """A small book: contracts of up to five customers, which like to begin and end at the edges of months and of each other."""
    edges = [0, 30, 61, 92, 121, 152]  # the first days of months
    customers = {}
    for who in range(int(rng.integers(1, 6))):
        contracts, day = [], int(rng.choice(edges[:5]) if rng.random() < 0.3 else rng.integers(0, DAYS - 20))
        for _ in range(int(rng.integers(1, 6))):
            kind = rng.random()
            length = int(rng.choice([1, 3, 14, 30, 31, 400, 800])) if kind < 0.7 else 0
            end = day + length if length else int(min([e for e in edges if e > day], default=day + 30))
            cents = int(rng.choice([0, 1, 990, 4990, 10_000, 10_001, 1_234_567]))
            contracts.append((day, end, cents))
            gap = rng.random()
            day = end if gap < 0.45 else end + int(rng.integers(1, 12)) if gap < 0.7 else day + int(rng.integers(0, 30))
            if day > DAYS:
                break
        customers[who] = contracts
    return customers


def books(seed, n=BOOKS):
    rng = np.random.default_rng(seed)
    return {f"book {b:02}": {f"{b}-{who}": rows for who, rows in book(rng).items()} for b in range(n)}


def dated(day):
    return FIRST + pd.Timedelta(days=day)


def declared(all_books, *, last_days=False, **settings):
    rows = [
        (who, dated(a), dated(b - last_days), c / 100) for own in all_books.values() for who, rs in own.items() for a, b, c in rs if b > a
    ]
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "eur"])
    subscriptions = cp.Intervals(
        frame, customer="user", start="from", end="to", end_inclusive=last_days, value="eur", money=True, per="month", repeats="keep"
    )
    return cp.EventTables(subscriptions=subscriptions, observed_until="2027-01-01", **settings)


def days_of(bridge_periods, freq):
    calendar = [pd.Period(p, freq=freq) for p in bridge_periods]
    return [((p.start_time - FIRST).days, ((p + 1).start_time - FIRST).days) for p in calendar]


def check(bridge, by_book, freq, changes, opened=None):
    """Compare every cell of every book and period; the books without customers in a period have no row in it."""
    labels, names = sorted(set(bridge["period"])), list(by_book)
    periods = days_of(labels, freq)
    expected = {k: np.zeros((len(names), len(labels)), np.int64) for k in ("start", *MOVES, "end", *COUNTS, "kept", "stayed")}
    for i, customers in enumerate(by_book.values()):
        for j, row in enumerate(bridge_of(customers, periods, changes, opened)):
            for key, cell in row.items():
                expected[key][i, j] = cell
    place = np.searchsorted(names, bridge["book"]), np.searchsorted(labels, bridge["period"])
    cents = bridge.cents
    for key in ("start", *MOVES, "end", *COUNTS):
        found = np.zeros_like(expected[key])
        found[place] = (cents[key] if key in cents else bridge[key]).astype(np.int64)
        np.testing.assert_array_equal(found, expected[key], err_msg=key)
    for key, part in (("gross_retention", "kept"), ("net_retention", "stayed")):
        whole = expected["start"][place]
        share = np.divide(expected[part][place], whole, where=whole > 0, out=np.full(len(whole), np.nan))
        np.testing.assert_array_equal(bridge[key].to_numpy(), share)
    ends = cents["start"] + cents["new"] + cents["expansion"] - cents["contraction"] - cents["churn"] + cents["returned"] + cents["moved"]
    assert (ends == cents["end"]).all()
    assert all(expected[move].any() for move in MOVES), "every move must occur"


SETTINGS = [
    (period, changes, grace, zone, last_days)
    for period, changes in (("M", "net"), ("M", "each"), ("Q", "day"), ("Q", "each"), ("W", "net"), ("Y", "day"))
    for grace, zone, last_days in ((0, "UTC", False), (5, "America/Santiago", True))
]


@pytest.mark.filterwarnings("ignore:overlapping")
@pytest.mark.parametrize(("period", "changes", "grace", "zone", "last_days"), SETTINGS)
def test_equal_to_the_oracle_on_a_thousand_books(period, changes, grace, zone, last_days):
    many = books([ord(period), len(changes), grace])
    tables = declared(many, last_days=last_days, timezone=zone)
    segment = pd.Series({who: name for name, own in many.items() for who in own}, name="book")
    churn = cp.SubscriptionEnd("30d", of="subscriptions", grace=f"{grace}d") if grace else None
    options = {"value": "subscriptions", "period": period, "changes": changes, "end": "2024-07-01", "min_group": 1}
    bridge = revenue_bridge(tables, churn, by=segment, **options)
    carried = {name: {who: bridged(rows, grace) for who, rows in own.items()} for name, own in many.items()}
    freq = {"M": "M", "Q": "Q", "W": "W-SUN", "Y": "Y"}[period]
    check(bridge, carried, freq, changes)
    total = revenue_bridge(tables, churn, **options)
    summed = bridge.cents.groupby(bridge["period"], sort=False).sum()
    assert (summed.drop(columns="moved").to_numpy() == total.cents.to_numpy()).all()
    assert (summed["moved"] == 0).all()


def test_prices_of_customers_who_cancel_are_equal_to_the_oracle():
    rng = np.random.default_rng(11)
    by_book, opened, prices, ends = {}, {}, [], []
    for b in range(BOOKS):
        own = by_book[f"book {b:02}"] = {}
        for i in range(3):
            who, days = f"{b}-{i}", sorted(rng.choice(DAYS, 5, replace=False).tolist())
            rows = [(day, int(rng.choice([0, 990, 990, 4990, 10_001]))) for day in days[: int(rng.integers(1, 5))]]
            gone = sorted(rng.choice(DAYS, int(rng.integers(0, 3)), replace=False).tolist())
            own[who], opened[who] = cut_by(priced(rows), gone)
            prices += [(who, dated(day), cents / 100) for day, cents in rows]
            ends += [(who, dated(day)) for day in gone]
    tables = cp.EventTables(
        prices=cp.States(pd.DataFrame(prices, columns=["user", "at", "eur"]), customer="user", time="at", values=["eur"]),
        ends=cp.Events(pd.DataFrame(ends, columns=["user", "at"]), customer="user", time="at"),
        observed_until="2027-01-01",
    )
    segment = pd.Series({who: name for name, own in by_book.items() for who in own}, name="book")
    options = {"value": "prices", "end": "2024-05-01", "min_group": 1, "by": segment}
    for changes in ("net", "each"):
        check(revenue_bridge(tables, cp.Cancellation("30d", of="ends"), changes=changes, **options), by_book, "M", changes, opened)


# --- by hand ---


def contracts(*rows, observed_until="2025-01-01", **more):
    frame = pd.DataFrame(rows, columns=["user", "from", "to", "eur"])
    declared = cp.Intervals(frame, customer="user", start="from", end="to", end_inclusive=False, value="eur", money=True, per="month")
    return cp.EventTables(subscriptions=declared, observed_until=observed_until, **more)


def moves(bridge, period="2024-03"):
    row = bridge[bridge["period"] == period].iloc[0]
    return {c: row[c] for c in ["start", *MOVES, "end"] if row[c]}


def of(tables, churn=None, **options):
    return revenue_bridge(tables, churn, **{"value": "subscriptions", "min_group": 1, **options})


def test_a_contract_that_follows_at_the_same_moment_is_a_renewal():
    for price, expected in ((100, {}), (130, {"expansion": 30.0}), (70, {"contraction": 30.0}), (0, {"churn": 100.0})):
        tables = contracts(("a", "2024-01-01", "2024-03-01", 100), ("a", "2024-03-01", None, price))
        for changes in ("net", "day", "each"):
            bridge = of(tables, changes=changes)
            assert moves(bridge) == {"start": 100.0} | expected | ({"end": float(price)} if price else {})
            assert moves(bridge, "2024-02") == {"start": 100.0, "end": 100.0}


def test_an_end_belongs_to_the_period_that_it_closes_and_a_start_to_the_one_that_it_opens():
    tables = contracts(("a", "2024-02-01", "2024-04-01", 100), ("b", "2024-03-01", None, 50), ("b", "2024-01-01", None, 20))
    bridge = of(tables)
    assert moves(bridge, "2024-02") == {"start": 20.0, "new": 100.0, "end": 120.0}
    assert moves(bridge, "2024-03") == {"start": 120.0, "expansion": 50.0, "churn": 100.0, "end": 70.0}
    assert "churn" not in moves(bridge, "2024-04")


def test_who_joins_and_leaves_in_one_month_is_counted_as_asked():
    tables = contracts(("a", "2024-03-04", "2024-03-20", 100), ("b", "2024-01-01", None, 10))
    assert moves(of(tables)) == {"start": 10.0, "end": 10.0}
    assert moves(of(tables, changes="each")) == {"start": 10.0, "new": 100.0, "churn": 100.0, "end": 10.0}
    assert of(tables, changes="each")["net_retention"].dropna().eq(1.0).all(), "retention is that of the customers at the start"
    back = contracts(("a", "2024-01-01", "2024-03-05", 100), ("a", "2024-03-20", None, 80))
    assert moves(of(back)) == {"start": 100.0, "contraction": 20.0, "end": 80.0}
    assert moves(of(back, changes="each")) == {"start": 100.0, "churn": 100.0, "returned": 80.0, "end": 80.0}
    grace = cp.SubscriptionEnd("30d", of="subscriptions", grace="15d")
    assert moves(of(back, grace, changes="each")) == {"start": 100.0, "contraction": 20.0, "end": 80.0}


def test_two_lines_that_end_a_day_apart_and_are_renewed_together_are_both_carried_on():
    rows = [
        ("a", "2024-01-01", "2024-02-27", 10),
        ("a", "2024-01-01", "2024-02-28", 7),
        ("a", "2024-03-02", None, 10),
        ("a", "2024-03-02", None, 8),
    ]
    grace = cp.SubscriptionEnd("30d", of="subscriptions", grace="5d")
    for changes in ("net", "each"):
        bridge = of(contracts(*rows), grace, changes=changes)
        assert moves(bridge, "2024-02") == {"start": 17.0, "end": 17.0}
        assert moves(bridge) == {"start": 17.0, "expansion": 1.0, "end": 18.0}
    short = of(contracts(*rows), cp.SubscriptionEnd("30d", of="subscriptions", grace="3d"))
    assert moves(short, "2024-02") == {"start": 17.0, "contraction": 10.0, "end": 7.0}, "only the one that is within three days"


def test_tenths_of_a_cent_do_not_drift():
    rows = [(f"u{i}", "2024-01-01", "2024-03-15", 0.1) for i in range(999)] + [("z", "2024-01-01", None, 0.2)]
    bridge = of(contracts(*rows))
    assert moves(bridge) == {"start": 100.1, "churn": 99.9, "end": 0.2}
    assert bridge.cents.loc[2, "churn"] == 9990
    assert "100.10" in repr(bridge)
    assert "99.90" in bridge._repr_html_()
    assert isinstance(bridge.head(2), RevenueBridge)
    assert of(contracts(("a", "2024-01-01", None, 0.004)), decimals=3).cents.loc[0, "new"] == 4


def test_owners_who_change_move_revenue_and_lose_none():
    versions = [("a", "2024-01-01", "Ann"), ("a", "2024-03-10", "Bob"), ("b", "2024-01-01", "Bob")]
    people = cp.Customers(pd.DataFrame(versions, columns=["id", "from", "by"]), customer="id", owner="by", valid_from="from")
    rows = (("a", "2024-01-05", None, 100), ("b", "2024-01-05", None, 50), ("a", "2024-03-20", None, 30))
    bridge = of(contracts(*rows, people=people), by="owner", period="M").set_index(["period", "owner"])
    march = bridge.loc["2024-03"]
    assert march.loc["Ann", ["start", "expansion", "moved", "end", "net_retention"]].tolist() == [100.0, 30.0, -130.0, 0.0, 1.3]
    assert march.loc["Bob", ["start", "expansion", "moved", "end", "net_retention"]].tolist() == [50.0, 0.0, 130.0, 180.0, 1.0]
    assert bridge.loc[("2024-04", "Bob"), "start"] == 180.0


def test_what_is_not_observed_is_missing_and_small_groups_are_hidden():
    tables = contracts(("a", "2024-01-05", None, 100), ("b", "2024-01-05", None, 50), observed_until="2024-03-10")
    bridge = of(tables)
    assert bridge["period"].tolist() == ["2024-01", "2024-02", "2024-03"]
    assert bridge.loc[2, ["start", "customers"]].tolist() == [150.0, 2]
    assert bridge.loc[2, [*MOVES, "end", "net_retention", "lost"]].isna().all()
    assert bridge.loc[2, "note"] == "immature until 2024-04-01"
    late = of(tables, cp.SubscriptionEnd("30d", of="subscriptions", grace="10d"))
    assert late["note"].tolist() == ["", "immature until 2024-03-11", "immature until 2024-04-11"]
    hidden = of(tables, min_group=3)
    assert hidden.loc[:1, "note"].eq("fewer than 3 customers").all()
    assert hidden.drop(columns=["period", "note"]).loc[:1].isna().all(axis=None)
    over = contracts(("a", "2024-01-05", "2024-03-01", 100), observed_until="2024-03-01")
    assert of(over)["note"].iloc[-1] == "immature until 2024-03-01", "the renewal would begin at the first moment that is not observed"


def test_prices_count_while_there_is_a_contract():
    subscriptions = pd.DataFrame({"user": ["a", "a"], "from": ["2024-01-01", "2024-03-10"], "to": ["2024-02-10", None]})
    prices = pd.DataFrame({"user": ["a", "a"], "at": ["2023-01-01", "2024-04-01"], "eur": [10.0, 12.5]})
    tables = cp.EventTables(
        subscriptions=cp.Intervals(subscriptions, customer="user", start="from", end="to", end_inclusive=False),
        prices=cp.States(prices, customer="user", time="at", values=["eur"]),
        observed_until="2024-07-01",
    )
    bridge = of(tables, cp.SubscriptionEnd("30d", of="subscriptions", grace="0d"), value="prices", start="2024-01-01")
    assert moves(bridge, "2024-01") == {"new": 10.0, "end": 10.0}
    assert moves(bridge, "2024-02") == {"start": 10.0, "churn": 10.0}
    assert moves(bridge) == {"returned": 10.0, "end": 10.0}
    assert moves(bridge, "2024-04") == {"start": 10.0, "expansion": 2.5, "end": 12.5}


def test_net_equals_revenue_churn_where_both_say_the_same():
    shop = cp.make_business(300, random_state=3)
    churn = cp.SubscriptionEnd("90d", of="subscriptions", grace="20d")
    old = cp.accounting.revenue_churn(shop.tables, churn, value="subscriptions", period="Q", min_group=1)
    new = of(shop.tables, churn, period="Q", decimals=6).set_index("period").loc[old["period"]].reset_index()
    kept = old["note"] == ""
    for mine, theirs in (("start", "start"), ("churn", "lost_revenue"), ("contraction", "contraction"), ("expansion", "expansion")):
        np.testing.assert_allclose(new.loc[kept, mine].to_numpy(), old.loc[kept, theirs].to_numpy(), atol=1e-3)
    np.testing.assert_allclose(new.loc[kept, "net_retention"].to_numpy(), old.loc[kept, "net_retention"].to_numpy(), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*overlapping")
@pytest.mark.parametrize("grace", [0, 5])
def test_revenue_churn_follows_the_same_customers_on_every_book(grace):
    """Books without contracts of 0: customers on these are customers under the rule, and not in the bridge."""
    many = {name: {who: [(a, b, max(c, 1)) for a, b, c in rows] for who, rows in own.items()} for name, own in books([3, grace]).items()}
    tables, churn = declared(many), cp.SubscriptionEnd("10d", of="subscriptions", grace=f"{grace}d")
    old = cp.accounting.revenue_churn(tables, churn, value="subscriptions", period="M", min_group=1, end="2024-06-01").set_index("period")
    new = of(tables, churn, end="2024-06-01").set_index("period").loc[old.index]
    assert len(old) > 5
    for mine, theirs in (("start", "start"), ("churn", "lost_revenue"), ("contraction", "contraction"), ("expansion", "expansion")):
        np.testing.assert_allclose(new[mine].to_numpy(), old[theirs].to_numpy(), atol=1e-6, err_msg=mine)
    np.testing.assert_allclose(new["net_retention"].to_numpy(), old["net_retention"].to_numpy(), atol=1e-12)


def test_one_of_two_contracts_that_ends_with_a_month_is_contraction_of_that_month():
    tables = contracts(("a", "2024-01-01", None, 100), ("a", "2024-01-01", "2024-03-01", 50), ("b", "2024-01-01", None, 10))
    churn = cp.SubscriptionEnd("10d", of="subscriptions", grace="0d")
    with pytest.warns(ChurnWarning, match="overlapping"):
        table = cp.accounting.revenue_churn(tables, churn, value="subscriptions", period="M", min_group=1, end="2024-04-01")
    found = table.set_index("period")[["start", "contraction", "end"]]
    assert found.loc[["2024-02", "2024-03"]].to_numpy().tolist() == [[160, 50, 110], [110, 0, 110]]
    assert moves(of(tables, churn), "2024-02") == {"start": 160.0, "contraction": 50.0, "end": 110.0}


@pytest.mark.filterwarnings("ignore:.*negative-value")
def test_wrong_arguments_and_amounts_are_refused():
    tables = contracts(("a", "2024-01-05", None, 100))
    with pytest.raises(UsageError, match=r"changes is 'monthly'.*\[bad-argument\]"):
        of(tables, changes="monthly")
    with pytest.raises(UsageError, match="bad-argument"):
        of(tables, value=100)
    with pytest.raises(UsageError, match="bad-argument"):
        of(tables, decimals=-1)
    with pytest.raises(UsageError, match="rule-not-accountable"):
        of(tables, cp.rules.TrialEnd("30d", of="subscriptions"))
    with pytest.raises(TimeError, match="no-period"):
        of(tables, start="2026-01-01")
    with pytest.raises(ContentError, match=r"1 customers pay less than nothing.*\[negative-revenue\]"):
        of(contracts(("a", "2024-01-05", None, 100), ("a", "2024-02-05", None, -120)))
    with pytest.raises(ContentError, match="amount-too-large"):
        of(contracts(("a", "2024-01-05", None, 1e15)))
    with pytest.warns(ChurnWarning, match="no-amount"):
        assert moves(of(contracts(("a", "2024-01-05", None, 100), ("b", "2024-01-05", None, np.nan)))) == {"start": 100.0, "end": 100.0}
    with pytest.warns(ChurnWarning, match="amounts-vanish"):
        of(contracts(("a", "2024-01-05", None, 0.004)))
    events = cp.Events(pd.DataFrame({"user": ["a"], "at": ["2024-01-05"], "eur": [1.0]}), customer="user", time="at", value="eur")
    with pytest.raises(UsageError, match="not-recurring"):
        of(cp.EventTables(pays=events), value="pays")
