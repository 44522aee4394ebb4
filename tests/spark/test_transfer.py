"""Bytes between the tasks of one job."""

import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.spark.transfer import as_arrow, bare, binary, dump, load, quoted, tables_in


def test_objects_and_tables_come_back():
    pytest.importorskip("pyspark")
    limit = 3
    assert load(dump({"a": lambda n: n + limit}))["a"](1) == 4
    log = pd.DataFrame({"who": ["a", "b", "a"], "at": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])})
    declared = {"visits": cp.Events(log, customer="who", time="at")}
    tables = cp.EventTables(**declared)
    content = bare(tables, {name: cp.Events(None, customer="who", time="at") for name in declared})
    (again,) = tables_in([binary(part=content)])
    assert again.ids.equals(tables.ids)
    assert again.streams["visits"].times.tolist() == tables.streams["visits"].times.tolist()


def test_frames_in_declared_types_and_names():
    index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2024-01-01"))], names=["customer_id", "cutoff"])
    schema = pa.schema([("customer_id", pa.string()), ("cutoff", pa.timestamp("us")), ("x", pa.float32())])
    assert as_arrow(pd.DataFrame({"x": [1.5]}, index=index), schema).schema == schema
    assert quoted("a`b") == "`a``b`"
