"""Leakage audit of a matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.argument_checks import shows_call
from churnpredict.errors import UsageError, kind_of
from churnpredict.evaluation.audit_columns import missing_tells, single_values, too_well
from churnpredict.evaluation.audit_hindsight import in_hindsight
from churnpredict.evaluation.audit_names import at_the_cutoff, dates_and_ids, named, names_outcome
from churnpredict.evaluation.audit_report import Audit, Case, Finding
from churnpredict.evaluation.audit_rows import constant_labels, duplicates, left_before, mixed_folds, time_order
from churnpredict.model.encoding import as_frame, check_matrix
from churnpredict.model.labels import read_labels
from churnpredict.model.split import Window, customers_of, cutoffs_of, zone_of
from churnpredict.moments import Moment
from churnpredict.row_order import in_row_order
from churnpredict.signatures import Column, Matrix
from churnpredict.spans import SpanLike, span

__all__ = ["Audit", "Finding", "audit", "audit_matrix", "names_outcome"]

MOST_ROWS = 20_000  # a leak shows in a sample of customers as well

_OF_ROWS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    time_order,
    constant_labels,
    left_before,
    duplicates,
    mixed_folds,
    in_hindsight,
)
_OF_COLUMNS: tuple[Callable[[Case], Iterator[Finding]], ...] = (too_well, missing_tells, single_values, named, dates_and_ids, at_the_cutoff)


@shows_call("cp.audit(X, y) with a matrix of features, or pipeline.audit(tables)")
def audit(
    X: Matrix,
    y: Column | pd.DataFrame,
    *,
    cutoff: Column | Moment | None = None,
    horizon: SpanLike | None = None,
    gap: SpanLike | None = None,
    customers: Column | None = None,
    folds: object = None,
    raise_on: str | None = None,
) -> Audit:
    """Look for leakage in a matrix, its labels and its folds.

    The audit checks for single columns that predict too well (by value, by single values, or by being filled at all), columns whose names
    or dates refer to the outcome, and ids and times as features. It also checks for rows on the wrong side of the cutoff, target encodings
    that used the labels, customers with several ids, outcomes already known at the cutoff, cutoffs at which all have one label, and folds
    that mix times.

    Parameters
    ----------
    X : frame (n, n_features)
        As for :class:`churnpredict.ChurnClassifier`.
    y : array (n,) or outcomes frame
    cutoff : time or array (n,) of times, optional
        By default the index level "cutoff".
    horizon, gap : span, optional
        The outcome window is ``[cutoff + gap, cutoff + gap + horizon)``; without it overlapping windows cannot be detected.
    customers : array (n,), optional
        By default the index level "customer_id".
    folds : splitter or sequence of (train, test) positions, optional
        Folds by which the model will be validated.
    raise_on : {"error", "warning", "note"}, optional
        Raise an error on findings of at least this severity.

    Returns
    -------
    Audit
        ``.findings`` (frame), ``.ok`` (no errors, no warnings), ``.alarms``, ``.errors``.

    Raises
    ------
    LeakageError
        If there is a finding at least as severe as ``raise_on``.
    UsageError
        ``not-a-matrix``, ``swapped``.

    Notes
    -----
    Leakage is defined in Kaufman et al., "Leakage in Data Mining", ACM TKDD 6(4), 2012. A column "predicts too well" when the one-sided 95
    % bound of its AUC (Hanley and McNeil 1982, counting customers, not rows) lies above .98.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = (rng.random(500) < 0.3).astype(int)
    >>> X = pd.DataFrame({"orders": rng.poisson(5, 500), "cancel_reason_code": np.where(y == 1, rng.integers(1, 5, 500), np.nan)})
    >>> found = audit(X, y)
    >>> found.ok, found.findings["code"].tolist(), found.findings["where"].unique().tolist()
    (False, ['missing-tells', 'names-outcome'], ['column "cancel_reason_code"'])
    """
    report = audit_matrix(X, y, cutoff=cutoff, horizon=horizon, gap=gap, customers=customers, folds=folds)
    return report.raise_on(raise_on)


def audit_matrix(
    X: Matrix,
    y: Column | pd.DataFrame,
    *,
    cutoff: Column | Moment | None = None,
    horizon: SpanLike | None = None,
    gap: SpanLike | None = None,
    customers: Column | None = None,
    folds: object = None,
    names: Sequence[str] | None = None,
    there: np.ndarray | None = None,
) -> Audit:
    """Run the checks of :func:`audit`; ``names`` are the columns whose names are evidence, all by default, and ``there`` gives for each row
    whether its customer is still there in the end (1), has left (0), or may have (NaN).
    """
    check_matrix(X, "audit(X, y)", y)
    frame = as_frame(X)
    if frame is None:
        A = np.asarray(X)
        if A.ndim != 2:
            raise UsageError("not-a-matrix", "audit takes a matrix of features as X, not a single column", remedy="Call audit(X, y).")
        frame = pd.DataFrame(A, columns=[f"x{j}" for j in range(A.shape[1])])
    y, cutoff, customers = (in_row_order(given, X, name) for given, name in ((y, "y"), (cutoff, "cutoff"), (customers, "customers")))
    target = read_labels(y, positive=_left(y)).target
    times, who = cutoffs_of(frame, cutoff), customers_of(frame, customers)
    for name, given in (("y", target), ("cutoff", times), ("customers", who)):
        if given is not None and len(given) != len(frame):
            raise UsageError("unequal-lengths", f"X has {len(frame)} rows and {name} {len(given)}", remedy="Pass one value per row.")
    window = None if horizon is None else Window.of(horizon, gap, zone_of(frame, cutoff))
    outcomes = y if isinstance(y, pd.DataFrame) and "duration" in y.columns else None
    if gap is not None:
        span(gap, "gap", zero=True)
    pairs = [] if folds is None else _pairs(folds, frame, target)
    frame = frame.set_axis([str(c) for c in frame.columns], axis=1)
    case = Case(frame, target, times, who, window, pairs, list(frame.columns) if names is None else names, outcomes, there)
    found: list[Finding] = []
    for check in _OF_ROWS:
        found += check(case)
    if 0 < target.sum() < len(target):
        sample = case.take(_sample(case.who))
        for test in _OF_COLUMNS:
            found += test(sample)
    return Audit(tuple(_strongest(found)))


def _pairs(folds: Any, frame: pd.DataFrame, target: np.ndarray) -> list[Any]:
    """Return the training and test rows of each fold."""
    try:
        pairs = list(folds.split(frame, target) if hasattr(folds, "split") and not isinstance(folds, str) else folds)
        if all(len(pair) == 2 and all(np.ndim(rows) == 1 for rows in pair) for pair in pairs):
            return pairs
    except TypeError:
        pass
    remedy = "Give a splitter of scikit-learn, cp.TemporalSplit, or a list of (training rows, test rows)."
    raise UsageError("bad-argument", f"folds is {kind_of(folds)}", remedy=remedy)


def _left(y: Any) -> Any:
    """Return the one of two text labels that can only mean that somebody left."""
    if isinstance(y, pd.DataFrame):
        return None
    classes = pd.unique(pd.Series(np.asarray(y).ravel()).dropna())
    if len(classes) != 2 or all(isinstance(c, (int, float, np.number)) and not isinstance(c, (bool, np.bool_)) for c in classes):
        return None
    return next((c for c in classes if str(c).lower() in ("yes", "true", "churn", "churned", "left", "1", "y")), None)


def _strongest(found: list[Finding]) -> Iterator[Finding]:
    """Yield one finding per code and place."""
    seen: set[tuple[str, str]] = set()
    for f in found:
        if (f.code, f.where) not in seen:
            seen.add((f.code, f.where))
            yield f


def _sample(who: np.ndarray) -> np.ndarray:
    """Return rows of so many customers that there are about ``MOST_ROWS`` rows; all rows of a customer or none."""
    if len(who) <= MOST_ROWS:
        return np.arange(len(who))
    codes, distinct = pd.factorize(who)
    kept = np.random.default_rng(0).random(len(distinct)) < MOST_ROWS / len(who)
    return np.flatnonzero(kept[codes])
