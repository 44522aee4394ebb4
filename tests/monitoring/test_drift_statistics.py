"""How unlike today is: the index against its textbook form, limits that hold under chance, season and growth that are silent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.monitoring import drift_statistics as shift


def plain_index(one: np.ndarray, two: np.ndarray) -> float:
    """The slow oracle: a sum over bins, with half a row in each, minus what chance adds on average."""
    total = 0.0
    shares = []
    for counts in (one, two):
        shares.append([(c + 0.5) / (counts.sum() + 0.5 * len(counts)) for c in counts])
    for a, b in zip(*shares, strict=True):
        total += (a - b) * np.log(a / b)
    return total - (len(one) - 1) * (1 / one.sum() + 1 / two.sum())


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 500)), min_size=2, max_size=12))
def test_the_index_is_that_of_the_textbook(pairs: list[tuple[int, int]]) -> None:
    one, two = np.array(pairs).T
    if one.sum() == 0:
        one = one + 1
    assert shift.psi(one, two) == pytest.approx(plain_index(one, two), abs=1e-9)
    assert shift.psi(two, one) == pytest.approx(shift.psi(one, two), abs=1e-12)


def test_chance_alone_stays_below_its_limit(rng: np.random.Generator) -> None:
    n, m, bins = 300, 500, 10
    draws = rng.multinomial(n, [1 / bins] * bins, 4000), rng.multinomial(m, [1 / bins] * bins, 4000)
    found = np.array([shift.psi(a, b) for a, b in zip(*draws, strict=True)])
    assert abs(found.mean()) < 0.002  # what chance adds on average is taken off
    assert 0.002 < (found > shift.chance(bins, n, m, 1, alarms=0.01)).mean() < 0.02


def months(values: np.ndarray, groups: np.ndarray, times: np.ndarray) -> shift.Change:
    frame = pd.Series(values)
    bins = shift.Bins(frame[groups < len(times) - 1])
    counts = bins.count(frame, groups, len(times))
    n = counts.sum(axis=1)
    return shift.unlike(shift.psi_distances(counts), times, floor=shift.FLOOR, extra=shift.chance(bins.n, n[-1], n[:-1], 100))


def test_season_and_growth_are_silent_and_a_jump_is_not(rng: np.random.Generator) -> None:
    times = np.append(np.arange(24), 30)
    groups = np.repeat(np.arange(25), 800)
    season = 0.5 * np.cos(2 * np.pi * times / 24)
    for level in (season, 0.015 * times, season + 0.01 * times):
        assert not months(rng.normal(size=len(groups)) + level[groups], groups, times).alarming
    jump = np.where(groups == 24, 1.0, 0.0)
    assert months(rng.normal(size=len(groups)) + jump, groups, times).alarming


def test_one_fixed_limit_would_alarm(rng: np.random.Generator) -> None:
    """Planted: without chance and without what was usual, small and growing businesses alarm in stable months."""
    times, n = np.append(np.arange(24), 30), 60
    groups = np.repeat(np.arange(25), n)
    values = rng.normal(size=(30, len(groups)))
    fixed = 0
    for row in values:
        change = months(row, groups, times)
        assert not change.alarming
        tens = np.searchsorted(np.quantile(row, np.arange(1, 10) / 10), row)
        shares = [np.bincount(tens[part], minlength=10) + 0.5 for part in (groups == 24, groups == 3)]
        a, b = (s / s.sum() for s in shares)
        fixed += float(((a - b) * np.log(a / b)).sum()) > 0.2
    assert fixed > 10


def test_bins_of_numbers_and_labels() -> None:
    numbers = shift.Bins(pd.Series([0.0] * 90 + list(range(1, 11))))
    assert numbers.place(pd.Series([0.0, 5.0, 1e9, np.nan])).tolist() == [1, 2, 2, numbers.missing]
    labels = shift.Bins(pd.Series(["a"] * 600 + ["b"] * 400 + ["rare"]).astype("category"))
    placed = labels.place(pd.Series(["a", "b", "rare", "new", None]).astype("category"))
    assert placed.tolist() == [0, 1, labels.n - 3, labels.n - 1, labels.missing]
    empty = shift.Bins(pd.Series([np.nan, np.nan]))
    assert empty.place(pd.Series([1.0, np.nan])).tolist() == [0, 1]


def test_growth_is_no_excuse_for_a_fall() -> None:
    growing = 1000 * 1.04 ** np.arange(20)
    assert not shift.jump(growing)[0].alarming
    assert shift.jump(np.append(growing, growing[-1] / 2))[0].alarming
    assert not shift.jump([3, 1, 2, 0, 4, 2, 1, 0])[0].alarming  # so few rows say nothing
    assert not shift.jump([5, 6])[0].alarming
