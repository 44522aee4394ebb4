"""Times that are counts: the unit that fits, the moments they stand for, and a wrong unit refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churnpredict.errors import TimeError
from churnpredict.events.values.time_units import UNITS, count_times, fitting_units, scaled, unit_remedy

DAYS = pd.date_range("2024-01-01", periods=5)
NUMBERS = {
    "s": DAYS.as_unit("s").asi8,
    "ms": DAYS.as_unit("ms").asi8,
    "us": DAYS.as_unit("us").asi8,
    "ns": DAYS.as_unit("ns").asi8,
    "d": (DAYS - pd.Timestamp(0)).days.to_numpy(),
    "excel": (DAYS - pd.Timestamp("1899-12-30")).days.to_numpy(),
    "excel1904": (DAYS - pd.Timestamp("1904-01-01")).days.to_numpy(),
}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("kind", [pa.int64(), pa.float64()])
def test_counts_of_every_unit_are_the_same_moments(unit: str, kind: pa.DataType) -> None:
    numbers = [*map(float if kind == pa.float64() else int, NUMBERS[unit]), None]
    found = count_times(pa.array(numbers, kind), unit, table="t", name="c")
    assert found.to_pylist() == [*DAYS.as_unit("us").asi8.tolist(), None]


@pytest.mark.parametrize("unit", [u for u in UNITS if u not in ("d", "excel1904")])
def test_the_unit_is_found_by_the_numbers(unit: str) -> None:
    assert fitting_units(pa.array(NUMBERS[unit])) == [unit]


def test_another_unit_is_refused_with_the_one_that_fits() -> None:
    with pytest.raises(TimeError, match=r'unit="ms".*epoch-unit'):
        count_times(pa.array(NUMBERS["ms"]), "s", table="t", name="c")
    with pytest.raises(TimeError, match=r"days of a spreadsheet.*epoch-unit"):
        count_times(pa.array(NUMBERS["excel"]), "d", table="t", name="c")
    assert unit_remedy(["s", "ms"]) == 'unit="s" or unit="ms"'


def test_what_no_history_reaches_is_cut_and_never_wraps_round() -> None:
    most = np.iinfo(np.int64).max
    assert (scaled(np.array([most, -most]), 1_000_000_000) // 2**60).tolist() == [1, -2]
    assert scaled(np.array([1_999, -1]), 1).tolist() == [1, -1]
