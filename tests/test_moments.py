"""Moments: ISO 8601, dates and timestamps are read alike; what may mean two moments is refused."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import TimeError
from churnpredict.moments import is_aware, moment, moment_column, moments

DAY = 1_709_251_200_000_000  # 2024-03-01


@pytest.mark.parametrize(
    "given",
    [
        "2024-03-01",
        " 2024-03-01 00:00 ",
        "2024-03-01T00:00:00Z",
        "2024-03-01T02:00:00.000000+02:00",
        datetime.date(2024, 3, 1),
        datetime.datetime(2024, 3, 1),
        pd.Timestamp("2024-03-01"),
        pd.Timestamp("2024-03-01 01:00", tz="Europe/Berlin"),
        np.datetime64("2024-03-01"),
    ],
    ids=repr,
)
def test_one_moment_has_many_forms(given: object) -> None:
    assert moment(given) == DAY
    assert moments(given).tolist() == [DAY]
    assert moment_column([given, given]).tolist() == [DAY, DAY]


def test_a_time_without_a_zone_is_the_clock_on_the_wall() -> None:
    assert moment("2024-03-01", timezone="Europe/Berlin") == DAY - 3_600_000_000
    assert moment("2024-03-01T00:00Z", timezone="Europe/Berlin") == DAY
    assert moment_column(["2024-03-01"], timezone="Europe/Berlin").tolist() == [DAY - 3_600_000_000]
    assert [is_aware(t) for t in ("2024-03-01", "2024-03-01T00:00Z")] == [False, True]


def test_several_are_sorted_and_each_is_kept_once() -> None:
    assert moments(["2024-03-02", "2024-03-01", "2024-03-02"]).tolist() == [DAY, DAY + 86_400_000_000]


@pytest.mark.parametrize(
    "wrong",
    ["01/02/2024", "20240301", 20240301, "2024-02-30", "", None, pd.NaT, pd.Period("2024-03"), np.datetime64("2024-03"), [], {}],
    ids=repr,
)
def test_what_is_no_moment_is_refused(wrong: object) -> None:
    with pytest.raises(TimeError, match="bad-time"):
        moment(wrong)


@pytest.mark.parametrize(
    ("column", "code"),
    [
        (["2024-03-01", None], "null-cutoff"),
        (["2024-03-01", "2024-03-01T00:00Z"], "mixed-zones"),
        ([1, 2], "bad-time"),
        (pd.period_range("2024-01", periods=2, freq="M"), "bad-time"),
    ],
    ids=repr,
)
def test_a_column_with_a_doubtful_row_is_refused(column: object, code: str) -> None:
    with pytest.raises(TimeError, match=code):
        moment_column(column)
