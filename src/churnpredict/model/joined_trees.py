"""Trees of several models of the same columns as those of one: rows are binned once for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from churnpredict.model.trees import TreeModel

__all__ = ["join_trees"]

_AS_THEY_ARE = (
    "split_feature", "left_child", "right_child", "decision_type", "threshold", "internal_count", "leaf_value", "leaf_count",
)  # fmt: skip


def join_trees(models: Sequence[TreeModel]) -> TreeModel:
    """Return the trees of all models, one model after the other: at least one, all with the same number of columns.

    The result is for codes and kernels: it has no text that LightGBM could read.
    """
    first = models[0]
    nodes, leaves, bitsets, words = (
        np.cumsum([0, *sizes[:-1]])
        for sizes in (
            [int(m.node_start[-1]) for m in models],
            [int(m.leaf_start[-1]) for m in models],
            [len(m.bitset_start) - 1 for m in models],
            [int(m.bitset_start[-1]) for m in models],
        )
    )

    def starts(name: str, shifts: np.ndarray) -> np.ndarray:
        parts = [getattr(m, name)[:-1] + shift for m, shift in zip(models, shifts, strict=True)]
        return np.concatenate([*parts, [int(getattr(models[-1], name)[-1]) + shifts[-1]]]).astype(np.int64)

    return TreeModel(
        objective=first.objective,
        feature_names=first.feature_names,
        average_output=first.average_output,
        node_start=starts("node_start", nodes),
        leaf_start=starts("leaf_start", leaves),
        **{name: np.concatenate([getattr(m, name) for m in models]) for name in _AS_THEY_ARE},
        bitset=np.concatenate([np.where(m.bitset < 0, -1, m.bitset + shift) for m, shift in zip(models, bitsets, strict=True)]),
        bitset_start=starts("bitset_start", words),
        bitset_words=np.concatenate([m.bitset_words for m in models]),
        blocks=b"",
        block_sizes=(0,) * sum(m.n_trees for m in models),
    )
