"""Exact SHAP interaction values from the same leaf tables: which two features raise a score together, beyond what each adds alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.explanation.code_steps import steps_of
from churnpredict.explanation.leaf_layout import beta_weights, gauss_legendre, lay_out
from churnpredict.explanation.readers.forest import Forest
from churnpredict.model.codes import TreeCodes
from churnpredict.model.trees import TreeModel

__all__ = ["PairPlan", "PairTables"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_CELLS = 256
MOST_FEATURES = 8  # as many pairs as 28
CELL_COST = 6e-5  # of building a cell: a table has a column per pair, so smaller ones pay
_SUMS = 1 << 22  # numbers that wait to be written: 32 MB
MOST_ROWS = 1024


class PairTables:
    """The tables of one model with a column per feature and per pair of features.

    Parameters
    ----------
    trees : TreeModel or Forest
    background : (n_background, n_features) array, optional
        With it interventional, without it path-dependent.

    Attributes
    ----------
    first, second : (n_pairs,) int64
        The features of every pair that is on a path, the smaller one first. All other pairs are exactly zero.
    expected : float
        Mean raw score.

    Raises
    ------
    UnsupportedError
        The model cannot be tabulated.
    """

    def __init__(self, trees: TreeModel | Forest, background: Floats | None) -> None:
        from churnpredict.explanation import deep_kernels, table_kernels

        self.n_features = trees.n_features
        layout = lay_out(trees, background, MOST_CELLS, MOST_FEATURES, CELL_COST)
        entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, _, slot_codes, code_class = layout.leaves
        self._codes = layout.codes
        self._nodes, self._weights = gauss_legendre(layout.deepest)
        self._beta = beta_weights(layout.deepest)
        self._interventional = background is not None
        *look, cells, table_start, table, _, _, shared = table_kernels.fill_tables(
            layout.begins,
            layout.ends,
            layout.values,
            *layout.leaves,
            MOST_FEATURES,
            self._nodes,
            self._weights,
            layout.reference,
            self._beta,
        )
        self._look, self._cells, self._tables = look, cells, (table_start, table)
        self._find = *look, *steps_of(look[0], look[2], look[3]), cells
        pair_start, low, high, *self._pair_tables = table_kernels.fill_pair_tables(
            layout.begins, layout.ends, layout.values, entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, slot_codes, code_class,
            *look, cells, MOST_FEATURES, self._nodes, self._weights, layout.reference, self._beta,
        )  # fmt: skip
        start, feature, q, bit_start, bit, pattern_start, patterns, shares, alone = deep_kernels.fill_deep(
            layout.deep,
            layout.values,
            entry_start,
            entry_slot,
            entry_q,
            entry_ok,
            ok,
            slot_feature,
            slot_codes,
            code_class,
            layout.reference,
        )
        deep_low, deep_high, pair_begin = _pairs_of(start, feature)
        n_used = max(1, len(layout.codes.features))
        keys, ids = np.unique(np.concatenate([low, deep_low]) * n_used + np.concatenate([high, deep_high]), return_inverse=True)
        self._used = keys // n_used, keys % n_used
        self.first, self.second = (layout.codes.features[side] for side in self._used)
        self._pair_start, self._pair_id = pair_start, ids[: len(low)].astype(np.int64)
        self._deep = (
            layout.values[layout.deep], start, feature, q, bit_start, bit, pair_begin, ids[len(low) :].astype(np.int64), pattern_start,
            patterns, shares,
        )  # fmt: skip
        self.expected = float(layout.constant + shared + alone)

    def plan(self, groups: Ints | None = None, only: tuple[Ints, Ints] | None = None) -> PairPlan:
        """Return the pairs to compute: of features or of groups of features, all of them or some.

        Parameters
        ----------
        groups : (n_features,) int64, optional
            The number of each feature's group. A pair of groups sums the pairs of their features; pairs within a group are part of what
            the group adds by itself.
        only : two (n,) int64 arrays, optional
            The pairs that are wanted, the smaller number first.
        """
        from churnpredict.explanation.column_kernels import merge_columns

        features = self._codes.features
        goal = features if groups is None else groups[features]
        width = self.n_features if groups is None else int(groups.max()) + 1
        a, b = goal[self._used[0]], goal[self._used[1]]
        keys = np.where(a == b, -1, np.minimum(a, b) * width + np.maximum(a, b))
        known = np.unique(keys[keys >= 0]) if only is None else np.asarray(only[0]) * width + np.asarray(only[1])
        order = np.argsort(known, kind="stable")
        place = np.searchsorted(known[order], keys) if len(known) else np.zeros(len(keys), np.int64)
        found = (place < len(known)) & (keys >= 0)
        found[found] = known[order][place[found]] == keys[found]
        wanted = np.full(len(keys), -1, np.int64)
        wanted[found] = order[place[found]]
        column_start, column_feature = self._look[:2]
        sums = merge_columns(column_start, column_feature, self._cells, *self._tables, goal.astype(np.int64))
        pairs = merge_columns(self._pair_start, self._pair_id, self._cells, *self._pair_tables, wanted)
        tables = *self._find, *sums, *pairs
        deep = *self._deep, goal.astype(np.int64), wanted, self._nodes, self._weights, self._beta, self._interventional
        return PairPlan(known // width, known % width, width, self._codes, tables, deep)


@dataclass(frozen=True, eq=False)
class PairPlan:
    """Tables of chosen pairs, ready for rows.

    Attributes
    ----------
    first, second : (n_pairs,) int64
        Features or groups of each pair, the smaller one first.
    width : int
        Number of features or groups.
    """

    first: Ints
    second: Ints
    width: int
    codes: TreeCodes
    tables: tuple[Any, ...]
    deep: tuple[Any, ...]

    def matrices(self, rows: Any, out: Floats, n_jobs: int = 1) -> None:
        """Write the symmetric matrices of all rows into ``out`` (n, width, width)."""
        from churnpredict.explanation.column_kernels import spread_rows

        def write(begin: int, sums: Floats, pairs: Floats, n: int) -> None:
            spread_rows(sums, pairs, self.first, self.second, n, out[begin : begin + n])

        self._each_block(rows, write, n_jobs)

    def columns(self, rows: Any, n_jobs: int = 1) -> tuple[Floats, Floats]:
        """Return values (n, width) of features or groups, and halves (n, n_pairs) of the pairs: one side of their interaction."""
        values, halves = np.empty((len(rows), self.width)), np.empty((len(rows), len(self.first)))

        def write(begin: int, sums: Floats, pairs: Floats, n: int) -> None:
            values[begin : begin + n] = sums[:, :n].T
            halves[begin : begin + n] = pairs[:, :n].T

        self._each_block(rows, write, n_jobs)
        return values, halves

    def strength(self, rows: Any, n_jobs: int = 1) -> Floats:
        """Return the sum over the rows of the magnitude of each pair's half, (n_pairs,); the halves themselves are never kept."""
        parts: dict[int, Floats] = {}

        def write(begin: int, _: Floats, pairs: Floats, n: int) -> None:
            parts[begin] = np.abs(pairs[:, :n]).sum(axis=1)

        self._each_block(rows, write, n_jobs)
        return np.asarray(sum((parts[begin] for begin in sorted(parts)), start=np.zeros(len(self.first))))

    def _each_block(self, rows: Any, write: Callable[[int, Floats, Floats, int], None], n_jobs: int) -> None:
        """Compute block after block; the memory is that of a few blocks, whatever the number of rows and pairs."""
        from churnpredict.explanation.column_kernels import pair_rows
        from churnpredict.explanation.deep_kernels import add_deep_pairs

        block = int(np.clip(_SUMS // max(len(self.first) + self.width, 1), 8, MOST_ROWS))

        def some(begins: range) -> None:
            cell = np.zeros(block, np.uint16)
            sums, pairs = np.zeros((self.width, block)), np.zeros((len(self.first), block))
            for begin in begins:
                part = np.require(rows[begin : begin + block], np.float64, ["C", "W"])  # one form, one compiled signature
                codes = self.codes.encode(part)
                pair_rows(codes, cell, sums, pairs, *self.tables)
                if len(self.deep[0]):
                    add_deep_pairs(codes, len(part), *self.deep, sums, pairs)
                write(begin, sums, pairs, len(part))

        starts = range(0, len(rows), block)
        if n_jobs == 1 or len(starts) < 2:
            some(starts)
            return
        with ThreadPoolExecutor(n_jobs) as pool:
            list(pool.map(some, _shared_out(starts, n_jobs)))


def _shared_out(starts: range, n: int) -> Iterator[range]:
    for thread in range(n):
        yield starts[thread::n]


def _pairs_of(start: Ints, feature: Ints) -> tuple[Ints, Ints, Ints]:
    """Return all pairs of features of each deep leaf in their order, the smaller one first, and where each leaf's pairs begin."""
    low: list[Ints] = [np.empty(0, np.int64)]
    high: list[Ints] = [np.empty(0, np.int64)]
    begin = [0]
    for a, b in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
        i, j = np.triu_indices(b - a, 1)
        own = feature[a:b]
        low.append(np.minimum(own[i], own[j]))
        high.append(np.maximum(own[i], own[j]))
        begin.append(begin[-1] + len(i))
    return np.concatenate(low), np.concatenate(high), np.array(begin, np.int64)
