"""Look-ups that rules share: who has joined, of which kind rows are, which row comes first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.rule_questions import are_present, check_kinds, first_from, have_joined, is_kind, same_moment, unknown_before
from churnpredict.errors import ChurnWarning, UsageError

DAY = 86_400_000_000


@pytest.fixture
def tables() -> cp.EventTables:
    log = pd.DataFrame(
        {
            "id": ["a", "a", "b"],
            "day": ["2024-01-01", "2024-01-03", "2024-01-03"],
            "kind": ["paid", "failed", "paid"],
            "seen": ["2024-01-01", "2024-01-09", "2024-01-03"],
        }
    )
    people = pd.DataFrame({"id": ["a", "b", "c"], "joined": ["2024-01-01", "2024-01-03", "2024-02-01"]})
    return cp.EventTables(
        log=cp.Events(log, customer="id", time="day", kind="kind", known_at="seen"),
        people=cp.Customers(people, customer="id", since="joined"),
    )


def moments(tables: cp.EventTables, day: str) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(3, dtype=np.int32), np.repeat(tables.instants(day, "at"), 3)


def test_who_has_joined_before_a_moment(tables: cp.EventTables) -> None:
    assert have_joined(tables, *moments(tables, "2024-01-03")).tolist() == [True, False, False]
    assert are_present(tables, *moments(tables, "2024-01-04")).tolist() == [True, True, False]


def test_the_first_row_at_or_after_a_moment(tables: cp.EventTables) -> None:
    stream = tables.stream("log")
    assert first_from(stream, *moments(tables, "2024-01-03")).tolist() == [1, 2, -1]
    assert first_from(stream, *moments(tables, "2024-01-04")).tolist() == [-1, -1, -1]
    assert same_moment(stream, stream.where(np.array([True, False, True]))).tolist() == [True, False, True]


def test_a_row_that_was_not_known_yet(tables: cp.EventTables) -> None:
    stream = tables.stream("log")
    assert unknown_before(stream, *moments(tables, "2024-01-05")).tolist() == [True, False, False]
    assert unknown_before(stream, *moments(tables, "2024-01-10")).tolist() == [False, False, False]


def test_rows_of_a_kind_and_none_for_no_row(tables: cp.EventTables) -> None:
    assert is_kind(tables, "log", ["failed"]).tolist() == [False, True, False, False]
    with pytest.warns(ChurnWarning, match="unknown-kind"):
        check_kinds(tables, "log", ["failled"])
    for wrong in ("paid", 3, {"paid": 1}):
        with pytest.raises(UsageError, match="bad-argument"):
            cp.Inactivity("90d", kinds=wrong)  # type: ignore[arg-type]
