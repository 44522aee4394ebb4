"""Champions of a steady shop: trained as usual, on shuffled outcomes, or on more than a challenger may have seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.monitoring.test_drift import FEATURES
from tests.shops import QUICK

import churnpredict as cp
from churnpredict.pipeline.churn_pipeline import ChurnPipeline

Frames = tuple[pd.DataFrame, pd.DataFrame]
RULE = cp.Inactivity("40d", of="orders", active_within="60d")
SHORT = {**QUICK, "horizon": "40d", "n_estimators": 30}
SINCE, TRAINED, UNTIL = "2023-04-01", "2023-07-15", "2024-01-15"


def pipeline(**options: object) -> ChurnPipeline:
    return ChurnPipeline(RULE, features=FEATURES, classifier=cp.ChurnClassifier(**SHORT), since=SINCE, **options)


def learnt(tables: cp.EventTables, until: str = TRAINED) -> ChurnPipeline:
    one = pipeline()
    return one.learn(*one.training_rows(tables, until))


def fooled(tables: cp.EventTables, seed: int = 0, share: float = 1.0) -> ChurnPipeline:
    """A champion that has learnt from outcomes of which a share was shuffled."""
    one = pipeline()
    X, outcomes = one.training_rows(tables, TRAINED)
    rng = np.random.default_rng(seed)
    some = np.flatnonzero(rng.random(len(X)) < share)
    values = outcomes[["duration", "outcome"]].to_numpy().copy()
    values[some] = values[rng.permutation(some)]
    outcomes["duration"], outcomes["outcome"] = values[:, 0], values[:, 1].astype(np.int8)
    return one.learn(X, outcomes)
