"""Rows that a model was trained on are recognised, other rows of the same kind are not."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest

from churnpredict.displays import GainDisplay, ReliabilityDisplay
from churnpredict.errors import ChurnWarning
from churnpredict.model.classifier import ChurnClassifier
from churnpredict.model.seen_rows import sketch_of, warn_if_seen


def business(seed: int, n: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a__x": rng.normal(size=n), "a__n": rng.integers(0, 3, n), "a__plan": pd.Categorical(rng.choice(["s", "m"], n))})
    return X, (rng.random(n) < 1 / (1 + np.exp(-X["a__x"].to_numpy()))).astype(int)


def test_displays_of_the_training_rows_are_warned_of() -> None:
    X, y = business(0)
    model = pickle.loads(pickle.dumps(ChurnClassifier(n_jobs=1, n_estimators=10, n_seeds=1).fit(X, y)))
    for display in (ReliabilityDisplay, GainDisplay):
        with pytest.warns(ChurnWarning, match="in-sample"):
            display.from_estimator(model, X, y)
    mixed = pd.concat([X, business(1, 100)[0]], ignore_index=True).astype(X.dtypes.to_dict())
    for rows in (X[::-1], X.iloc[:50], X[["a__plan", "a__x", "a__n"]], mixed):
        with pytest.warns(ChurnWarning, match="in-sample"):
            warn_if_seen(model, rows)
    others = business(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ChurnWarning)
        ReliabilityDisplay.from_estimator(model, *others)
        warn_if_seen(model, pd.concat([others[0], X.iloc[:100]], ignore_index=True).astype(X.dtypes.to_dict()))


def test_rows_that_many_customers_share_tell_nothing() -> None:
    rng = np.random.default_rng(0)
    few = rng.integers(0, 3, (2000, 2)).astype(float)
    assert not len(sketch_of(few))
    assert len(sketch_of(rng.normal(size=(5000, 300)))) == 1024
