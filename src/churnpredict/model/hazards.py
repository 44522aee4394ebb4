"""HazardModel: the chance of leaving in each interval ahead, for customers who have stayed until then, additive in its log-odds.

Each training row becomes one row for every interval at whose start the customer was still there, as far as it was observed, with the start
of the interval as a further feature. A classifier learns from all of them at once (discrete-time survival analysis: Cox 1972, Singer and
Willett 1993), so customers whose outcomes are observed for a few months only teach those months.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import TrainingError
from churnpredict.model.classifier import ChurnClassifier

__all__ = ["AHEAD", "HazardModel", "intervals_of", "learn_hazards"]

AHEAD = "lifecycle__calendar_days_ahead"
"""The column of the start of the interval, in days."""

_MOST_ROWS = 100_000  # rows of snapshot and interval; more of the same customers teach little
_FEWEST = 200  # rows at risk in an interval, below which its hazard is that of the interval before
_FEW_LEAVERS = 25  # of either outcome, below which everybody has the same share of being lost
_LONGEST = 31.0  # days

Floats = npt.NDArray[np.float64]


def intervals_of(horizon: float, over: float) -> Floats:
    """Return the edges of the intervals in days: about a month each, the horizon one of them, the last not before ``over``.

    >>> intervals_of(90.0, 150.0).tolist()
    [0.0, 30.0, 60.0, 90.0, 120.0, 150.0]
    >>> intervals_of(14.0, 60.0).tolist()
    [0.0, 14.0, 28.0, 42.0, 56.0, 70.0]
    """
    pieces = int(np.ceil(horizon / _LONGEST))
    within = np.linspace(0.0, horizon, pieces + 1)
    step = max(horizon / pieces, over / 30)
    after = max(int(np.ceil((over - horizon) / step - 1e-9)), 0)
    return np.append(within, horizon + step * np.arange(1, after + 1))


@dataclass(frozen=True)
class HazardModel:
    """What :func:`learn_hazards` learns.

    Attributes
    ----------
    edges : (K + 1,) float
        Of the intervals, in days from the start of the outcome window.
    classifier : ChurnClassifier or None
        Of the hazards; None where nobody was seen to leave: they are 0.
    lost : ChurnClassifier, float or None
        The share of being lost among leavers, learnt or one number; None where training did not distinguish it.
    last : int
        The last interval that enough customers were observed in; later ones repeat its hazard.
    at_risk, left : (K,) int
        Rows observed in each interval, and how many of them left.
    reference : (K,) float
        Log-odds of the usual hazard in each interval, which reasons are counted from.
    """

    edges: Floats
    classifier: Any
    lost: Any
    last: int
    at_risk: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    reference: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def observed_days(self) -> float:
        """Up to how many days ahead enough customers were observed."""
        return float(self.edges[self.last + 1]) if self.last >= 0 else 0.0

    def rows_at(self, X: pd.DataFrame, interval: int) -> pd.DataFrame:
        """Return X with the start of an interval as a further column, for the classifiers."""
        return X.assign(**{AHEAD: np.float32(self.edges[min(interval, max(self.last, 0))])})

    def hazards(self, X: pd.DataFrame, first: int = 0) -> Floats:
        """Return the chance of leaving in each interval from ``first`` on for customers who have stayed until then, (n, K - first)."""
        K = len(self.edges) - 1
        out = np.zeros((len(X), max(K - first, 0)))
        for k in range(first, K):
            if self.classifier is None:
                continue
            if k > max(self.last, first):
                out[:, k - first] = out[:, k - first - 1]
                continue
            out[:, k - first] = self.classifier.predict_risk(self.rows_at(X, k))
        return out

    def lost_shares(self, X: pd.DataFrame, first: int = 0) -> Floats:
        """Return the share of being lost among those who leave in each interval from ``first`` on, (n, K - first)."""
        K = len(self.edges) - 1
        out = np.zeros((len(X), max(K - first, 0)))
        for k in range(first, K):
            if isinstance(self.lost, float):
                out[:, k - first] = self.lost
            elif self.lost is not None:
                out[:, k - first] = self.lost.predict_risk(self.rows_at(X, k))
        return out


def learn_hazards(
    X: pd.DataFrame,
    days: Floats,
    outcome: npt.NDArray[np.int8],
    edges: Floats,
    *,
    closed: bool = False,
    first: int = 0,
    random_state: int = 0,
    n_jobs: int | None = None,
    most_rows: int = _MOST_ROWS,
) -> HazardModel:
    """Learn the hazards of leaving.

    Parameters
    ----------
    X : DataFrame (n, n_features)
        Index (customer_id, cutoff).
    days : (n,) float
        Until the customer left, or until the end of what was observed.
    outcome : (n,) int
        0 not seen to leave, 1 left, 2 lost.
    edges : (K + 1,) float
        From :func:`intervals_of`.
    closed : bool
        Whether intervals hold their end and not their beginning, as where leaving is a silence that is complete at its end.
    first : int
        The first interval to learn; earlier ones are known from elsewhere.
    random_state, n_jobs
        Of the classifiers.
    most_rows : int
        Rows of snapshot and interval to learn from; a random part of the snapshots beyond it.

    Raises
    ------
    TrainingError
        ``no-follow-up``: no customer was observed in any of the intervals.
    """
    left_in = np.searchsorted(edges, days, "left" if closed else "right") - 1
    left_in = np.where(outcome > 0, np.clip(left_in, 0, None), len(edges))
    K = len(edges) - 1
    watched = np.searchsorted(edges, days * (1 + 1e-12), "right") - 1  # whole intervals observed
    ends = np.minimum(np.where(outcome > 0, left_in + 1, watched), K)
    at_risk = np.array([int((ends > k).sum()) for k in range(K)])
    left = np.array([int((left_in == k).sum()) for k in range(K)])
    enough = np.flatnonzero(at_risk >= min(_FEWEST, max(int(at_risk.max(initial=0)) // 4, 1)))
    if not len(enough) or enough[-1] < first:
        raise TrainingError(
            "no-follow-up",
            f"no customer was observed for longer than {edges[first]:g} days after a cutoff, so nothing is known of later leaving",
            remedy="Load more history, or leave out over=.",
        )
    last = int(enough[-1])
    rows, interval = expand(np.clip(ends, 0, last + 1), first, most_rows, random_state)
    y = left_in[rows] == interval
    if min(y.sum(), (~y).sum()) < 2:
        return HazardModel(edges, None, None, last, at_risk, left, np.full(K, -np.inf))
    wide = X.iloc[rows].assign(**{AHEAD: edges[interval].astype(np.float32)})
    hazard = ChurnClassifier(random_state=random_state, n_jobs=n_jobs).fit(wide, y.astype(np.int8))
    lost = _learn_lost(wide[y], outcome[rows[y]] == 2, random_state, n_jobs) if (outcome == 2).any() and (outcome == 1).any() else None
    model = HazardModel(edges, hazard, lost, last, at_risk, left)
    return HazardModel(edges, hazard, lost, last, at_risk, left, _usual_hazards(model, X))


def expand(ends: npt.NDArray[np.int64], first: int, most: int, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the snapshot and the interval of every row, from ``first`` up to (not including) each end."""
    there = np.flatnonzero(ends > first)
    total = int((ends[there] - first).sum())
    if total > most:
        some = np.random.default_rng(seed).permutation(len(there))
        kept = int(np.searchsorted(np.cumsum(ends[there][some] - first), most))
        there = np.sort(there[some[: max(kept, 1)]])
    counts = ends[there] - first
    rows = np.repeat(there, counts)
    return rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + first


def _learn_lost(X: pd.DataFrame, lost: npt.NDArray[np.bool_], seed: int, n_jobs: int | None) -> Any:
    rate = float((lost.sum() + 1.0) / (len(lost) + 2.0))
    if min(lost.sum(), (~lost).sum()) < _FEW_LEAVERS:
        return rate
    return ChurnClassifier(random_state=seed, n_jobs=n_jobs).fit(X, lost.astype(np.int8))


def _usual_hazards(model: HazardModel, X: pd.DataFrame, most: int = 2_000) -> Floats:
    """Return mean log-odds of the hazard of the newest training rows in each interval."""
    cutoffs = X.index.get_level_values("cutoff")
    newest = np.flatnonzero(cutoffs == cutoffs.max())
    some = X.iloc[newest[np.linspace(0, len(newest) - 1, min(len(newest), most)).round().astype(np.int64)]]
    K = len(model.edges) - 1
    levels = [float(model.classifier.decision_function(model.rows_at(some, k)).mean()) for k in range(max(model.last, 0) + 1)]
    return np.array([levels[min(k, len(levels) - 1)] for k in range(K)])
