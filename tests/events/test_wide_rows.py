"""Rows of any columns are sorted by all of them, though most columns are only looked at where rows tie."""

from __future__ import annotations

import numpy as np
import pytest

from churnpredict.events.wide_rows import count_same, sort_rows


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("moments", [2, 1000])
def test_rows_have_the_order_of_one_sort_by_all_columns(seed: int, moments: int) -> None:
    rng, n = np.random.default_rng(seed), 200
    customers, times = rng.integers(-1, 6, n).astype(np.int32), rng.integers(0, moments, n)
    columns = {
        "reopened": rng.choice([np.nan, 1.0, 2.0], n),
        "plan": rng.integers(-1, 2, n).astype(np.int32),
        "price": rng.choice([np.nan, 1.0, 2.0], n),
        "known": rng.integers(0, 2, n),
    }
    order, repeats = sort_rows(customers, times, columns)
    first_to_last = [customers, times, columns["known"], columns["plan"], columns["price"], columns["reopened"]]
    expected = np.lexsort(first_to_last[::-1])
    expected = expected[customers[expected] >= 0]
    assert order.tolist() == expected.tolist()
    assert repeats == count_same([values[expected] for values in first_to_last])


def test_missing_numbers_are_equal() -> None:
    assert count_same([np.array([np.nan, np.nan, 1.0, 1.0]), np.array([2, 2, 2, 2])]) == 2
    assert count_same([np.empty(0)]) == 0
    nobody = np.array([-1], np.int32)
    assert sort_rows(nobody, np.array([1]), {"price": np.array([1.0])})[0].tolist() == []
