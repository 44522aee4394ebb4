"""Raw scores of trees from codes and bits: what LightGBM computes, to the last bit, at a tenth of its cost.

Instead of walking down a tree, a row crosses out the leaves that it cannot reach (docs/decisions/0016-scores-from-bits.md).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.errors import ModelFileError
from churnpredict.model.boosters import score
from churnpredict.model.codes import TooManyCodesError, TreeCodes, codes_of
from churnpredict.model.joined_trees import join_trees
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, TreeModel, read_trees
from churnpredict.threads import each_in_threads, thread_count

__all__ = ["BoosterScores", "TreeScores"]

MOST_ENTRIES = 400  # per tree: from here on a walk down the tree is cheaper
FEW_ROWS = 16  # of a call, which LightGBM scores as fast
PAYS_FROM = 2_000_000  # rows by trees, of all calls so far, from which building pays
LOADING = 8_000_000  # the same while numba is not loaded yet
CHUNK = 8192  # rows that one thread takes at a time
_ROWS_BY_TREES = 20_000_000  # scored for which another thread is worth its start


class TreeScores:
    """Raw scores of the trees of one model, or of several models of the same columns, whose rows are binned once.

    Parameters
    ----------
    *models : TreeModel

    Attributes
    ----------
    n_features : int

    Raises
    ------
    TooManyCodesError
        The model is of a kind that LightGBM scores faster: very large trees, or splits over very many categories.

    Examples
    --------
    >>> import lightgbm, numpy as np
    >>> from churnpredict.model.trees import read_trees
    >>> A = np.random.default_rng(0).normal(size=(500, 3))
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(A, A[:, 0] > 0), 5)
    >>> bool((TreeScores(read_trees(booster)).raw(A) == booster.predict(A, raw_score=True)).all())
    True
    """

    def __init__(self, *models: TreeModel) -> None:
        from churnpredict.model.code_kernels import LEAVES

        trees = models[0] if len(models) == 1 else join_trees(models)
        codes = codes_of(trees)
        left_to_right, first, middle = _leaves_in_order(trees)
        words = -(-np.diff(trees.leaf_start) // LEAVES)
        self.n_features = trees.n_features
        self._codes = codes
        self._word_start = np.concatenate([[0], np.cumsum(words)]).astype(np.int64)
        self.entries = _entries(trees, codes, first, middle)
        self.leaf_value = _placed(trees, left_to_right, self._word_start)
        self._model_start = np.cumsum([0, *(m.n_trees for m in models)])

    def raw(self, A: NDArray[np.float64], *, n_jobs: int | None = None) -> NDArray[np.float64]:
        """Return raw scores (n,) of encoded rows A (n, n_features) by the first model, the same with any number of threads."""
        return self.raw_of_each(A, n_jobs=n_jobs)[0]

    def raw_of_each(self, A: NDArray[np.float64], *, n_jobs: int | None = None) -> NDArray[np.float64]:
        """Return raw scores (n_models, n) by every model."""
        from churnpredict.model import code_kernels

        A = np.require(A, np.float64, ["C"])
        out = np.empty((len(self._model_start) - 1, len(A)))
        tables = *self._codes.arrays, *self.entries, self._word_start, self.leaf_value, self._model_start

        def one(begin: int) -> None:
            part = slice(begin, begin + CHUNK)
            scored = np.empty((len(out), len(A[part])))
            code_kernels.add_up_leaves(A[part], *tables, scored)
            out[:, part] = scored

        starts = range(0, len(A), CHUNK)
        each_in_threads(one, starts, thread_count(n_jobs, pieces=len(A) * len(self._word_start) / _ROWS_BY_TREES))
        return out


class BoosterScores:
    """Raw scores of boosters on the same columns: by LightGBM for few rows, by :class:`TreeScores` as soon as that pays.

    The choice changes no bit.
    """

    def __init__(self, *boosters: Any) -> None:
        self._boosters = boosters
        self.seen = 0
        self.scores: TreeScores | None = None
        self._is_possible = True

    def raw(self, A: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return raw scores (n,) of encoded rows A (n, n_features) by the first booster."""
        return self.raw_of_each(A)[0]

    def raw_of_each(self, A: NDArray[np.float64]) -> Sequence[NDArray[np.float64]]:
        """Return raw scores (n,) by every booster."""
        if len(A) >= FEW_ROWS and self.scores is None and self._is_possible:
            self.seen += len(A) * max(sum(b.num_trees() for b in self._boosters), 1)
            if self.seen >= (PAYS_FROM if "numba" in sys.modules else LOADING):
                self._build()
        scores = self.scores
        # LightGBM has words of its own for a matrix of another width
        if len(A) < FEW_ROWS or scores is None or A.shape[1:] != (scores.n_features,):
            return [score(b, A) for b in self._boosters]
        return list(scores.raw_of_each(A))

    def _build(self) -> None:
        try:
            self.scores = TreeScores(*(read_trees(b, EXPLAINABLE_OBJECTIVES) for b in self._boosters))
        except (ModelFileError, TooManyCodesError):  # LightGBM scores what cannot be read here
            self._is_possible = False


def _leaves_in_order(trees: TreeModel) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the leaves from left to right, tree after tree, and for every node the places of its first leaf and of the first on its right.

    Places count from 0 in each tree. Children come after their parents, so one pass backwards counts leaves and one forwards places them.
    """
    n_nodes = len(trees.left_child)
    tree = np.repeat(np.arange(trees.n_trees), np.diff(trees.node_start))
    left, right = (np.where(c >= 0, c + trees.node_start[tree], c) for c in (trees.left_child, trees.right_child))
    below = np.ones(n_nodes + 1, np.int64)  # the last stands for every leaf
    first = np.zeros(n_nodes, np.int64)
    middle = np.zeros(n_nodes, np.int64)
    order = np.zeros(int(trees.leaf_start[-1]), np.int64)
    lefts, rights, trees_of = left.tolist(), right.tolist(), tree.tolist()
    for node in range(n_nodes - 1, -1, -1):
        below[node] = below[max(lefts[node], -1)] + below[max(rights[node], -1)]
    for node in range(n_nodes):
        middle[node] = first[node] + below[max(lefts[node], -1)]
        for child, place in ((lefts[node], first[node]), (rights[node], middle[node])):
            if child >= 0:
                first[child] = place
            else:
                order[trees.leaf_start[trees_of[node]] + place] = ~child
    return order, first, middle


def _entries(trees: TreeModel, codes: TreeCodes, first: NDArray[np.int64], middle: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
    """List what to cross out: an entry for every run of codes that go right at a node, and every word of leaves to the left."""
    from churnpredict.model.code_kernels import LEAVES

    right = codes.goes_left == 0
    is_first = np.zeros(len(right), bool)
    is_first[codes.map_start[:-1]] = True
    is_last = np.roll(is_first, -1)
    begins = np.flatnonzero(right & (is_first | ~np.concatenate([[False], right])[:-1]))
    ends = np.flatnonzero(right & (is_last | ~np.concatenate([right, [False]])[1:]))
    node = np.searchsorted(codes.map_start, begins, side="right") - 1
    low, width = begins - codes.map_start[node], ends - begins
    span = (middle[node] - 1) // LEAVES - first[node] // LEAVES + 1  # words that hold a leaf to the left
    if span.sum() > MOST_ENTRIES * max(trees.n_trees, 1):
        raise TooManyCodesError("LightGBM is faster on trees of this size")
    run = np.repeat(np.arange(len(node)), span)
    node = node[run]  # of each entry
    word = first[node] // LEAVES + np.arange(len(run)) - np.repeat(np.cumsum(span) - span, span)
    lowest = np.clip(first[node] - word * LEAVES, 0, LEAVES)
    highest = np.clip(middle[node] - word * LEAVES, 0, LEAVES)
    gone = (np.uint64(1) << highest.astype(np.uint64)) - (np.uint64(1) << lowest.astype(np.uint64))
    entry_start = np.searchsorted(node, trees.node_start).astype(np.int64)
    return (
        entry_start,
        codes.used[node],
        low[run].astype(np.uint16),
        width[run].astype(np.uint16),
        word.astype(np.int64),
        (~gone & np.uint64(0xFFFFFFFF)).astype(np.uint32),
    )


def _placed(trees: TreeModel, left_to_right: NDArray[np.int64], word_start: NDArray[np.int64]) -> NDArray[np.float64]:
    """Put the values of leaves where the kernel looks them up: 32 places for each word, by De Bruijn's order of its bits."""
    from churnpredict.model.code_kernels import DE_BRUIJN, LEAVES

    sizes = np.diff(trees.leaf_start)
    tree = np.repeat(np.arange(trees.n_trees), sizes)
    place = np.arange(len(left_to_right)) - trees.leaf_start[tree]
    bit = (place % LEAVES).astype(np.uint64)
    key = ((int(DE_BRUIJN) << bit) & np.uint64(0xFFFFFFFF)) >> np.uint64(27)
    values = np.zeros(LEAVES * int(word_start[-1]))
    values[LEAVES * (word_start[tree] + place // LEAVES) + key.astype(np.int64)] = trees.leaf_value[trees.leaf_start[tree] + left_to_right]
    return values
