"""Arrival of tables: rows by period, the newest row, delays, and nothing that became known later."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.events.arrivals import take_pulse
from churnpredict.spans import Span

WEEK = Span(days=7)


def log(**more: object) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=28, freq="D")
    return pd.DataFrame({"user": np.arange(28) % 5, "day": days, "eur": 2.0, "plan": ["a", "b"] * 14} | more)


def pulse(frame: pd.DataFrame, until: str | None = None, **roles: str):  # type: ignore[no-untyped-def]
    tables = cp.EventTables(visits=cp.Events(frame, customer="user", time="day", **roles))
    moment = tables.observed_until() if until is None else tables.instant(until, "until")
    return take_pulse(tables, moment, WEEK)[0]


def test_rows_are_counted_when_they_became_known() -> None:
    late = log(seen=pd.date_range("2024-01-01", periods=28, freq="D") + pd.Timedelta(days=3))
    found = pulse(late, "2024-01-29", known_at="seen")
    assert found.rows.tolist() == [7, 7, 7], "a fourth week would begin before anything was known"
    np.testing.assert_allclose(found.delays, 3.0)
    assert pulse(log()).delays.size == 0


def test_rows_from_the_moment_on_are_not_seen() -> None:
    found, cut = pulse(log(), "2024-01-15"), pulse(log()[:14], "2024-01-15")
    assert (found.rows.tolist(), found.age) == (cut.rows.tolist(), cut.age) == ([7, 7], 1.0)


def test_silence_and_age_in_days() -> None:
    frame = log().drop(index=range(10, 15)).drop(index=range(26, 28))
    found = pulse(frame, "2024-01-29")
    assert (found.silence, found.age) == (6.0, 3.0)


def test_no_period_begins_before_the_first_row() -> None:
    assert len(pulse(log()[:10], "2024-01-11").rows) == 1
    assert pulse(log()[:10], "2024-01-11").rows.tolist() == [7], "three older rows belong to no whole period"


def test_columns_hold_numbers_and_labels_of_each_period() -> None:
    found = pulse(log(), value="eur", kind="plan")
    assert set(found.columns) == {"value", "kind"}
    assert found.columns["kind"].cat.categories.tolist() == ["a", "b"]
    assert np.bincount(found.period).tolist() == [7, 7, 7, 7]
    many = pulse(log(plan=[f"p{i}" for i in range(28)]), kind="plan")
    assert set(many.columns["kind"].cat.categories) == {f"p{i}" for i in range(28)}
    names = pd.concat([log(plan=[f"p{k}{i}" for i in range(28)]) for k in range(3)])
    assert pulse(names, kind="plan").columns["kind"].cat.categories.tolist() == ["given"], "of many labels only whether they are there"


@pytest.mark.filterwarnings("ignore:.*empty-table")
@pytest.mark.filterwarnings("ignore:.*no rows")
def test_a_table_without_rows_has_no_age() -> None:
    found = pulse(log()[:0], "2024-01-29", optional=True)
    assert np.isnan(found.age)
    assert np.isnan(found.silence)
    assert found.rows.tolist() == [0]
