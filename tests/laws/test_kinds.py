"""Law 15 for names: a kind that few customers have names no feature, whoever has how many rows of it, and whatever happens later."""

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")


def log(n=800, named=()):
    """Visits of n customers; ``named`` are further rows (customer, kind, day)."""
    rows = [(i, "visit", f"2024-01-{1 + i % 28:02d}") for i in range(n)]
    return pd.DataFrame([*rows, *named], columns=["who", "what", "at"])


def kinds_of(frame, before="2024-03-01", partitions=None):
    events = cp.Events(frame, customer="who", time="at", kind="what")
    if partitions is None:
        return {r.kind for r in cp.catalog(cp.EventTables(log=events), until=before)} - {None}
    with cp.runs.scan_tables(log=events, partitions=partitions) as tables:
        return {r.kind for r in cp.catalog(tables.outline, until=before)} - {None}


def test_a_kind_of_few_customers_names_no_feature():
    few = [(i % 19, "Call with Jane Doe", "2024-02-01") for i in range(500)]
    enough = [(i, "call", "2024-02-01") for i in range(20)]
    for partitions in (None, 1, 7):
        assert kinds_of(log(named=few + enough), partitions=partitions) == {"visit", "call"}


def test_customers_of_later_do_not_make_a_kind_common():
    now = [(i, "call", "2024-02-01") for i in range(15)]
    later = [(i, "call", "2024-03-01") for i in range(15, 60)]
    for partitions in (None, 3):
        assert kinds_of(log(named=now + later), partitions=partitions) == {"visit"}
        assert kinds_of(log(named=now + later), before="2024-03-02", partitions=partitions) == {"visit", "call"}


@pytest.mark.parametrize(("customers", "least"), [(10, 2), (40, 2), (100, 5), (399, 20)])
def test_small_tables_ask_for_one_customer_in_twenty(customers, least):
    for holders in (least - 1, least):
        calls = [(i, "call", "2024-02-01") for i in range(holders)]
        assert ("call" in kinds_of(log(customers, calls))) == (holders == least)


LIKE = [("Sign_Up", 3), ("sign-up", 1), ("sign up", 2), ("+", 4), ("-", 5), ("own", 2), ("paid", 1)]  # kind, month of its first row


def like_log():
    rows = [
        (i, kind, f"2024-{month:02d}-{1 + (i + 7 * m) % 28:02d}")
        for kind, first in LIKE
        for month in range(first, 7)
        for m in range(2)
        for i in range(24)
    ]
    return pd.DataFrame(rows, columns=["who", "what", "at"])


CALLED = {
    "sign-up": "sign_up",
    "sign up": "sign_up_2",
    "Sign_Up": "sign_up_3",
    "+": "kind",
    "-": "kind_2",
    "own": "kind_own",
    "paid": "kind_paid",
}


@pytest.mark.parametrize("partitions", [None, 3])
def test_kinds_of_one_spelling_are_told_apart_at_every_cutoff(partitions):
    tables = {
        "log": cp.Events(like_log(), customer="who", time="at", kind="what"),
        "log_paid": cp.Events(like_log(), customer="who", time="at"),
    }

    def rows(before):
        if partitions is None:
            return cp.catalog(cp.EventTables(**tables), until=before)
        with cp.runs.scan_tables(**tables, partitions=partitions) as scanned:
            return cp.catalog(scanned.outline, until=before)

    for before, months in (("2024-02-01", 1), ("2024-03-01", 2), ("2024-04-01", 3), ("2024-07-01", 6)):
        named = {r.name: r.kind for r in rows(before) if r.kind and r.aggregate == "count" and r.window == "90d"}
        assert named == {f"habit__log_{CALLED[k]}_count_90d": k for k, first in LIKE if first <= months}


def test_each_of_the_like_kinds_counts_its_own_rows():
    frame = like_log()
    tables = cp.EventTables(log=cp.Events(frame, customer="who", time="at", kind="what"))
    past = pd.DataFrame({"customer_id": range(24), "cutoff": pd.Timestamp("2024-06-15")})
    X = cp.build_features(tables, past)
    assert X.columns.is_unique
    recent = frame[frame["at"].between("2024-03-17", "2024-06-14")]
    for kind, called in CALLED.items():
        right = recent[recent["what"] == kind].groupby("who").size().reindex(range(24), fill_value=0)
        assert X[f"habit__log_{called if kind != 'paid' else 'paid'}_count_90d"].tolist() == right.tolist()


def test_like_kinds_are_warned_of():
    with pytest.warns(cp.ChurnWarning, match=r"3 kinds differ only in capitals.*like-kinds"):
        cp.catalog(cp.EventTables(log=cp.Events(like_log()[:700], customer="who", time="at", kind="what")))


def test_a_column_named_as_an_aggregate_or_as_another_column_has_a_name_of_its_own():
    people = pd.DataFrame({"who": range(24), "since": "2023-12-01", "tenure_days": 5.0, "Plan": 1.0, "plan": 2.0})
    tables = cp.EventTables(
        log=cp.Events(like_log(), customer="who", time="at"),
        people=cp.Customers(people, customer="who", since="since", attributes=["tenure_days", "Plan", "plan"]),
    )
    X = cp.build_features(tables, pd.DataFrame({"customer_id": range(24), "cutoff": pd.Timestamp("2024-01-10")}))
    columns = ("tenure_days", "tenure_days_column", "Plan", "plan_column")
    assert [X[f"lifecycle__people_{c}"].unique().tolist() for c in columns] == [[40], [5], [1], [2]]
    assert X.columns.str.lower().is_unique


def test_rows_of_ones_own_that_would_have_one_name():
    tables = cp.EventTables(log=cp.Events(like_log(), customer="who", time="at", kind="what"))
    past = pd.DataFrame({"customer_id": range(3), "cutoff": pd.Timestamp("2024-06-15")})
    twins = [cp.Feature("log", "count", "90d", kind="sign-up"), cp.Feature("log", "count", "90d", kind="Sign_Up")]
    with pytest.raises(UsageError, match=r"called=.*duplicate-feature"):
        cp.build_features(tables, past, features=twins)
    twins[1] = cp.Feature("log", "count", "90d", kind="Sign_Up", called="form")
    assert cp.build_features(tables, past, features=twins).columns.tolist() == ["habit__log_sign_up_count_90d", "habit__log_form_count_90d"]
    own = cp.features.OwnFeature("log_count_90d", lambda history, cutoff: 0.0, tables=["log"])
    with pytest.raises(UsageError, match="duplicate-feature"):
        cp.build_features(tables, past, features=[cp.Feature("log", "count", "90d"), own])


def test_tables_whose_names_differ_only_in_capitals():
    log = cp.Events(like_log(), customer="who", time="at")
    with pytest.raises(UsageError, match="table-name"):
        cp.EventTables(log=log, Log=log)
