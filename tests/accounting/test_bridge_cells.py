"""Cells of a revenue bridge: levels at edges of periods, and moves of each kind, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.accounting.bridge_cells import COUNTED, MOVES, Cells, levels_at_edges
from churnpredict.accounting.definitions import Definition
from churnpredict.accounting.ledger import Periods
from churnpredict.accounting.recurring import holdings
from churnpredict.accounting.revenue_steps import Steps


def cells(rows, start="2024-01-01", end="2024-05-01"):  # type: ignore[no-untyped-def]
    frame = pd.DataFrame(rows, columns=["who", "start", "end", "eur"]).astype({"start": "datetime64[us]", "end": "datetime64[us]"})
    held = cp.Intervals(frame, customer="who", start="start", end="end", value="eur", money=True, per="month")
    tables = cp.EventTables(contracts=held, observed_until="2024-06-01")
    meaning = Definition()
    steps = Steps.of(holdings(tables, None, "contracts.value", 2, meaning), "contracts")
    periods = Periods.between(tables, "M", tables.instant(start, "start"), tables.instant(end, "end"))
    return Cells.of(tables, steps, periods, meaning, None), steps


ROWS = [
    ("a", "2023-06-01", "2024-02-01", 10.0),  # leaves with January
    ("b", "2024-01-10", "2024-03-01", 5.0),  # joins in January, leaves with February, comes back in April
    ("b", "2024-04-10", None, 7.0),
    ("c", "2023-06-01", "2024-02-15", 20.0),  # 20, then 30 from the middle of February on
    ("c", "2024-02-15", None, 30.0),
]


def test_moves_by_hand() -> None:
    found, _ = cells(ROWS)
    money = {name: found.money[name][:, 0].tolist() for name in MOVES}
    assert money["new"] == [500, 0, 0, 0]
    assert money["churn"] == [1000, 500, 0, 0]
    assert money["returned"] == [0, 0, 0, 700]
    assert money["expansion"] == [0, 1000, 0, 0]
    assert money["contraction"] == [0, 0, 0, 0]
    assert {name: found.counts[name][:, 0].tolist() for name in COUNTED} == {
        "joined": [1, 0, 0, 0], "lost": [1, 1, 0, 0], "came_back": [0, 0, 0, 1]
    }  # fmt: skip


def test_start_and_moves_give_the_end() -> None:
    found, _ = cells(ROWS)
    change = sum(found.money[m] * (-1 if m in ("contraction", "churn") else 1) for m in MOVES) + found.money["moved"]
    np.testing.assert_array_equal(found.money["start"] + change, found.money["end"])
    np.testing.assert_array_equal(found.money["start"][1:], found.money["end"][:-1])
    np.testing.assert_array_equal(found.counts["customers"][:, 0], [2, 2, 1, 1])
    np.testing.assert_array_equal(found.involved[:, 0], [3, 2, 1, 2])


def test_levels_are_what_the_changes_have_led_to() -> None:
    _, steps = cells(ROWS)
    edges = np.arange("2024-01", "2024-06", dtype="datetime64[M]").astype("datetime64[us]").astype(np.int64)
    people, every = np.arange(3, dtype=np.int32), slice(0, len(steps.owners))
    levels = levels_at_edges(people, steps, steps.places(edges), every, len(edges) - 1, steps.after - steps.before)
    assert levels.tolist() == [[1000, 0, 0, 0, 0], [0, 500, 0, 0, 700], [2000, 2000, 3000, 3000, 3000]]


@pytest.mark.parametrize("size", [1, 7])
def test_blocks_of_customers_change_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = cells(ROWS)
    monkeypatch.setattr("churnpredict.accounting.bridge_cells.BLOCK", size)
    parts, _ = cells(ROWS)
    for name in whole.money:
        np.testing.assert_array_equal(whole.money[name], parts.money[name])
