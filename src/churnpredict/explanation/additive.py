"""The common form of explainable models: log-odds as a sum over features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from churnpredict.errors import ModelError, UsageError, kind_of
from churnpredict.explanation.booster_columns import BoosterColumns
from churnpredict.explanation.forest_members import member_of
from churnpredict.model.boosters import model_text, score
from churnpredict.model.calibration import IdentityCalibration, sigmoid
from churnpredict.model.encoding import as_frame, check_matrix
from churnpredict.model.labels import leaving_of
from churnpredict.model.members import TreeMember

__all__ = ["AdditiveModel", "Constant", "as_additive", "check_model"]


@dataclass(frozen=True)
class Constant:
    """The calibration of a model without members: the same log-odds for everybody."""

    intercept: float
    slope: float = 1.0

    def transform(self, margin: np.ndarray) -> np.ndarray:
        """Return log-odds (n,) of margins (n,) that are all 0."""
        return np.asarray(margin, dtype=np.float64) * 0 + self.intercept


@dataclass(frozen=True)
class AdditiveModel:
    """One form for all models that can be explained.

    Attributes
    ----------
    names : list of str
        Features, in the order of the columns of ``encode(X)``.
    encode : callable
        X -> float64 matrix (n, n_features).
    members : list
        Each with ``weight``, ``margin(A)`` and ``contributions(A) -> (phi, base)``.
    calibration : object
        With ``transform(margin)``, and ``slope`` and ``intercept`` where it is affine.
    base_rate : float or None
        Share of leavers in training.
    typical : ndarray (n_features,) or None
        Mean contributions, before calibration, of the reference customers; None: the members' own bases.
    predict : callable or None
        Encoded rows -> the model's own risks (n,), to check against; None: those of the members' margins.
    stands_for : str
        Whom the members' own bases stand for.
    """

    names: list[str]
    encode: Callable[[Any], np.ndarray]
    members: list[Any]
    calibration: Any
    base_rate: float | None = None
    typical: np.ndarray | None = None
    predict: Callable[[np.ndarray], np.ndarray] | None = None
    stands_for: str = "an average training row"

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Return the weighted sum of the members' margins (n,), before calibration."""
        return np.asarray(sum((m.weight * m.margin(A) for m in self.members), start=np.zeros(len(A))))

    def decide(self, A: np.ndarray) -> np.ndarray:
        """Return calibrated log-odds (n,) of encoded rows."""
        return np.asarray(self.calibration.transform(self.margin(A)))


def check_model(model: Any, X: Any, call: str) -> None:
    """Refuse a pipeline, and features in place of the model; ``call`` is the call as its user writes it.

    Raises
    ------
    UsageError
        ``swapped``, ``needs-a-model``, ``not-a-matrix``.
    """
    name = call.split("(", maxsplit=1)[0]
    if hasattr(X, "predict_proba") and not hasattr(model, "predict_proba"):
        raise UsageError("swapped", f"{name} takes the model first, and was given {kind_of(model)}", remedy=f"Call {call}.")
    if hasattr(model, "features_at"):  # a pipeline
        rows = "pipeline.features_at(tables)" if hasattr(X, "declarations") else "X"
        remedy = f"Call {call.replace('model', 'pipeline.model_').replace('X', rows)}; pipeline.score(tables) gives reasons, too."
        raise UsageError("needs-a-model", f"{name} takes the model of a pipeline, not the pipeline", remedy=remedy)
    check_matrix(X, call)


def as_additive(model: Any, X: Any, *, positive: Any = None) -> AdditiveModel:
    """Return the additive form of a :class:`~churnpredict.ChurnClassifier` or of a classifier made of trees.

    Parameters
    ----------
    model : estimator or booster
        Anything with ``members_``, ``calibration_`` and ``encode``; a ``lightgbm.Booster`` of a binary objective; an estimator that
        holds one in ``booster_``; a classifier of XGBoost, CatBoost or scikit-learn that :class:`~churnpredict.TreeShap` reads.
    X : frame or array
        Only its columns are used, to find the features' names.
    positive : label, optional
        Which label of a classifier means "left"; needed when its labels are text.

    Raises
    ------
    ModelFileError
        The trees have no exact explanation (``model-unsupported``).
    UsageError
        The model is of another kind (``cannot-explain``), not binary (``not-a-risk``), or it is unknown which text label means that the
        customer left (``no-positive-class``).
    """
    if hasattr(model, "members_") and hasattr(model, "calibration_"):
        if hasattr(model, "leaving_"):
            leaving_of(model)  # refuses a model whose label for "left" is unknown
        known = getattr(model, "base_rate_", None), getattr(model, "typical_", None)
        return AdditiveModel(_names(model, X), model.encode, list(model.members_), model.calibration_, *known)
    found = member_of(model, X, lambda: _sign(model, positive))
    if found is not None:
        names, encode, member, link, stands_for = found
        return AdditiveModel(names, encode, [member], link, stands_for=stands_for)
    if (hasattr(model, "predict_proba") and hasattr(model, "_Booster")) or hasattr(model, "booster_"):
        return _of_booster(model.booster_, X, sign=_sign(model, positive))
    if hasattr(model, "num_model_per_iteration") and hasattr(model, "feature_name"):
        return _of_booster(model, X)
    if hasattr(model, "encode") and hasattr(model, "fit"):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(model)
    raise UsageError(
        "cannot-explain",
        f"{type(model).__name__} cannot be explained: its additive log-odds are unknown",
        remedy="Give a fitted ChurnClassifier, or a fitted classifier made of trees: LightGBM, XGBoost, CatBoost, scikit-learn.",
    )


def _names(model: Any, X: Any) -> list[str]:
    season = getattr(model, "season_", None)
    return _columns(model, X) + ([] if season is None else [season.column])


def _columns(model: Any, X: Any) -> list[str]:
    if hasattr(model, "feature_names_in_"):
        return [str(name) for name in model.feature_names_in_]
    frame = as_frame(X)
    if frame is not None and frame.shape[1] == model.n_features_in_:
        return [str(name) for name in frame.columns]
    return [f"x{j}" for j in range(model.n_features_in_)]


def _sign(model: Any, positive: Any) -> float:
    """Return +1 if the booster scores the class that leaves, -1 if it scores the other one."""
    classes = np.asarray(model.classes_)
    if len(classes) != 2:
        raise UsageError("not-a-risk", f"the model has {len(classes)} classes", remedy="Explain a model of two classes.")
    if positive is not None:
        if positive not in classes:
            raise UsageError("unknown-positive", "the label named as positive is not a class of the model", remedy="Check positive=.")
        return 1.0 if positive == classes[1] else -1.0
    if classes.dtype.kind not in "iufb":
        raise UsageError(
            "no-positive-class", "labels are text, and it is unknown which one means that the customer left", remedy="Pass positive=."
        )
    return 1.0


def _of_booster(booster: Any, X: Any, *, sign: float = 1.0) -> AdditiveModel:
    text = model_text(booster)
    head = text.split("\nTree=", 1)[0]
    objective = next((line.removeprefix("objective=") for line in head.splitlines() if line.startswith("objective=")), "")
    kind = objective.split(" ", 1)[0]
    if kind not in ("binary", "cross_entropy", "xentropy"):
        raise UsageError(
            "not-a-risk",
            f'the booster was trained for "{kind or "a function of the user"}", its scores are not log-odds',
            remedy='Train with objective="binary".',
        )
    scale = float(next((word.removeprefix("sigmoid:") for word in objective.split() if word.startswith("sigmoid:")), "1"))
    # A forest predicts from the mean of its trees; its raw score and its contributions are their sum.
    trees = max(text.count("\nTree="), 1) if "\naverage_output\n" in f"{head}\n" else 1
    columns = BoosterColumns(booster, X)

    def predict(A: np.ndarray) -> np.ndarray:
        p = score(booster, A, probability=True)
        return p if sign > 0 else 1 - p

    member = TreeMember(booster, weight=sign * scale / trees)
    return AdditiveModel(columns.names, columns.encode, [member], IdentityCalibration(), predict=predict)


def check_additive(model: AdditiveModel, A: np.ndarray, margin: np.ndarray, *, rows: int = 64) -> None:
    """Refuse contributions that do not sum to the model's predictions, checked on rows spread over A: the explanation would only look
    exact.
    """
    some = np.unique(np.linspace(0, len(A) - 1, min(rows, len(A))).round().astype(np.int64)) if len(A) else np.arange(0)
    scored = model.margin(A[some])
    if len(scored) and not np.allclose(scored, margin[some], rtol=1e-6, atol=1e-6):
        _not_additive(f"contributions differ from the score by up to {np.max(np.abs(scored - margin[some])):.3g} log-odds")
    if model.predict is None or not len(some):
        return
    told, predicted = sigmoid(np.asarray(model.calibration.transform(margin[some]))), model.predict(A[some])
    if not np.allclose(told, predicted, rtol=1e-6, atol=1e-9):
        _not_additive(
            f"contributions sum to risks that differ from the model's predictions by up to {np.max(np.abs(told - predicted)):.3g}"
        )


def _not_additive(what: str) -> NoReturn:
    raise ModelError("not-additive", what, remedy="Trees with linear leaves cannot be explained; train plain boosted trees.")
