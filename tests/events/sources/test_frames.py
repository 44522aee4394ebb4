"""What stands at the door: every kind of source gives the same table, and only what is declared is read."""

import datetime

import numpy as np
import pandas as pd
import pytest

from churnpredict import Customers, Events, EventTables
from churnpredict.errors import SchemaError
from churnpredict.events.sources.frames import open_frame


def log():
    return pd.DataFrame(
        {
            "user": ["b", "a", "b", "c"],
            "at": pd.to_datetime(["2024-01-03 10:00", "2024-01-01 08:30", "2024-01-02 00:00", "2024-02-05 00:00"]).as_unit("us"),
            "eur": [1.5, np.nan, 2.25, 4.0],
            "kind": ["buy", "return", None, "buy"],
        }
    )


def declare(source, **more):
    return EventTables(orders=Events(source, customer="user", time="at", value="eur", kind="kind"), **more)


def test_a_table_of_any_kind_is_read_alike(constructor):
    stream, tables = declare(constructor(log())).stream("orders"), declare(constructor(log()))
    assert tables.ids.to_pylist() == ["a", "b", "c"]
    assert stream.offsets.tolist() == [0, 1, 3, 4]
    assert stream.times.astype("datetime64[us]").astype("datetime64[m]").astype(str).tolist() == [
        "2024-01-01T08:30",
        "2024-01-02T00:00",
        "2024-01-03T10:00",
        "2024-02-05T00:00",
    ]
    np.testing.assert_array_equal(stream.columns["value"], [np.nan, 2.25, 1.5, 4.0])
    assert stream.columns["kind"].tolist() == [1, -1, 0, 0]
    assert [*tables.kinds("orders")] == ["buy"]  # the one return of one customer names no feature


def test_wall_times_are_those_of_the_business_in_any_kind_of_source(constructor):
    tables = declare(constructor(log()), timezone="America/New_York")
    assert str(tables.stream("orders").times.astype("datetime64[us]")[0])[:16] == "2024-01-01T13:30"


def test_times_with_a_zone_are_taken_as_they_are(constructor):
    frame = log().assign(at=lambda f: f["at"].dt.tz_localize("Asia/Tokyo"))
    tables = declare(constructor(frame), timezone="America/New_York")
    assert str(tables.stream("orders").times.astype("datetime64[us]")[0])[:16] == "2023-12-31T23:30"


def test_what_is_not_declared_is_not_read():
    """A column that cannot be converted does no harm where nobody asks for it."""
    frame = log().assign(odd=[object(), 1, "x", None])
    assert len(declare(frame).stream("orders")) == 4


def test_reading_leaves_the_source_as_it_was():
    frame = log()
    kept = frame.copy(deep=True)
    declare(frame)
    pd.testing.assert_frame_equal(frame, kept)


def test_the_repr_counts_and_names_nobody():
    people = pd.DataFrame({"id": ["a", "b", "c", "d"], "region": ["n", "s", "n", "n"]})
    tables = declare(log(), people=Customers(people, customer="id", attributes=["region"]))
    text = repr(tables)
    assert text.splitlines()[0] == "EventTables: 4 customers, observed until 2024-02-06"
    assert "orders  events        4          3  2024-01-01 to 2024-02-05" in text
    assert "people  customers     4          4  region" in text


@pytest.mark.parametrize("until", ["2024-01-02", "2024-01-03 10:00", "2024-01-03 10:00:00.000001"])
def test_the_tables_of_the_past_hold_only_what_was_known(until):
    tables = declare(log())
    moment = int(tables.instants(until)[0])
    past = tables.known_before(moment)
    assert (past.stream("orders").times < moment).all()
    assert len(past.stream("orders")) == int((log()["at"] < pd.Timestamp(until)).sum())
    assert past.observed_until("orders") <= moment
    assert tables.known_before(10**17) is tables  # nothing to leave out


@pytest.mark.parametrize(
    "values",
    [
        [datetime.datetime(2024, 1, 1), 45293],
        [datetime.date(2024, 1, 1), 45293.0],
        [datetime.timedelta(hours=1), 3600],
        [datetime.time(1), 3600.0],
        [datetime.timedelta(hours=1), None, np.float64(3600)],
    ],
    ids=lambda values: type(values[0]).__name__,
)
def test_numbers_among_times_are_refused_in_any_order(values):
    for order in (values, values[::-1]):
        frame = pd.DataFrame({"value": pd.Series(order, dtype=object)})
        with pytest.raises(SchemaError) as refused:
            open_frame(frame, "calls").read(["value"])
        assert refused.value.code == "mixed-types"
    whole = pd.DataFrame({"value": pd.Series([values[0], None, float("nan")], dtype=object)})
    assert open_frame(whole, "calls").read(["value"])["value"].null_count == 2
