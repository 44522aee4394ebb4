"""Bars of long work: the share done and the time left where somebody watches, and nothing anywhere else."""

from __future__ import annotations

import io
import sys

import numpy as np
import pandas as pd
import pytest

import churnpredict as cp
from churnpredict import progress
from churnpredict.progress import counter, work


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_each_piece_counts_by_its_steps_and_stopping_early_completes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with work("training", 2):
        bar = progress.Told.bar
        done = counter(10)
        done(1)
        done(4)
        assert bar.n == pytest.approx(0.4)
        with work("inside", 5):  # belongs to the outer one
            assert progress.Told.bar is bar
        done(10)
        done(12)
        assert bar.n == pytest.approx(1.0)
        counter(3)(3)
        assert bar.n == pytest.approx(2.0)
    assert progress.Told.bar is None


def test_nobody_watches_and_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = io.StringIO()
    monkeypatch.setattr(sys, "stderr", quiet)
    with work("training", 2):
        counter(10)(10)
    monkeypatch.setattr(sys, "stderr", Terminal())
    progress.be_quiet()
    try:
        with work("training", 2):
            counter(10)(10)
    finally:
        progress.be_quiet(False)
    assert quiet.getvalue() == sys.stderr.getvalue() == ""  # type: ignore[attr-defined]


def test_a_training_fills_its_bar_and_learns_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a__x": rng.normal(size=400), "b__y": rng.normal(size=400)})
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X["a__x"]))).astype(int)
    silent = cp.ChurnClassifier(n_estimators=30, n_jobs=1).fit(X, y).predict_proba(X)
    seen: list[tuple[float, float]] = []

    class Bar:
        def __init__(self, total: int, **_: object) -> None:
            self.total, self.n = total, 0.0

        def update(self, by: float) -> None:
            self.n += by

        def close(self) -> None:
            seen.append((self.n, self.total))

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    watched = cp.ChurnClassifier(n_estimators=30, n_jobs=1).fit(X, y).predict_proba(X)
    assert np.array_equal(silent, watched)
    ((n, total),) = seen
    assert 0.5 * total < n <= total + 1e-9  # members without weight are not fitted again
