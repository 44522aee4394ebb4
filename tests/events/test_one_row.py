"""Rows that are one, in a table that is read whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, ContentError
from churnpredict.events.one_row import ID, key_codes, key_numbers, parts_of


def values_of(frame: Any, **roles: Any) -> list[float]:
    given = {"customer": "who", "time": "at", "value": "eur", **roles}
    return sorted(cp.EventTables(log=cp.Events(frame, **given)).streams["log"].columns["value"].tolist())


def log(n: int, **columns: Any) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=n)
    return pd.DataFrame({"who": "a", "at": days, "eur": np.arange(1.0, n + 1), **columns})


@pytest.mark.parametrize("role", ["id", "order"])
@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_key_is_none_from_every_source(tmp_path: Any, role: str, blank: str | None) -> None:
    frame = log(3, no=["x", blank, blank])
    frame.to_parquet(tmp_path / "log.parquet")
    frame.to_csv(tmp_path / "log.csv", index=False)
    for source in (frame, str(tmp_path / "log.parquet"), str(tmp_path / "log.csv")):
        assert values_of(source, **{role: "no"}) == [1.0, 2.0, 3.0]


def test_whole_order_numbers_are_exact_beside_missing_ones() -> None:
    numbers = pa.array([2**53, 2**53 + 1, None, None, 2**53 + 1], pa.int64())
    table = pa.table({**{c: pa.array(v) for c, v in log(5).items()}, "no": numbers})
    assert values_of(table, order="no") == [1.0, 3.0, 4.0, 7.0]


@pytest.mark.parametrize("role", ["id", "order"])
def test_keys_that_have_lost_digits_are_refused(role: str) -> None:
    with pytest.raises(ContentError, match="float-id"):
        values_of(log(2, no=[2.0**53, 1.0]), **{role: "no"})


@pytest.mark.parametrize("last", [1, -1])
def test_the_sign_of_zero_is_no_difference(last: int) -> None:
    """Which of two equal rows stays does not show."""
    frame = pd.DataFrame({"who": "a", "at": "2024-01-01", "eur": [0.0, -0.0][::last]})
    found = cp.EventTables(log=cp.Events(frame, customer="who", time="at", value="eur", repeats="drop")).streams["log"]
    assert found.columns["value"].view(np.int64).tolist() == [0]


def test_repeated_ids_are_a_share_of_all_rows() -> None:
    """Not of those in partitions that have some."""
    frame = pd.concat([log(40, who=[f"c{i}" for i in range(40)], no=range(40)), log(1, who=["c0"], no=[0])])
    with (
        pytest.warns(ChurnWarning, match="1 of 41 rows"),
        cp.runs.scan_tables(log=cp.Events(frame, customer="who", time="at", value="eur", id="no"), partitions=4),
    ):
        pass


@pytest.mark.parametrize(
    "values",
    [
        pa.array([5, None, 7, 5, -1], pa.int64()),
        pa.array([2**64 - 1, None, 7, 2**64 - 1, 0], pa.uint64()),
        pa.array(["x", None, "", "x", "y "], pa.string()),
        pa.array(["x", None, "", "x", "y "], pa.string()).dictionary_encode(),
        pa.array([b"\x00\xff", None, b"\x01\x02", b"\x00\xff", b"\x00\x00"], pa.binary(2)),
        pa.array([0.5, None, 7.0, 0.5, float("nan")], pa.float64()),
        pa.array(pd.to_datetime(["2024-01-01", None, "2024-01-02", "2024-01-01", "2024-01-03"]), pa.timestamp("us", "UTC")),
    ],
)
def test_the_numbers_of_a_key_tell_its_values_apart(values: pa.Array) -> None:
    codes, _ = key_codes(ID, pa.chunked_array([values]), "log", "no")
    numbers = key_numbers(ID, pa.chunked_array([values[:2], values[2:]]), "log", "no")
    high, low = (numbers[part].tolist() for part in parts_of(ID))
    again = key_numbers(ID, pa.chunked_array([values[::-1]]), "log", "no")
    assert [again[part][::-1].tolist() for part in parts_of(ID)] == [high, low], "whatever else is in its part"
    pairs = list(zip(high, low, strict=True))
    assert pairs[0] == pairs[3]
    there = [pair for pair, code in zip(pairs, codes, strict=True) if code >= 0]
    assert len(set(there)) == len(set(codes[codes >= 0].tolist()))
    assert all((h == -1) == (c < 0) for h, c in zip(high, codes, strict=True))
    assert codes[1] == -1
