"""Segments in which leaving concentrates: found where they were planted, none where there is nothing to find."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

import churnpredict as cp
from churnpredict.diagnostics import find_segments
from churnpredict.errors import DataError, UsageError
from churnpredict.retention import concentration as module


def made(n: int, seed: int, *, planted: bool, noise: int = 6) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([[f"c{i}" for i in range(n)], pd.to_datetime(["2024-01-01"])], names=["customer_id", "cutoff"])
    X = pd.DataFrame({f"habit__noise_{j}": rng.normal(size=n) for j in range(noise)}, index=index)
    X["support__open"] = rng.poisson(1.0, n).astype(float)
    X["lifecycle__age"] = np.where(rng.random(n) < 0.1, np.nan, rng.uniform(0, 100, n))
    X["plan"] = pd.Categorical(rng.choice(["basic", "plus", "pro"], n))
    there = (X["support__open"] >= 2) & (X["lifecycle__age"] < 40)
    return X, (rng.random(n) < np.where(there & planted, 0.5, 0.12)).astype(int)


def test_what_was_planted_is_found_with_its_rate_and_money() -> None:
    X, y = made(4000, 1, planted=True)
    value = np.full(len(X), 10.0)
    found = find_segments(X, y, value=value)
    first = found.iloc[0]
    assert first["segment"].count("support__open >= 2") == first["segment"].count("lifecycle__age < ") == 1
    assert first["low"] < first["rate"] < first["high"]
    assert abs(first["rate"] - 0.5) < 0.1
    assert abs(first["rate_elsewhere"] - 0.12) < 0.03
    assert first["money_lost"] == 10 * first["left"]
    assert first["share_of_money"] == pytest.approx(first["share_of_leavers"])
    assert found["p_value"].is_monotonic_increasing
    rule = {"here": first["segment"]}
    told = cp.diagnostics.judge_alerts(X, y, rule).iloc[0]
    assert abs(told["left"] - first["rate"]) < 0.1, "a segment of numbers is an alert rule"


def test_none_in_200_businesses_without_structure_and_few_at_a_bound_of_five_percent() -> None:
    """Of 200 tries at a bound of 5 %, more than 20 would come about once in a thousand times."""
    worst = []
    for seed in range(200):
        found = find_segments(*made(400, seed, planted=False, noise=3), level=0.05, random_state=1_000 + seed)
        worst.append(found["p_value"].min() if len(found) else 1.0)
    assert sum(p <= 0.0001 for p in worst) == 0
    assert sum(p <= 0.05 for p in worst) <= 20
    assert inspect.signature(find_segments).parameters["level"].default == 0.0001


def test_a_test_on_the_half_that_was_searched_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: segments are tested on the customers among whom they were found."""
    true, seen = module.search_half, []

    def remember(holds, y, least):
        seen[:] = [(holds, y)]
        return true(holds, y, least)

    proved = module.prove
    monkeypatch.setattr(module, "search_half", remember)
    monkeypatch.setattr(module, "prove", lambda found, names, holds, y, worth, level: proved(found, names, *seen[0], None, level))
    listed = sum(len(find_segments(*made(400, seed, planted=False, noise=3), level=0.05, random_state=seed)) for seed in range(20))
    assert listed > 5


def test_p_values_are_those_of_fisher_and_holm() -> None:
    X, y = made(3000, 3, planted=True)
    found = find_segments(X, y, level=0.9)
    for row in found.itertuples():
        elsewhere = round(row.left / row.share_of_leavers) - row.left
        n_elsewhere = 1500 - row.customers
        table = [[row.left, row.customers - row.left], [elsewhere, n_elsewhere - elsewhere]]
        plain = fisher_exact(table, alternative="greater").pvalue
        assert plain - 1e-12 <= row.p_value <= min(20 * plain, 1.0) + 1e-12


def test_a_customer_counts_once_and_order_does_not_matter() -> None:
    X, y = made(2000, 4, planted=True)
    older = X.copy()
    older.index = pd.MultiIndex.from_arrays(
        [X.index.get_level_values(0), X.index.get_level_values(1) - pd.Timedelta(days=30)], names=X.index.names
    )
    both, labels = pd.concat([older, X]), np.concatenate([1 - y, y])
    pd.testing.assert_frame_equal(find_segments(both, labels), find_segments(X, y))
    shuffled = X.iloc[:, ::-1]
    pd.testing.assert_frame_equal(find_segments(shuffled, y), find_segments(X, y))


def test_what_cannot_be_is_refused() -> None:
    X, y = made(200, 5, planted=True)
    with pytest.raises(UsageError, match="0 and 1"):
        find_segments(X, y * 0.5)
    with pytest.raises(UsageError, match="customers"):
        find_segments(X.reset_index(drop=True), y)
    with pytest.raises(DataError, match="too few"):
        find_segments(X.head(30), y[:30])
    with pytest.raises(UsageError, match="level"):
        find_segments(X, y, level=1.5)
    assert not len(find_segments(X, np.zeros(len(X))))
