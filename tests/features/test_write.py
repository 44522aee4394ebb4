"""Tables larger than memory: whatever the number of partitions, the same features to the last bit, judged as a whole, written whole."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.checks import same_bits
from tests.laws.histories import cutoffs_of, features_of, histories, make_history

import churnpredict as cp
from churnpredict import (
    Customers,
    Events,
    EventTables,
    Inactivity,
    build_features,
    label_churn,
    take_snapshots,
)
from churnpredict.errors import ChurnWarning, DataError, OutputError, TimeError, UsageError
from churnpredict.events import memory, partitions
from churnpredict.events.sources import spill
from churnpredict.features import build, write
from churnpredict.features.peers import count_peers
from churnpredict.features.threads import in_threads
from churnpredict.features.write import features_by_part
from churnpredict.runs import scan_tables, write_features

quiet = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
EVER = Inactivity("30d", active_within="ever")


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


@quiet
def test_every_kind_of_table_agrees_in_partitions():
    shop = cp.make_business(60, random_state=1)
    cutoffs = take_snapshots(shop.tables, shop.churn, every="120d")["cutoff"].drop_duplicates().tolist()
    past = take_snapshots(shop.tables, shop.churn, at=cutoffs)
    rows = cp.catalog(shop.tables, until=max(cutoffs))
    with scan_tables(partitions=4, **shop.tables.declarations) as tables:
        assert cp.catalog(tables.outline, until=max(cutoffs)) == cp.catalog(shop.tables, until=max(cutoffs))
        found = pd.concat(list(features_by_part(tables, shop.churn, at=cutoffs, features=rows)))
        labels = [label_churn(part, past[past["customer_id"].isin(part.ids.to_pylist())], shop.churn) for part in tables]
    same_bits(build_features(shop.tables, past, features=rows), found.sort_index())
    pd.testing.assert_frame_equal(pd.concat(labels).sort_index(), pd.DataFrame(label_churn(shop.tables, past, shop.churn)))


@quiet
def test_threads_do_not_matter(monkeypatch):
    monkeypatch.setattr(build, "BLOCK", 7)
    history = make_history(4, n_rows=200, n_customers=30)
    past = take_snapshots(history.tables(), EVER, at=["2024-05-01", "2024-06-01", "2024-07-01"])
    same_bits(build_features(history.tables(), past), build_features(history.tables(), past, n_jobs=4))
    same_bits(build_features(history.tables(), past), build_features(history.tables(), past, n_jobs=-1))
    with pytest.raises(UsageError, match="bad-jobs"):
        build_features(history.tables(), past, n_jobs=0)


def test_all_blocks_are_done_and_errors_come_through():
    done = []
    in_threads(done.append, range(20), 3)
    assert sorted(done) == list(range(20))
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda block: 1 // (block - 9), range(20), 3)


def giant(rng, n=20_000):
    """One customer has half of all rows."""
    who = np.where(rng.random(n) < 0.5, 0, rng.integers(1, 200, n))
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 300 * 86_400, n)), unit="s")
    return pd.DataFrame({"user": who, "at": at.as_unit("us"), "eur": rng.gamma(2.0, 10.0, n).round(2)})


def test_a_giant_customer_works(rng, tmp_path):
    log = giant(rng)
    orders = Events(log, customer="user", time="at", value="eur")
    with scan_tables(orders=orders, partitions=8) as tables:
        path = write_features(tables, EVER, tmp_path / "features", at=["2024-06-01", "2024-10-01"])
    found = pd.read_parquet(path).set_index(["customer_id", "cutoff"]).sort_index()
    inside = EventTables(orders=orders)
    past = take_snapshots(inside, EVER, at=["2024-06-01", "2024-10-01"])
    same_bits(build_features(inside, past), found)
    assert found.loc[0, "habit__orders_count_all"].max() > 9_000


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


@pytest.mark.parametrize(
    ("lines", "files", "limit"),
    [
        ("0::/a/b", {"a/memory.max": "3000", "a/b/memory.max": "max"}, [3000]),
        ("4:memory:/x", {"memory/memory.limit_in_bytes": "9000", "memory/x/memory.limit_in_bytes": "5000"}, [9000, 5000]),
        ("1:cpu:/x", {"memory/memory.limit_in_bytes": "9000"}, []),
    ],
)
def test_limits_of_control_groups_of_both_versions(tmp_path, lines, files, limit):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    (tmp_path / "own").write_text(lines + "\n")
    assert memory.group_limits(tmp_path, tmp_path / "own") == limit
    assert memory.group_limits(tmp_path, tmp_path / "gone") == []
    assert 1 << 26 < memory.memory_limit() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_shares_are_judged_on_the_whole(rng):
    """One customer's rows lack their time: many in one partition, few in all. Refused only where the whole is bad."""
    log = giant(rng, 4_000)
    log.loc[log["user"] == 1, "at"] = pd.NaT
    log["eur"] -= 5.0
    orders = Events(log, customer="user", time="at", value="eur")
    with pytest.warns(ChurnWarning) as whole:
        EventTables(orders=orders)
    with pytest.warns(ChurnWarning) as parts:
        scan_tables(orders=orders, partitions=50).close()
    assert sorted(str(w.message) for w in whole) == sorted(str(w.message) for w in parts)
    assert {w.message.code for w in parts} == {"null-time", "negative-value"}
    log.loc[log["user"] == 0, "at"] = pd.NaT
    for read in (EventTables, scan_tables):
        with pytest.raises(TimeError, match="null-time") as caught:
            read(orders=Events(log, customer="user", time="at", value="eur"))
        assert caught.value.total == len(log)


def test_zones_and_ids_are_judged_across_partitions():
    mixed = pd.DataFrame(
        {"user": ["1", "2", "3", "4"], "at": ["2024-01-01T08:00:00", "2024-01-02T00:00:00Z", "2024-01-03T08:00:00", "2024-01-04T00:00:00Z"]}
    )
    with pytest.raises(TimeError, match="mixed-zones"):
        scan_tables(orders=Events(mixed, customer="user", time="at"), partitions=100)
    spelled = pd.DataFrame({"user": ["ab", "AB", "c"], "at": "2024-01-01"})
    with pytest.warns(ChurnWarning, match="id-case"):
        scan_tables(orders=Events(spelled, customer="user", time="at"), partitions=100).close()


def test_ids_of_text_files_become_numbers_only_if_all_are(tmp_path):
    for ids, kind in ((range(40), "int64"), ([*range(39), "x"], "string")):
        (tmp_path / "log.csv").write_text("user,at\n" + "".join(f"{i},2024-01-01T0{k}:00\n" for i in ids for k in range(3)))
        with scan_tables(orders=Events(tmp_path / "log.csv", customer="user", time="at"), partitions=10) as tables:
            assert {str(part.ids.type) for part in tables} == {kind}


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


def simple():
    log = pd.DataFrame({"user": np.arange(300) % 30, "at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(300), unit="D")})
    return scan_tables(orders=Events(log, customer="user", time="at"), partitions=5)


def test_an_optional_table_may_be_empty():
    log = pd.DataFrame({"user": [1, 2], "at": ["2024-01-01", "2024-01-02"]})
    none = pd.DataFrame({"user": pd.Series([], dtype="int64"), "at": pd.Series([], dtype="str"), "what": pd.Series([], dtype="str")})
    none["minutes"] = pd.Series([], dtype="float64")
    kinds = {"customer": "user", "time": "at", "kind": "what", "value": "minutes"}
    with scan_tables(orders=Events(log, customer="user", time="at"), calls=Events(none, **kinds, optional=True), partitions=3) as tables:
        X = pd.concat(list(features_by_part(tables, Inactivity("30d", of="orders", active_within="ever"), at="2024-02-01")))
    assert X["habit__calls_count_all"].tolist() == [0, 0]
    with pytest.raises(DataError, match="empty-table"):
        scan_tables(orders=Events(log, customer="user", time="at"), calls=Events(none, **kinds))


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    target, real, calls = tmp_path / "features", write.write_parquet, []

    def fails_at_the_third(path, frame, **how):
        calls.append(path)
        real(path, frame, **how)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(write, "write_parquet", fails_at_the_third)
    with simple() as tables:
        with pytest.raises(OutputError, match="No space left") as caught:
            write_features(tables, EVER, target, at="2024-09-01")
        assert caught.value.code == "not-written"
        assert list(tmp_path.iterdir()) == []
        monkeypatch.undo()
        write_features(tables, EVER, target, at="2024-09-01")
        assert len(pd.read_parquet(target)) == 30
        with pytest.raises(OutputError, match="output-exists"):
            write_features(tables, EVER, target, at="2024-09-01")
        shutil.rmtree(target)
        with pytest.raises(DataError, match="nobody-at-risk"):
            write_features(tables, Inactivity("2d"), target, at=["2024-02-01", "2026-01-01"])
        assert list(tmp_path.iterdir()) == []


def test_partitions_leave_the_disk_when_closed_or_forgotten(tmp_path):
    log = pd.DataFrame({"user": [1, 2], "at": ["2024-01-01", "2024-01-02"]})
    tables = scan_tables(orders=Events(log, customer="user", time="at"), folder=tmp_path)
    assert list(tmp_path.iterdir())
    tables.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError):
        scan_tables(orders=Events(log.assign(user=[1, None]), customer="user", time="at"), folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("partitions", [1, 3, 40])
def test_peers_are_counted_among_all_partitions(partitions):
    """Two passes: the rates of a label are those of all customers, to the last bit."""
    shop = cp.make_business(80, random_state=1)
    rows = [cp.Feature("customers", a, "90d", column="region") for a in write.PEER_AGGREGATES]
    rows += [cp.Feature("orders", a, "60d", column="item") for a in write.PEER_AGGREGATES]
    past = take_snapshots(shop.tables, shop.churn, every="120d")
    expected = build_features(shop.tables, past, features=rows)
    with scan_tables(partitions=partitions, **shop.tables.declarations) as tables:
        found = pd.concat(list(features_by_part(tables, shop.churn, every="120d", features=rows)))
    same_bits(expected, found.sort_index())
    assert expected.nunique().min() > 5


def test_peers_of_one_partition_alone_are_caught(monkeypatch):
    """The planted fault: what the partitions before counted is forgotten."""

    def forgetful(rows, tables, cutoffs, counts):
        counts.__init__()
        count_peers(rows, tables, cutoffs, counts)

    monkeypatch.setattr(write, "count_peers", forgetful)
    with pytest.raises(AssertionError):
        test_peers_are_counted_among_all_partitions(3)
