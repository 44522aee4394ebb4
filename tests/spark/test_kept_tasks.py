"""Tasks of a kept history, without Spark: new rows, merged generations and tables of a bucket are those of all rows read at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.laws.days import rows_of

import churnpredict as cp
from churnpredict.events.history.intake import Intake
from churnpredict.events.streams import UNIT
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.spark import kept_tasks
from churnpredict.spark.transfer import load, tables_in

DECLARED = cp.Events(None, customer="who", time="at", value="eur", kind="k", repeats="keep")


@pytest.fixture
def log() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 40, 600), unit="D")
    return pd.DataFrame(
        {"who": rng.integers(0, 30, 600), "at": when, "eur": rng.integers(0, 3, 600) / 2, "k": rng.choice(list("abc"), 600)}
    )


def taken(rows: pd.DataFrame, generation: str, n: int = 3) -> pa.Table:
    """Rows of a day as the segments of a generation."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    parcels = pa.Table.from_batches(list(parts.cut(table.to_batches(), "orders", "who", n))).sort_by("bucket")
    given = kept_tasks.take_in(iter(parcels.to_batches()), "orders", DECLARED, n, "UTC", {}, generation)
    return pa.Table.from_batches(list(given))


def days(log: pd.DataFrame) -> list[pd.DataFrame]:
    unit = np.arange(len(log)) % 3
    return [log[unit == i].assign(**{UNIT: np.int32(i)}) for i in range(3)]


def composed(segments: pa.Table, order: list[str], columns: Any) -> Any:
    given = segments.select(kept_tasks.SEGMENTS.names).sort_by("bucket").to_batches()
    out = list(kept_tasks.compose(iter(given), {"orders": DECLARED}, {"orders": (columns, False)}, {"orders": order}, "UTC"))
    found = [load(batch.column(0)[0].as_buffer()) for batch in out]
    return found, list(tables_in(batch.select(["part"]) for batch in out if batch["part"].null_count == 0))


def in_one(log: pd.DataFrame) -> Any:
    from dataclasses import replace

    return rows_of([cp.EventTables(orders=replace(DECLARED, source=log))])["orders"]


def test_generations_together_and_merged_are_all_rows(log: pd.DataFrame) -> None:
    found = [taken(rows, f"g{i}") for i, rows in enumerate(days(log))]
    seen = [load(value.as_buffer()) for one in found for value in one["seen"]]
    whole, error = kept_tasks.merge_found((Intake(), None), seen[0])
    for one in seen[1:]:
        whole, error = kept_tasks.merge_found((whole, error), one)
    assert error is None
    assert whole.counts == {0: 200, 1: 200, 2: 200}
    segments = pa.concat_tables(found)
    counted, tables = composed(segments, ["g0", "g1", "g2"], whole.columns)
    pd.testing.assert_frame_equal(rows_of(tables)["orders"], in_one(log))
    assert sum((one.kept for one in counted), start=type(counted[0].kept)()) == {"g0": 200, "g1": 200, "g2": 200}
    given = iter(segments.select(kept_tasks.SEGMENTS.names).sort_by("bucket").to_batches())
    one = pa.Table.from_batches(list(kept_tasks.merge_generations(given, ["g0", "g1", "g2"], frozenset(), "g3", "UTC")))
    assert len(one) == 3
    _, tables = composed(one, ["g3"], whole.columns)
    pd.testing.assert_frame_equal(rows_of(tables)["orders"], in_one(log))
    left = pa.Table.from_batches(list(kept_tasks.merge_generations(iter(one.to_batches()), ["g3"], frozenset([1]), "g4", "UTC")))
    _, tables = composed(left, ["g4"], whole.columns)
    pd.testing.assert_frame_equal(rows_of(tables)["orders"], in_one(log[np.arange(len(log)) % 3 != 1]))


def test_segments_out_of_order_and_damaged_ones_are_noticed(log: pd.DataFrame) -> None:
    """The planted faults: no sort by bucket, a changed byte, a segment under another bucket."""
    segments = pa.concat_tables([taken(rows, f"g{i}") for i, rows in enumerate(days(log))]).select(kept_tasks.SEGMENTS.names)
    with pytest.raises(RuntimeError, match="sorted by bucket"):
        list(kept_tasks.merge_generations(iter(segments.to_batches()), ["g0", "g1", "g2"], frozenset(), "g3", "UTC"))
    columns = [("value", "<f8", False), ("kind", "<i4", True)]
    content = bytearray(segments["content"][0].as_py())
    content[70] ^= 1
    cut = segments.set_column(5, "content", pa.array([bytes(content), *segments["content"].to_pylist()[1:]], pa.binary()))
    moved = segments.set_column(0, "bucket", pa.array([(b + 1) % 3 for b in segments["bucket"].to_pylist()], pa.int32()))
    for damaged in (cut, moved):
        counted, _ = composed(damaged, ["g0", "g1", "g2"], columns)
        assert {one.error.code for one in counted if one.error is not None} == {"damaged-history"}


def test_a_row_of_a_file_that_nobody_has_listed_is_refused(log: pd.DataFrame) -> None:
    with pytest.raises(RuntimeError, match="nobody has listed"):
        taken(log.assign(**{UNIT: pd.array([None] * len(log), "Int32")}), "g0")


def test_refused_rows_come_with_their_error(log: pd.DataFrame) -> None:
    found = taken(log.assign(k="a", eur="many", **{UNIT: np.int32(0)}), "g0")
    assert set(found["bucket"].to_pylist()) == {-1}
    assert load(found["seen"][0].as_buffer())[1] is not None


def test_customers_are_found_with_their_units(log: pd.DataFrame) -> None:
    segments = pa.concat_tables([taken(rows, f"g{i}") for i, rows in enumerate(days(log))]).select(kept_tasks.SEGMENTS.names)
    given = iter(segments.sort_by("bucket").to_batches())
    found = pa.Table.from_batches(list(kept_tasks.find_customers(given, frozenset(["7"])))).to_pylist()
    theirs = [rows for rows in days(log) if (rows["who"] == 7).any()]
    assert sum(row["rows"] for row in found) == (log["who"] == 7).sum()
    assert {unit for row in found for unit in row["units"]} == {int(rows[UNIT].iloc[0]) for rows in theirs}
