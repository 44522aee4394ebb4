"""Lengths of time as seconds, from every way in which exports write them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.errors import ContentError
from churnpredict.events.values.durations import in_seconds
from churnpredict.events.values.numbers import read_numbers

SECONDS = [0, 1, 59, 60, 3599, 3600, 86_399, 86_400, 90_061, 360_000]


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


WRITTEN = {
    "hours beyond a day": clock,
    "Python": lambda s: str(dt.timedelta(seconds=s)),  # 1 day, 1:01:01
    "pandas": lambda s: str(pd.Timedelta(s, "s")),  # 1 days 01:01:01
    "spaces": lambda s: f"  {clock(s)} ",
}


@pytest.mark.parametrize("way", WRITTEN)
def test_texts_of_three_fields_are_read_to_the_second(way: str) -> None:
    texts = [WRITTEN[way](s) for s in SECONDS]
    assert in_seconds(pa.array([*texts, None, "n/a", ""])).to_pylist() == [*SECONDS, None, None, None]


def test_parts_of_a_second_have_a_dot_or_a_comma() -> None:
    assert in_seconds(pa.array(["0:00:01.5", "0:00:01,25"])).to_pylist() == [1.5, 1.25]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_types_of_lengths_are_read_in_their_unit(unit: str) -> None:
    whole = pa.array([dt.timedelta(seconds=s) for s in SECONDS] + [None], pa.duration(unit))
    assert in_seconds(whole).to_pylist() == [*SECONDS, None]
    kind = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    assert in_seconds(pa.array([dt.time(0, 4, 29), None], kind)).to_pylist() == [269, None]


@pytest.mark.parametrize(
    "texts", [["04:29"], ["00:04:29", "269"], ["00:61:00"], ["10:00:00 PM"], ["2024-01-01 00:04:29"], ["-0:00:01"], [None]]
)
def test_other_texts_are_no_lengths(texts: list[str | None]) -> None:
    assert in_seconds(pa.array(texts, pa.string())) is None


@pytest.mark.parametrize("first", ["00:00:01", "n/a"])
def test_all_rows_decide_not_the_first_ones(first: str) -> None:
    assert in_seconds(pa.array([first] * 1000 + ["00:00:02"])).to_pylist()[-1] == 2
    assert in_seconds(pa.array([first] * 1000 + ["soon"])) is None


def test_two_fields_are_refused_with_the_way_out() -> None:
    with pytest.raises(ContentError, match="what 04:29 means is not known") as refused:
        read_numbers(pa.chunked_array([["04:29", "12:01"]]), table="calls", name="length")
    assert refused.value.code == "value-type"


def test_words_for_missing_are_warned_of_beside_lengths() -> None:
    with pytest.warns(match="missing-words"):
        found = read_numbers(pa.chunked_array([["00:04:29", "N/A"]]), table="calls", name="length")
    assert found[0] == 269.0
    assert np.isnan(found[1])
