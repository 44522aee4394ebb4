"""What only all partitions together can tell: shares, zones and the type of ids."""

import pandas as pd
import pytest
from tests.features.test_write import giant

from churnpredict import (
    Events,
    EventTables,
)
from churnpredict.errors import ChurnWarning, TimeError
from churnpredict.runs import scan_tables


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
    assert {w.message.code for w in parts} == {"null-time", "negative-value", "shared-customer"}
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
