"""Days without a single row in a busy log are named; days on which a business rests are not."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning

DAYS = pd.date_range("2024-01-01", periods=70)  # a Monday


def warned(days: pd.DatetimeIndex, per_day: int = 40) -> list[str]:
    log = pd.DataFrame([(f"c{i}", day + pd.Timedelta(minutes=i)) for day in days for i in range(per_day)], columns=["user", "day"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cp.EventTables(orders=cp.Events(log, customer="user", time="day"))
    return [str(w.message) for w in caught if isinstance(w.message, ChurnWarning) and w.message.code == "silent-day"]


def test_a_hole_is_counted_and_dated() -> None:
    (said,) = warned(DAYS.drop([DAYS[20], DAYS[21]]))
    assert "2024-01-21" in said
    assert "2 rows" in said


@pytest.mark.parametrize(
    ("days", "per_day"),
    [(DAYS, 40), (DAYS[DAYS.day_of_week < 5], 40), (DAYS.drop(DAYS[20]), 5), (DAYS[:10].drop(DAYS[3]), 40)],
    ids=["none", "weekends", "a quiet log", "less than a fortnight"],
)
def test_no_hole_is_seen_where_there_is_none(days: pd.DatetimeIndex, per_day: int) -> None:
    assert warned(days, per_day) == []
