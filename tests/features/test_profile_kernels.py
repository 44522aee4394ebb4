"""Kernels of kinds, items and hours, against plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.clock import DAY
from churnpredict.features import profile_kernels as kernels

HOUR = DAY // 24
ONE, ONLY = np.array([2], np.int64), np.array([0], np.int64)
KINDS = st.lists(st.integers(-1, 2), min_size=1, max_size=20)


def block(n: int, low: int):  # type: ignore[no-untyped-def]
    """One snapshot that sees n rows, with a window from ``low`` on and a longer one from ``low // 2`` on."""
    return np.array([[n], [0], [low], [low // 2]], np.int64), np.full((1, 1), -9, np.float32)


def members(*kinds: int) -> np.ndarray:
    """Which of three kinds, and of the missing one in the last place, are meant."""
    return np.array([[k in kinds for k in (0, 1, 2, -1)]])


@given(KINDS, st.integers(0, 20))
def test_shares_and_streaks_of_kinds(kinds: list[int], low: int) -> None:
    low = min(low, len(kinds))
    codes = np.array(kinds, np.int32)
    edges, out = block(len(kinds), low)
    kernels.kind_shares(codes, members(1, 2), edges, ONE, ONLY, out, 0)
    window = kinds[low:]
    assert out[0, 0] == pytest.approx(sum(k in (1, 2) for k in window) / len(window) if window else math.nan, nan_ok=True)
    kernels.kind_streaks(codes, members(1, 2), edges, ONLY, out, 0)
    assert out[0, 0] == next((i for i, k in enumerate(reversed(kinds)) if k not in (1, 2)), len(kinds))


@given(KINDS, st.integers(0, 20))
def test_rows_that_another_kind_follows(kinds: list[int], low: int) -> None:
    """A payment that failed, and the next one did not."""
    low = min(low, len(kinds))
    edges, out = block(len(kinds), low)
    own = [i for i in range(low, len(kinds)) if kinds[i] == 1]
    ended = sum(i + 1 < len(kinds) and kinds[i + 1] != 1 for i in own)
    for share, expected in ((False, ended), (True, ended / len(own) if own else math.nan)):
        kernels.followed(np.array(kinds, np.int32), members(1), np.array([share]), edges, ONE, ONLY, out, 0)
        assert out[0, 0] == pytest.approx(expected, nan_ok=True)


@given(KINDS, st.integers(0, 20))
def test_entropy_and_labels_that_were_dropped(labels: list[int], low: int) -> None:
    low = min(low, len(labels))
    edges, out = block(len(labels), low)
    codes = np.array(labels, np.int32)
    kernels.entropies(codes, 3, edges, ONE, ONLY, out, 0)
    there = [v for v in labels[low:] if v >= 0]
    shares = [there.count(v) / len(there) for v in set(there)]
    assert out[0, 0] == pytest.approx(-sum(p * math.log2(p) for p in shares) if there else math.nan, abs=1e-6, nan_ok=True)
    kernels.dropped_labels(codes, 3, edges, ONE, np.array([3], np.int64), ONLY, out, 0)
    assert out[0, 0] == len({v for v in labels[low // 2 : low] if v >= 0} - set(labels[low:]))


HALF_AN_HOUR = 30 * 60_000_000


def test_rows_per_session() -> None:
    times = np.array([0, 10, 29, 60, 95, 96], np.int64) * 60_000_000  # minutes; sessions begin after half an hour without a row
    kinds = np.array([1, 1, 0, 1, 0, 1], np.int32)
    edges, out = block(6, 0)
    kernels.per_session(times, kinds, members(1), HALF_AN_HOUR, edges, ONE, ONLY, out, 0)
    assert out[0, 0] == pytest.approx(4 / 3)
    edges, out = block(6, 6)
    kernels.per_session(times, kinds, members(1), HALF_AN_HOUR, edges, ONE, ONLY, out, 0)
    assert math.isnan(out[0, 0])


def test_weekends_and_nights() -> None:
    saturday = int(np.datetime64("2024-06-01", "us").astype(np.int64))
    wall = np.array([saturday - 1, saturday, saturday + 2 * DAY - 1, saturday + 2 * DAY + 6 * HOUR, saturday + 2 * DAY + 22 * HOUR])
    edges, out = block(5, 0)
    kernels.clock_shares(wall, edges, ONE, np.array([True]), ONLY, out, 0)
    assert out[0, 0] == pytest.approx(2 / 5)
    kernels.clock_shares(wall, edges, ONE, np.array([False]), ONLY, out, 0)
    assert out[0, 0] == pytest.approx(4 / 5), "all but six o'clock in the morning"


def test_the_share_of_a_window_in_the_whole_history() -> None:
    edges, out = block(8, 6)
    kernels.own_shares(edges, ONE, ONLY, out, 0)
    assert out[0, 0] == 0.25
    edges, out = block(0, 0)
    kernels.own_shares(edges, ONE, ONLY, out, 0)
    assert math.isnan(out[0, 0])


@pytest.mark.parametrize(
    ("days", "cutoff", "stage"),
    [
        ([0, 5], 60, "new"),
        (list(range(0, 200, 10)), 205, "current"),
        (list(range(0, 200, 10)), 230, "at risk"),
        (list(range(0, 200, 10)), 190 + 180, "dormant"),
        ([0, 5, 300], 310, "resurrected"),
        ([0, 5, 300], 340, "current"),
        ([0], 89, "new"),
        ([], 100, None),
    ],
)
def test_stages_of_life(days: list[int], cutoff: int, stage: str | None) -> None:
    n = len(days)
    edges, out = block(n, 0)
    walls, place = np.array(days, np.int64) * DAY, np.arange(n, dtype=np.int64)
    kernels.stages(walls, place, np.array(days, np.int32), np.array([cutoff * DAY]), edges, 0, out, 0)
    found = None if math.isnan(out[0, 0]) else kernels.STAGES[int(out[0, 0])]
    assert found == stage
