"""Profiles of columns: what they hold, how often, and where they are empty."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from tests.cli.intake.profiles import profile_of

from churnpredict.cli.intake.table_profiles import profile_database, table_name


def test_each_kind_of_column_is_told_from_its_values(tmp_path: Path) -> None:
    rows = [f"c{i},2024-01-{i + 1:02d},{i}.5,{i % 2},0{i}:30,,{'ab'[i % 2]}" for i in range(9)]
    found = profile_of(tmp_path, "log", "who,day,amount,active,at,nothing,plan", rows)
    kinds = {name: column.kind for name, column in found.columns.items()}
    assert kinds == {"who": "text", "day": "time", "amount": "number", "active": "flag", "at": "clock", "nothing": "empty", "plan": "text"}
    assert found.rows == 9
    assert [c.name for c in found.of_kind("time", "clock")] == ["day", "at"]


@pytest.mark.parametrize(
    ("name", "written", "kind"),
    [
        ("duration", "0:04:{:02d}", "number"),
        ("Gesprächsdauer", "00:04:{:02d}", "number"),
        ("at", "00:04:{:02d}", "clock"),  # a time of day: no name, and no value beyond a day, says otherwise
        ("at", "25:04:{:02d}", "number"),
        ("duration", "04:{:02d}", "clock"),  # minutes or hours: not known
    ],
)
def test_lengths_of_time_are_told_from_times_of_day(name: str, written: str, kind: str, tmp_path: Path) -> None:
    column = profile_of(tmp_path, "calls", f"who,{name}", [f"a,{written.format(s)}" for s in range(10, 20)]).columns[name]
    assert column.kind == kind
    if kind == "number":
        assert np.diff(column.numbers).tolist() == [1.0] * 9


def test_blanks_are_no_values_and_have_no_code(tmp_path: Path) -> None:
    column = profile_of(tmp_path, "log", "who,plan", ["a,x", "b, ", "c,", "d,x", "e,y"]).columns["plan"]
    assert column.filled.tolist() == [True, False, False, True, True]
    assert column.codes[0].tolist() == [0, -1, -1, 0, 1]
    assert column.codes[1].tolist() == ["x", "y"]
    assert (column.distinct, column.unique) == (2, False)


def test_a_column_is_unique_only_if_it_is_filled_everywhere(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "log", "whole,holes,twice", ["a,a,a", "b,,b", "c,c,b"])
    assert [c.unique for c in found.columns.values()] == [True, False, False]


def test_numbers_and_times_are_those_of_the_file(tmp_path: Path) -> None:
    found = profile_of(tmp_path, "log", "who;paid;amount", ["a;31.12.2023;1.234,50", "b;13.01.2024;7,00", "c;;"])
    np.testing.assert_array_equal(found.columns["amount"].numbers, [1234.5, 7.0, np.nan])
    times = found.columns["paid"].times
    assert times[:2].astype("datetime64[us]").astype("datetime64[D]").astype(str).tolist() == ["2023-12-31", "2024-01-13"]
    assert found.columns["paid"].known.tolist() == [True, True, False]
    assert {key for key, *_ in found.keys} >= {"delimiter", "decimal"}


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("Orders 2024", "orders_2024"),
        ("customerOrders", "customer_orders"),
        ("2024-orders", "t_2024_orders"),
        ("Aufträge", "auftrage"),
        ("Заказы", "zakazy"),
        ("straße", "strasse"),
        ("outcome", "outcome_table"),  # a name of its own inside
        ("!!!", "events"),
    ],
)
def test_names_of_tables_can_stand_in_names_of_features(called: str, name: str) -> None:
    assert table_name(called) == name
    assert name.isidentifier()


def test_every_table_of_a_database_has_a_profile(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE orders (who TEXT, day TEXT, amount REAL)")
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", [(f"c{i}", f"2024-01-{i + 1:02d}", i + 0.5) for i in range(5)])
        connection.execute("CREATE TABLE people (who TEXT)")
        connection.execute("INSERT INTO people VALUES ('c1')")
    connection.close()
    found = {p.name: p for p in profile_database(tmp_path / "shop.db")}
    assert {name: p.rows for name, p in found.items()} == {"orders": 5, "people": 1}
    assert found["orders"].columns["day"].kind == "time"
