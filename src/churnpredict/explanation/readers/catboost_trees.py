"""Read the trees of a CatBoost model from its own JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from churnpredict.explanation.readers.forest import Forest, ForestBuilder, refuse_model

__all__ = ["read_catboost"]

_LOG_ODDS = ("Logloss", "CrossEntropy", "Focal")


def read_catboost(model: Any) -> Forest:
    """Return the trees of a CatBoost model with symmetric trees.

    Covers are sums of weights, so the base value is a mean over the training rows with their weights.

    Raises
    ------
    ModelFileError
        ``model-unsupported``: trees that are not symmetric; more than one score per row; splits on categories, of which the model keeps
        hashes or statistics that mix several columns; text and embedding features.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        told = json.loads(path.read_text(encoding="utf-8"))
    if "oblivious_trees" not in told:
        refuse_model("the trees of the CatBoost model are not symmetric", 'Train with grow_policy="SymmetricTree".')
    scale, bias = told["scale_and_bias"]
    if len(bias) != 1:
        refuse_model("the CatBoost model has more than one score per row", "Explain a model of two classes.")
    info = told["features_info"]
    floats = info.get("float_features", [])
    columns = [feature["flat_feature_index"] for feature in floats]
    missing_right = [feature.get("nan_value_treatment") == "AsTrue" for feature in floats]
    builder = ForestBuilder()
    for tree in told["oblivious_trees"]:
        _add(builder, tree, columns, missing_right, float(scale))
    names = tuple(str(name) for name in (model.feature_names_ or ()))
    loss = str((model.get_all_params() or {}).get("loss_function", "")).split(":", maxsplit=1)[0]
    return builder.forest(
        library="CatBoost", feature_names=names or None, n_features=len(names), offset=float(bias[0]),
        base="the training rows with their weights", link="log-odds" if loss in _LOG_ODDS else "score", single=True,
        missing=any(feature.get("nan_value_treatment") in ("AsTrue", "AsFalse") for feature in floats),
    )  # fmt: skip


def _add(builder: ForestBuilder, tree: dict[str, Any], columns: list[int], missing_right: list[bool], scale: float) -> None:
    """Unfold a symmetric tree: every level asks one question, split i gives bit i of the leaf's number, the last split is the root."""
    splits = tree["splits"] or []
    for split in splits:
        if split["split_type"] != "FloatFeature":
            refuse_model(
                f"a split of the CatBoost model is of the kind {split['split_type']}, on categories of which the model keeps no names",
                "Train on numbers in place of categories.",
            )
    depth = len(splits)
    weights = np.array(tree["leaf_weights"], np.float64)
    values = np.array(tree["leaf_values"], np.float64) * scale
    n = (1 << depth) - 1
    node = np.arange(n)
    level = np.floor(np.log2(node + 1)).astype(np.int64)
    split_of = depth - 1 - level
    feature = np.array([split["float_feature_index"] for split in splits], np.int64)
    border = np.array([split["border"] for split in splits], np.float32).astype(np.float64)
    cover = np.concatenate([np.zeros(n), weights])
    for i in range(n - 1, -1, -1):
        cover[i] = cover[2 * i + 1] + cover[2 * i + 2]
    right_if_missing = np.array([missing_right[j] for j in feature], bool)
    leaves = np.full(n + 1, -1)
    none = np.zeros(n + 1)
    builder.add(
        np.concatenate([2 * node + 1, leaves]), np.concatenate([2 * node + 2, leaves]),
        np.concatenate([np.array(columns, np.int64)[feature][split_of], leaves]), np.concatenate([border[split_of], none]),
        np.concatenate([~right_if_missing[split_of], none > 0]), np.concatenate([np.zeros(n), values]), cover,
    )  # fmt: skip
