"""Lay out the leaves of a model's trees and cut them into groups: what tables of values and of pairs have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.explanation.readers.forest import Forest
from churnpredict.model.codes import TooManyCodesError, TreeCodes, codes_of
from churnpredict.model.trees import ZERO_THRESHOLD, TreeModel

__all__ = ["BLOCK", "CHUNK", "Layout", "UnsupportedError", "beta_weights", "gauss_legendre", "lay_out"]

BLOCK = 4096  # rows at a time: the tables are read from far caches once for each block, and cost as much as the sums
CHUNK = 4 * BLOCK


class UnsupportedError(Exception):
    """The model cannot be tabulated."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Leaves in groups: what ``lay_out_leaves`` and ``choose_groups`` found, and the background.

    ``begins`` and ``ends`` are the leaves of each group with a table, ``deep`` the leaves without; ``reference`` are codes of the
    background (n_used, n_background).
    """

    codes: TreeCodes
    values: NDArray[np.float64]
    leaves: tuple[NDArray[Any], ...]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    deep: NDArray[np.int64]
    constant: float
    deepest: int
    reference: NDArray[np.uint16]


def lay_out(
    trees: TreeModel | Forest,
    background: NDArray[np.float64] | None,
    cells: int,
    features: int,
    cell_cost: float,
    codes: TreeCodes | None = None,
) -> Layout:
    """Return codes, leaves and groups of a model: at most ``cells`` cells and ``features`` features a table.

    ``codes`` may be finer than those of the model alone: groups and tables are the same.

    Raises
    ------
    UnsupportedError
        A feature is both numeric and categorical, or has too many thresholds.
    """
    from churnpredict.explanation import layout_kernels, table_kernels

    try:
        codes = codes or codes_of(trees, trees.flush if isinstance(trees, Forest) else ZERO_THRESHOLD)
    except TooManyCodesError as error:
        raise UnsupportedError(str(error)) from error
    values, *leaves = layout_kernels.lay_out_leaves(
        trees.node_start, trees.leaf_start, codes.used, trees.left_child, trees.right_child, np.asarray(trees.internal_count, np.float64),
        np.asarray(trees.leaf_count, np.float64), trees.leaf_value, codes.map_start, codes.goes_left, codes.n_codes,
    )  # fmt: skip
    entry_start, entry_slot, _, entry_ok, ok, _, slot_classes, *_ = leaves
    ends, is_deep = table_kernels.choose_groups(
        trees.leaf_start, entry_start, entry_slot, entry_ok, ok, slot_classes, cells, features, cell_cost
    )
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    path = np.diff(entry_start)
    tabulated = (is_deep == 0) & (path[begins] > 0)
    # trees of one leaf are constants
    constant = float(values[path == 0].sum()) + (trees.offset if isinstance(trees, Forest) else 0.0)
    return Layout(
        codes, values, tuple(leaves), begins[tabulated], ends[tabulated], begins[is_deep == 1], constant, int(path.max(initial=1)),
        codes.encode(np.empty((0, trees.n_features)) if background is None else background),
    )  # fmt: skip


def gauss_legendre(k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return row m: the m nodes and weights on [0, 1], exact for the polynomials of leaves with up to 2 m features."""
    most = (k + 1) // 2
    nodes, weights = np.zeros((most + 1, most)), np.zeros((most + 1, most))
    for m in range(1, most + 1):
        x, w = np.polynomial.legendre.leggauss(m)
        nodes[m, :m], weights[m, :m] = (x + 1) / 2, w / 2
    return nodes, weights


def beta_weights(k: int) -> NDArray[np.float64]:
    """Return ``[n, m]``: n! m! / (n + m + 1)!, the share of orders in which one feature stands between n and m others."""
    beta = np.zeros((k + 1, k + 1))
    beta[:, 0] = 1.0 / np.arange(1, k + 2)
    for m in range(1, k + 1):
        beta[:, m] = beta[:, m - 1] * m / (np.arange(k + 1) + m + 1)
    return beta
