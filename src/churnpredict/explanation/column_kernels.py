"""Compiled kernels over columns of the tables of exact SHAP: merge them, find the cells of rows, add up, write the matrices of pairs.

The tables are those of :mod:`~churnpredict.explanation.table_kernels`: a column for each feature, and one for each pair of features that
are on one path. The mathematics is in ``docs/algorithm.md``.
"""

# A kernel has the types it is compiled for; its branches are its algorithm.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numba
import numpy as np

__all__ = ["add_tables", "find_cells", "merge_columns", "pair_rows", "spread_rows"]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
TILE = 8  # rows written together: one line of the fastest cache of every sum


@jit
def merge_columns(column_start, column_id, cells_of, table_start, table, target):
    """Sum the tables' columns by ``target`` of their feature or pair, and leave out those whose target is below 0.

    Rows then need fewer additions, and there is no matrix of all features.
    """
    n_groups = cells_of.shape[0]
    out_start = np.zeros(n_groups + 1, np.int64)
    out_target = np.zeros(column_id.shape[0], np.int64)
    out_table_start = np.zeros(n_groups + 1, np.int64)
    out = np.zeros(table.shape[0])
    n = 0
    for group in range(n_groups):
        cells = cells_of[group]
        first = n
        at = out_table_start[group]
        for column in range(column_start[group], column_start[group + 1]):
            wanted = target[column_id[column]]
            if wanted < 0:
                continue
            place = first
            while place < n and out_target[place] != wanted:
                place += 1
            if place == n:
                out_target[n] = wanted
                n += 1
            source = table_start[group] + (column - column_start[group]) * cells
            goal = at + (place - first) * cells
            for cell in range(cells):
                out[goal + cell] += table[source + cell]
        out_start[group + 1] = n
        out_table_start[group + 1] = at + (n - first) * cells
    return out_start, out_target[:n], out_table_start, out[: out_table_start[n_groups]].copy()


@jit
def find_cells(codes, cell, begin, end, column_feature, lookup_start, lookup, first, is_looked_up, step_start, step_code, step_add):
    """Write the cell of each row of ``codes`` (n_used, n) in the table of columns ``begin:end``: the sum of what its codes add.

    Where codes add something else at few places only, they are compared with these: many rows at once, without any look-up.
    """
    rows = codes.shape[1]
    for row in range(rows):
        cell[row] = first
    for column in range(begin, end):
        code = codes[column_feature[column]]
        if is_looked_up[column]:
            look = lookup[lookup_start[column] : lookup_start[column + 1]]
            for row in range(rows):
                cell[row] += look[code[row]]
        for step in range(step_start[column], step_start[column + 1]):
            at = step_code[step]
            add = step_add[step]
            for row in range(rows):
                cell[row] += add if code[row] >= at else np.uint16(0)


@jit
def add_columns(cell, rows, begin, end, targets, at, cells, table, sums):
    """Add a group's columns of its table to their sums, two at a time: the cells are read half as often."""
    odd = (end - begin) & 1
    if odd:
        part = table[at : at + cells]
        total = sums[targets[begin]]
        for row in range(rows):
            total[row] += part[cell[row]]
        at += cells
    for column in range(begin + odd, end, 2):
        part = table[at : at + cells]
        total = sums[targets[column]]
        part2 = table[at + cells : at + 2 * cells]
        total2 = sums[targets[column + 1]]
        for row in range(rows):
            c = cell[row]
            total[row] += part[c]
            total2[row] += part2[c]
        at += 2 * cells


@jit
def add_tables(
    codes, cell, sums,
    column_start, column_feature, lookup_start, lookup, first, is_looked_up, step_start, step_code, step_add,
    cells_of, sum_start, sum_target, table_start, table,
):  # fmt: skip
    """Write into ``sums`` (n_targets, at least n) what the tables hold for rows with these ``codes`` (n_used, n)."""
    rows = codes.shape[1]
    sums[:, :rows] = 0.0
    for group in range(cells_of.shape[0]):
        find_cells(
            codes, cell, column_start[group], column_start[group + 1], column_feature, lookup_start, lookup, first[group], is_looked_up,
            step_start, step_code, step_add,
        )  # fmt: skip
        add_columns(cell, rows, sum_start[group], sum_start[group + 1], sum_target, table_start[group], cells_of[group], table, sums)


@jit
def pair_rows(
    codes, cell, sums, pair_sums,
    column_start, column_feature, lookup_start, lookup, first, is_looked_up, step_start, step_code, step_add,
    cells_of, sum_start, sum_target, table_start, table,
    pair_start, pair_target, pair_table_start, pair_table,
):  # fmt: skip
    """Add up what a block's rows find in the tables.

    SHAP values go to ``sums`` (n_targets, block), halves of interactions to ``pair_sums`` (n_pairs, block).
    """
    rows = codes.shape[1]
    sums[:, :rows] = 0.0
    pair_sums[:, :rows] = 0.0
    for group in range(cells_of.shape[0]):
        find_cells(
            codes, cell, column_start[group], column_start[group + 1], column_feature, lookup_start, lookup, first[group], is_looked_up,
            step_start, step_code, step_add,
        )  # fmt: skip
        cells = cells_of[group]
        add_columns(cell, rows, sum_start[group], sum_start[group + 1], sum_target, table_start[group], cells, table, sums)
        add_columns(
            cell, rows, pair_start[group], pair_start[group + 1], pair_target, pair_table_start[group], cells, pair_table, pair_sums
        )  # fmt: skip


@jit
def spread_rows(sums, pair_sums, first_of, second_of, rows, out):
    """Write symmetric matrices (rows, n_targets, n_targets): a pair's half on either side, on the diagonal the rest of the value."""
    n_targets = sums.shape[0]
    for top in range(0, rows, TILE):
        n = min(TILE, rows - top)
        for row in range(top, top + n):
            out[row] = 0.0
            for i in range(n_targets):
                out[row, i, i] = sums[i, row]
        for pair in range(first_of.shape[0]):
            i = first_of[pair]
            j = second_of[pair]
            half = pair_sums[pair]
            for row in range(top, top + n):
                value = half[row]
                out[row, i, j] = value
                out[row, j, i] = value
                out[row, i, i] -= value
                out[row, j, j] -= value
