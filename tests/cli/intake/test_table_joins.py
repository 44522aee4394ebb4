"""Queries over drafted tables: names are quoted, numbers and times read as written, and rows that are lost are counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb
import pytest
from tests.cli.intake.profiles import profile_of

from churnpredict.cli.intake import table_joins as joins
from churnpredict.cli.intake.table_keys import Step, Way
from churnpredict.cli.intake.table_profiles import profile_database, profile_query


@pytest.mark.parametrize("name", ["day", "Order Date", 'say "hi"', "select", "group", "order", "ümlaut"])
def test_a_quoted_name_is_a_column_of_that_name(name: str) -> None:
    assert duckdb.sql(f"SELECT 1 AS {joins.quoted(name)}").columns == [name]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("1.5", ".", None, 1.5),
        ("1.234,50", ",", ".", 1234.5),
        ("1,234.50", ".", ",", 1234.5),
        ("€ 12", ".", None, 12.0),
        ("EUR 12.25", ".", None, 12.25),
        ("(7.5)", ".", None, -7.5),
        ("1e3", ".", None, 1000.0),
        ("none", ".", None, None),
    ],
)
def test_texts_are_numbers_in_a_query_as_in_a_declaration(text: str, decimal: str, thousands: str | None, value: float | None) -> None:
    query = "SELECT " + joins.number_of(f"'{text}'", decimal, thousands)
    assert duckdb.sql(query).fetchall() == [(value,)]


def test_rows_that_lead_to_no_customer_are_counted(tmp_path: Path) -> None:
    orders = profile_of(tmp_path, "orders", "order_id,who,day", [f"o{i},c{i % 9},2024-01-{i + 1:02d}" for i in range(20)])
    lines = profile_of(tmp_path, "lines", "order_id,price", [f"o{i % 25},{i}.5" for i in range(50)])
    found = joins.joined_profile(lines, Way("who", (Step("order_id", "orders", "order_id"),)), {"orders": orders, "lines": lines})
    assert found is not None
    assert (found.rows, list(found.columns)) == (40, ["order_id", "price", "day", "who"]), "the day is that of the order"
    assert "10 of 50 rows lead to no customer by orders" in found.notes[-1]


def test_tables_of_two_databases_are_not_joined(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE orders (order_id TEXT, who TEXT)")
        connection.execute("INSERT INTO orders VALUES ('o1', 'c1')")
    connection.close()
    (orders,) = profile_database(tmp_path / "shop.db")
    lines = profile_of(tmp_path, "lines", "order_id,price", ["o1,1.5"])
    assert joins.joined_profile(lines, Way("who", (Step("order_id", "orders", "order_id"),)), {"orders": orders}) is None


def test_rows_of_nobody_are_left_out_and_whole_ids_come_back(tmp_path: Path) -> None:
    found = joins.with_customer(profile_of(tmp_path, "t", "who,n", ["1.0,5", ",6", "3.0,7", "0.0,8"]), "who", ["0.0"])
    assert found.table["who"].to_pylist() == [1, 3]
    found = joins.with_customer(profile_of(tmp_path, "u", "who,n", ["a'b,5", "guest,6"]), "who", ["guest", "it's"])
    assert found.table["who"].to_pylist() == ["a'b"]


def test_months_become_rows_without_those_that_are_zero(tmp_path: Path) -> None:
    profile = profile_of(tmp_path, "t", "who,2024-01,2024-02,2024-03", ["a,5,0,7", "b,,2.5,"])
    found = profile_query(joins.months_as_rows(profile, "who"), "t").table.to_pandas()
    assert sorted(map(tuple, found.to_numpy().tolist())) == [
        ("a", "2024-01", 5.0), ("a", "2024-03", 7.0), ("b", "2024-02", 2.5)
    ]  # fmt: skip


@pytest.mark.parametrize("spelling", ["1", "true", "True", "yes", "YES"])
def test_flagged_rows_are_found_however_a_flag_is_written(spelling: str, tmp_path: Path) -> None:
    other = {"1": "0", "true": "false", "True": "False", "yes": "no", "YES": "NO"}[spelling]
    profile = profile_of(tmp_path, "t", "who,churned", [f"a,{spelling}", f"b,{other}", f"c,{spelling}"])
    value = str(profile.columns["churned"].codes[1][0])
    assert profile_query(joins.flagged_rows(profile, "churned", [value]), "t").table["who"].to_pylist() == ["a", "c"]
