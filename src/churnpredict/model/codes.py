"""Codes of rows: between which thresholds of a model each value lies, so that a tree's decision is a look-up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from churnpredict.model.trees import ZERO_THRESHOLD

__all__ = ["Splits", "TooManyCodesError", "TreeCodes", "codes_of"]

MOST_CODES = 65_535


class TooManyCodesError(Exception):
    """The thresholds of the model cannot be numbered in 16 bits, or one feature is numeric in one tree and categorical in another."""


class Splits(Protocol):
    """The splits of all nodes, as :class:`churnpredict.model.trees.TreeModel` keeps them."""

    @property
    def split_feature(self) -> NDArray[np.int64]: ...
    @property
    def decision_type(self) -> NDArray[np.int64]: ...
    @property
    def threshold(self) -> NDArray[np.float64]: ...
    @property
    def bitset(self) -> NDArray[np.int64]: ...
    @property
    def bitset_start(self) -> NDArray[np.int64]: ...
    @property
    def bitset_words(self) -> NDArray[np.uint32]: ...


@dataclass(frozen=True, eq=False)
class TreeCodes:
    """How a row becomes codes, and which of them go left at each node.

    Attributes
    ----------
    features : (n_used,) int64
        Columns that some tree uses.
    is_categorical : (n_used,) bool
    edges : (n_edges,) float64
        Thresholds, or categories, of every used feature in ascending order.
    edge_start : (n_used + 1,) int64
    flush : float
        Magnitudes up to it are zero; below zero: none is.
    used : (n_nodes,) int64
        Place of each node's feature in ``features``.
    n_codes : (n_used,) int64
    map_start : (n_nodes + 1,) int64
    goes_left : (map_start[-1],) uint8
        For every node, for every code of its feature, whether it goes left.
    """

    features: NDArray[np.int64]
    is_categorical: NDArray[np.bool_]
    edges: NDArray[np.float64]
    edge_start: NDArray[np.int64]
    flush: float
    used: NDArray[np.int64]
    n_codes: NDArray[np.int64]
    map_start: NDArray[np.int64]
    goes_left: NDArray[np.uint8]

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Return what the kernels that encode rows take."""
        return self.features, self.is_categorical, self.edges, self.edge_start, self.flush

    def of_nodes(self, nodes: slice) -> TreeCodes:
        """Return the same codes with the decisions of some nodes only: those of one model among several."""
        return replace(self, used=self.used[nodes], map_start=self.map_start[nodes.start : nodes.stop + 1])

    def encode(self, A: NDArray[np.float64]) -> NDArray[np.uint16]:
        """Return codes (n_used, n) of rows A (n, n_features), C-ordered; one row of zeros where the trees use no feature."""
        from churnpredict.model import code_kernels

        codes = np.zeros((max(1, len(self.features)), len(A)), np.uint16)
        code_kernels.encode(A, 0, len(A), *self.arrays, codes)
        return codes


def codes_of(trees: Splits, flush: float = ZERO_THRESHOLD) -> TreeCodes:
    """Assign numbers to the thresholds of a model, which treats magnitudes up to ``flush`` as zero.

    Raises
    ------
    TooManyCodesError
    """
    from churnpredict.model import code_kernels

    features, used = np.unique(trees.split_feature, return_inverse=True)
    categorical_node = (trees.decision_type & 1) == 1
    zero_node = ~categorical_node & (((trees.decision_type >> 2) & 3) == 1)
    is_categorical = np.zeros(len(features), bool)
    is_categorical[used[categorical_node]] = True
    if is_categorical[used[~categorical_node]].any():
        raise TooManyCodesError("a feature is both numeric and categorical")
    order = np.argsort(used, kind="stable")
    split_at = np.cumsum(np.bincount(used, minlength=len(features)))[:-1]
    edges: list[NDArray[np.float64]] = []
    edge_of = np.zeros(len(used), np.int64)
    zero = np.zeros((3, len(features)), np.int64)
    for u, nodes in enumerate(np.split(order, split_at) if len(features) else []):
        if is_categorical[u]:
            edges.append(_categories(trees, trees.bitset[nodes]))
            continue
        own = trees.threshold[nodes]
        if zero_node[nodes].any():
            own = np.concatenate([own, [-ZERO_THRESHOLD, ZERO_THRESHOLD]])
        own = np.unique(own)
        edges.append(own)
        edge_of[nodes] = np.searchsorted(own, trees.threshold[nodes])
        zero[:, u] = np.searchsorted(own, 0.0), np.searchsorted(own, -ZERO_THRESHOLD) + 1, np.searchsorted(own, ZERO_THRESHOLD)
    edge_start = np.concatenate([[0], np.cumsum([len(e) for e in edges])]).astype(np.int64)
    flat = np.concatenate(edges) if edges else np.empty(0)
    used = used.astype(np.int64)
    n_codes = np.diff(edge_start) + np.where(is_categorical, 1, 2)
    if n_codes.size and n_codes.max() > MOST_CODES:
        raise TooManyCodesError(f"a feature has more than {MOST_CODES:,} thresholds")
    map_start = np.concatenate([[0], np.cumsum(n_codes[used])])
    goes_left = np.zeros(map_start[-1], np.uint8)
    code_kernels.split_codes(
        used,
        edge_of,
        trees.decision_type,
        trees.bitset,
        trees.bitset_start,
        trees.bitset_words,
        flat,
        edge_start,
        *zero,
        map_start,
        goes_left,
    )
    return TreeCodes(features.astype(np.int64), is_categorical, flat, edge_start, flush, used, n_codes, map_start, goes_left)


def _categories(trees: Splits, bitsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """List all categories that any of these splits sends left, in order."""
    sets = [trees.bitset_words[trees.bitset_start[b] : trees.bitset_start[b + 1]] for b in bitsets.tolist()]
    union = np.zeros(max(map(len, sets)), np.uint32)
    for words in sets:
        union[: len(words)] |= words
    return np.flatnonzero(np.unpackbits(union.astype("<u4").view(np.uint8), bitorder="little")).astype(np.float64)
