"""Features of the user's own: aggregates, Python functions, and the probe that finds those which know the future."""

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.features import custom as own
from churnpredict.features.feature import AGGREGATES


@pytest.fixture(scope="module")
def shop():
    return cp.make_business(150, random_state=3)


@pytest.fixture
def past(shop):
    return cp.take_snapshots(shop.tables, shop.churn, at=["2023-03-01", "2023-10-01"])


@pytest.fixture
def forget():
    """Aggregates that a test registers are gone after it."""
    before = set(AGGREGATES)
    yield
    for name in set(AGGREGATES) - before:
        del AGGREGATES[name]
        own.OWN.discard(name)


@pytest.mark.usefixtures("forget")
def test_an_own_aggregate_equals_the_built_in_one(shop, past):
    @cp.features.aggregate("plain_sum", needs="value", driver="value", unit="EUR")
    def plain_sum(times, values, cutoff):
        """Sum by hand."""
        total = 0.0
        for v in values[::-1]:
            total += v
        return total

    @cp.features.aggregate("plain_silence")
    def plain_silence(times, cutoff):
        return (cutoff - times[-1]) / 86_400e6 if len(times) else np.nan

    assert AGGREGATES["plain_sum"].formula == "Sum by hand."
    rows = [cp.Feature("orders", a, w) for a in ("plain_sum", "sum") for w in ("30d", "180d")]
    X = cp.build_features(
        shop.tables, past, features=[*rows, cp.Feature("orders", "plain_silence", "all"), cp.Feature("orders", "days_since_last")]
    )
    for w in ("30d", "180d"):
        np.testing.assert_array_equal(X[f"value__orders_plain_sum_{w}"], X[f"value__orders_sum_{w}"])
    np.testing.assert_array_equal(X["habit__orders_plain_silence_all"], X["habit__orders_days_since_last"])


@pytest.mark.usefixtures("forget")
def test_names_and_needs_are_checked():
    with pytest.raises(UsageError, match="aggregate-name"):
        cp.features.aggregate("count")
    with pytest.raises(UsageError, match="aggregate-name"):
        cp.features.aggregate("Not A Name")
    with pytest.raises(UsageError, match="aggregate-needs"):
        cp.features.aggregate("fine", needs="everything")


def test_a_python_function_sees_only_what_was_known(shop, past):
    def look(history, cutoff):
        assert all((frame["time"] < cutoff).all() for frame in history.values())
        tickets = history["tickets"]
        ended = tickets["end"].notna()
        assert (tickets.loc[ended, "end"] < cutoff).all()
        assert tickets.loc[~ended, "value_at_end"].isna().all()
        return len(history["orders"])

    mine = cp.features.OwnFeature("n", look, tables=["orders", "tickets"])
    X = cp.build_features(shop.tables, past, features=[mine, cp.Feature("orders", "count", "all")])
    np.testing.assert_array_equal(X["habit__n"], X["habit__orders_count_all"])


def test_the_probe_finds_a_function_that_looks_ahead_and_no_other(shop, past):
    def leaky(tables, snapshots):
        """Counts all orders, those after the cutoff too."""
        orders = tables.stream("orders")
        whole = pd.Series(np.diff(orders.offsets), index=pd.Index(tables.ids.to_pandas()))
        X = cp.build_features(tables, snapshots, features=[cp.Feature("orders", "count", "30d")])
        return X.assign(ever=whole.reindex(X.index.get_level_values("customer_id")).to_numpy())

    found = cp.diagnostics.probe_features(leaky, shop.tables, past)
    assert set(found["feature"]) == {"ever"}
    assert found["share"].min() > 0.2
    assert not len(cp.diagnostics.probe_features(cp.build_features, shop.tables, past, random_state=5))
