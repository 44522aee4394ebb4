"""Customers who were merged are read with the id in use now, where the data prove it; referrals and transfers between customers are not."""

from __future__ import annotations

import sqlite3

import numpy as np
import pandas as pd
import pytest

from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rules import Inactivity
from churnpredict.churn.snapshots import take_snapshots
from churnpredict.cli.config import parse_config
from churnpredict.cli.intake.draft_config import draft_config
from churnpredict.cli.intake.found_files import read_profiles, tables_under
from churnpredict.events.declarations import Events
from churnpredict.events.tables import EventTables

MERGED = {f"K{i:04d}": f"K{i + 500:04d}" for i in range(60)}
LATER = {f"K{i + 500:04d}": f"K{i + 800:04d}" for i in range(15)}  # merged once more
END = pd.Timestamp("2024-07-01")
DAYS = {"first": pd.Timestamp("2024-01-15"), "second": pd.Timestamp("2024-04-15")}


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    """Orders with the id in use now, and the one in use then."""
    random, rows = np.random.default_rng(1), []
    start = pd.Timestamp("2023-01-01")
    for i in range(240):
        at, stop = start + pd.Timedelta(days=float(random.uniform(0, 60))), start + pd.Timedelta(days=float(60 + random.exponential(500)))
        stop = END if i < 40 else stop
        while at < min(stop, END):
            who = f"K{i:04d}"
            second = MERGED.get(who, who)
            last = LATER.get(second, second)
            then = who if at < DAYS["first"] else second if at < DAYS["second"] else last
            rows.append((last, then, at.round("s"), round(float(random.gamma(3, 15)), 2)))
            at += pd.Timedelta(days=float(random.gamma(2, 9)))
    return pd.DataFrame(rows, columns=["now", "then", "paid_at", "amount"])


def pairs_of(truth, old="old", new="new", day="day", *, chains=True) -> pd.DataFrame:
    there = set(truth["then"])
    rows = [(a, b, DAYS["first"]) for a, b in MERGED.items() if {a, b} & there]
    rows += [(a, b, DAYS["second"]) for a, b in LATER.items() if {a, b} & there] if chains else []
    return pd.DataFrame(rows, columns=[old, new, day])


def orders_of(truth, customer="customer_id", chains=True) -> pd.DataFrame:
    then = truth["then"] if chains else truth["then"].replace({b: a for a, b in LATER.items()})
    return truth.assign(**{customer: then})[[customer, "paid_at", "amount"]]


def drafted(folder):
    profiles, refused = read_profiles(tables_under([folder]))
    return draft_config(profiles, folder, refused=refused)


def outcomes(tables):
    churn = Inactivity("60d", of="orders")
    return label_churn(tables, take_snapshots(tables, churn, every="30d", since="2023-06-01", last="2024-04-01"), churn)


def is_of(folder, text, truth, alone=()) -> None:
    """The drafted tables have the customers, snapshots and outcomes of tables with one id for each person from the beginning."""
    config = parse_config(text, folder / "churn.toml")
    expected = EventTables(orders=Events(truth, customer="now", time="paid_at", value="amount"))
    tables = config.event_tables()
    assert set(map(str, tables.ids.to_pylist())) == set(truth["now"].astype(str)) | set(map(str, alone))
    found, meant = outcomes(tables), outcomes(expected)
    order = lambda o: sorted((str(who), str(at), *map(str, row)) for (who, at), row in zip(o.index, o.to_numpy(), strict=True))  # noqa: E731
    assert order(found) == order(meant)


@pytest.mark.parametrize(
    ("name", "old", "new", "turned"),
    [
        ("customer_merges.csv", "old_customer_id", "new_customer_id", False),
        ("kunden_zusammengefuehrt.csv", "alte_kundennr", "neue_kundennr", True),
        ("merged.csv", "duplicate", "kept", True),
        ("dedup_log.csv", "merged_id", "surviving id", False),
        ("fusions.csv", "ancien_client", "nouveau_client", True),
        ("id_map.csv", "legacy_id", "current_id", False),
    ],
)
@pytest.mark.parametrize("dated", [True, False])
def test_merges_are_undone_in_the_logs(tmp_path, truth, name, old, new, turned, dated) -> None:
    pairs = pairs_of(truth, old, new, "merged_on", chains=dated)
    pairs = pairs[[new, old, "merged_on"]] if turned else pairs
    (pairs if dated else pairs.drop(columns="merged_on")).to_csv(tmp_path / name, index=False)
    orders_of(truth, chains=dated).to_csv(tmp_path / "orders.csv", index=False)
    text = drafted(tmp_path).text
    assert f'"{old}" and "{new}" pair ids of customers: each table is read with the second instead of the first' in text
    now = truth if dated else truth.assign(now=truth["now"].replace({b: a for a, b in LATER.items()}))
    is_of(tmp_path, text, now)


def test_numbers_in_parquet_and_a_column_of_the_customers(tmp_path, truth) -> None:
    number = lambda ids: ids.str[1:].astype("int64")  # noqa: E731
    orders_of(truth).assign(customer_id=lambda f: number(f["customer_id"])).to_parquet(tmp_path / "orders.parquet")
    people = pd.DataFrame({"customer_id": sorted({*truth["then"], *truth["now"], *MERGED.values()} - (set(MERGED) - set(truth["then"])))})
    people["merged_into"] = people["customer_id"].map({**MERGED, **LATER}).str[1:].astype("float").astype("Int64")
    people["region"] = np.where(people.index % 3 == 0, "north", "south")
    people["customer_id"] = number(people["customer_id"])
    people.to_parquet(tmp_path / "customers.parquet")
    draft = drafted(tmp_path)
    assert "old ids of merged customers are left out" in draft.text
    is_of(tmp_path, draft.text, truth.assign(now=number(truth["now"])), alone=set(people["customer_id"][people["merged_into"].isna()]))


def test_merges_in_a_database(tmp_path, truth) -> None:
    with sqlite3.connect(tmp_path / "crm.db") as crm:
        orders_of(truth).astype({"paid_at": str}).to_sql("orders", crm, index=False)
        pairs_of(truth, "loser_id", "survivor_id").astype({"day": str}).to_sql("customer_merge", crm, index=False)
    is_of(tmp_path, drafted(tmp_path).text, truth)


def test_old_ids_that_go_on_are_only_named(tmp_path, truth) -> None:
    """Where the first ids still have orders after the day of the merge, nothing is rewritten."""
    pairs_of(truth, "old_customer", "new_customer").assign(day=pd.Timestamp("2023-03-10")).to_csv(tmp_path / "merges.csv", index=False)
    orders_of(truth).to_csv(tmp_path / "orders.csv", index=False)
    text = drafted(tmp_path).text
    assert '"old_customer" and "new_customer" pair ids of customers: where the first became the second' in text
    assert 'customer = "customer_id"  #' in text


def test_without_a_word_for_merging_proof_gives_a_note(tmp_path, truth) -> None:
    pairs = pairs_of(truth, "a_id", "b_id", chains=False)
    pairs[pairs["b_id"].isin(set(truth["then"]))].to_csv(tmp_path / "links.csv", index=False)
    orders_of(truth, chains=False).to_csv(tmp_path / "orders.csv", index=False)
    text = drafted(tmp_path).text
    assert '"a_id" and "b_id" pair ids of customers: where the first became the second, write one id in all tables' in text


@pytest.mark.parametrize(
    ("giver", "taker"), [("referrer_id", "referred_id"), ("from_customer", "to_customer"), ("account_id", "parent_account_id")]
)
def test_customers_who_know_each_other_are_not_merged(tmp_path, truth, giver, taker) -> None:
    ids = truth["now"].unique()
    pairs = pd.DataFrame({giver: ids[:60], taker: ids[60:120], "day": pd.date_range("2023-06-01", periods=60).astype(str)})
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    truth.rename(columns={"now": "customer_id"})[["customer_id", "paid_at", "amount"]].to_csv(tmp_path / "orders.csv", index=False)
    text = drafted(tmp_path).text
    assert "pair ids of customers" not in text
