"""A wrong argument where tables are needed: the error writes the right call."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.events.expected import check_tables, one_log, wrapping

FRAME = pd.DataFrame({"id": ["a"], "day": ["2024-01-01"]})
DECLARED = cp.Events(FRAME, customer="id", time="day")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (FRAME, 'cp.EventTables(orders=cp.Events(frame, customer="...", time="..."))'),
        ("log.csv", 'cp.EventTables(orders=cp.Events("orders.csv", customer="...", time="..."))'),
        (DECLARED, "cp.EventTables(orders=...)"),
        ({"log": DECLARED}, "cp.EventTables(**tables)"),
    ],
    ids=["frame", "path", "declaration", "dict"],
)
def test_the_error_shows_how_to_wrap_what_was_given(given: object, code: str) -> None:
    assert wrapping(given) == code
    with pytest.raises(UsageError, match="not-tables") as caught:
        check_tables(given, "rfm(tables, at)")
    assert f"rfm(tables, at) with tables = {code}" in str(caught.value)


def test_tables_in_parts_are_taken_where_they_can_be() -> None:
    with cp.runs.scan_tables(log=DECLARED, partitions=2) as parts:
        check_tables(parts, "write_features(tables)", in_parts=True)
        with pytest.raises(UsageError, match="needs-whole-tables"):
            check_tables(parts, "rfm(tables, at)")
    check_tables(cp.EventTables(log=DECLARED), "rfm(tables, at)")


def test_the_table_of_events_meant_is_the_only_one_or_named() -> None:
    two = cp.EventTables(log=DECLARED, more=DECLARED)
    assert one_log(cp.EventTables(log=DECLARED), None, "rfm(of={})") == "log"
    assert one_log(two, "more", "rfm(of={})") == "more"
    with pytest.raises(UsageError, match=r'2 tables of events: log, more\. Name one: rfm\(of="log"\)\. \[which-table\]'):
        one_log(two, None, "rfm(of={})")
    bought = cp.Events(FRAME.assign(amount=1.0), customer="id", time="day", value="amount")
    with pytest.raises(UsageError, match=r'Name one: of="bought"'):  # the likeliest is proposed: one with a value
        one_log(cp.EventTables(log=DECLARED, bought=bought), None, "of={}")
    prices = cp.EventTables(prices=cp.States(FRAME.assign(price=1.0), customer="id", time="day", values=["price"]))
    with pytest.raises(UsageError, match=r"no table of events.*which-table"):
        cp.diagnostics.rfm(prices, "2024-02-01")
