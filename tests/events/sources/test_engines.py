"""Engines of databases: what is asked of each for a checksum."""

from __future__ import annotations

import sqlite3
from typing import Any

import duckdb
import pytest

from churnpredict.events.sources.engines import open_engine


def checksum(engine: Any, sql: str) -> list[tuple[Any, ...]]:
    with engine.open() as opened:
        return list(opened.rows(f"SELECT {opened.checksum(['a', 'b'])} FROM ({sql}) AS given"))


@pytest.fixture(params=["duckdb", "sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Any:
    if request.param == "postgres":
        return open_engine(request.getfixturevalue("postgres"), "log")
    return open_engine(duckdb.connect() if request.param == "duckdb" else sqlite3.connect(":memory:"), "log")


def test_a_checksum_knows_rows_and_not_their_order(engine: Any) -> None:
    one = checksum(engine, "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'")
    assert one == checksum(engine, "SELECT 2 AS a, 'y' AS b UNION ALL SELECT 1, 'x'")
    others = ["SELECT 1 AS a, 'y' AS b UNION ALL SELECT 2, 'x'", "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL"]
    others += ["SELECT 1 AS a, 'x' AS b", "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y' UNION ALL SELECT 2, 'y'"]
    assert all(checksum(engine, other) != one for other in others)


def test_types_are_told(engine: Any) -> None:
    with engine.open() as opened:
        assert opened.kinds("SELECT 1 AS a") != opened.kinds("SELECT 'x' AS a")
        told = opened.type_of("SELECT 1 AS a")
        assert told == {"duckdb": "INTEGER", "sqlite": None, "postgresql": "integer"}[opened.dialect]
