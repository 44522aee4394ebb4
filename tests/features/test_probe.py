"""The probe finds features that use the future, and only these."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.features.probe import poisoned

ROWS = [cp.Feature("orders", "count", "60d"), cp.Feature("orders", "sum", "60d")]


@pytest.fixture(scope="module")
def shop() -> cp.Business:
    return cp.make_business(60, random_state=0)


@pytest.fixture(scope="module")
def past(shop: cp.Business) -> pd.DataFrame:
    return cp.take_snapshots(shop.tables, shop.churn, at=["2023-06-01", "2023-09-01", "2023-12-01"])


def honest(tables: cp.EventTables, snapshots: pd.DataFrame) -> pd.DataFrame:
    return cp.build_features(tables, snapshots, features=ROWS)


def test_a_feature_that_looks_ahead_is_named(shop: cp.Business, past: pd.DataFrame) -> None:
    def peeking(tables: cp.EventTables, snapshots: pd.DataFrame) -> pd.DataFrame:
        found = honest(tables, snapshots)
        later = honest(tables, snapshots.assign(cutoff=snapshots["cutoff"] + pd.Timedelta(days=20)))
        return found.assign(ahead=later.iloc[:, 0].to_numpy())

    found = cp.diagnostics.probe_features(peeking, shop.tables, past)
    assert set(found["feature"]) == {"ahead"}
    assert (found["rows"] > 0).all()
    assert found["share"].between(0, 1, inclusive="right").all()
    assert len(cp.diagnostics.probe_features(honest, shop.tables, past)) == 0


def test_a_feature_that_is_missing_after_the_future_has_changed_is_named(shop: cp.Business, past: pd.DataFrame) -> None:
    calls: list[int] = []

    def vanishing(tables: cp.EventTables, snapshots: pd.DataFrame) -> pd.DataFrame:
        calls.append(1)
        return honest(tables, snapshots).iloc[:, : 2 - (len(calls) % 2 == 0)]

    found = cp.diagnostics.probe_features(vanishing, shop.tables, past, cutoffs=1)
    assert found["share"].tolist() == [1.0]


def test_rows_before_the_cutoff_stay_what_they_were(shop: cp.Business) -> None:
    moment = int(shop.tables.instants("2023-09-01")[0])
    spoilt = poisoned(shop.tables, moment, seed=1)
    for name, stream in shop.tables.streams.items():
        kept, given = spoilt.streams[name].known_before(moment), stream.known_before(moment)
        np.testing.assert_array_equal(kept.times, given.times)
        np.testing.assert_array_equal(kept.offsets, given.offsets)
    assert (spoilt.streams["orders"].times >= moment).sum() > 0


def test_the_number_of_cutoffs_is_checked(shop: cp.Business, past: pd.DataFrame) -> None:
    with pytest.raises(UsageError):
        cp.diagnostics.probe_features(honest, shop.tables, past, cutoffs=0)
    with pytest.raises(UsageError):
        cp.diagnostics.probe_features(honest, past, shop.tables)  # type: ignore[arg-type]
