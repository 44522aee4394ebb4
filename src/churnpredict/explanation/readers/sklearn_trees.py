"""Read the trees of scikit-learn's forests, gradient boosting and histogram boosting."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnpredict.explanation.readers.forest import Forest, ForestBuilder, refuse_model

__all__ = ["read_sklearn"]

_WEIGHTED = "the training rows with their weights"
_DRAWN = "the training rows as each tree drew them, with their weights"


def read_sklearn(model: Any) -> Forest | None:
    """Return the trees of a fitted estimator of scikit-learn; None where it is not made of trees that are known here.

    Raises
    ------
    ModelFileError
        ``model-unsupported``: more than two classes or several outputs; a first guess that is a model of its own.
    """
    if hasattr(model, "_predictors") and hasattr(model, "_baseline_prediction"):
        return _of_histograms(model)
    estimators = getattr(model, "estimators_", None)
    if hasattr(model, "tree_"):
        return _of_trees(model, [model], 1.0, 0.0, _WEIGHTED)
    if estimators is None or not all(hasattr(tree, "tree_") for tree in np.ravel(np.array(estimators, object))):
        return None
    if hasattr(model, "train_score_") and hasattr(model, "learning_rate"):
        return _of_boosting(model)
    if hasattr(model, "bootstrap") and not hasattr(model, "offset_"):  # the score of an isolation forest is not a mean over trees
        return _of_trees(model, list(estimators), 1.0 / len(estimators), 0.0, _DRAWN if model.bootstrap else _WEIGHTED)
    return None


def _names(model: Any) -> tuple[str, ...] | None:
    names = getattr(model, "feature_names_in_", None)
    return None if names is None else tuple(map(str, names))


def _of_trees(model: Any, trees: list[Any], weight: float, offset: float, base: str, **known: Any) -> Forest:
    """Build single trees: of a classifier the share of the second class, of a regressor the value."""
    if getattr(model, "n_outputs_", 1) != 1:
        refuse_model("the model has several outputs", "Explain one model per output.")
    shares = hasattr(model, "classes_") and "link" not in known
    if shares and len(model.classes_) != 2:
        refuse_model(f"the model has {len(model.classes_)} classes", "Explain a model of two classes.")
    builder = ForestBuilder()
    missing = False
    for one in trees:
        tree = one.tree_
        values = tree.value[:, 0, :]
        value = values[:, 1] / values.sum(axis=1) if shares else values[:, 0]
        side = getattr(tree, "missing_go_to_left", None)
        missing = missing or bool(one.__sklearn_tags__().input_tags.allow_nan)
        builder.add(
            tree.children_left, tree.children_right, tree.feature, tree.threshold,
            np.zeros(tree.node_count, bool) if side is None else np.asarray(side, bool), value * weight, tree.weighted_n_node_samples,
        )  # fmt: skip
    settings: dict[str, Any] = {"link": "probability" if shares else "score", "missing": missing} | known
    return builder.forest(
        library="scikit-learn", feature_names=_names(model), n_features=int(model.n_features_in_), offset=offset, base=base, single=True,
        **settings,
    )  # fmt: skip


def _of_boosting(model: Any) -> Forest:
    if model.estimators_.shape[1] != 1:
        refuse_model("the model has more than two classes", "Explain a model of two classes.")
    first = model.init_
    if first == "zero":
        offset = 0.0
    elif type(first).__module__ == "sklearn.dummy":
        offset = float(model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32)).ravel()[0])
    else:
        refuse_model("the boosting starts from a model of its own (init=), which has no trees here", "Train without init=.")
    classifier = hasattr(model, "classes_")
    # with the exponential loss a score is half the log-odds
    scale = 2.0 if classifier and model.loss == "exponential" else 1.0
    link = "log-odds" if classifier else "score"
    known = {"link": link, "scale": scale, "missing": False}
    base = _DRAWN if model.subsample < 1 else _WEIGHTED
    return _of_trees(model, list(model.estimators_[:, 0]), float(model.learning_rate), offset, base, **known)


def _of_histograms(model: Any) -> Forest:
    if any(len(iteration) != 1 for iteration in model._predictors):
        refuse_model("the model has more than two classes", "Explain a model of two classes.")
    n_features = int(model.n_features_in_)
    categorical = np.zeros(n_features, bool) if model.is_categorical_ is None else np.asarray(model.is_categorical_)
    # the encoder puts columns of categories first
    order = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~categorical)])
    predictors = [iteration[0] for iteration in model._predictors]
    builder = ForestBuilder({int(j): 256 for j in np.flatnonzero(categorical)})  # categories are numbers below 255
    for predictor in predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        sets = {}
        for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
            words = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
            chosen = np.flatnonzero(np.unpackbits(np.asarray(words, "<u4").view(np.uint8), bitorder="little"))
            sets[int(node)] = chosen.tolist(), True
        side = nodes["missing_go_to_left"].astype(bool)
        builder.add(
            np.where(leaf, -1, nodes["left"].astype(np.int64)), np.where(leaf, -1, nodes["right"].astype(np.int64)),
            order[nodes["feature_idx"]], nodes["num_threshold"], side, nodes["value"], nodes["count"], sets,
        )  # fmt: skip

    def transform(A: Any) -> Any:
        encoded = np.asarray(model._preprocess_X(A, reset=False), np.float64)
        out = np.empty(encoded.shape)
        out[:, order] = encoded
        return out

    return builder.forest(
        library="scikit-learn", feature_names=_names(model), n_features=n_features, offset=float(np.ravel(model._baseline_prediction)[0]),
        base="the training rows, counted without weights", link="log-odds" if hasattr(model, "classes_") else "score", transform=transform,
    )  # fmt: skip
