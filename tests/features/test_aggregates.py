"""Every aggregate against its slow oracles: events by the laws' histories, intervals and states here, SQLite, and real orders."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.laws.checks import check_windows, same_bits
from tests.laws.histories import EVERY_FEATURE, OF_PEOPLE, START, cutoffs_of, histories, make_history, pairs_of
from tests.oracles.features_pandas import MEASURES, PlainTables, measure_all, plain_rows
from tests.oracles.features_sqlite import DAY, count_in_sqlite

from churnpredict import Customers, Events, EventTables, Feature, build_features, catalog
from churnpredict.errors import TimeError, UsageError
from churnpredict.events.tables import Intervals, States
from churnpredict.features import kernels
from churnpredict.features.catalog import with_driver
from churnpredict.features.feature import AGGREGATES, OF_ATTRIBUTES
from churnpredict.features.peers import PEER_AGGREGATES

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")

OF_INTERVALS = [
    *(Feature("plans", a) for a in AGGREGATES if AGGREGATES[a].needs in ("end", "planned_end", "value_at_end", "response", "reopened")),
    *(Feature("plans", "slow_answer_rate", w) for w in ("12h", "20d", "1mo")),
    *(Feature("plans", a, kind="gold") for a in ("late_rate", "late_days_trend", "reopened_rate")),
    *(Feature("plans", a, kind="gold") for a in ("open_count", "closed_count", "days_since_end")),
    Feature("plans", "count", "60d"),
    Feature("plans", "sum", "all"),
    Feature("plans", "attribute", column="seats"),
    Feature("plans", "attribute", column="renews"),
    *(Feature("plans", a, column=column) for a in OF_ATTRIBUTES for column in ("seats", "renews")),
    Feature("plans", "days_until", column="notice"),
]
OF_STATES = [
    *(Feature("prices", a, column="price") for a in AGGREGATES if AGGREGATES[a].needs == "state"),
    *(Feature("prices", a, column="city") for a in ("state", "changes", "days_since_change")),
    *(Feature("prices", a, column="until") for a in ("days_until", "changes", "days_since_change")),
]


def make_contracts(seed, n=60, n_customers=5):
    """Intervals that overlap, stay open, end on the day they begin or long after; prices and cities that change and change back."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i}" for i in range(n_customers)])
    start = START + pd.to_timedelta(rng.choice(500 * 86_400, n, replace=False), unit="s")
    lasts = pd.to_timedelta(rng.choice([0, 3, 29, 31, 90, 400], n) * 86_400 + rng.integers(0, 2, n) * rng.integers(0, 86_400, n), unit="s")
    end = (start + lasts).to_series().mask(rng.random(n) < 0.3).to_numpy()
    plans = pd.DataFrame(
        {
            "who": ids[rng.integers(0, n_customers, n)],
            "begin": start.as_unit("us"),
            "finish": end.astype("datetime64[us]"),
            "agreed": (start + pd.Timedelta("90D")).to_series().mask(rng.random(n) < 0.2).to_numpy().astype("datetime64[us]"),
            "fee": np.where(rng.random(n) < 0.1, np.nan, np.round(rng.lognormal(2, 1, n), 2)),
            "stars": np.where(np.isnat(end) | (rng.random(n) < 0.3), np.nan, rng.integers(1, 6, n).astype(float)),
            "tier": rng.choice(["gold", "silver"], n),
            "seats": rng.integers(1, 9, n).astype(float),
            "renews": rng.choice(["yes", "no"], n),
            "replied": (start + pd.to_timedelta(rng.integers(0, 40, n) * rng.integers(0, 86_400, n), unit="s"))
            .to_series()
            .mask(rng.random(n) < 0.3)
            .to_numpy()
            .astype("datetime64[us]"),
        }
    )
    again = np.random.default_rng([seed, n])
    waited = pd.to_timedelta(again.integers(0, 200 * 86_400, n), unit="s")
    plans["again"] = (start + waited).to_series().mask(again.random(n) < 0.6).to_numpy().astype("datetime64[us]")
    plans["notice"] = plans["begin"] + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    prices = pd.DataFrame(
        {
            "who": ids[rng.integers(0, n_customers, n)],
            "from": (START + pd.to_timedelta(rng.choice(500 * 86_400, n, replace=False), unit="s")).as_unit("us"),
            "price": np.where(rng.random(n) < 0.1, np.nan, rng.choice([0.0, 10.0, 12.5, -3.0], n)),
            "city": pd.Series(rng.choice(["Bonn", "Kiel"], n)).mask(rng.random(n) < 0.1).astype("str"),
            "until": (START + pd.to_timedelta(rng.choice([0, 90, 400], n), unit="D")).to_series().mask(rng.random(n) < 0.2).to_numpy(),
        }
    )
    return plans, prices


def declared(plans, prices, visits):
    return EventTables(
        visits=Events(visits, customer="who", time="from"),
        plans=Intervals(
            plans,
            customer="who",
            start="begin",
            end="finish",
            planned_end="agreed",
            value="fee",
            value_at_end="stars",
            kind="tier",
            response="replied",
            reopened="again",
            attributes=["seats", "renews"],
            dates=["notice"],
        ),
        prices=States(prices, customer="who", time="from", values=["price", "city"], dates=["until"]),
    )


def plain(plans, prices):
    ends = {"end": "finish", "planned_end": "agreed", "response": "replied", "reopened": "again", "value_at_end": "stars"}
    logs = {
        "plans": plain_rows(
            plans, customer="who", time="begin", value="fee", kind="tier", ends=ends, extras=["seats", "renews"], dates=["notice"]
        ),
        "prices": plain_rows(prices, customer="who", time="from", extras=["price", "city"], dates=["until"]),
    }
    return PlainTables(logs)


def snapshots_of(tables, cutoffs):
    ids = tables.ids.to_pylist()
    return pd.DataFrame({"customer_id": np.repeat(ids, len(cutoffs)), "cutoff": list(cutoffs) * len(ids)})


def agree(found, expected):
    for column in found.columns:
        if isinstance(found[column].dtype, pd.CategoricalDtype):
            got = found[column].astype(object).where(found[column].notna(), None).tolist()
            assert got == [None if v is None or v != v else v for v in expected[column]], column
            continue
        want = expected[column].astype(float).to_numpy().astype(np.float32)
        np.testing.assert_allclose(found[column].to_numpy(), want, rtol=3e-7, atol=1e-9, err_msg=column)


def cutoffs_among(frames, seed):
    """Cutoffs exactly on a beginning, on an end, on a change of price, and elsewhere."""
    plans, prices = frames
    rng = np.random.default_rng(seed)
    ends = plans["finish"].dropna()
    some = [
        ends.iloc[rng.integers(len(ends))],
        plans["begin"].iloc[rng.integers(len(plans))],
        prices["from"].iloc[rng.integers(len(prices))],
    ]
    first = min(plans["begin"].min(), prices["from"].min())
    return sorted({t for t in [*some, START + pd.Timedelta("200D"), START + pd.Timedelta("700D")] if t > first})


def test_every_aggregate_has_an_oracle_and_is_compared_with_it():
    """A new aggregate fails here until a plain loop says what it means, and until a test compares the two."""
    assert set(MEASURES) == set(AGGREGATES) - set(PEER_AGGREGATES), "those of peers look at other customers: tests/features/test_peers.py"
    compared = {f.aggregate for f in [*EVERY_FEATURE, *OF_PEOPLE, *OF_INTERVALS, *OF_STATES]}
    assert compared == set(MEASURES)


@given(st.integers(0, 10_000), st.integers(3, 60))
def test_intervals_and_states_equal_the_plain_loop(seed, n):
    frames = make_contracts(seed, n)
    assume(frames[0]["finish"].notna().any())
    tables = declared(*frames, frames[1])
    features = OF_INTERVALS + OF_STATES
    found = build_features(tables, snapshots_of(tables, cutoffs_among(frames, seed)), features=features)
    agree(found, measure_all(plain(*frames), list(found.index), features))


@given(st.integers(0, 10_000))
def test_ends_and_what_is_written_at_ends_are_unknown_until_they_happen(seed):
    """Law 1 for intervals and states: later rows, later ends and their values, blanked, change nothing."""
    plans, prices = make_contracts(seed)
    features = OF_INTERVALS + OF_STATES
    whole = declared(plans, prices, prices)
    for cutoff in cutoffs_among((plans, prices), seed):
        past = plans[plans["begin"] < cutoff].copy()
        states = prices[prices["from"] < cutoff]
        if past.empty or states.empty:
            continue
        past.loc[past["finish"] >= cutoff, ["finish", "stars"]] = [pd.NaT, np.nan]
        past.loc[past["replied"] >= cutoff, "replied"] = pd.NaT
        past.loc[past["again"] >= cutoff, "again"] = pd.NaT
        then = declared(past, states, states)
        pairs = snapshots_of(then, [cutoff])
        same_bits(build_features(whole, pairs, features=features), build_features(then, pairs, features=features))


def test_the_plain_loop_sees_an_end_that_is_known_too_early():
    """The comparison above can fail: with the cutoff one day on, ends of that day count."""
    frames = make_contracts(4)
    tables = declared(*frames, frames[1])
    cutoff = frames[0]["finish"].dropna().iloc[5]
    found = build_features(tables, snapshots_of(tables, [cutoff]), features=OF_INTERVALS)
    later = [(c, t + pd.Timedelta("1us")) for c, t in found.index]
    with pytest.raises(AssertionError):
        agree(found, measure_all(plain(*frames), later, OF_INTERVALS))


@pytest.mark.parametrize("known_at", [False, True])
def test_sqlite_counts_the_same(known_at):
    history = make_history(21, n_rows=300, n_customers=8, known_at=known_at, people=False)
    windows = {"7d": 7 * DAY, "60d": 60 * DAY, "all": -1}
    features = [Feature("orders", a, w) for w in windows for a in ("count", "sum", "mean", "max", "distinct", "active_days")]
    features += [Feature("orders", a) for a in ("days_since_last", "days_since_first", "gap_mean", "gap_max")]
    features += [Feature("orders", "last_gap", nth=1)]
    found = build_features(history.tables(), pairs_of(history, cutoffs_of(history, 1)), features=features)
    expected = count_in_sqlite(history.plain().logs["orders"], list(found.index), windows)
    for feature, column in zip(features, found.columns, strict=True):
        word = "last_gap" if feature.nth else feature.aggregate + (f"_{feature.window}" if feature.window else "")
        np.testing.assert_allclose(found[column].to_numpy(), expected[word].to_numpy(np.float32), rtol=1e-6, atol=1e-9, err_msg=column)


def test_cdnow_is_whole_and_equals_the_plain_loop(shared_data):
    orders = pd.read_parquet(shared_data("cdnow/transactions.parquet"))
    tables = EventTables(orders=Events(orders, customer="customer_id", time="date", value="amount"))
    stream = tables.stream("orders")
    assert (len(stream), len(tables)) == (69_659, 23_570)
    assert round(float(stream.columns["value"].sum()), 2) == 2_500_315.63
    sample = sorted(orders["customer_id"].drop_duplicates().sample(60, random_state=7))
    pairs = pd.DataFrame({"customer_id": sample * 2, "cutoff": ["1997-11-15"] * 60 + ["1998-03-31"] * 60})
    features = [f for f in EVERY_FEATURE if f.kind is None and AGGREGATES[f.aggregate].needs in ("", "value", "calendar")]
    found = build_features(tables, pairs, features=features)
    rows = plain_rows(orders[orders["customer_id"].isin(sample)], customer="customer_id", time="date", value="amount")
    agree(found, measure_all(PlainTables({"orders": rows}), list(found.index), features))
    whole = build_features(tables, pairs, features=features, history="180d")
    agree(whole, measure_all(PlainTables({"orders": rows}), list(found.index), features, "180d"))


@given(histories(people=True), st.integers(0, 20))
def test_customers_who_have_not_joined_have_no_tenure(history, seed):
    cutoff = cutoffs_of(history, seed, n=1)[0]
    tables = history.tables()
    everybody = pd.DataFrame({"customer_id": history.customers(), "cutoff": cutoff})
    X = build_features(tables, everybody, features=[*OF_PEOPLE, Feature("orders", "first_count", "30d")])
    joined = tables.profile.since < int(tables.instants(cutoff)[0])
    unknown = tables.profile.since == np.iinfo(np.int64).min
    assert (X["lifecycle__people_tenure_days"].notna().to_numpy() == (joined & ~unknown)).all()
    assert (X["lifecycle__people_tenure_days"].dropna() > 0).all()
    assert X.loc[~joined, "onboarding__orders_first_count_30d"].isna().all()


def test_a_version_of_the_attributes_is_unknown_before_it_holds():
    people = pd.DataFrame(
        {"id": ["a", "a", "b", "c"], "plan": ["basic", "pro", "pro", "free"], "seats": [1.0, 5.0, 7.0, 2.0]}
        | {"from": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-05-01", None])}
    )
    log = pd.DataFrame({"who": ["a", "b", "c"], "at": ["2024-01-05"] * 3})
    declared = Customers(people, customer="id", attributes=["plan", "seats"], valid_from="from")
    tables = EventTables(visits=Events(log, customer="who", time="at"), people=declared)
    pairs = pd.DataFrame({"customer_id": list("abc") * 2, "cutoff": ["2024-03-01"] * 3 + ["2024-03-02"] * 3})
    features = [Feature("people", "attribute", column=c) for c in ("plan", "seats")]
    X = build_features(tables, pairs, features=features)
    assert X["lifecycle__people_seats"].fillna(-1).tolist() == [1, 5, -1, -1, 2, 2]
    plan = X["lifecycle__people_plan"]
    assert plan.astype(object).where(plan.notna(), None).tolist() == ["basic", "pro", None, None, "free", "free"]
    alone = people[people["id"] == "b"]
    only_b = EventTables(
        visits=Events(log[log["who"] == "b"], customer="who", time="at"),
        people=Customers(alone, customer="id", attributes=["plan", "seats"], valid_from="from"),
    )
    assert build_features(only_b, pairs[pairs["customer_id"] == "b"], features=features).isna().all(axis=None)


def test_each_family_alone_equals_all_together():
    """No kernel writes where another does, and none leaves a column unwritten."""
    history = make_history(33, n_rows=200)
    pairs = pairs_of(history, cutoffs_of(history, 5))
    whole = build_features(history.tables(), pairs, features=EVERY_FEATURE)
    for feature in EVERY_FEATURE:
        same_bits(whole[[whole.columns[EVERY_FEATURE.index(feature)]]], build_features(history.tables(), pairs, features=[feature]))


def test_features_that_say_the_same_are_the_same():
    """Two drivers, two spellings of a span, windows beyond the history: each column is written."""
    history = make_history(34, n_rows=200)
    pairs = pairs_of(history, cutoffs_of(history, 5))
    rows = [Feature("orders", a, w) for a in ("sum", "mean", "count", "trend", "distinct") for w in ("14d", "2w", "90d", "180d", "all")]
    rows += [Feature("orders", "last_value", nth=1), Feature("orders", "last_value", nth=1, driver="price")]
    rows += [Feature("orders", "days_since_last"), Feature("orders", "days_since_last", driver="price")]
    X = build_features(history.tables(), pairs, features=rows, history="60d")
    pd.testing.assert_series_equal(X["value__orders_sum_14d"], X["value__orders_sum_2w"], check_names=False)
    for far in ("90d", "180d"):
        pd.testing.assert_series_equal(X[f"value__orders_sum_{far}"], X["value__orders_sum_all"], check_names=False)
    for name in ("orders_last_value_1", "orders_days_since_last"):
        pd.testing.assert_series_equal(X[f"price__{name}"], X[f"{'value' if 'value' in name else 'habit'}__{name}"], check_names=False)
    check_windows(history, cutoffs_of(history, 5), limit="60d")


def test_what_roles_and_names_say_becomes_rows_of_the_catalog():
    """Cards that expire, failed payments that are made good, contacts that are answered, errors per session, first responses."""
    one = {"who": ["a", "b"] * 30, "at": pd.date_range("2024-01-01", periods=60)}
    pays = pd.DataFrame(one | {"what": ["paid", "card failed", "paid"] * 20})
    mails = pd.DataFrame(one | {"what": ["mail", "click", "call"] * 20})
    clicks = pd.DataFrame(one | {"what": ["view", "view", "error", "error"] * 15})
    tickets = pd.DataFrame(one | {"end": pd.NaT, "reply": pd.NaT, "promised": pd.Timestamp("2024-05-01")})
    people = pd.DataFrame(
        {"id": ["a", "b"], "card_until": pd.to_datetime(["2025-01-01", None]), "born": pd.to_datetime(["2000-01-01"] * 2)}
    )
    log = {"customer": "who", "time": "at", "kind": "what"}
    tables = EventTables(
        pays=Events(pays, driver="payment", **log),
        mails=Events(mails, driver="communication", replies=["click"], **log),
        clicks=Events(clicks, **log),
        tickets=Intervals(tickets, customer="who", start="at", end="end", response="reply", dates=["promised"], driver="support"),
        people=Customers(people, customer="id", dates=["card_until", "born"]),
    )
    rows = catalog(tables)
    names = {r.name for r in rows}
    assert {
        "payment__pays_card_failed_recovered_share_365d",
        "communication__mails_unanswered",
        "communication__mails_answered_share_90d",
        "complexity__clicks_error_per_session_30d",
        "support__tickets_response_days_mean",
        "support__tickets_promised_days_until",
        "payment__people_card_until_days_until",
        "lifecycle__people_born_days_until",
    } <= names
    assert not any("paid_recovered" in n or n.endswith(("people_born", "tickets_promised")) for n in names)
    X = build_features(tables, pd.DataFrame({"customer_id": ["a", "b"], "cutoff": "2024-03-01"}), features=rows)
    assert X["payment__people_card_until_days_until"].fillna(-1).tolist() == [306, -1]
    assert X["lifecycle__people_born_days_until"].max() < -8000
    with pytest.raises(UsageError, match="needs-column"):
        build_features(tables, X.index.to_frame(index=False), features=[Feature("people", "attribute", column="born")])
    with pytest.raises(UsageError, match="no-kinds"):
        EventTables(pays=Events(pays, customer="who", time="at", replies=["paid"]))
    with pytest.raises(UsageError, match="no-such-kind"):
        Feature("mails", "unanswered", kind="mail")
    early = tickets.assign(reply=tickets["at"] - pd.Timedelta("1D"))
    with pytest.raises(TimeError, match="responses before"):
        EventTables(tickets=Intervals(early, customer="who", start="at", end="end", response="reply"))


def invoices(paid, *, timezone="UTC", driver="payment", **more):
    """Invoices issued on 1 June and due on the tenth of July, and when each was paid."""
    days = pd.Timestamp("2024-06-01") + pd.to_timedelta(np.arange(len(paid)), unit="h")
    rows = pd.DataFrame({"who": "a", "issued": days, "due": pd.Timestamp("2024-07-10"), "paid": pd.to_datetime(paid)})
    declared = {"customer": "who", "start": "issued", "end": "paid", "planned_end": "due", "end_inclusive": False, "driver": driver}
    return EventTables(invoices=Intervals(rows, **declared | more), timezone=timezone, observed_until="2024-12-31")


@pytest.mark.parametrize("timezone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_payment_on_the_day_itself_is_not_late(timezone):
    """Days are those of the business: half an hour before its midnight is in time, half an hour after it is a day late."""
    for paid, days in (("2024-07-10 23:30", 0), ("2024-07-11 00:30", 1), ("2024-07-13 12:00", 3), ("2024-06-02", 0)):
        tables = invoices([paid], timezone=timezone)
        X = build_features(tables, pd.DataFrame({"customer_id": ["a"], "cutoff": ["2024-08-01"]})).iloc[0]
        names = [f"payment__invoices_late_{n}" for n in ("rate", "days_mean", "days_max", "days_last")]
        assert X[names].tolist() == [float(days > 0), days, days, days], paid


def test_what_is_due_and_not_paid_is_late_once_its_day_is_over():
    tables = invoices(["2024-07-05", None, "2024-08-20"])
    cutoffs = ["2024-07-04", "2024-07-10 12:00", "2024-07-11", "2024-08-20", "2024-08-21"]
    X = build_features(tables, pd.DataFrame({"customer_id": "a", "cutoff": cutoffs}))
    agree(X[["payment__invoices_late_rate", "payment__invoices_overdue_days", "payment__invoices_late_days_max"]], pd.DataFrame({
        "payment__invoices_late_rate": [np.nan, 0, 2 / 3, 2 / 3, 2 / 3],
        "payment__invoices_overdue_days": [np.nan, np.nan, 1, 41, 42],
        "payment__invoices_late_days_max": [np.nan, 0, 1, 41, 42],
    }))  # fmt: skip


def test_lateness_is_told_of_payments_and_tickets_only():
    """A contract ends on its planned day, or is renewed: that is not late."""
    for driver, named in (("payment", True), ("support", True), ("contract", False), (None, False)):
        rows = catalog(invoices(["2024-07-05"], driver=driver))
        assert any(r.aggregate == "late_rate" for r in rows) == named, driver


def test_an_answer_after_the_deadline_is_slow_and_one_closed_before_it_is_not_judged():
    day = pd.Timestamp("2024-06-01")
    hours = [(None, None), (24, None), (25, None), (None, 23), (None, 24), (None, 25), (30, 12)]
    replied, closed = (pd.Series([day + pd.Timedelta(hours=h[k]) if h[k] is not None else pd.NaT for h in hours]) for k in (0, 1))
    rows = pd.DataFrame({"who": [f"c{i}" for i in range(len(hours))], "at": day, "replied": replied, "closed": closed})
    tables = EventTables(
        tickets=Intervals(rows, customer="who", start="at", end="closed", response="replied", driver="support"), observed_until="2024-12-31"
    )
    at = {"customer_id": rows["who"], "cutoff": "2024-06-05"}
    X = build_features(tables, pd.DataFrame(at))["support__tickets_slow_answer_rate"]
    assert X.fillna(-1).tolist() == [1, 0, 1, -1, -1, 1, 1]
    early = build_features(tables, pd.DataFrame(at | {"cutoff": "2024-06-02"}))["support__tickets_slow_answer_rate"]
    assert early.fillna(-1).tolist() == [-1] * 7, "the deadline has not passed"


def test_nothing_is_reopened_before_it_begins():
    rows = pd.DataFrame({"who": ["a"], "at": ["2024-06-02"], "closed": ["2024-06-09"], "again": ["2024-06-01"]})
    with pytest.raises(TimeError, match="reopened before the interval begins"):
        EventTables(tickets=Intervals(rows, customer="who", start="at", end="closed", reopened="again"))


def test_changes_of_usage_are_not_changes_of_a_price():
    """The change of a state is one of a price, unless the table says that it is about what customers get."""
    frame = pd.DataFrame({"c": [1, 1, 2], "t": pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-01"]), "level": [1.0, 2.0, 3.0]})
    for driver, named in ((None, "price"), ("price", "price"), ("value", "value"), ("quality", "quality")):
        tables = EventTables(use=States(frame, customer="c", time="t", values=["level"], driver=driver))
        names = [with_driver(f, tables).name for f in catalog(tables)]
        assert [n for n in names if n.endswith("level_last_change_pct")] == [f"{named}__use_level_last_change_pct"]


@pytest.mark.parametrize("history", [None, 40])
def test_the_usual_value_is_the_same_however_many_cutoffs_come_before(rng, history):
    """The sorted values are carried from cutoff to cutoff; the oracle sorts them anew each time."""
    sizes = np.array([0, 1, 3, 60, 0, 25, 140])
    offsets = np.append(0, np.cumsum(sizes))
    values = rng.integers(-2, 9, offsets[-1]).astype(np.float64)  # with ties, zeros and refunds
    values[rng.random(len(values)) < 0.2] = np.nan
    edges = []
    for a, b in itertools.pairwise(offsets.tolist()):
        for high in np.sort(rng.integers(a, b + 1, 30)).tolist():
            edges.append((high, a if history is None else max(a, high - history)))
    block = np.ascontiguousarray(np.array(edges, np.int64).T)
    found, expected = np.empty((1, len(edges)), np.float32), []
    kernels.value_ratios(values, block, 0, found, 0)
    for high, low in edges:
        before = [v for v in values[max(low, high - 1 - kernels.USUAL_VALUES) : max(high - 1, low)] if v == v]
        usual = float(np.median(before)) if before else 0.0
        expected.append(values[high - 1] / usual if usual > 0 else np.nan)
    np.testing.assert_array_equal(found[0], np.array(expected, np.float32))


@pytest.mark.parametrize("column", ["end", "value_at_end", "response", "reopened", "known"])
def test_what_is_written_later_is_not_an_attribute(column):
    day = pd.Timestamp("2024-01-01")
    rows = pd.DataFrame({"who": ["a"], "begin": [day], "later": [day + pd.Timedelta("200D")], "said": [day], "stars": [3.0]})
    declared = {
        "customer": "who",
        "start": "begin",
        "end": "later",
        "value_at_end": "stars",
        "response": "later",
        "known_at": "said",
        "reopened": "later",
    }
    tables = EventTables(tickets=Intervals(rows, **declared), observed_until="2025-01-01")
    snapshots = pd.DataFrame({"customer_id": ["a"], "cutoff": [day + pd.Timedelta("30D")]})
    with pytest.raises(UsageError, match="not declared"):
        build_features(tables, snapshots, features=[Feature("tickets", "attribute", column=column)])


@pytest.mark.parametrize("aggregate", OF_ATTRIBUTES)
def test_only_declared_attributes_of_intervals_change(aggregate):
    day = pd.Timestamp("2024-01-01")
    rows = pd.DataFrame({"who": ["a", "a"], "begin": [day, day + pd.Timedelta("9D")], "fee": [3.0, 4.0], "renews": ["yes", "no"]})
    tables = EventTables(
        plans=Intervals(rows.assign(over=pd.NaT), customer="who", start="begin", end="over", value="fee", attributes=["renews"])
    )
    snapshots = pd.DataFrame({"customer_id": ["a"], "cutoff": [day + pd.Timedelta("30D")]})
    found = build_features(tables, snapshots, features=[Feature("plans", aggregate, column="renews")])
    assert found.to_numpy().tolist() == [[21.0 if aggregate == "days_since_change" else 1.0]]
    with pytest.raises(UsageError, match="needs state"):
        build_features(tables, snapshots, features=[Feature("plans", aggregate, column="end")])
