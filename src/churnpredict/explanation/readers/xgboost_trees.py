"""Read the trees of an XGBoost model from its own JSON."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np

from churnpredict.explanation.readers.forest import Forest, ForestBuilder, refuse_model

__all__ = ["read_xgboost"]

_LOGISTIC = ("binary:logistic", "binary:logitraw", "reg:logistic")
_LOGARITHM = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


def read_xgboost(model: Any) -> Forest:
    """Return the trees of an ``xgboost.Booster`` or of an estimator that holds one; those up to the best round, as the estimator predicts.

    Covers are sums of Hessians, so the base value is a mean over the training rows weighted by them.

    Raises
    ------
    ModelFileError
        ``model-unsupported``: a linear booster, more than one score per row, vector leaves.
    """
    booster = model
    if hasattr(model, "get_booster"):
        booster = model.get_booster()
        best = getattr(model, "best_iteration", None) if getattr(model, "early_stopping_rounds", None) else None
        if best is not None:
            booster = booster[: best + 1]
    learner = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
    known = learner["learner_model_param"]
    if int(known.get("num_class", "0")) > 1 or int(known.get("num_target", "1")) > 1:
        refuse_model("the XGBoost model has more than one score per row", "Explain a model of two classes.")
    gradient = learner["gradient_booster"]
    drop = gradient.get("weight_drop")
    if gradient["name"] == "dart":
        gradient = gradient["gbtree"]
    if "model" not in gradient or "trees" not in gradient["model"]:
        refuse_model(f"an XGBoost booster of the kind {gradient['name']!r} has no trees", 'Train with booster="gbtree" or "dart".')
    trees = gradient["model"]["trees"]
    builder = ForestBuilder(_missing_numbers(trees))
    for place, tree in enumerate(trees):
        if int(tree["tree_param"].get("size_leaf_vector", "1")) > 1:
            refuse_model("the XGBoost model has vectors as leaves", "Explain a model of two classes.")
        _add(builder, tree, 1.0 if drop is None else float(np.float32(drop[place])))
    objective = learner["objective"]["name"]
    names = tuple(learner.get("feature_names") or ())
    levels = _levels(gradient["model"].get("cats") or {})
    stand_in = _stand_in(model, bool(levels))
    return builder.forest(
        library="XGBoost", feature_names=names or None, n_features=int(known["num_feature"]),
        offset=_offset(known["base_score"], objective), base="the training rows, weighted by the Hessian of the loss",
        link="log-odds" if objective in _LOGISTIC else "score", single=True, levels=levels,
        missing=bool(np.isnan(stand_in)), stands_for_missing=stand_in,
    )  # fmt: skip


def _stand_in(model: Any, has_categories: bool) -> float:
    """Return the number that an estimator takes for a missing value (``missing=``); NaN by default and for a booster."""
    given = getattr(model, "missing", None)
    number = float(np.float32(np.nan if given is None else given))
    if has_categories and number >= 0 and number == int(number):
        refuse_model(
            f"the XGBoost model takes {number:g} for a missing value, and so a category of that number as well",
            "Train with missing values as NaN.",
        )
    return number


def _missing_numbers(trees: list[dict[str, Any]]) -> dict[int, int]:
    """Return the number that no category has, per column of categories."""
    most: dict[int, int] = {}
    for tree in trees:
        for node, start, size in zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True):
            feature = tree["split_indices"][node]
            most[feature] = max(most.get(feature, 0), *tree["categories"][start : start + size])
    return {feature: number + 1 for feature, number in most.items()}


def _add(builder: ForestBuilder, tree: dict[str, Any], weight: float) -> None:
    """Add one tree: values below a threshold go left, in 32 bits; the set of a category's split goes right, unknown values left."""
    conditions = np.array(tree["split_conditions"], np.float32)
    left = np.array(tree["left_children"])
    sets = {
        node: (tree["categories"][start : start + size], False)
        for node, start, size in zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    }
    builder.add(
        left, tree["right_children"], tree["split_indices"], np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64),
        np.array(tree["default_left"], bool), np.where(left < 0, conditions.astype(np.float64) * weight, 0.0),
        np.array(tree["sum_hessian"], np.float32), sets,
    )  # fmt: skip


def _offset(text: str, objective: str) -> float:
    """Return the score that every row begins with; it is kept in the unit of the prediction."""
    base = np.float32(json.loads(text)[0] if text.startswith("[") else text)
    if objective in _LOGISTIC and objective != "binary:logitraw":
        return float(-np.log(np.float32(1.0) / base - np.float32(1.0)))
    if objective in _LOGARITHM:
        return float(np.log(base))
    return float(base)


def _levels(cats: dict[str, Any]) -> dict[int, dict[Any, int]]:
    """Return the categories by name, per column, where the model was trained on a frame with categories."""
    levels: dict[int, dict[Any, int]] = {}
    for column, one in enumerate(cats.get("enc") or []):
        offsets, values = one.get("offsets"), one.get("values") or []
        if offsets:
            raw = bytes(value % 256 for value in values)
            texts = [raw[a:b].decode() for a, b in pairwise(offsets)]
            levels[column] = {text: number for number, text in enumerate(texts)}
        elif values:
            levels[column] = {value: number for number, value in enumerate(values)}
    return levels
