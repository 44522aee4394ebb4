"""Compiled kernels over columns of the tables of exact SHAP: merge them, find the cells of rows, add up, write the matrices of pairs.

The tables are those of :mod:`~churnpredict.explanation.table_kernels`: a column for each feature, and one for each pair of features that
are on one path. The mathematics is in ``docs/algorithm.md``.
"""

# A kernel has the types it is compiled for; its branches are its algorithm.
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["add_few", "add_many", "find_cells", "merge_columns", "pair_rows", "spread_rows"]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
LANES = 4  # sums of a row that are added with one instruction
GROUPS = 4  # that are added in one pass over the sums
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

    Where codes add something else at few places only, they are compared with these: many rows at once, two places in one pass over the
    rows, without any look-up.
    """
    rows = codes.shape[1]
    none = np.uint16(0)
    for row in range(rows):
        cell[row] = first
    for column in range(begin, end):
        code = codes[column_feature[column]]
        if is_looked_up[column]:
            look = lookup[lookup_start[column] : lookup_start[column + 1]]
            for row in range(rows):
                cell[row] += look[code[row]]
        step = step_start[column]
        if (step_start[column + 1] - step) & 1:
            at = step_code[step]
            add = step_add[step]
            for row in range(rows):
                cell[row] += add if code[row] >= at else none
            step += 1
        while step < step_start[column + 1]:
            at = step_code[step]
            add = step_add[step]
            at2 = step_code[step + 1]
            add2 = step_add[step + 1]
            for row in range(rows):
                cell[row] += np.uint16((add if code[row] >= at else none) + (add2 if code[row] >= at2 else none))
            step += 2


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


@intrinsic
def add_numbers(_, totals, at, table, places):
    """Add to the ``LANES`` numbers at ``totals[at]`` those at each of some places of ``table``, in this order: one instruction for each.

    Numba does not let the compiler put additions of neighbours together, so they are written as one. Nothing checks the places.
    """

    def write(context, builder, signature, given):
        numbers = ir.VectorType(ir.DoubleType(), LANES)

        def pointer(number, place):
            data = context.make_array(signature.args[number])(context, builder, given[number]).data
            return builder.bitcast(builder.gep(data, [place]), numbers.as_pointer())

        goal = pointer(0, given[1])
        total = builder.load(goal, align=8)
        for place in cgutils.unpack_tuple(builder, given[3]):
            total = builder.fadd(total, builder.load(pointer(2, place), align=8))
        builder.store(total, goal, align=8)
        return context.get_dummy_value()

    return types.void(totals, at, table, places), write


@jit
def fill_lanes(own, cells, begin, end, lane_of, targets, at, table, quad):
    """Copy the columns of a group whose lanes are in this quad into ``own``; return whether there are any.

    The numbers of a cell lie side by side there. Rows then look up in the fastest cache, and the source is read in order, which suits far
    caches.
    """
    any_there = False
    for column in range(begin, end):
        lane = lane_of[targets[column]] - LANES * quad
        if 0 <= lane < LANES:
            if not any_there:
                own[: LANES * cells] = 0.0
            any_there = True
            source = table[at + (column - begin) * cells : at + (column - begin + 1) * cells]
            for cell in range(cells):
                own[LANES * cell + lane] = source[cell]
    return any_there


@jit
def add_up(found, there, quad, room):
    """Add what four groups hold for each row to its sums in one pass, or what each of fewer groups holds in a pass of its own."""
    rows = found.shape[1]
    size = np.int64(room.shape[0] // GROUPS)
    if there.all():
        cell0, cell1, cell2, cell3 = found[0], found[1], found[2], found[3]
        for row in range(rows):
            places = (
                LANES * np.int64(cell0[row]), size + LANES * np.int64(cell1[row]), 2 * size + LANES * np.int64(cell2[row]),
                3 * size + LANES * np.int64(cell3[row]),
            )  # fmt: skip
            add_numbers(quad, LANES * row, room, places)
        return
    for group in range(GROUPS):
        if there[group]:
            cell = found[group]
            for row in range(rows):
                add_numbers(quad, LANES * row, room, (group * size + LANES * np.int64(cell[row]),))


@jit
def add_many(
    codes, sums, scores, cell,
    column_start, column_feature, lookup_start, lookup, first, is_looked_up, step_start, step_code, step_add,
    cells_of, leaf_start, leaf_of_cell, sum_start, sum_target, table_start, table,
):  # fmt: skip
    """Write into ``sums`` (n_targets, at least n) what the tables hold for rows with these ``codes`` (n_used, n).

    ``scores`` (n,), or nothing, get the values of the leaves that rows fall into. A row falls into one leaf of a tree, and all other groups
    add 0: so leaves are added in the order of the trees, as LightGBM adds them. ``cell`` (n,) is space to work in.
    """
    rows = codes.shape[1]
    sums[:, :rows] = 0.0
    scores[:] = 0.0
    for group in range(cells_of.shape[0]):
        find_cells(
            codes, cell, column_start[group], column_start[group + 1], column_feature, lookup_start, lookup, first[group], is_looked_up,
            step_start, step_code, step_add,
        )  # fmt: skip
        add_columns(cell, rows, sum_start[group], sum_start[group + 1], sum_target, table_start[group], cells_of[group], table, sums)
        leaves = leaf_of_cell[leaf_start[group] : leaf_start[group + 1]]
        for row in range(scores.shape[0]):
            scores[row] += leaves[cell[row]]


@jit
def add_few(
    codes, sums, scores, found, quads, room,
    column_start, column_feature, lookup_start, lookup, first, is_looked_up, step_start, step_code, step_add,
    cells_of, leaf_start, leaf_of_cell, sum_start, sum_target, table_start, table, lane_of,
):  # fmt: skip
    """Do the same as :func:`add_many` for few targets, to the last bit.

    Sums lie in quads of ``LANES`` numbers a row, which are added at once: lane 0 is the score, ``lane_of`` (n_targets,) has the others.
    Space to work in: ``found`` (GROUPS, n) for cells, ``quads`` (n_quads, LANES n), ``room`` for the cells of ``GROUPS`` groups.
    """
    rows = codes.shape[1]
    n_groups = cells_of.shape[0]
    size = room.shape[0] // GROUPS
    quads[:] = 0.0
    there = np.zeros(GROUPS, np.bool_)
    for top in range(0, n_groups, GROUPS):
        n = min(GROUPS, n_groups - top)
        for k in range(n):
            group = top + k
            find_cells(
                codes, found[k], column_start[group], column_start[group + 1], column_feature, lookup_start, lookup, first[group],
                is_looked_up, step_start, step_code, step_add,
            )  # fmt: skip
        for quad in range(quads.shape[0]):
            there[:] = False
            for k in range(n):
                group = top + k
                own = room[k * size : (k + 1) * size]
                cells = cells_of[group]
                there[k] = fill_lanes(
                    own, cells, sum_start[group], sum_start[group + 1], lane_of, sum_target, table_start[group], table, quad
                )  # fmt: skip
                if quad == 0:
                    if not there[k]:
                        own[: LANES * cells] = 0.0
                    there[k] = True
                    leaves = leaf_of_cell[leaf_start[group] : leaf_start[group + 1]]
                    for cell in range(cells):
                        own[LANES * cell] = leaves[cell]
            add_up(found, there, quads[quad], room)
    for row in range(scores.shape[0]):
        scores[row] = quads[0, LANES * row]
    for target in range(lane_of.shape[0]):
        quad = lane_of[target] // LANES
        lane = lane_of[target] % LANES
        for row in range(rows):
            sums[target, row] = quads[quad, LANES * row + lane]


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
