"""Tables as they are read: rows of one event or order are one, ends that are open, and types that say what they hold."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import churnpredict as cp
from churnpredict.clock import OPEN
from churnpredict.errors import ChurnWarning, ContentError, IdentityError, SchemaError, TimeError
from churnpredict.events.reading import all_ids, are_midnights, read_rows

DAY = 86_400_000_000


def orders(**roles: str):  # type: ignore[no-untyped-def]
    frame = pd.DataFrame(
        {
            "who": ["a", "a", "a", "b"],
            "at": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-05", "2024-01-01"]),
            "eur": [0.1, 0.2, 5.0, 0.3],
            "no": ["x", "x", "y", None],
            "id": ["1", "2", "3", "4"],
        }
    )
    return frame, cp.Events(frame, customer="who", time="at", value="eur", **roles)


def test_lines_of_an_order_are_one_event_at_its_first_moment() -> None:
    rows = read_rows("orders", orders(order="no")[1], "UTC")
    assert len(rows.times) == 3
    first = np.lexsort((rows.times, rows.codes))[0]
    assert rows.columns["value"][first] == math.fsum([0.1, 0.2])
    assert str(np.datetime64(int(rows.times[first]), "us"))[:10] == "2024-01-01"
    assert "order" not in rows.columns


@given(st.permutations(range(4)))
def test_the_order_of_rows_changes_no_digit(places: list[int]) -> None:
    frame, _ = orders()
    shuffled = cp.Events(frame.iloc[places], customer="who", time="at", value="eur", order="no")
    found, usual = (read_rows("orders", d, "UTC") for d in (shuffled, orders(order="no")[1]))
    assert sorted(zip(found.times, found.columns["value"], strict=True)) == sorted(zip(usual.times, usual.columns["value"], strict=True))


def test_an_event_that_comes_twice_counts_once_and_another_content_is_refused() -> None:
    frame, _ = orders()
    twice = pd.concat([frame, frame.iloc[:1]])
    with pytest.warns(ChurnWarning, match="repeated-event"):
        assert len(read_rows("orders", cp.Events(twice, customer="who", time="at", value="eur", id="id"), "UTC").times) == 4
    other = pd.concat([frame, frame.iloc[:1].assign(eur=9.0)])
    with pytest.raises(ContentError, match="event-id"):
        read_rows("orders", cp.Events(other, customer="who", time="at", value="eur", id="id"), "UTC")
    floats = frame.assign(id=[2.0**53, 2.0**53 + 2, 1.0, 2.0])
    with pytest.raises(ContentError, match="float-id"):
        read_rows("orders", cp.Events(floats, customer="who", time="at", id="id"), "UTC")


def test_an_end_that_is_missing_is_open_and_one_before_the_start_is_refused() -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "from": ["2024-01-01", "2024-01-01"], "to": ["2024-02-01", None]})
    rows = read_rows("contracts", cp.Intervals(frame, customer="who", start="from", end="to"), "UTC")
    assert rows.columns["end"].tolist()[1] == OPEN
    wrong = frame.assign(to=["2023-02-01", None])
    with pytest.raises(TimeError, match="end-before-start"):
        read_rows("contracts", cp.Intervals(wrong, customer="who", start="from", end="to"), "UTC")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [(["1", "2"], True), (["1.5", "2"], True), (["a", "2"], False), ([1, 2], True), ([True, False], False), (["01", "02"], False)],
)
def test_values_are_numbers_or_labels_as_all_of_them_say(values: list[object], numbers: bool) -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "at": ["2024-01-01", "2024-01-02"], "v": values})
    rows = read_rows("states", cp.States(frame, customer="who", time="at", values=["v"]), "UTC")
    assert (rows.columns["v"].dtype.kind == "f") is numbers
    assert ("v" in rows.labels) is not numbers


@pytest.mark.parametrize("value", [pa.array([[1], [2]]), pa.array([1, 2], pa.date32()), pa.array([1, 2], pa.duration("s"))])
def test_lists_days_and_durations_are_no_values(value: pa.Array) -> None:
    table = pa.table({"who": ["a", "b"], "at": ["2024-01-01", "2024-01-02"], "v": value})
    with pytest.raises(SchemaError, match="label-type"):
        read_rows("states", cp.States(table, customer="who", time="at", values=["v"]), "UTC")


def test_a_row_that_was_known_at_no_time_was_known_at_once() -> None:
    frame = pd.DataFrame({"who": ["a", "a"], "at": ["2024-01-01", "2024-01-02"], "seen": [None, "2024-01-09"]})
    rows = read_rows("orders", cp.Events(frame, customer="who", time="at", known_at="seen"), "UTC")
    assert (rows.columns["known"] - rows.times).tolist() == [0, 7 * DAY]


def test_ids_of_all_tables_are_of_one_type() -> None:
    text, number = (
        read_rows("t", cp.Events(pd.DataFrame({"who": [w], "at": ["2024-01-01"]}), customer="who", time="at"), "UTC") for w in ("7", 7)
    )
    with pytest.raises(IdentityError, match="id-types-differ"):
        all_ids({"one": text, "other": number}, None)
    assert all_ids({"one": text, "other": text}, None).to_pylist() == ["7"]
    assert len(all_ids({}, None)) == 0


def test_midnights_are_those_of_the_business() -> None:
    berlin = pd.to_datetime(["2024-01-01", "2024-07-01"]).tz_localize("Europe/Berlin").as_unit("us").asi8
    assert are_midnights(berlin, "Europe/Berlin")
    assert not are_midnights(berlin, "UTC")
