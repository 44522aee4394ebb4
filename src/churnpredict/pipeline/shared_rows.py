"""Costly features that the cutoffs of a backtest share: those of all training and test cutoffs, built in one pass.

Costly are Python functions, which are called once for each snapshot. All other features are computed as fast as they could be copied, so
each cutoff builds its own and nothing is held in memory.

Labels, training snapshots and the clock of the season stay with each cutoff of the backtest: rows and ends that were written later may
change them, and none of that was known then. So do categories and the handling of treatments. A feature is the same in every build.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import pairs_at_risk
from churnpredict.errors import ChurnError
from churnpredict.events.memory import memory_limit
from churnpredict.events.tables import EventTables
from churnpredict.features.custom import OwnFeature
from churnpredict.features.shared import SharedFeatures
from churnpredict.pipeline.cutoffs import as_known, latest_within, training_cutoffs
from churnpredict.spans import SpanLike

__all__ = ["share_features"]

Ints = npt.NDArray[np.int64]
_SHARE_OF_MEMORY = 8  # the features shared take at most this part of the memory


class Planned(Protocol):
    """What decides which snapshots and features a pipeline trains on."""

    churn: ChurnRule
    features: Any
    history: Any
    since: Any
    most_cutoffs: int
    most_rows: int

    def step_between(self, past: EventTables) -> SpanLike | None:
        """Return the step between training cutoffs, None for the default."""


def share_features(pipeline: Planned, tables: EventTables, cutoffs: Sequence[pd.Timestamp]) -> SharedFeatures | None:
    """Build the costly features of all training and test snapshots of a backtest in one pass.

    Parameters
    ----------
    pipeline : ChurnPipeline
    tables : EventTables
    cutoffs : list of Timestamp
        Of the backtest.

    Returns
    -------
    SharedFeatures or None
        None where each cutoff should build its own: there is only one, or no costly feature, or they would take more than an eighth of the
        memory, or a cutoff is refused, which its own training says best.
    """
    costly = [f for f in pipeline.features or () if isinstance(f, OwnFeature)]
    if len(cutoffs) < 2 or not costly:
        return None
    with warnings.catch_warnings():  # each training warns of what it finds
        warnings.simplefilter("ignore")
        try:
            trained, tested = [_trained_on(pipeline, tables, cutoff) for cutoff in cutoffs], tables.instants(list(cutoffs))
            customers, moments = pairs_at_risk(tables, pipeline.churn, np.unique(np.concatenate([*trained, tested])))
            some = np.isin(moments, _within_most_rows(pd.Series(moments).value_counts(), trained, tested, pipeline.most_rows))
            if int(some.sum()) * len(costly) * np.dtype(np.float32).itemsize > memory_limit() // _SHARE_OF_MEMORY:
                return None
            return SharedFeatures(tables, customers[some], moments[some], costly, history=pipeline.history)
        except ChurnError:
            return None


def _trained_on(pipeline: Planned, tables: EventTables, cutoff: pd.Timestamp) -> Ints:
    """Return the training cutoffs of a training until a cutoff, in microseconds UTC."""
    past, churn = as_known(tables, cutoff), pipeline.churn
    churn.check(past)
    every = pipeline.step_between(past)
    return tables.instants(training_cutoffs(past, churn, every=every, since=pipeline.since, most_cutoffs=pipeline.most_cutoffs))


def _within_most_rows(counts: pd.Series, trained: Sequence[Ints], tested: Ints, most_rows: int) -> Ints:
    """Return the cutoffs that are left where each training has at most ``most_rows`` snapshots, and the test cutoffs."""
    kept = [latest_within(counts[counts.index.isin(moments)], most_rows) for moments in trained]
    return np.unique(np.concatenate([*kept, tested])).astype(np.int64)
