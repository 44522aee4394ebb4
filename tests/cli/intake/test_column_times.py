"""Columns of times: how each must be declared to be read, and what is no time."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.cli.intake.column_times import header_month, how_written, lacks_year

DAYS = pd.date_range("2023-11-20", periods=60)


def declared(values: Iterable[object], name: str) -> dict[str, object] | None:
    found = how_written(pa.chunked_array([pa.array(list(values))]), name)
    return None if found is None else {key: value for key, value, _ in found[0]}


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        (DAYS, "when", {}),
        (DAYS.strftime("%Y-%m-%d"), "when", {}),
        (DAYS.strftime("%d.%m.%Y"), "when", {"format": "%d.%m.%Y"}),
        (DAYS.strftime("%m/%d/%Y"), "order_date", {"format": "%m/%d/%Y"}),
        (DAYS.strftime("%Y%m%d").astype(int), "order_date", {"format": "%Y%m%d"}),
        (DAYS.as_unit("s").asi8, "created", {"unit": "s"}),
        (DAYS.as_unit("ms").asi8, "order_time", {"unit": "ms"}),
        ((DAYS - pd.Timestamp("1899-12-30")).days, "date", {"unit": "excel"}),
        (DAYS.strftime("%Y%m%d").astype(int), "amount", None),
        (DAYS.as_unit("s").asi8, "customer_id", None),
        ((DAYS + pd.Timedelta("5h7min")).strftime("%Y%m%d%H%M%S").astype(int), "start_time", {"format": "%Y%m%d%H%M%S"}),
        ((DAYS + pd.Timedelta("5h7min")).strftime("%Y%m%d%H%M").astype(int), "start_time", {"format": "%Y%m%d%H%M"}),
        ((DAYS + pd.Timedelta("5h7min")).strftime("%Y%m%d %H%M%S"), "start_time", {"format": "%Y%m%d %H%M%S"}),
        (DAYS.strftime("%d%b%Y").str.upper(), "activity_date", {"format": "%d%b%Y"}),
        ((DAYS + pd.Timedelta("17h7s")).strftime("%d%b%Y:%H:%M:%S"), "activity_date", {"format": "%d%b%Y:%H:%M:%S"}),
        (["red", "blue"], "date", None),
        ([1, 2, 3], "days_late", None),
    ],
    ids=range(17),
)
def test_a_column_of_times_is_declared_as_it_is_written(values: Iterable[object], name: str, expected: dict[str, object] | None) -> None:
    assert declared(values, name) == expected


def test_what_else_would_read_every_row_is_told() -> None:
    found = how_written(pa.chunked_array([pa.array(["01/02/2024", "03/04/2024"])]), "date")
    assert found is not None
    assert {found[0][0][1], *found[1]} >= {"%d/%m/%Y", "%m/%d/%Y"}


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("Jan-23", "2023-01-01"),
        ("2023-01", "2023-01-01"),
        ("01/2023", "2023-01-01"),
        ("März 2023", "2023-03-01"),
        ("sales_2023_07", "2023-07-01"),
        ("2023-13", None),
        ("total", None),
        ("q1 2023", None),
    ],
)
def test_a_column_may_be_named_after_its_month(name: str, month: str | None) -> None:
    assert header_month(name) == month


def test_days_without_a_year_are_noticed() -> None:
    def column(texts: list[str]) -> pa.ChunkedArray:
        return pa.chunked_array([pa.array(texts)])

    assert lacks_year(column(["15.03.", "16-mar", "01.04.", "02.04."]), "date")
    assert not lacks_year(column(["15.03.2024"] * 4), "date")
    assert not lacks_year(column(["15.03.", "16.03.", "01.04.", "02.04."]), "size")
