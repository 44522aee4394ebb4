"""Tasks on parts of the customers: parcels hold all rows, a customer is in one, and what tasks saw is merged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.pipeline import partition_tasks as tasks


def batches(n: int = 200, size: int = 30) -> list[pa.RecordBatch]:
    who = [f"c{i * 7 % 41}" for i in range(n)]
    return pa.table({"who": pa.array(who).dictionary_encode(), "row": range(n)}).to_batches(max_chunksize=size)


@pytest.mark.parametrize("rows", [1 << 18, 50])
def test_parcels_hold_all_rows_of_a_customer_in_one_bucket(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "ROWS", rows)
    parcels = list(tasks.cut(batches(), "orders", "who", 5))
    assert len(parcels) == (1 if rows > 200 else 4)
    whole = pa.Table.from_batches(parcels).sort_by("bucket")
    parts = [pa.concat_tables(part["orders"]) for part in tasks.unpack(whole.to_batches())]
    assert sorted(r for p in parts for r in p["row"].to_pylist()) == list(range(200))
    owners = [set(p["who"].to_pylist()) for p in parts]
    assert sum(map(len, owners)) == 41
    assert list(tasks.cut([], "orders", "who", 5)) == []


def test_parcels_out_of_order_are_an_error_and_not_two_customers() -> None:
    (parcels,) = tasks.cut(batches(), "orders", "who", 3)
    with pytest.raises(RuntimeError, match="sorted by bucket"):
        list(tasks.unpack([parcels, parcels]))


def test_what_tasks_saw_is_added_and_the_first_error_kept() -> None:
    from churnpredict.events.partition_context import Whole

    first, second = (UsageError(code, "one", remedy="Do so.") for code in ("first", "second"))
    one = tasks.Seen(Whole({}, "UTC"), rows={"orders": 3}, zones={("orders", True)}, error=first)
    other = tasks.Seen(Whole({}, "UTC"), rows={"orders": 4, "calls": 1}, zones={("calls", False)}, id_type=pa.string(), error=second)
    found = tasks.merge(one, other)
    assert found.rows == {"orders": 7, "calls": 1}
    assert found.zones == {("orders", True), ("calls", False)}
    assert found.id_type == pa.string()
    assert found.error is first
    assert tasks.merge(tasks.Seen(Whole({}, "UTC")), tasks.Seen(Whole({}, "UTC"), error=second)).error is second


def test_a_sample_of_customers_does_not_depend_on_the_part_they_are_in(tables: cp.EventTables, churn: cp.Inactivity) -> None:
    rows = [cp.Feature("orders", "count", "60d")]
    moments = tables.instants(["2023-09-01", "2023-12-01"])

    def asked(share: float) -> pd.DataFrame:
        return pd.concat(tasks.rows_of(tables, tasks.Question(churn, moments, rows, outcomes=False, share=share)))

    whole, half = asked(1.0), asked(0.5)
    assert 0.3 < len(half) / len(whole) < 0.7
    drawn = set(half.index.get_level_values(0))
    pd.testing.assert_frame_equal(half, whole[whole.index.get_level_values(0).isin(drawn)])


def test_rows_are_those_of_one_process(tables: cp.EventTables, churn: cp.Inactivity, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [cp.Feature("orders", "count", "60d"), cp.Feature("orders", "days_since_last")]
    past = cp.take_snapshots(tables, churn, at="2023-09-01")
    expected = cp.build_features(tables, past, features=rows)
    question = tasks.Question(churn, tables.instants(["2023-09-01"]), rows, outcomes=True)
    for cells in (1 << 24, 2 * 50):
        monkeypatch.setattr(tasks, "CELLS", cells)
        found = pd.concat(tasks.rows_of(tables, question))
        pd.testing.assert_frame_equal(found[expected.columns], expected.loc[found.index], check_exact=True)
    labels = cp.label_churn(tables, past, churn)
    np.testing.assert_array_equal(found["outcome"], labels["outcome"].loc[found.index])


def test_names_of_risks_are_found_without_a_customer(trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    names = tasks.names_of_risks(trained.model_)
    assert "risk" in names
    assert set(names) <= set(trained.score(tables, at="2023-12-01").columns)
