"""Columns whose whole numbers in a Parquet file do not say what they are: refused by name, wherever they are declared."""

import datetime

import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import SchemaError
from churnpredict.events.sources.parquet_types import check_stored_types

HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    "column", [pd.Series([HOUR, 2 * HOUR]), pd.PeriodIndex(["2024-01", "2024-02"], freq="M")], ids=["durations", "periods"]
)
@pytest.mark.parametrize("role", ["value", "kind", "item", "time", "customer"])
def test_durations_and_periods_of_a_file_are_refused(tmp_path, column, role):
    """An hour was 3,600,000,000 euros or pieces. A frame says what its durations are: as values they are seconds."""
    frame = pd.DataFrame({"who": [1, 2], "day": ["2024-01-01", "2024-01-02"], "spent": column})
    frame.to_parquet(tmp_path / "log.parquet")
    roles = {"customer": "who", "time": "day"} | {role: "spent"}
    for make in (cp.EventTables, cp.runs.scan_tables):
        with pytest.raises(SchemaError, match=r"the file holds (durations \(ns\)|periods|durations \(us\)) as whole numbers") as caught:
            make(log=cp.Events(tmp_path / "*.parquet", **roles))
        assert (caught.value.code, caught.value.column) == ("stored-type", "spent")
    if role == "value" and column.dtype.kind == "m":
        tables = cp.EventTables(log=cp.Events(frame, **roles))
        assert tables.stream("log").columns["value"].tolist() == [3600, 7200]
        return
    with pytest.raises(cp.ChurnError):
        cp.EventTables(log=cp.Events(frame, **roles))


def test_columns_that_are_not_declared_may_hold_anything():
    schema = pa.schema([("who", pa.int64()), ("spent", pa.duration("s"))])
    check_stored_types(lambda _: schema, ["a"], ["who"], table="log")
    with pytest.raises(SchemaError, match=r"durations \(s\)"):
        check_stored_types(lambda _: schema, ["a"], ["spent"], table="log")
