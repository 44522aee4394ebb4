"""Bring a model of XGBoost, CatBoost or scikit-learn into the form of a member of a blend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from churnpredict.errors import ModelError, UsageError
from churnpredict.explanation.readers.find_reader import read_forest
from churnpredict.explanation.readers.forest import Forest
from churnpredict.explanation.treeshap import TreeShap
from churnpredict.model.calibration import IdentityCalibration, sigmoid
from churnpredict.model.encoding import as_frame

__all__ = ["ForestMember", "ProbabilityLink", "member_of"]

_LEAST = 1e-12  # a forest says 0 and 1, whose log-odds are infinite
_CHECKED = 64


@dataclass(frozen=True)
class ProbabilityLink:
    """The calibration of a model whose sum over trees is a probability, or with ``turned`` minus that of the other class."""

    turned: bool

    def transform(self, margin: Any) -> np.ndarray:
        """Return log-odds (n,), finite also where all trees agree."""
        p = np.clip(np.asarray(margin, np.float64) + (1.0 if self.turned else 0.0), _LEAST, 1 - _LEAST)
        return np.asarray(np.log(p) - np.log1p(-p))


@dataclass(frozen=True, eq=False)
class ForestMember:
    """Trees on encoded rows; ``booster`` is what :class:`~churnpredict.TreeShap` reads."""

    booster: Forest
    weight: float

    @cached_property
    def _shap(self) -> TreeShap:
        return TreeShap(self.booster)

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return the sums over the trees (n,)."""
        phi, expected = self._shap.shap_values(A, groups=np.zeros(A.shape[1], np.int64))
        return np.asarray(phi[:, 0] + expected)

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Return SHAP values (n, n_features) and their base."""
        return self._shap.shap_values(A)


def member_of(model: Any, X: Any, sign_of: Callable[[], float]) -> tuple[list[str], Any, ForestMember, Any, str] | None:
    """Return names of features, the encoder of rows, the member, its calibration and what the base stands for; None of other models.

    Raises
    ------
    UsageError
        ``not-a-risk``: the model's scores are neither log-odds nor a probability.
    ModelError
        ``not-additive``: the model predicts other risks than its trees sum to, on some rows of X.
    ModelFileError
        ``model-unsupported``.
    """
    forest = read_forest(model)
    if forest is None:
        return None
    if forest.link == "score":
        raise UsageError(
            "not-a-risk", f"the scores of this model of {forest.library} are not log-odds of two classes", remedy="Train a classifier."
        )
    sign = sign_of() if hasattr(model, "classes_") else 1.0
    # rows are encoded once, by the model's own rules
    member = ForestMember(
        replace(
            forest, transform=None, levels={}, categories={}, feature_names=None, missing=True, single=False, stands_for_missing=np.nan
        ),
        sign * forest.scale,
    )
    link = IdentityCalibration() if forest.link == "log-odds" else ProbabilityLink(sign < 0)
    frame = as_frame(X)
    columns = [str(c) for c in frame.columns] if frame is not None else [f"x{j}" for j in range(forest.n_features)]
    _check(model, X if frame is None else frame, forest, member, link, sign)
    names = list(forest.feature_names or columns)
    told = frame is None or all(name in columns for name in names)
    return (names if told else columns), forest.rows, member, link, f"an average training row ({forest.base})"


def _check(model: Any, X: Any, forest: Forest, member: ForestMember, link: Any, sign: float) -> None:
    """Refuse trees that do not give what the model predicts, on rows spread over X."""
    if not hasattr(model, "predict_proba"):
        return
    some = np.unique(np.linspace(0, len(X) - 1, min(_CHECKED, len(X))).round().astype(np.int64))
    rows = forest.aligned(X.iloc[some] if hasattr(X, "iloc") else np.asarray(X)[some])
    summed = sigmoid(np.asarray(link.transform(member.weight * member.margin(forest.rows(rows)))))
    predicted = np.asarray(model.predict_proba(rows), np.float64)[:, 1 if sign > 0 else 0]
    if not np.allclose(summed, predicted, rtol=1e-4, atol=1e-5):  # XGBoost sums in 32 bits
        raise ModelError(
            "not-additive",
            f"the trees sum to risks that differ from what the model predicts by up to {np.max(np.abs(summed - predicted)):.3g}",
            remedy="Explain the trees with TreeShap, or train a ChurnClassifier.",
        )
