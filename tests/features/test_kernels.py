"""Kernels against plain loops: each reads only the rows of its window, whatever came before in the block."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.clock import DAY
from churnpredict.features import kernels

ONE, ONLY = np.array([2], np.int64), np.array([0], np.int64)
VALUES = st.lists(st.one_of(st.floats(-50, 50), st.just(math.nan)), min_size=1, max_size=30)


def block(bounds: list[tuple[int, int]], far: int = 0):  # type: ignore[no-untyped-def]
    """Edges of one window a snapshot, rows [low, high), in a history that reaches back to row ``far``; and room for one feature."""
    edges = np.array([[h for _, h in bounds], [far] * len(bounds), [low for low, _ in bounds]], np.int64)
    return edges, np.full((1, len(bounds)), -9, np.float32)


@st.composite
def windows(draw, n: int) -> list[tuple[int, int]]:  # type: ignore[no-untyped-def]
    """Windows of later and later snapshots, as they come in a block."""
    highs = sorted(draw(st.lists(st.integers(0, n), min_size=1, max_size=6)))
    return [(draw(st.integers(0, h)), h) for h in highs]


def test_counts_and_trends() -> None:
    edges, out = block([(0, 0), (2, 5), (3, 3), (1, 7)])
    kernels.counts(edges, ONE, ONLY, out, 0)
    assert out[0].tolist() == [0, 3, 0, 6]
    kernels.trends(edges, ONE, np.array([1], np.int64), ONLY, out, 0)
    np.testing.assert_allclose(out[0], [np.nan, (3 - 2) / 5, -1.0, (6 - 1) / 7], rtol=1e-6)


def test_a_kernel_writes_into_its_own_place_only() -> None:
    edges, _ = block([(0, 2), (1, 4)])
    out = np.full((2, 5), -9, np.float32)
    kernels.counts(edges, ONE, np.array([1], np.int64), out, 3)
    assert out.tolist() == [[-9] * 5, [-9, -9, -9, 2, 3]]


@given(st.data(), VALUES)
def test_sums_means_and_maxima_of_windows(data: st.DataObject, given_values: list[float]) -> None:
    bounds = data.draw(windows(len(given_values)))
    edges, _ = block(bounds)
    out = np.full((6, len(bounds)), -9, np.float32)
    kernels.value_windows(np.array(given_values), edges, np.array([2], np.int64), *(np.array([2 * k], np.int64) for k in range(3)), out, 0)
    kernels.value_history(np.array(given_values), edges, 1, 3, 5, out, 0)
    for r, (low, high) in enumerate(bounds):
        for f, first in enumerate((low, 0)):
            there = [v for v in given_values[first:high] if not math.isnan(v)]
            assert out[f, r] == pytest.approx(math.fsum(there), abs=1e-4)
            assert out[2 + f, r] == pytest.approx(math.fsum(there) / len(there) if there else math.nan, abs=1e-4, nan_ok=True)
            assert out[4 + f, r] == pytest.approx(max(there, default=math.nan), abs=1e-4, nan_ok=True)


@given(st.data(), st.lists(st.integers(-1, 3), min_size=1, max_size=25))
def test_distinct_items_of_windows(data: st.DataObject, items: list[int]) -> None:
    bounds = data.draw(windows(len(items)))
    edges, out = block(bounds)
    following = [next((j for j in range(i + 1, len(items)) if items[j] == items[i]), len(items)) for i in range(len(items))]
    kernels.distinct_items(np.where(np.array(items) < 0, -1, following), edges, ONE, ONLY, out, 0)
    assert out[0].tolist() == [len({v for v in items[low:high] if v >= 0}) for low, high in bounds]


@given(st.data(), VALUES)
def test_the_last_values_and_their_ratio_to_the_usual_one(data: st.DataObject, given_values: list[float]) -> None:
    bounds = data.draw(windows(len(given_values)))
    edges, _ = block(bounds)
    out = np.full((3, len(bounds)), -9, np.float32)
    kernels.values_back(np.array(given_values), edges, np.array([0, 1], np.int64), out, 0)
    kernels.value_ratios(np.array(given_values), edges, 2, out, 0)
    for r, (_, high) in enumerate(bounds):
        past = given_values[:high]
        for k in (0, 1):
            assert out[k, r] == pytest.approx(past[-1 - k] if len(past) > k else math.nan, rel=1e-6, abs=1e-6, nan_ok=True)
        before = [v for v in past[:-1][-kernels.USUAL_VALUES :] if not math.isnan(v)]
        usual = statistics.median(before) if before else 0.0
        ratio = past[-1] / usual if past and usual > 0 else math.nan
        bounded = ratio if math.isnan(ratio) else max(-kernels.LARGEST_RATIO, min(kernels.LARGEST_RATIO, ratio))
        assert out[2, r] == pytest.approx(bounded, rel=1e-5, abs=1e-6, nan_ok=True)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=45), st.integers(1, 60))
def test_the_rhythm_of_active_days(gaps: list[int], silence: int) -> None:
    days = np.cumsum([0, *gaps]).astype(np.int32)
    n = len(days)
    edges = np.array([[n], [0]], np.int64)
    out = np.full((6, 1), -9, np.float32)
    walls, cutoffs = days.astype(np.int64) * DAY, np.array([(int(days[-1]) + silence) * DAY])
    kernels.rhythm(walls, np.arange(n), days, cutoffs, edges, 0, 1, 2, 3, 4, np.array([5], np.int64), out, 0)
    kept = gaps[-kernels.RHYTHM_GAPS :]
    longer = sum(g > silence for g in kept)
    expected = [
        statistics.mean(kept),
        statistics.pstdev(kept),
        max(kept),
        silence / statistics.mean(kept),
        (longer + 1) / (len(kept) + 2),
        kept[-1],
    ]
    np.testing.assert_allclose(out[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_one_active_day_has_no_rhythm_and_no_day_no_age() -> None:
    edges = np.array([[1, 0], [0, 0]], np.int64)
    out = np.full((8, 2), -9, np.float32)
    walls, days, cutoffs = np.array([10 * DAY]), np.array([10], np.int32), np.array([15 * DAY, 5 * DAY])
    kernels.rhythm(walls, np.arange(1), days, cutoffs, edges, 0, 1, 2, 3, 4, np.array([5], np.int64), out, 0)
    kernels.ages(walls, cutoffs, edges, 6, 7, out, 0)
    np.testing.assert_array_equal(out[[0, 1, 2, 3, 5]], np.nan)
    assert out[4, 0] == 0.5, "without gaps nothing is known: half"
    np.testing.assert_array_equal(out[6:], [[5, np.nan], [5, np.nan]])
