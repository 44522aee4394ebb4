"""Tables larger than memory: whatever the number of partitions, the same features to the last bit, judged as a whole, written whole."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.laws.checks import same_bits

import churnpredict as cp
from churnpredict import (
    Events,
    EventTables,
    Inactivity,
    build_features,
    label_churn,
    take_snapshots,
)
from churnpredict.errors import DataError, OutputError
from churnpredict.events import memory
from churnpredict.features import write
from churnpredict.features.peers import count_peers
from churnpredict.features.write import features_by_part
from churnpredict.runs import scan_tables, write_features

quiet = pytest.mark.filterwarnings("ignore::churnpredict.errors.ChurnWarning")
EVER = Inactivity("30d", active_within="ever")


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


def giant(rng, n=20_000):
    """One customer has half of all rows."""
    who = np.where(rng.random(n) < 0.5, 0, rng.integers(1, 200, n))
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 300 * 86_400, n)), unit="s")
    return pd.DataFrame({"user": who, "at": at.as_unit("us"), "eur": rng.gamma(2.0, 10.0, n).round(2)})


@pytest.mark.filterwarnings("ignore:.*an id that many people share")
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
