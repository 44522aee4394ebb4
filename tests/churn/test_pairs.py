"""Snapshots as sorted pairs of customer and cutoff, and back as an index."""

from __future__ import annotations

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.churn.pairs import index_of, sorted_pairs
from churnpredict.errors import IdentityError, SchemaError, UsageError


@pytest.fixture
def tables() -> cp.EventTables:
    log = pd.DataFrame({"user": ["b", "a", "c"], "day": ["2024-01-01", "2024-01-02", "2024-01-03"]})
    return cp.EventTables(visits=cp.Events(log, customer="user", time="day"))


def test_pairs_are_sorted_by_customer_then_cutoff_and_come_back_as_an_index(tables: cp.EventTables) -> None:
    wanted = [("a", "2024-02-01"), ("b", "2024-01-15"), ("b", "2024-02-01")]
    mixed = pd.DataFrame([wanted[2], wanted[0], wanted[1]], columns=["customer_id", "cutoff"])
    customers, cutoffs = sorted_pairs(tables, mixed)
    index = index_of(tables, customers, cutoffs)
    assert [(c, f"{t:%Y-%m-%d}") for c, t in index] == sorted(wanted, key=lambda pair: (tables.ids.to_pylist().index(pair[0]), pair[1]))
    again = sorted_pairs(tables, index.to_frame(index=False))
    assert (again[0] == customers).all()
    assert (again[1] == cutoffs).all()


def test_what_is_not_pairs_is_refused_by_name(tables: cp.EventTables) -> None:
    with pytest.raises(UsageError, match="bad-argument"):
        sorted_pairs(tables, [("a", "2024-02-01")])  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match=r"cutoff.*missing-column"):
        sorted_pairs(tables, pd.DataFrame({"customer_id": ["a"], "cut_off": ["2024-02-01"]}))
    with pytest.raises(IdentityError, match="duplicate-snapshot"):
        sorted_pairs(tables, pd.DataFrame({"customer_id": ["a", "a"], "cutoff": ["2024-02-01"] * 2}))
    with pytest.raises(IdentityError, match="unknown-snapshot-customer"):
        sorted_pairs(tables, pd.DataFrame({"customer_id": ["z"], "cutoff": ["2024-02-01"]}))
