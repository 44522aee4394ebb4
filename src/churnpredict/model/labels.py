"""Labels of any make as 0 and 1: what is missing, unknown or ambiguous is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from churnpredict.errors import OutcomeError, TrainingError, UsageError, warn

__all__ = ["check_leavers", "read_labels"]


def read_labels(y: Any, *, positive: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Target (n,) as 0.0 and 1.0, and the labels (stayed, left), from labels or from an outcomes frame.

    Raises
    ------
    OutcomeError
        Missing, infinite, unknown or more than two labels; text or bool labels without ``positive``.

    >>> target, classes = read_labels(["stay", "churn"], positive="churn")
    >>> target.tolist(), classes.tolist()
    ([0.0, 1.0], ['stay', 'churn'])
    """
    if y is None:
        raise UsageError("no-outcomes", "requires y to be passed, but the target y is None", remedy="Pass y.")
    if isinstance(y, pd.DataFrame) and "outcome" in y.columns:
        _refuse_missing(y["outcome"])
        outcome = np.asarray(y["outcome"], dtype=np.float64)
        unknown = ~np.isin(outcome, (0, 1, 2))
        if unknown.any():
            raise OutcomeError(
                "unknown-outcome",
                "outcomes other than 0 (stayed), 1 (left) and 2 (lost)",
                column="outcome",
                rows=int(unknown.sum()),
                total=len(outcome),
                remedy="Drop snapshots of customers who were no longer at risk when the window opened.",
            )
        return np.asarray(outcome > 0, dtype=np.float64), np.array([0, 1])
    labels = column_or_1d(y, warn=True)
    _refuse_missing(labels)
    check_classification_targets(labels)
    classes = np.unique(labels)
    if len(classes) > 2:
        raise OutcomeError(
            "many-classes",
            f"Only binary classification is supported. The type of the target is multiclass: {len(classes)} labels",
            remedy="Give 0 and 1, or the outcomes frame.",
        )
    if positive is not None:
        if positive not in classes:
            raise OutcomeError("unknown-positive", "no row carries the label named as positive", remedy="Check positive=.")
        classes = np.array([*classes[classes != positive], positive], dtype=classes.dtype)
    elif classes.dtype.kind not in "iuf" and len(classes) == 2:
        raise OutcomeError(
            "no-positive-class",
            "labels are text or bool, and nobody says which one means that the customer left",
            examples=classes,
            remedy="Pass positive=, or labels 0 and 1.",
        )
    target = np.asarray(labels == classes[-1], dtype=np.float64) if len(classes) == 2 else np.zeros(len(labels))
    return target, classes


def check_leavers(target: np.ndarray, *, at_least: int = 0) -> None:
    """Refuse one class, and fewer leavers than ``at_least``; warn below 50 leavers where ``at_least`` is above 0."""
    leavers = int(target.sum())
    if not len(target) or leavers in (0, len(target)):
        raise TrainingError(
            "one-class",
            "only one class is present among rows of positive weight",
            remedy="Take snapshots in which some leave and some stay.",
        )
    if leavers < at_least:
        raise OutcomeError(
            "too-few-leavers",
            f"{leavers} leavers, at least {at_least} are needed",
            remedy="Take more snapshots, a longer horizon or more history.",
        )
    if at_least and leavers < 50:
        warn("few-leavers", f"only {leavers} leavers: risks will be rough", remedy="Take more snapshots or more history.")


def _refuse_missing(labels: Any) -> None:
    missing = pd.isna(np.asarray(labels, dtype=object) if not isinstance(labels, pd.Series) else labels)
    values = np.asarray(labels)
    infinite = values.dtype.kind == "f" and bool(np.isinf(values).any())
    if infinite:
        raise OutcomeError("infinite-label", "Input y contains infinity or a value too large", remedy="Give 0 or 1 for every row.")
    if np.any(missing):
        raise OutcomeError(
            "missing-label",
            "Input y contains NaN: some rows have no outcome",
            rows=int(np.sum(missing)),
            total=len(values),
            remedy="Drop immature snapshots before training.",
        )
