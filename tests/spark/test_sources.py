"""What the rows of a table in Spark are made of: slices by a column that grows are proved by counts and checksums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.spark.test_history import found, one_process, tables_of

import churnpredict as cp
from churnpredict.errors import SchemaError, UsageError
from churnpredict.events.streams import UNIT
from churnpredict.spark.sources import SlicedTable, WholeTable, source_of

pytestmark = [
    pytest.mark.filterwarnings("error:.*history-reread"),
    pytest.mark.filterwarnings("ignore::churnpredict.ChurnWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning"),
]
DECLARED = cp.Events(None, customer="who", time="at", value="eur")


def sliced(session: Any, rows: list[tuple[Any, ...]]) -> SlicedTable:
    frame = session.createDataFrame(rows, "number int, who string, at timestamp_ntz, eur double, note string")
    source = source_of("orders", frame, DECLARED, "number")
    assert isinstance(source, SlicedTable)
    return source


def test_a_slice_is_read_again_if_a_declared_value_differs_in_any_bit(session: Any) -> None:
    at = pd.Timestamp("2024-01-01").to_pydatetime()
    rows: list[tuple[Any, ...]] = [(1, "a", at, 0.0, "x"), (2, None, at, 2.0, "x"), (None, "c", at, 3.0, "x")]
    known = {name: proof for name, (proof, _) in sliced(session, rows).units({}).items()}
    assert len(known) == 3, "up to the greatest mark, above it, and without a mark"

    def changed(rows: list[tuple[Any, ...]]) -> list[str]:
        return [name for name, (_, same) in sliced(session, rows).units(known).items() if not same]

    assert changed([rows[2], rows[0], rows[1]]) == [], "the order of rows is none"
    assert changed([(*row[:4], "y") for row in rows]) == [], "nor is what is not declared"
    first, _, nothing = known
    assert changed([(1, "a", at, -0.0, "x"), *rows[1:]]) == [first]
    assert changed([(1, None, at, 0.0, "x"), (2, "a", at, 2.0, "x"), rows[2]]) == [first]
    assert changed([*rows, rows[2]]) == [nothing]
    new = changed([*rows, (3, "d", at, 1.0, "x")])
    assert first not in new
    assert nothing not in new
    source = sliced(session, [*rows, (3, "d", at, 1.0, "x")])
    numbers = {name: 7 + i for i, (name, (_, same)) in enumerate(source.units(known).items()) if not same}
    given = source.rows(numbers).collect()
    assert [(row["who"], row["eur"]) for row in given] == [("d", 1.0)]
    assert given[0][UNIT] in numbers.values()


@pytest.mark.usefixtures("orders")
def test_a_table_of_any_kind_is_read_slice_by_slice(session: Any, tmp_path: Path, orders: Any) -> None:
    """A filter hides its files, and a column that grows shows what is new; late and corrected rows included."""

    def frame() -> Any:
        return session.read.parquet(str(tmp_path / "orders")).where("eur >= 0 AND who < 99").distinct()

    def run() -> Any:
        return found(lambda: tables_of(session, tmp_path, frame(), grows_by={"orders": "line"}))

    for day in (0, 1):
        orders(day, line=np.arange(30) + 100 * day)
    told = [run()[1]["orders"]]
    orders(2, line=np.arange(30) + 200)
    of_spark, changes = run()
    told.append(changes["orders"])
    assert of_spark == one_process(tmp_path)
    path = tmp_path / "orders" / "2.parquet"  # a row of yesterday is corrected, and one comes late into the first days
    rows = pd.read_parquet(path)
    rows.loc[0, "eur"] = 77.5
    rows.loc[1, "line"] = 5000
    rows.to_parquet(path)
    orders(3, "late", line=np.arange(30) + 50)
    of_spark, changes = run()
    told.append(changes["orders"])
    assert of_spark == one_process(tmp_path)
    told.append(run()[1]["orders"])
    assert told == ["read 3 of 3 slices", "read 2 of 4 slices", "read 4 of 5 slices", "unchanged (5 slices)"]


def test_what_cannot_be_cut_is_refused(session: Any, tmp_path: Path, orders: Any) -> None:
    orders(2)
    with pytest.raises(UsageError, match="which is not a table"):
        tables_of(session, tmp_path, grows_by={"order": "at"})
    with pytest.raises(SchemaError, match="missing-column"):
        tables_of(session, tmp_path, grows_by={"orders": "line"})
    with pytest.raises(UsageError, match="kept history"):
        tables_of(session, tmp_path, keep_history=None, grows_by={"orders": "at"})
    whole = source_of("orders", session.createDataFrame([("a", 1)], "who string, eur int"), cp.Customers(None, customer="who"), None)
    assert isinstance(whole, WholeTable)
    assert list(whole.units({})) == [""]
