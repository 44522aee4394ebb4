"""Partitions of tables: their number changes no bit, and they leave the disk."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.test_write import EVER, giant, quiet
from tests.laws.checks import same_bits
from tests.laws.histories import cutoffs_of, features_of, histories, make_history

import churnpredict as cp
from churnpredict import (
    Customers,
    Events,
    build_features,
    take_snapshots,
)
from churnpredict.errors import ChurnWarning, DataError, UsageError
from churnpredict.events import partitions
from churnpredict.events.sources import spill
from churnpredict.features.write import features_by_part
from churnpredict.runs import scan_tables


def declared(history):
    seats = {} if history.people is None else {"seats": "people.age"}
    found = {"orders": Events(history.log, **history.roles, **seats)}
    if history.people is not None:
        found["people"] = Customers(history.people, customer="id", since="joined", attributes=["age", "region"], dates=["card"])
    return found


def check_partitions(history, partitions, cutoffs):
    """Law 6: partitions do not matter; the catalog, its kinds and its categories are those of the whole."""
    tables = history.tables()
    past = take_snapshots(tables, EVER, at=cutoffs)
    rows = cp.catalog(tables, until=max(cutoffs)) + [f for f in features_of(history) if f.kind is None and f.aggregate == "sum"][:1]
    for features in (None, rows):
        expected = build_features(tables, past, features=features)
        with scan_tables(timezone=history.timezone, partitions=partitions, **declared(history)) as scanned:
            assert len(scanned) == len(tables)
            assert scanned.outline.observed_until() == tables.observed_until()
            frames = list(features_by_part(scanned, EVER, at=cutoffs, features=features))
        found = pd.concat(frames).sort_index()
        for column in expected.select_dtypes("category"):
            assert all(f[column].cat.categories.equals(expected[column].cat.categories) for f in frames)
        same_bits(expected, found)


def at_least_one(history, cutoffs):
    """Cutoffs at which somebody is at risk."""
    tables, found = history.tables(), []
    for cutoff in cutoffs:
        try:
            take_snapshots(tables, EVER, at=cutoff)
        except DataError:
            continue
        found.append(cutoff)
    return found


@quiet
@given(histories(), st.sampled_from([1, 2, 3, 7, 100]), st.integers(0, 50))
def test_the_number_of_partitions_does_not_matter(history, partitions, seed):
    cutoffs = at_least_one(history, cutoffs_of(history, seed))
    if cutoffs:
        check_partitions(history, partitions, cutoffs)


@quiet
def test_a_customer_cut_in_two_is_caught(monkeypatch):
    """The planted fault: buckets by row instead of by customer."""
    history = make_history(3, people=False)
    cutoffs = at_least_one(history, cutoffs_of(history))
    monkeypatch.setattr(spill, "bucket_of", lambda ids, n: (np.arange(len(ids)) % n).astype(np.int32))
    with pytest.raises(AssertionError):
        check_partitions(history, 3, cutoffs)


@pytest.mark.filterwarnings("ignore:.*an id that many people share")
def test_memory_decides_on_the_number_of_partitions(rng, monkeypatch):
    orders = Events(giant(rng), customer="user", time="at")
    with scan_tables(orders=orders) as tables:
        assert tables.n_partitions == 1
    monkeypatch.setattr(partitions, "ROW", (1 << 30) // 100_000 // 10)  # as if a row were a hundred times as large
    monkeypatch.setattr(partitions, "max", lambda *_: 4_000, raising=False)
    with pytest.raises(DataError, match="memory-limit") as caught:
        scan_tables(orders=orders, memory="1GiB")
    assert "a customer" in str(caught.value)
    monkeypatch.setattr(partitions, "max", lambda *_: 11_000, raising=False)
    with scan_tables(orders=orders, memory="1GiB") as tables:
        assert tables.n_partitions > 1
        assert sum(len(part) for part in tables) == len(tables) == 200
    for wrong in ("2 parsecs", "-1GiB", "much"):
        with pytest.raises(UsageError, match="bad-size"):
            scan_tables(orders=orders, memory=wrong)
    with pytest.raises(UsageError, match="bad-partitions"):
        scan_tables(orders=orders, partitions=0)


def test_customers_without_rows_and_rows_without_customers():
    log = pd.DataFrame({"user": ["a", "a", "stranger"], "at": ["2024-01-01", "2024-01-02", "2024-01-02"]})
    people = pd.DataFrame({"id": ["a", "b", "c"], "joined": "2023-01-01"})
    both = {"orders": Events(log, customer="user", time="at"), "people": Customers(people, customer="id", since="joined")}
    with pytest.warns(ChurnWarning, match="1 customers who are not in the customers table"):
        tables = scan_tables(partitions=50, **both)
    with tables:
        assert sorted(i for part in tables for i in part.ids.to_pylist()) == ["a", "b", "c"]
        X = pd.concat(list(features_by_part(tables, EVER, at="2024-02-01")))
    assert sorted(X.index.get_level_values(0)) == ["a", "b", "c"]


def test_partitions_leave_the_disk_when_closed_or_forgotten(tmp_path):
    log = pd.DataFrame({"user": [1, 2], "at": ["2024-01-01", "2024-01-02"]})
    tables = scan_tables(orders=Events(log, customer="user", time="at"), folder=tmp_path)
    assert list(tmp_path.iterdir())
    tables.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError):
        scan_tables(orders=Events(log.assign(user=[1, None]), customer="user", time="at"), folder=tmp_path)
    assert not list(tmp_path.iterdir())
