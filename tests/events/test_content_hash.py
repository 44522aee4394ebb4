"""The hash of tables: the same for the same rows in any order and from any source, another for any change."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.events.content_hash import digest_of_tables

LOG = pd.DataFrame(
    {"user": ["a", "b", "a", "c"], "day": pd.date_range("2024-01-01", periods=4), "eur": [1.0, 2.0, None, 4.0], "kind": list("xyxx")}
)


def digest(frame: pd.DataFrame) -> str:
    return digest_of_tables(cp.EventTables(orders=cp.Events(frame, customer="user", time="day", value="eur", kind="kind")))


def test_the_order_of_rows_does_not_matter() -> None:
    assert digest(LOG) == digest(LOG.iloc[::-1]) == digest(LOG.sample(frac=1, random_state=0))


@pytest.mark.parametrize("column", LOG.columns)
def test_one_changed_cell_is_another_table(column: str) -> None:
    changed = LOG.copy()
    changed.loc[1, column] = {"user": "d", "day": pd.Timestamp("2024-01-09"), "eur": 2.5, "kind": "x"}[column]
    assert digest(changed) != digest(LOG)
    assert digest(LOG.iloc[:3]) != digest(LOG)
