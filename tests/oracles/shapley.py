"""Shapley values by their definition, from LightGBM's own dump of a model; and random models to try them on."""

from itertools import combinations
from math import factorial

import lightgbm
import numpy as np

ZERO = float(np.float32(1e-35))


def goes_left(node, value):
    """LightGBM's decision at one node, written from its documentation; what is nearly zero it has made zero before."""
    value = 0.0 if abs(value) <= ZERO else value
    if node["decision_type"] == "==":
        return not np.isnan(value) and -1 < value < 2**31 and str(int(value)) in node["threshold"].split("||")
    if np.isnan(value) and node["missing_type"] != "NaN":
        value = 0.0
    if (node["missing_type"] == "NaN" and np.isnan(value)) or (node["missing_type"] == "Zero" and value == 0):
        return node["default_left"]
    return value <= float(node["threshold"])


def trees(booster):
    """The roots of all trees."""
    return [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]


def cover(node):
    return node.get("internal_count", node.get("leaf_count"))


def path_dependent_game(booster, row):
    """v(S): the score where features outside S are averaged over the covers of both sides."""
    roots = trees(booster)

    def value(node, known):
        if "split_feature" not in node:
            return node["leaf_value"]
        left, right = node["left_child"], node["right_child"]
        if node["split_feature"] in known:
            return value(left if goes_left(node, row[node["split_feature"]]) else right, known)
        total = cover(node)
        share = cover(left) / total if total else 0.5
        return share * value(left, known) + (cover(right) / total if total else 0.5) * value(right, known)

    return lambda known: sum(value(root, known) for root in roots)


def interventional_game(booster, row, background):
    """v(S): the mean score of the background rows with the row's values in the features of S."""

    def value(known):
        mixed = np.array(background, dtype=float)
        for feature in known:
            mixed[:, feature] = row[feature]
        return score(booster, mixed).mean()

    return value


def score(booster, rows):
    roots = trees(booster)
    out = []
    for row in rows:
        total = 0.0
        for node in roots:
            here = node
            while "split_feature" in here:
                here = here["left_child"] if goes_left(here, row[here["split_feature"]]) else here["right_child"]
            total += here["leaf_value"]
        out.append(total)
    return np.array(out)


def shapley(game, n_features):
    """phi_i = sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S)), and v of nothing."""
    values = {frozenset(s): game(frozenset(s)) for k in range(n_features + 1) for s in combinations(range(n_features), k)}
    phi = np.zeros(n_features)
    for subset, value in values.items():
        for i in set(range(n_features)) - subset:
            weight = factorial(len(subset)) * factorial(n_features - len(subset) - 1) / factorial(n_features)
            phi[i] += weight * (values[subset | {i}] - value)
    return phi, values[frozenset()]


def interactions(game, n_features):
    """The matrix of interaction values: sum over S without i and j of |S|! (n - |S| - 2)! / (2 (n - 1)!) times v's mixed difference.

    The diagonal is what is left of the Shapley value.
    """
    values = {frozenset(s): game(frozenset(s)) for k in range(n_features + 1) for s in combinations(range(n_features), k)}
    out = np.zeros((n_features, n_features))
    for i, j in combinations(range(n_features), 2):
        for subset, value in values.items():
            if not subset & {i, j}:
                weight = factorial(len(subset)) * factorial(n_features - len(subset) - 2) / (2 * factorial(n_features - 1))
                out[i, j] += weight * (values[subset | {i, j}] - values[subset | {i}] - values[subset | {j}] + value)
        out[j, i] = out[i, j]
    phi, _ = shapley(values.__getitem__, n_features)
    out[np.diag_indices(n_features)] = phi - out.sum(axis=1)
    return out


def random_booster(seed, n_features=None, most_trees=12):
    """A booster of random shape: categories, missing values of every type, constants, one leaf, weights, several objectives."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 400))
    n_features = int(rng.integers(1, 9)) if n_features is None else n_features
    A = rng.normal(size=(n, n_features))
    kinds = rng.choice(["normal", "count", "sparse", "constant", "category", "tiny"], n_features, p=[0.35, 0.15, 0.15, 0.05, 0.2, 0.1])
    for i, kind in enumerate(kinds):
        if kind == "count":
            A[:, i] = rng.poisson(1.5, n)
        elif kind == "sparse":
            A[:, i] *= rng.random(n) < 0.4
        elif kind == "constant":
            A[:, i] = rng.integers(0, 2)
        elif kind == "category":
            A[:, i] = rng.integers(0, rng.integers(2, 60), n)
        elif kind == "tiny":
            A[:, i] *= 1e-35
        if kind != "constant" and rng.random() < 0.4:
            A[rng.random(n) < 0.2, i] = np.nan
    signal = np.where(np.isnan(A), 0.7, np.sin(A * (1 + np.arange(n_features)))).sum(axis=1) + rng.normal(size=n) * 0.3
    objective = str(rng.choice(["binary", "binary", "regression", "poisson", "quantile"]))
    y = (signal > np.median(signal)) * 1.0 if objective == "binary" else np.exp(signal / 3) if objective == "poisson" else signal
    params = {
        "objective": objective, "verbose": -1, "num_threads": 1, "seed": int(rng.integers(1000)), "deterministic": True,
        "num_leaves": int(rng.choice([2, 3, 7, 15, 40])), "max_depth": int(rng.choice([-1, 2, 4, 8])),
        "min_data_in_leaf": int(rng.choice([1, 3, 10, n // 2 + 1], p=[0.4, 0.3, 0.25, 0.05])), "learning_rate": 0.3,
        "min_data_per_group": 1, "cat_smooth": 1.0, "max_cat_to_onehot": int(rng.choice([1, 4])), "min_sum_hessian_in_leaf": 1e-4,
        "zero_as_missing": bool(rng.random() < 0.3), "use_missing": bool(rng.random() < 0.9), "feature_pre_filter": False,
        "max_bin": int(rng.choice([15, 255, 1000])), "min_data_in_bin": 1, "feature_fraction": float(rng.choice([1.0, 0.6])),
    }  # fmt: skip
    if objective == "binary" and rng.random() < 0.15:
        params |= {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
    weight = rng.random(n) * 3 if rng.random() < 0.4 else None
    categorical = [i for i, kind in enumerate(kinds) if kind == "category"]
    data = lightgbm.Dataset(A, y, weight=weight, categorical_feature=categorical, params={"verbose": -1})
    return lightgbm.train(params, data, int(rng.integers(1, most_trees + 1))), A


def hard_rows(booster, A, seed, n=40):
    """Rows where sides are decided: training rows, thresholds exactly, zeros, nearly zeros, missing, infinite, unknown categories."""
    rng = np.random.default_rng(seed)
    rows = A[rng.integers(0, len(A), n)].copy()
    thresholds = [[] for _ in range(A.shape[1])]
    stack = trees(booster)
    while stack:
        node = stack.pop()
        if "split_feature" in node:
            if node["decision_type"] == "<=":
                thresholds[node["split_feature"]].append(float(node["threshold"]))
            stack += [node["left_child"], node["right_child"]]
    for i, known in enumerate(thresholds):
        special = [0.0, -0.0, ZERO, -ZERO, 2 * ZERO, -2 * ZERO, np.nan, np.nan, np.inf, -np.inf, 1e6, -1.0, -0.5, 3e9, 2.7, *known, *known]
        pick = rng.random(n) < 0.4
        rows[pick, i] = rng.choice(special, int(pick.sum()))
    return rows


def chain_text(depth, seed=0, zero_cover=False):
    """The text of a model with one tree whose every split opens one leaf: as deep as asked, a feature per level."""
    rng = np.random.default_rng(seed)
    nodes = depth
    counts = [2 * (depth + 1) - 2 * i for i in range(depth)]
    leaf_counts = [2] * (depth + 1)
    if zero_cover:
        counts = [10 if i < depth // 2 else 0 for i in range(depth)]
        leaf_counts = [10 if i == depth // 2 - 1 else 0 for i in range(depth + 1)]
    fields = {
        "num_leaves": [depth + 1], "num_cat": [0], "split_feature": list(range(depth)), "split_gain": [1] * nodes,
        "threshold": [round(t, 3) for t in rng.normal(size=depth).tolist()], "decision_type": [2] * nodes,
        "left_child": [-1 - i for i in range(depth)], "right_child": [*range(1, depth), -depth - 1],
        "leaf_value": rng.normal(size=depth + 1).tolist(), "leaf_weight": [1] * (depth + 1), "leaf_count": leaf_counts,
        "internal_value": [0] * nodes, "internal_weight": [0] * nodes, "internal_count": counts, "is_linear": [0], "shrinkage": [1],
    }  # fmt: skip
    block = "Tree=0\n" + "".join(f"{key}={' '.join(map(str, value))}\n" for key, value in fields.items()) + "\n\n"
    names = " ".join(f"f{i}" for i in range(depth))
    infos = " ".join(["none"] * depth)
    return (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={depth - 1}\nobjective=regression\nfeature_names={names}\nfeature_infos={infos}\ntree_sizes={len(block)}\n\n"
        f"{block}end of trees\n\n"
    )
