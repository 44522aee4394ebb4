"""LightGBM parameters that users may set, each with its range.

LightGBM ignores a misspelt parameter, silently prefers one alias to another, and writes out of bounds for some values. So a parameter is
accepted only if it is in the table below and within its range; aliases are translated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from churnpredict.errors import UsageError, closest
from churnpredict.number_checks import as_float, is_number

__all__ = ["PARAMETERS", "REFUSED", "Parameter", "read_parameter", "read_parameters"]


class Parameter(NamedTuple):
    """A parameter that may be set: the type of its value, its smallest and largest value, and its aliases."""

    kind: type | tuple[str, ...]
    least: float = 0.0
    most: float = math.inf
    aliases: tuple[str, ...] = ()


_LARGEST = 2**31 - 1

PARAMETERS: dict[str, Parameter] = {
    "bagging_fraction": Parameter(float, 0.05, 1.0, ("sub_row", "subsample", "bagging")),
    "bagging_freq": Parameter(int, 0, _LARGEST, ("subsample_freq",)),
    "bagging_seed": Parameter(int, 0, _LARGEST, ("bagging_fraction_seed",)),
    "bin_construct_sample_cnt": Parameter(int, 1_000, _LARGEST, ("subsample_for_bin",)),
    "boosting": Parameter(("gbdt",), aliases=("boosting_type", "boost")),
    "cat_l2": Parameter(float),
    "cat_smooth": Parameter(float),
    "data_sample_strategy": Parameter(("bagging",)),
    "deterministic": Parameter(bool),
    "enable_bundle": Parameter(bool, aliases=("is_enable_bundle", "bundle")),
    "extra_seed": Parameter(int, 0, _LARGEST),
    "extra_trees": Parameter(bool, aliases=("extra_tree",)),
    "feature_fraction": Parameter(float, 1e-3, 1.0, ("sub_feature", "colsample_bytree")),
    "feature_fraction_bynode": Parameter(float, 1e-3, 1.0, ("sub_feature_bynode", "colsample_bynode")),
    "feature_fraction_seed": Parameter(int, 0, _LARGEST),
    "feature_pre_filter": Parameter(bool),
    "interaction_constraints": Parameter(list),
    "lambda_l1": Parameter(float, 0, 1e9, ("reg_alpha", "l1_regularization")),
    "lambda_l2": Parameter(float, 0, 1e9, ("reg_lambda", "lambda", "l2_regularization")),
    "learning_rate": Parameter(float, 1e-6, 1.0, ("shrinkage_rate", "eta")),
    "max_bin": Parameter(int, 2, 4_095, ("max_bins",)),
    "max_cat_threshold": Parameter(int, 1, _LARGEST),
    "max_cat_to_onehot": Parameter(int, 1, _LARGEST),
    "max_delta_step": Parameter(float, 0, math.inf, ("max_tree_output", "max_leaf_output")),
    "max_depth": Parameter(int, -1, _LARGEST),
    "metric": Parameter(
        ("binary_logloss", "auc", "average_precision", "binary_error"), aliases=("metrics", "metric_types")
    ),
    "min_data_in_bin": Parameter(int, 1, _LARGEST),
    "min_data_in_leaf": Parameter(
        int, 0, _LARGEST, ("min_data_per_leaf", "min_data", "min_child_samples", "min_samples_leaf")
    ),
    "min_data_per_group": Parameter(int, 1, _LARGEST),
    "min_gain_to_split": Parameter(float, 0, math.inf, ("min_split_gain",)),
    "min_sum_hessian_in_leaf": Parameter(
        float, 0, math.inf, ("min_sum_hessian_per_leaf", "min_sum_hessian", "min_hessian", "min_child_weight")
    ),
    "num_leaves": Parameter(int, 2, 4_096, ("num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes")),
    "objective": Parameter(("binary",), aliases=("objective_type", "app", "application", "loss")),
    "path_smooth": Parameter(float, 0, 1e9),
    "verbosity": Parameter(int, -_LARGEST, _LARGEST, ("verbose",)),
}  # fmt: skip
"""Parameters that may be set, by LightGBM's own names."""

_WEIGHTS = "Leave it out: class weights distort probabilities, and risks are calibrated without them."
_LAYOUT = "Leave it out: the data layout is fixed, because some layouts end the process."
REFUSED: dict[str, str] = {
    **dict.fromkeys(("is_enable_sparse", "is_sparse", "enable_sparse", "sparse"), _LAYOUT),
    **dict.fromkeys(("force_col_wise", "force_row_wise", "histogram_pool_size", "hist_pool_size"), _LAYOUT),
    **dict.fromkeys(("is_unbalance", "unbalance", "unbalanced_sets", "scale_pos_weight", "class_weight"), _WEIGHTS),
    **dict.fromkeys(("linear_tree", "linear_trees"), "Leave it out: trees with linear leaves have no exact explanation."),
    **dict.fromkeys(("num_threads", "num_thread", "nthread", "nthreads", "n_jobs"), "Use n_jobs=."),
    **dict.fromkeys(("seed", "random_seed", "random_state"), "Use random_state=."),
    **dict.fromkeys(
        ("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round", "num_rounds", "nrounds", "num_boost_round",
         "n_estimators", "max_iter"), "Use n_estimators=."
    ),
    **dict.fromkeys(
        ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change"),
        "Leave it out: trees are stopped early on later cutoffs; n_estimators= is the most that they may reach.",
    ),
    **dict.fromkeys(
        ("monotone_constraints", "mc", "monotone_constraint", "monotonic_cst", "monotone_constraints_method",
         "monotone_constraining_method",
         "mc_method", "monotone_penalty", "monotone_splits_penalty", "ms_penalty", "mc_penalty"), "Use monotone=."
    ),
    **dict.fromkeys(
        ("categorical_feature", "cat_feature", "categorical_column", "cat_column", "categorical_features"),
        "Give the columns of X the dtype category.",
    ),
}  # fmt: skip
"""Parameters of LightGBM that are refused, each with its fix."""

_OWN_NAME = {alias: name for name, row in PARAMETERS.items() for alias in (name, *row.aliases)}
_BOOSTINGS = "Use plain boosting: averaged forests and dropped trees change what the margin of a tree means."


def read_parameters(given: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a user's parameters, checked, under LightGBM's own names.

    Parameters
    ----------
    given : mapping of parameter to value
    names : sequence of str
        The columns, for ``interaction_constraints``, which may name them.

    Raises
    ------
    UsageError
        ``unknown-parameter``, ``refused-parameter``, ``bad-parameter``, or the same parameter under two names (``parameter-twice``).

    Examples
    --------
    >>> read_parameters({"eta": 0.1, "min_child_samples": 20}, [])
    {'learning_rate': 0.1, 'min_data_in_leaf': 20}
    """
    if not isinstance(given, Mapping):
        raise UsageError("bad-parameter", f"lightgbm_params is a {type(given).__name__}", remedy="Give a dict.")
    read: dict[str, Any] = {}
    for key, value in given.items():
        if key in REFUSED:
            raise UsageError("refused-parameter", f"lightgbm_params sets {key}", remedy=REFUSED[key])
        name = _OWN_NAME.get(key)
        if name is None:
            near = closest(str(key), [*_OWN_NAME, *REFUSED])
            remedy = f"Choose from {', '.join(PARAMETERS)}."
            raise UsageError("unknown-parameter", f"lightgbm_params sets {key!r}, which cannot be set here.{near}", remedy=remedy)
        if name in read:
            raise UsageError("parameter-twice", f"lightgbm_params sets {name} under two names", remedy="Keep one of them.")
        read[name] = _constraints(value, names) if name == "interaction_constraints" else read_parameter(name, value)
    return read


def read_parameter(name: str, value: Any, *, asked: str | None = None) -> Any:
    """Return one value, checked against the table; ``asked`` is the name that the user gave.

    >>> read_parameter("num_leaves", 15)
    15
    """
    row, shown = PARAMETERS[name], asked or name
    if isinstance(row.kind, tuple):
        if value not in row.kind:
            remedy = _BOOSTINGS if name in ("boosting", "data_sample_strategy") else f"Use {' or '.join(map(repr, row.kind))}."
            raise UsageError("bad-parameter", f"{shown} is {value!r}", remedy=remedy)
        return value
    if row.kind is bool:
        if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
            raise UsageError("bad-parameter", f"{shown} is {value!r}", remedy="Use True or False.")
        return bool(value)
    whole = row.kind is int
    number = is_number(value) and (hasattr(value, "__index__") or not whole)
    if not number or not row.least <= as_float(value) <= row.most or not math.isfinite(as_float(value)):
        most = "" if row.most in (math.inf, _LARGEST) else f" to {row.most:g}"
        what = "a whole number" if whole else "a number"
        raise UsageError("bad-parameter", f"{shown} is {value!r}", remedy=f"Give {what} from {row.least:g}{most or ' up'}.")
    return int(value) if whole else float(value)


def _constraints(value: Any, names: Sequence[str]) -> list[list[int]]:
    """Return groups of columns that may meet on one path, by name or by position, as positions."""
    place = {name: j for j, name in enumerate(names)}
    groups: list[list[int]] = []
    for group in value if isinstance(value, (list, tuple)) else [value]:
        if not isinstance(group, (list, tuple)) or not group:
            raise UsageError(
                "bad-parameter",
                "interaction_constraints is not a list of lists",
                remedy='Give [["a", "b"], ["c"]].',
            )
        found = [place.get(one, -1) if isinstance(one, str) else int(one) if hasattr(one, "__index__") else -1 for one in group]
        for one, j in zip(group, found, strict=True):
            if not 0 <= j < len(names):
                near = closest(str(one), names)
                raise UsageError("unknown-feature", f"interaction_constraints names {one!r}.{near}", remedy="Name columns of X.")
        groups.append(found)
    return groups
