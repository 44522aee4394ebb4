"""Compiled kernels of exact SHAP interaction values: fill the tables of pairs, choose pairs, look rows up.

They share the layout of :mod:`~churnpredict.explanation.table_kernels`: the same leaves, groups, codes and cells, with one more column of a
table for each pair of features that stand on one path. The mathematics is in ``docs/algorithm.md``.
"""

# A kernel has the types it is compiled for; its branches are its algorithm.
# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: PLR0912, PLR0915

from __future__ import annotations

import numpy as np

from churnpredict.explanation.deep_pair_kernels import add_deep
from churnpredict.explanation.table_kernels import bits, enlarged, jit

__all__ = ["choose_columns", "fill_pair_tables", "pair_rows", "spread_rows"]

TILE = 8  # rows written together: one line of the fastest cache of every sum


@jit
def path_dependent_pairs(value, q, k, nodes, weights, product, out):
    """Write ``out[p, e]``: half the interaction index of pair e = (i, j), i < j, of one leaf for a row of pattern p.

    v (p_i - q_i) (p_j - q_j) times the integral of prod over l != i, j of (q_l (1 - t) + p_l t): of degree k - 2, so exact by quadrature.
    """
    e = 0
    for i in range(k):
        for j in range(i + 1, k):
            for pattern in range(1 << k):
                out[pattern, e] = 0.0
            for a in range(nodes.shape[0]):
                t = nodes[a]
                product[0] = 0.5 * weights[a] * value
                size = 1
                for other in range(k):
                    no = q[other] * (1.0 - t)
                    if other in (i, j):
                        for pattern in range(size):
                            product[size + pattern] = product[pattern]
                    else:
                        for pattern in range(size):
                            product[size + pattern] = product[pattern] * (no + t)
                            product[pattern] *= no
                    size *= 2
                for pattern in range(size):
                    out[pattern, e] += product[pattern] * (((pattern >> i) & 1) - q[i]) * (((pattern >> j) & 1) - q[j])
            e += 1


@jit
def interventional_pairs(value, share, k, beta, out):
    """Write ``out[a, e]``: half the interaction index of each pair of one leaf for a row of pattern a, averaged over background patterns.

    With N features satisfied only by the row and M only by the background, two of the former interact by (N-2)! M! / (N+M-1)!, two of
    the latter by N! (M-2)! / (N+M-1)!, one of each by -(N-1)! (M-1)! / (N+M-1)!.
    """
    full = (1 << k) - 1
    for pattern in range(1 << k):
        for e in range(k * (k - 1) // 2):
            out[pattern, e] = 0.0
    for b in range(1 << k):
        if share[b] == 0.0:
            continue
        lacking = full & ~b
        rest = b
        while True:  # rows with all that b lacks, and any subset of what b has
            a = lacking | rest
            spare = b & ~a
            n = bits(lacking)
            m = bits(spare)
            weight = 0.5 * value * share[b]
            own = beta[n - 2, m] * weight if n > 1 else 0.0
            mixed = -beta[n - 1, m - 1] * weight if n > 0 and m > 0 else 0.0
            theirs = beta[n, m - 2] * weight if m > 1 else 0.0
            e = 0
            for i in range(k):
                for j in range(i + 1, k):
                    only_row = ((lacking >> i) & 1) + ((lacking >> j) & 1)
                    only_background = ((spare >> i) & 1) + ((spare >> j) & 1)
                    if only_row == 2:
                        out[a, e] += own
                    elif only_background == 2:
                        out[a, e] += theirs
                    elif only_row == 1 and only_background == 1:
                        out[a, e] += mixed
                    e += 1
            if rest == 0:
                break
            rest = (rest - 1) & b


@jit
def fill_pair_tables(
    group_begin, group_end, value, entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, slot_codes, code_class,
    column_start, column_feature, lookup_start, lookup, cells_of, most_features, quadrature_nodes, quadrature_weights, background, beta,
):  # fmt: skip
    """Fill for every group of :func:`~.table_kernels.fill_tables` its pairs of columns and a value per cell and pair.

    Pairs that stand on no common path have no column. Returns where each group's pairs begin, their used features (the smaller one
    first), where its table begins, and the tables. One loop per group, long because it is one pass.
    """
    n_groups = group_begin.shape[0]
    n_background = background.shape[1]
    most_pairs = most_features * (most_features - 1) // 2
    pair_start = np.zeros(n_groups + 1, np.int64)
    first_of = np.zeros(16 * n_groups + most_pairs, np.int64)
    second_of = np.zeros(16 * n_groups + most_pairs, np.int64)
    table_start = np.zeros(n_groups + 1, np.int64)
    table = np.zeros(1 << 20)
    patterns = np.zeros((1 << most_features, max(1, most_pairs)))
    product = np.zeros(1 << most_features)
    share = np.zeros(1 << most_features)
    stride = np.zeros(most_features, np.int64)
    size = np.zeros(most_features, np.int64)
    place = np.zeros((most_features, most_features), np.int64)
    column_of = np.zeros(most_features, np.int64)
    cell_of = np.zeros(n_background, np.int64)
    n_pairs = 0
    for group in range(n_groups):
        begin = column_start[group]
        n_columns = column_start[group + 1] - begin
        cells = cells_of[group]
        running = 1
        for c in range(n_columns):
            stride[c] = running
            most = 0
            for at in range(lookup_start[begin + c], lookup_start[begin + c + 1]):
                most = max(most, int(lookup[at]))
            size[c] = most // running + 1
            running *= size[c]
            for other in range(n_columns):
                place[c, other] = -1
        # the pairs that occur in any leaf
        first_pair = n_pairs
        for leaf in range(group_begin[group], group_end[group]):
            k = entry_start[leaf + 1] - entry_start[leaf]
            for i in range(k):
                u = slot_feature[entry_slot[entry_start[leaf] + i]]
                c = 0
                while column_feature[begin + c] != u:
                    c += 1
                column_of[i] = c
            for i in range(k):
                for j in range(i + 1, k):
                    low = min(column_of[i], column_of[j])
                    high = max(column_of[i], column_of[j])
                    if place[low, high] < 0:
                        first_of = enlarged(first_of, n_pairs + 1)
                        second_of = enlarged(second_of, n_pairs + 1)
                        place[low, high] = n_pairs - first_pair
                        first_of[n_pairs] = min(column_feature[begin + low], column_feature[begin + high])
                        second_of[n_pairs] = max(column_feature[begin + low], column_feature[begin + high])
                        n_pairs += 1
        pair_start[group + 1] = n_pairs
        start = table_start[group]
        table_start[group + 1] = start + cells * (n_pairs - first_pair)
        table = enlarged(table, table_start[group + 1])
        for b in range(n_background):
            cell_of[b] = 0
            for c in range(n_columns):
                cell_of[b] += lookup[lookup_start[begin + c] + background[column_feature[begin + c], b]]
        histogram = np.zeros(cells if n_background > 0 else 0)
        for b in range(n_background):
            histogram[cell_of[b]] += 1.0 / n_background
        pattern_of = np.zeros(cells, np.int64)
        bit_of = np.zeros(cells, np.int64)
        for leaf in range(group_begin[group], group_end[group]):
            first = entry_start[leaf]
            k = entry_start[leaf + 1] - first
            if k < 2:
                continue
            for cell in range(cells):
                pattern_of[cell] = 0
            for i in range(k):
                slot = entry_slot[first + i]
                u = slot_feature[slot]
                c = 0
                while column_feature[begin + c] != u:
                    c += 1
                column_of[i] = c
                look = lookup_start[begin + c]
                for code in range(slot_codes[slot + 1] - slot_codes[slot]):
                    met = np.int64(ok[entry_ok[first + i] + code_class[slot_codes[slot] + code]])
                    bit_of[lookup[look + code] // stride[c]] = met << i
                cell = 0
                while cell < cells:
                    for digit in range(size[c]):
                        for _ in range(stride[c]):
                            pattern_of[cell] |= bit_of[digit]
                            cell += 1
            if n_background == 0:
                points = k // 2
                path_dependent_pairs(
                    value[leaf], entry_q[first : first + k], k, quadrature_nodes[points, :points], quadrature_weights[points, :points],
                    product, patterns,
                )  # fmt: skip
            else:
                for pattern in range(1 << k):
                    share[pattern] = 0.0
                for cell in range(cells):
                    share[pattern_of[cell]] += histogram[cell]
                interventional_pairs(value[leaf], share, k, beta, patterns)
            e = 0
            for i in range(k):
                for j in range(i + 1, k):
                    goal = start + cells * place[min(column_of[i], column_of[j]), max(column_of[i], column_of[j])]
                    for cell in range(cells):
                        table[goal + cell] += patterns[pattern_of[cell], e]
                    e += 1
    return pair_start, first_of[:n_pairs], second_of[:n_pairs], table_start, table[: table_start[n_groups]]


@jit
def choose_columns(column_start, column_id, cells_of, table_start, table, target):
    """Return tables of which only the columns with a target from 0 up are kept, those of one target summed."""
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
def pair_rows(
    codes, cell, sums, pair_sums,
    column_start, column_feature, lookup_start, lookup, cells_of, sum_start, sum_target, table_start, table,
    pair_start, pair_target, pair_table_start, pair_table,
    deep_value, feature_start, feature, q, bit_start, bit, pair_begin, pair_id, pattern_start, patterns, shares,
    goal, pair_goal, nodes, weights, beta, interventional,
):  # fmt: skip
    """Add up a block's SHAP values in ``sums`` (n_targets, block) and halves of interactions in ``pair_sums`` (n_pairs, block)."""
    rows = codes.shape[1]
    sums[:, :rows] = 0.0
    pair_sums[:, :rows] = 0.0
    for group in range(cells_of.shape[0]):
        begin = column_start[group]
        for row in range(rows):
            cell[row] = 0
        for column in range(begin, column_start[group + 1]):
            look = lookup[lookup_start[column] : lookup_start[column + 1]]
            code = codes[column_feature[column]]
            for row in range(rows):
                cell[row] += look[code[row]]
        cells = cells_of[group]
        add_columns(cell, rows, sum_start[group], sum_start[group + 1], sum_target, table_start[group], cells, table, sums)
        add_columns(
            cell, rows, pair_start[group], pair_start[group + 1], pair_target, pair_table_start[group], cells, pair_table, pair_sums
        )  # fmt: skip
    if deep_value.shape[0] > 0:
        add_deep(
            codes, rows, deep_value, feature_start, feature, q, bit_start, bit, pair_begin, pair_id, pattern_start, patterns, shares,
            goal, pair_goal, nodes, weights, beta, interventional, sums, pair_sums,
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
