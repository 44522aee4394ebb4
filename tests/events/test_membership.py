"""A table of people says whose their events are: as if the account of that time stood in the log."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.cli.config import read_config
from churnpredict.errors import ChurnWarning, IdentityError, UsageError

DAY = pd.Timestamp("2024-01-01")
LOG = pd.DataFrame({"person": ["ann", "bob", "ann"], "at": ["2024-01-01", "2024-01-02", "2024-01-03"]})
PEOPLE = pd.DataFrame({"person": ["ann", "bob"], "firm": ["F1", "F1"]})


def declared(people: pd.DataFrame, log: Any, **more: Any) -> dict[str, Any]:
    dated = {"valid_from": "from"} if "from" in people else {}
    return {
        "people": cp.Customers(people, customer="person", account="firm", **dated),
        "log": cp.Events(log, customer="person", user="person", time="at", repeats="keep", **more),
    }


def account_by_hand(people: pd.DataFrame, person: object, at: pd.Timestamp) -> object:
    """Return the account of the last row of the person that applies at a time, by looking at every row."""
    own = [(row["from"], row.firm) for _, row in people.iterrows() if row.person == person and row["from"] <= at]
    return max(own)[1] if own else None


@st.composite
def moves(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """People who change their account, some at the moment of an event, and a log with people whom nobody knows."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, rows = draw(st.integers(1, 5)), draw(st.integers(1, 60))
    start = DAY + pd.to_timedelta(rng.integers(0, 60, 3 * n), unit="D")
    people = pd.DataFrame({"person": rng.integers(0, n, 3 * n), "firm": [f"F{i}" for i in rng.integers(0, 4, 3 * n)], "from": start})
    people = people.drop_duplicates(["person", "from"])
    log = pd.DataFrame({"person": rng.integers(0, n + 1, rows), "at": DAY + pd.to_timedelta(rng.integers(0, 90, rows), unit="D")})
    log["value"] = np.round(rng.gamma(2, 10, rows), 2)
    return people.sample(frac=1, random_state=0), log


@pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
@given(moves())
def test_features_are_those_of_a_log_with_accounts(case: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    people, log = case
    log["firm"] = [account_by_hand(people, row.person, row.at) for row in log.itertuples()]
    known = log[log["firm"].notna()]
    assume(len(known))
    ours = cp.EventTables(**declared(people, log, value="value"))
    plain = cp.EventTables(log=cp.Events(known, customer="firm", user="person", time="at", value="value", repeats="keep"))
    assert ours.ids.equals(plain.ids)
    assert list(ours.declarations) == ["log"]
    past = pd.DataFrame({"customer_id": sorted(known["firm"].unique()), "cutoff": pd.Timestamp("2024-02-20")})
    found, wanted = cp.build_features(ours, past), cp.build_features(plain, past)
    pd.testing.assert_frame_equal(found, wanted)
    # Law 1: what is known before the cutoff is enough, of people, too
    cut = people[people["from"] < "2024-02-20"]
    before = log[log["at"] < "2024-02-20"]
    if before["firm"].notna().any():
        there = past[past["customer_id"].isin(before["firm"].dropna())]
        truncated = cp.build_features(cp.EventTables(**declared(cut, before, value="value")), there, features=cp.catalog(ours))
        pd.testing.assert_frame_equal(truncated, found.loc[truncated.index])


def test_a_move_counts_from_its_moment_on() -> None:
    """Planted: ann moves on the day of her second event; before her first row she is nobody's."""
    people = pd.DataFrame({"person": ["ann", "ann"], "firm": ["F1", "F2"], "from": ["2024-01-01", "2024-01-02 12:00"]})
    log = pd.DataFrame({"person": "ann", "at": ["2023-12-31", "2024-01-01", "2024-01-02 11:59", "2024-01-02 12:00", "2024-05-01"]})
    with pytest.warns(ChurnWarning, match=r"people without an account.*1 of 5 rows.*unknown-person"):
        tables = cp.EventTables(**declared(people, log))
    assert tables.ids.to_pylist() == ["F1", "F2"]
    assert np.diff(tables.stream("log").offsets).tolist() == [2, 2]


def test_accounts_have_a_table_and_logs_of_their_own() -> None:
    firms = pd.DataFrame({"firm": ["F1", "F3"], "region": ["north", "south"]})
    bills = pd.DataFrame({"firm": ["F1", "F3"], "day": ["2024-01-05", "2024-01-06"]})
    more = {"firms": cp.Customers(firms, customer="firm", attributes=["region"]), "bills": cp.Events(bills, customer="firm", time="day")}
    tables = cp.EventTables(**declared(PEOPLE, LOG), **more)
    assert tables.ids.to_pylist() == ["F1", "F3"]
    past = cp.take_snapshots(tables, cp.Inactivity("10d", of="log"), at="2024-01-08")
    X = cp.build_features(tables, past)
    assert X["habit__log_active_users_30d"].tolist() == [2]
    assert X.filter(like="region").iloc[0, 0] == "north"


def test_ids_of_accounts_keep_their_zeros(tmp_path: Any) -> None:
    """Law 18: from CSV, where the table of accounts holds the same texts."""
    PEOPLE.assign(firm=["007", "1.10"]).to_csv(tmp_path / "people.csv", index=False)
    LOG.to_csv(tmp_path / "log.csv", index=False)
    tables = cp.EventTables(**declared(PEOPLE.assign(firm=["007", "1.10"]), LOG))
    (tmp_path / "churn.toml").write_text(
        '[tables.people]\nkind = "customers"\nsource = "people.csv"\ncustomer = "person"\naccount = "firm"\n'
        '[tables.log]\nkind = "events"\nsource = "log.csv"\ncustomer = "person"\nuser = "person"\ntime = "at"\n'
        '[churn]\nrule = "inactivity"\nhorizon = "10d"\n'
    )
    settings = read_config(tmp_path / "churn.toml")
    assert tables.ids.to_pylist() == settings.event_tables().ids.to_pylist() == ["007", "1.10"]
    with pytest.raises(UsageError, match="needs-whole-tables"):
        settings.scan_tables(tmp_path)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no table of people": ({"log": declared(PEOPLE, LOG)["log"]}, "bad-accounts"),
    "attributes of people": (
        declared(PEOPLE, LOG) | {"people": cp.Customers(PEOPLE.assign(x=1), customer="person", account="firm", attributes=["x"])},
        "bad-accounts",
    ),
    "no log of people": (declared(PEOPLE, LOG) | {"log": cp.Events(LOG, customer="person", time="at")}, "bad-accounts"),
    "two tables of people": (declared(PEOPLE, LOG) | {"more": declared(PEOPLE, LOG)["people"]}, "two-customers"),
    "two accounts at once": (declared(pd.concat([PEOPLE, PEOPLE.assign(firm="F2")]), LOG), "duplicate-customer"),
    "a person without an account": (declared(PEOPLE.assign(firm=["F1", None]), LOG), "null-id"),
    "other types of ids": (declared(PEOPLE.assign(person=[1, 2]), LOG), "id-types-differ"),
}


@pytest.mark.parametrize("case", WRONG)
def test_contradictions_are_refused(case: str) -> None:
    tables, code = WRONG[case]
    with pytest.raises((UsageError, IdentityError), match=code) as caught:
        cp.EventTables(**tables)
    assert "ann" not in str(caught.value)


def test_partitions_and_kept_histories_refuse_a_table_of_people(tmp_path: Any) -> None:
    for read in (cp.runs.scan_tables, lambda **d: cp.runs.open_history(tmp_path / "history", **d)):
        with pytest.raises(UsageError, match=r"not read in partitions.*needs-whole-tables"):
            read(**declared(PEOPLE, LOG))
