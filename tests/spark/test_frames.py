"""DataFrames of Spark as sources: texts that are numbers, looked at in all rows, or in those of each unit."""

from dataclasses import replace

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import spark
from churnpredict.events.streams import UNIT
from churnpredict.spark.frames import text_forms

pytestmark = pytest.mark.filterwarnings(
    "ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning", "ignore:.*missing-words:churnpredict.ChurnWarning"
)


@pytest.mark.parametrize(
    ("size", "labels"),
    [(["1"] * 18 + ["", "2.5"], None), (["1"] * 19 + ["many"], ["1", "many"]), (["5"] * 18 + ["N/A", "2.5"], None)],
)
def test_texts_are_numbers_by_all_rows_and_not_by_those_of_a_bucket(session, size, labels):
    log = pd.DataFrame({"id": range(20), "at": pd.Timestamp("2024-01-01")})
    people = pd.DataFrame({"id": range(20), "size": size})
    given = {"log": cp.Events(log, customer="id", time="at"), "people": cp.Customers(people, customer="id", attributes=["size"])}
    inside = cp.EventTables(**given)
    with spark.SparkTables(**{n: replace(d, source=session.createDataFrame(d.source)) for n, d in given.items()}, partitions=4) as tables:
        found = tables.labels["people"].get("size")
        assert (None if found is None else found.to_pylist()) == labels
        assert ("size" in inside.labels["people"]) == (labels is not None)


def test_texts_of_each_unit(session):
    people = cp.Customers(None, customer="id", attributes=["size", "city"])
    rows = [(1, "1", "Rome", 0), (2, "2.5", "Bonn", 0), (3, "N/A", "", 1), (4, "many", None, 2)]
    frame = session.createDataFrame(rows, f"id int, size string, city string, `{UNIT}` int")
    found = text_forms(frame, people)
    assert found == {
        0: {"size": b"number", "city": b"words"},
        1: {"size": b"", "city": b""},
        2: {"size": b"words", "city": b""},
    }
    assert text_forms(frame.select("id", "size", "city"), people) == {0: {"size": b"words", "city": b"words"}}
    assert text_forms(frame.select("id"), people) == {}
