"""Hazards of customers whose true hazards are known, with and without the end of what was observed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnpredict.errors import TrainingError
from churnpredict.model import hazards as module
from churnpredict.model.hazards import AHEAD, intervals_of, learn_hazards

EDGES = np.array([0.0, 30.0, 60.0, 90.0, 120.0])
TRUE = np.array([[0.05, 0.10, 0.20, 0.10], [0.15, 0.25, 0.40, 0.25]])  # of two kinds of customers


def made(n: int = 3000, seed: int = 0, *, censored: bool) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    days, outcome = np.full(n, 120.0), np.zeros(n, np.int8)
    for k in range(4):
        leaves = (outcome == 0) & (rng.random(n) < TRUE[kind, k])
        days[leaves] = EDGES[k] + 30 * rng.random(int(leaves.sum()))
        outcome[leaves] = rng.choice([1, 2], int(leaves.sum()), p=[0.75, 0.25])
    if censored:
        end = rng.uniform(20, 200, n)
        unseen = end <= days
        days, outcome = np.where(unseen, np.minimum(end, 120), days), np.where(unseen, 0, outcome).astype(np.int8)
    index = pd.MultiIndex.from_arrays([np.arange(n), pd.to_datetime(["2024-01-01"] * n)], names=["customer_id", "cutoff"])
    return (
        pd.DataFrame({"habit__kind": kind.astype(np.float32), "value__noise": rng.normal(size=n).astype(np.float32)}, index=index),
        days,
        outcome,
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer trees: how well they predict is measured elsewhere."""
    true = module.ChurnClassifier
    monkeypatch.setattr(module, "ChurnClassifier", lambda **kw: true(n_estimators=60, n_seeds=1, **kw))


@pytest.mark.parametrize("censored", [False, True])
def test_true_hazards_come_back(censored: bool) -> None:
    X, days, outcome = made(censored=censored)
    model = learn_hazards(X, days, outcome, EDGES, n_jobs=1)
    two = X.drop_duplicates("habit__kind").sort_values("habit__kind")
    np.testing.assert_allclose(model.hazards(two), TRUE, atol=0.09)
    np.testing.assert_allclose(model.lost_shares(two), 0.25, atol=0.09)
    assert model.observed_days == 120.0
    np.testing.assert_allclose(model.hazards(two, 2), model.hazards(two)[:, 2:])


def test_rows_are_those_of_a_plain_loop() -> None:
    X, days, outcome = made(300, censored=True)
    model = learn_hazards(X, days, outcome, EDGES, n_jobs=1)
    at_risk, left = [0] * 4, [0] * 4
    for d, o in zip(days, outcome, strict=True):
        for k in range(4):
            if o and EDGES[k] <= d < EDGES[k + 1]:
                left[k] += 1
                at_risk[k] += 1
            elif d >= EDGES[k + 1]:
                at_risk[k] += 1
    assert model.at_risk.tolist() == at_risk
    assert model.left.tolist() == left


def test_a_customer_who_is_not_observed_to_the_end_does_not_count_as_staying() -> None:
    """A planted fault: an interval that was observed in part is taken for one in which the customer stayed."""
    true = np.searchsorted

    def wrong(a: np.ndarray, v: object, side: str = "left") -> object:
        found = true(a, v, side)
        return found + 1 if side == "right" and a is EDGES else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.np, "searchsorted", wrong)
        with pytest.raises(AssertionError):
            test_rows_are_those_of_a_plain_loop()


def test_what_nobody_was_observed_for_repeats_the_last_hazard() -> None:
    X, days, outcome = made(censored=False)
    early = days > 60
    outcome, days = np.where(early, 0, outcome).astype(np.int8), np.minimum(days, 60.0)
    model = learn_hazards(X, days, outcome, EDGES, n_jobs=1)
    assert model.observed_days == 60.0
    found = model.hazards(X.head(5))
    assert (found[:, 2] == found[:, 1]).all()
    assert (found[:, 3] == found[:, 1]).all()
    with pytest.raises(TrainingError, match="longer than 60 days"):
        learn_hazards(X, days, outcome, EDGES, first=2, n_jobs=1)


def test_nobody_leaves_where_nobody_was_seen_to() -> None:
    X, days, _ = made(400, censored=False)
    model = learn_hazards(X, np.full(len(days), 120.0), np.zeros(len(days), np.int8), EDGES, n_jobs=1)
    assert model.classifier is None
    assert not model.hazards(X).any()


def test_many_snapshots_are_drawn_from() -> None:
    X, days, outcome = made(3000, censored=True)
    model = learn_hazards(X, days, outcome, EDGES, most_rows=2000, n_jobs=1)
    rows, interval = module.expand(np.array([0, 1, 2, 4] * 700), 0, 2000, seed=1)
    assert 1990 < len(rows) <= 2000
    for row in np.unique(rows)[:50]:
        assert interval[rows == row].tolist() == list(range([0, 1, 2, 4][row % 4])), "all intervals of a snapshot, or none"
    assert model.at_risk[0] > 2500, "counts are of all of them"
    assert AHEAD in model.classifier.feature_names_in_


def test_the_horizon_is_an_edge() -> None:
    for horizon in (7.0, 30.0, 90.0, 91.25, 365.0):
        edges = intervals_of(horizon, 365.0)
        assert horizon in edges
        assert edges[-1] >= 365.0 - 1e-6
        assert (np.diff(edges) > 0).all()
