"""Baselines for every figure: base rate, recency alone, MBG/NBD."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

from churnpredict.argument_checks import check_flag
from churnpredict.errors import MismatchError, UsageError
from churnpredict.model.calibration import AffineCalibration, sigmoid
from churnpredict.model.purchases import find_triple, fit_purchase_model, fit_to_outcomes, silence_margin, triple_values
from churnpredict.model.split import Window
from churnpredict.row_order import in_row_order

__all__ = ["MBGNBD", "BaseRate", "RecencyLogistic", "binary_outcome"]

_DAY = 86_400_000_000


def binary_outcome(y: Any) -> np.ndarray:
    """Return 0/1 (float64) from labels 0/1 or from an outcomes frame, where 1 (left) and 2 (lost) both count as leaving."""
    if isinstance(y, pd.DataFrame):
        y = y["outcome"]
    return np.asarray(np.asarray(y, dtype=np.float64).ravel() != 0, dtype=np.float64)


def _weights(y: np.ndarray, sample_weight: Any) -> np.ndarray:
    return np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)


def _base_margin(y: np.ndarray, w: np.ndarray) -> float:
    """Return log-odds of the share of leavers, half a row of each kind added so that it is finite."""
    return float(np.log(w @ y + 0.5) - np.log(w @ (1 - y) + 0.5))


class _Baseline(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the baselines: probabilities from a margin in log-odds."""

    classes_ = np.array([0, 1])

    def margin(self, X: Any) -> np.ndarray:
        """Return log-odds of leaving (n,)."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities (n, 2) of staying and of leaving."""
        p = sigmoid(self.margin(X))
        return np.column_stack([1 - p, p])

    def predict(self, X: Any) -> np.ndarray:
        """Return 1 where the risk is above one half, else 0."""
        return (self.margin(X) > 0).astype(np.int64)


class BaseRate(_Baseline):
    """Baseline that gives everybody the share of leavers among the training rows.

    Examples
    --------
    >>> BaseRate().fit(pd.DataFrame({"a": range(4)}), [0, 0, 0, 1]).predict_proba(pd.DataFrame({"a": [7]})).round(1).tolist()
    [[0.7, 0.3]]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BaseRate:
        """Learn the share of leavers."""
        target = binary_outcome(in_row_order(y, X, "y"))
        self.base_margin_ = _base_margin(target, _weights(target, in_row_order(sample_weight, X, "sample_weight")))
        return self

    def margin(self, X: Any) -> np.ndarray:
        """Return log-odds of leaving (n,): one number."""
        return np.full(len(X), self.base_margin_)


def _column(X: Any, name: str) -> np.ndarray:
    if name not in getattr(X, "columns", ()):
        raise MismatchError("missing-column", "a column that the baseline needs is missing", column=name, remedy="Build X with it.")
    return np.asarray(X[name], dtype=np.float64)


class RecencyLogistic(_Baseline):
    """A logistic regression on days since the last event alone, on its logarithm and itself.

    Parameters
    ----------
    column : str, optional
        Column with the recency in days; by default the first whose name ends in ``days_since_last``.

    Examples
    --------
    >>> X = pd.DataFrame({"habit__orders_days_since_last": [1.0, 2, 3, 80, 90, 95] * 20})
    >>> RecencyLogistic().fit(X, [0, 0, 0, 1, 1, 1] * 20).predict(X)[:6].tolist()
    [0, 0, 0, 1, 1, 1]
    """

    def __init__(self, *, column: str | None = None) -> None:
        self.column = column

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RecencyLogistic:
        """Learn three coefficients and the level of rows that were never active."""
        from sklearn.linear_model import LogisticRegression

        target = binary_outcome(in_row_order(y, X, "y"))
        w = _weights(target, in_row_order(sample_weight, X, "sample_weight"))
        names = [self.column] if self.column else [str(c) for c in X.columns if str(c).endswith("days_since_last")]
        if not names:
            raise UsageError("no-recency", "no column holds a recency", remedy='Name one in column=, or build "…_days_since_last".')
        self.column_ = names[0]
        self.base_margin_ = _base_margin(target, w)
        basis, known = self._basis(X)
        self.scale_ = np.maximum(basis[known].std(axis=0), 1e-9) if known.any() else np.ones(2)
        self.never_margin_ = _base_margin(target[~known], w[~known]) if (~known).any() else self.base_margin_
        self.model_ = None
        if len(np.unique(target[known])) == 2:
            self.model_ = LogisticRegression(C=10.0).fit(basis[known] / self.scale_, target[known], sample_weight=w[known])
        return self

    def _basis(self, X: Any) -> tuple[np.ndarray, np.ndarray]:
        days = _column(X, self.column_)
        known = np.isfinite(days)
        days = np.where(known, np.maximum(days, 0), 0)
        return np.column_stack([np.log1p(days), days]), known

    def margin(self, X: Any) -> np.ndarray:
        """Return log-odds of leaving (n,)."""
        basis, known = self._basis(X)
        z = np.full(len(basis), self.base_margin_) if self.model_ is None else self.model_.decision_function(basis / self.scale_)
        return np.asarray(np.where(known, z, self.never_margin_))


class MBGNBD(_Baseline):
    """Probability of no event within the horizon under MBG/NBD (Batislam, Denizel and Filiztekin 2007).

    Parameters
    ----------
    horizon, gap : span
        The outcome window is ``[cutoff + gap, cutoff + gap + horizon)``.
    of : str, optional
        Table whose events recur; by default the first with the three columns of :func:`churnpredict.model.purchases.find_triple`.
    method : {"outcomes", "histories"}
        The data that the four parameters are fitted to: the outcomes of snapshots (robust to a risk set of active customers), or the
        histories, as in the paper, which needs every customer ever seen among the rows and no ``y``.
    recalibrate : bool
        Fit an affine calibration on the training labels as well.

    Attributes
    ----------
    model_ : PurchaseModel

    Examples
    --------
    >>> X = pd.DataFrame({"habit__orders_active_days_all": [1.0, 5, 9], "habit__orders_days_since_last": [200.0, 60, 3],
    ...                   "lifecycle__orders_days_since_first": [200.0, 150, 190]})
    >>> X = pd.concat([X] * 20, ignore_index=True)
    >>> p = MBGNBD(horizon="90d").fit(X, [1, 1, 0] * 20).predict_proba(X)[:3, 1]
    >>> bool(p[0] > p[1] > p[2])
    True
    """

    def __init__(
        self, *, horizon: Any = "90d", gap: Any = "0d", of: str | None = None, method: str = "outcomes", recalibrate: bool = False
    ) -> None:
        self.horizon = horizon
        self.gap = gap
        self.of = of
        self.method = method
        self.recalibrate = recalibrate

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MBGNBD:
        """Learn r, alpha, a, b, and the level of rows that were never active."""
        y, sample_weight = in_row_order(y, X, "y"), in_row_order(sample_weight, X, "sample_weight")
        check_flag(self.recalibrate, "recalibrate")
        triple = find_triple(X.columns, self.of)
        if triple is None:
            raise UsageError(
                "no-recurring-event",
                "no table has active days, days since the last and days since the first event",
                remedy="Build those three features, or leave MBG/NBD out.",
            )
        if self.method not in ("outcomes", "histories") or (y is None and (self.method == "outcomes" or self.recalibrate)):
            raise UsageError("bad-method", f"method={self.method!r} with these arguments", remedy='Give y, or use method="histories".')
        self.triple_ = triple
        window = Window.of(self.horizon, self.gap)
        self.window_ = window.horizon.nominal / _DAY, window.gap.nominal / _DAY
        x, t_x, T, known = self._triple(X)
        w = np.ones(len(x)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        if self.method == "histories":
            self.model_ = fit_purchase_model(x[known], t_x[known], T[known], w[known])
        self.calibration_, self.never_margin_ = AffineCalibration(), 0.0
        if y is None:
            return self
        target = binary_outcome(y)
        self.never_margin_ = _base_margin(target[~known], w[~known]) if (~known).any() else _base_margin(target, w)
        if self.method == "outcomes":
            horizon, gap = self.window_
            self.model_ = fit_to_outcomes(x[known], t_x[known], T[known], target[known], w[known], horizon=horizon, gap=gap)
        if self.recalibrate:
            self.calibration_.fit(self._raw(x[known], t_x[known], T[known]), target[known], w[known])
        return self

    def _triple(self, X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        return triple_values(*(_column(X, name) for name in self.triple_))

    def _raw(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        return silence_margin(self.model_, x, t_x, T, window=self.window_)

    def margin(self, X: Any) -> np.ndarray:
        """Return log-odds of leaving (n,)."""
        x, t_x, T, known = self._triple(X)
        return np.asarray(np.where(known, self.calibration_.transform(self._raw(x, t_x, T)), self.never_margin_))
