"""SHAP values and raw scores of models of the same columns, whose rows are binned once."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.explanation.block_sums import explain_each
from churnpredict.explanation.leaf_layout import CHUNK, UnsupportedError
from churnpredict.explanation.treeshap import Tables, TreeShap
from churnpredict.model.codes import TooManyCodesError, codes_of
from churnpredict.model.joined_trees import join_trees
from churnpredict.model.trees import TreeModel
from churnpredict.threads import each_in_threads, thread_count

__all__ = ["JointTables", "values_of_each"]

Values = tuple[NDArray[np.float64], float, NDArray[np.float64] | None]
"""Values, expected value, and raw scores (n,) where they come out of the tables: what LightGBM predicts, to the last bit."""

_joint: weakref.WeakKeyDictionary[TreeShap, tuple[list[weakref.ref[TreeShap]], JointTables | None]] = weakref.WeakKeyDictionary()


class JointTables:
    """Tables of several models over the thresholds of all: each gives the values of its own tables, to the last bit.

    Thresholds of other models divide a model's codes further, and its leaves separate the same codes.

    Parameters
    ----------
    models : list of TreeModel
        Of the same columns.

    Raises
    ------
    UnsupportedError, TooManyCodesError
        They cannot be tabulated together.
    """

    def __init__(self, models: Sequence[TreeModel]) -> None:
        self._codes = codes_of(join_trees(models))
        ends = np.cumsum([0, *(int(m.node_start[-1]) for m in models)]).tolist()
        nodes = [slice(a, b) for a, b in pairwise(ends)]
        self._tables = [Tables(m, None, self._codes.of_nodes(own)) for m, own in zip(models, nodes, strict=True)]

    def shap_values(self, A: NDArray[np.float64], groups: NDArray[np.int64] | None, *, n_jobs: int = 1) -> list[Values]:
        """Return what :meth:`TreeShap.shap_values` gives for rows A (n, n_features) and groups, and raw scores, model by model."""
        adders = [tables.adder(groups) for tables in self._tables]
        width = A.shape[1] if groups is None else int(groups.max()) + 1
        found = [np.empty((len(A), width)) for _ in adders]
        scores = [np.empty(len(A) if tables.has_scores else 0) for tables in self._tables]

        def one(begin: int) -> None:
            part = slice(begin, begin + CHUNK)
            rows = np.require(A[part], np.float64, ["C", "W"])
            explain_each(self._codes, adders, rows, [out[part] for out in found], [raw[part] for raw in scores])

        each_in_threads(one, range(0, len(A), CHUNK), thread_count(n_jobs))
        return [
            (out, float(tables.expected), raw if tables.has_scores else None)
            for out, tables, raw in zip(found, self._tables, scores, strict=True)
        ]


def values_of_each(
    shaps: Sequence[TreeShap], A: NDArray[np.float64], groups: NDArray[np.int64] | None, *, n_jobs: int, few_rows: int | None
) -> list[Values]:
    """Return what ``shap_values`` of each gives, to the last bit; models that can share the bins of the rows do."""
    joint = _joint_of(shaps, [shap.trees_for(len(A), few_rows) for shap in shaps]) if len(shaps) else None
    if joint is None:
        return [(*shap.shap_values(A, groups=groups, n_jobs=n_jobs, few_rows=few_rows), None) for shap in shaps]
    return joint.shap_values(A, None if groups is None else groups.astype(np.int64), n_jobs=n_jobs)


def _joint_of(shaps: Sequence[TreeShap], trees: Sequence[TreeModel | None]) -> JointTables | None:
    """Return the tables of all, the same object for the same models; None if any of them cannot share."""
    models: list[Any] = [model for model in trees if model is not None]
    if len(models) < len(shaps) or len({m.n_features for m in models}) > 1:
        return None
    known = _joint.get(shaps[0])
    if known is not None and [other() for other in known[0]] == list(shaps[1:]):
        return known[1]
    try:
        made = JointTables(models)
    except (UnsupportedError, TooManyCodesError):
        made = None
    _joint[shaps[0]] = [weakref.ref(shap) for shap in shaps[1:]], made
    return made
