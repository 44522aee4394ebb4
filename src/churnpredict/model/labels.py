"""Labels of any type as 0 and 1; missing, unknown or ambiguous labels are refused."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from churnpredict.errors import OutcomeError, TrainingError, UsageError, warn

__all__ = ["Labels", "check_leavers", "leaving_label", "leaving_of", "read_labels", "risk_of"]

_NUMBER_WORDS = {
    word: number for number, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}


class Labels(NamedTuple):
    """Labels prepared for training.

    Attributes
    ----------
    target : ndarray (n,) of float64
        1.0 for the label that means "left"; where that is unknown, for the last of ``classes``.
    classes : ndarray
        The distinct labels, sorted, as scikit-learn orders the columns of ``predict_proba``.
    leaving : label or None
        The label that means "left"; None where only predictions by label have a meaning.
    """

    target: np.ndarray
    classes: np.ndarray
    leaving: Any


def read_labels(y: Any, *, positive: Any = None) -> Labels:
    """Return target, sorted labels, and which of them means "left", from labels or from an outcomes frame.

    Raises
    ------
    OutcomeError
        Missing, infinite, unknown or more than two labels; text or bool labels without ``positive``.

    >>> target, classes, leaving = read_labels(["stay", "churn"], positive="churn")
    >>> target.tolist(), classes.tolist(), leaving
    ([0.0, 1.0], ['churn', 'stay'], 'churn')
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
        return Labels(np.asarray(outcome > 0, dtype=np.float64), np.array([0, 1]), 1)
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
    leaving = leaving_label(classes, positive)
    if len(classes) < 2:
        return Labels(np.zeros(len(labels)), classes, leaving)
    one = classes[-1] if leaving is None else leaving
    return Labels(np.asarray(labels == one, dtype=np.float64), classes, leaving)


def leaving_label(classes: np.ndarray, positive: Any = None) -> Any:
    """Return which of at most two sorted labels means "left"; None where they are 0 and 1 and ``positive`` is another label.

    Stacking, voting, ``cross_val_predict`` and one-against-rest encode labels as 0 and 1 before a classifier gets them, and do not pass on
    which is which: predictions by label are right all the same. Of two numbers, also those written as text ("0" and "1", "one" and "two"),
    the larger one means "left" unless ``positive`` says otherwise.

    Raises
    ------
    OutcomeError
        ``unknown-positive``, ``no-positive-class``.

    >>> leaving_label(np.array([0, 1])), leaving_label(np.array(["churned", "stayed"]), "churned")
    (1, 'churned')
    """
    known = classes.tolist()
    if positive is not None:
        if positive in known:
            return known[known.index(positive)]
        encoded = classes.dtype.kind in "iuf" and set(known) <= {0, 1}
        if encoded or len(known) < 2:
            return None
        raise OutcomeError("unknown-positive", "no row carries the label named as positive", remedy="Check positive=.")
    if classes.dtype.kind in "iuf":
        return known[-1] if len(known) == 2 else None
    numbers = [_number(label) for label in known]
    if len(known) == 2 and None not in numbers and numbers[0] != numbers[1]:
        return max(zip(numbers, known, strict=True))[1]
    if len(known) == 2:
        raise OutcomeError(
            "no-positive-class",
            "labels are text or bool, and it is unknown which one means that the customer left",
            examples=known,
            remedy="Pass positive=, or labels 0 and 1.",
        )
    return None


def _number(label: Any) -> float | None:
    if not isinstance(label, str):
        return None
    text = label.strip().lower()
    try:
        return float(_NUMBER_WORDS.get(text, text))
    except ValueError:
        return None


def risk_of(model: Any, X: Any) -> np.ndarray:
    """Return the risk (n,) that a fitted classifier gives: the column of the label that means "left", wherever it stands.

    Parameters
    ----------
    model : ChurnClassifier or scikit-learn classifier
        A classifier without ``predict_risk`` was trained on 0 and 1, or on two labels of which the larger one means "left".
    """
    if hasattr(model, "predict_risk"):
        return np.asarray(model.predict_risk(X))
    classes = np.asarray(getattr(model, "classes_", [0, 1]))
    return np.asarray(model.predict_proba(X))[:, classes.tolist().index(leaving_of(model))]


def leaving_of(model: Any) -> Any:
    """Return the label of a fitted classifier that means "left".

    Raises
    ------
    OutcomeError
        ``no-positive-class``: it is unknown which.
    """
    if hasattr(model, "leaving_"):
        leaving = model.leaving_
    else:
        leaving = leaving_label(np.asarray(getattr(model, "classes_", [0, 1])), getattr(model, "positive", None))
    if leaving is None:
        what = "it is unknown which label of the classifier means that the customer left"
        raise OutcomeError("no-positive-class", what, remedy="Train it with positive=, or on 0 and 1.")
    return leaving


def check_leavers(target: np.ndarray, *, at_least: int = 0, either: bool = False) -> None:
    """Refuse one class, and fewer leavers than ``at_least``; warn below 50 leavers where ``at_least`` is above 0.

    ``either``: both labels need as many rows, because it is unknown which one means "left".
    """
    leavers = int(min(target.sum(), (1 - target).sum()) if either else target.sum())
    if not len(target) or leavers in (0, len(target)):
        raise TrainingError(
            "one-class",
            "only one class is present among rows of positive weight",
            remedy="Take snapshots in which some customers leave and some stay.",
        )
    if leavers < at_least:
        raise OutcomeError(
            "too-few-leavers",
            f"{leavers} leavers, at least {at_least} are needed",
            remedy="Take more snapshots, a longer horizon or more history.",
        )
    if at_least and leavers < 50:
        warn("few-leavers", f"only {leavers} leavers: risks will be imprecise", remedy="Take more snapshots or more history.")


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
