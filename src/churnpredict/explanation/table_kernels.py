"""Compiled kernels of exact tree SHAP: choose leaves that share a table, fill the tables of features and of pairs.

Imported only when tables are built: importing numba takes most of a second. The kernels of a stage share one file with all that they call:
a compiled function is cached by its own file, and would keep the old code of another one. The mathematics is in ``docs/algorithm.md``;
the flat arrays are described in :mod:`churnpredict.explanation.treeshap`. Kernels are long: they are loops.
"""

# A kernel has the types it is compiled for, and many branches.
# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: PLR0912, PLR0915

from __future__ import annotations

import numba
import numpy as np

__all__ = [
    "choose_groups",
    "fill_pair_tables",
    "fill_tables",
]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")


@jit
def enlarged(array, size):
    """Return the array itself, or a longer copy when it has fewer than ``size`` entries."""
    if array.shape[0] >= size:
        return array
    longer = np.zeros(max(size, 2 * array.shape[0]), array.dtype)
    for i in range(array.shape[0]):
        longer[i] = array[i]
    return longer


@jit
def refined(cells, ok, begin, classes, members, row, successor):
    """Split the classes of one slot by one more leaf's condition; give the new number of classes. ``members`` is changed."""
    for key in range(2 * cells):
        successor[key] = -1
    n = 0
    for c in range(classes):
        key = 2 * members[row, c] + ok[begin + c]
        if successor[key] < 0:
            successor[key] = n
            n += 1
        members[row, c] = successor[key]
    return n


@jit
def choose_groups(leaf_start, entry_start, entry_slot, entry_ok, ok, slot_classes, most_cells, most_features, cell_cost):
    """Cut the leaves of each tree, in order, into runs that share a table: the cheapest cut, by dynamic programming.

    A run costs a row one addition per feature and one look-up per feature; a cell costs ``cell_cost`` to build. A leaf whose own table
    would exceed ``most_cells`` stands alone and is deep. Returns where each run ends and whether it is deep.
    """
    n_leaves = entry_start.shape[0] - 1
    ends = np.zeros(n_leaves, np.int64)
    deep = np.zeros(n_leaves, np.uint8)
    n_groups = 0
    widest = 1
    for slot in range(slot_classes.shape[0]):
        widest = max(widest, slot_classes[slot])
    members = np.zeros((most_features, widest), np.int64)
    successor = np.zeros(2 * widest + 2, np.int64)
    slots = np.zeros(most_features, np.int64)
    sizes = np.zeros(most_features, np.int64)
    for tree in range(leaf_start.shape[0] - 1):
        first = leaf_start[tree]
        n = leaf_start[tree + 1] - first
        cost = np.full(n + 1, np.inf)
        cost[0] = 0.0
        begin = np.zeros(n + 1, np.int64)
        is_deep = np.zeros(n + 1, np.uint8)
        for i in range(n):
            n_slots = 0
            for j in range(i, n):
                fits = True
                for entry in range(entry_start[first + j], entry_start[first + j + 1]):
                    slot = entry_slot[entry]
                    row = 0
                    while row < n_slots and slots[row] != slot:
                        row += 1
                    if row == n_slots:
                        if n_slots == most_features:
                            fits = False
                            break
                        slots[row] = slot
                        sizes[row] = 1
                        for c in range(slot_classes[slot]):
                            members[row, c] = 0
                        n_slots += 1
                    sizes[row] = refined(sizes[row], ok, entry_ok[entry], slot_classes[slot], members, row, successor)
                    cells = 1
                    for k in range(n_slots):
                        cells *= sizes[k]
                        if cells > most_cells:
                            fits = False
                            break
                    if not fits:
                        break
                if not fits:
                    break
                cells = 1
                for k in range(n_slots):
                    cells *= sizes[k]
                total = cost[i] + 0.5 + n_slots + cells * (n_slots + 2.0) * cell_cost
                if total < cost[j + 1]:
                    cost[j + 1] = total
                    begin[j + 1] = i
                    is_deep[j + 1] = 0
            if not fits and j == i:
                k = entry_start[first + i + 1] - entry_start[first + i]
                total = cost[i] + 0.5 * k * k
                if total < cost[i + 1]:
                    cost[i + 1] = total
                    begin[i + 1] = i
                    is_deep[i + 1] = 1
        at = n
        while at > 0:
            n_groups += 1
            at = begin[at]
        at = n
        place = n_groups
        while at > 0:
            place -= 1
            ends[place] = first + at
            deep[place] = is_deep[at]
            at = begin[at]
    return ends[:n_groups], deep[:n_groups]


@jit
def path_dependent_patterns(value, q, k, nodes, weights, product, out):
    """Fill ``out[p, i]``: contribution of feature i of one leaf to a row that satisfies the features in the bits of p.

    phi_i = v (p_i - q_i) integral of prod over j != i of (q_j (1 - t) + p_j t), by Gauss-Legendre quadrature, exact for polynomials.
    Products leave i out instead of dividing by it, so q = 0 is nothing special.
    """
    for pattern in range(1 << k):
        for i in range(k):
            out[pattern, i] = 0.0
    for a in range(nodes.shape[0]):
        t = nodes[a]
        for i in range(k):
            product[0] = weights[a] * value
            size = 1
            for j in range(k):
                no = q[j] * (1.0 - t)
                if j == i:
                    for pattern in range(size):
                        product[size + pattern] = product[pattern]
                else:
                    for pattern in range(size):
                        product[size + pattern] = product[pattern] * (no + t)
                        product[pattern] *= no
                size *= 2
            for pattern in range(size):
                out[pattern, i] += product[pattern] * (((pattern >> i) & 1) - q[i])


@jit
def bits(word):
    """Return the number of bits that are 1."""
    n = 0
    while word:
        n += 1
        word &= word - 1
    return n


@jit
def interventional_patterns(value, share, k, beta, out):
    """Fill ``out[a, i]``: contribution of feature i of one leaf to a row of pattern a, averaged over background patterns.

    ``share[b]`` is the part of the background with pattern b. A pair counts only where every feature is satisfied by one of both; with N
    features only by the row and M only by the background, the former get (N-1)! M! / (N+M)!, the latter -N! (M-1)! / (N+M)!.
    """
    full = (1 << k) - 1
    for pattern in range(1 << k):
        for i in range(k):
            out[pattern, i] = 0.0
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
            gain = beta[n - 1, m] * value * share[b] if n > 0 else 0.0
            loss = beta[n, m - 1] * value * share[b] if m > 0 else 0.0
            for i in range(k):
                if (lacking >> i) & 1:
                    out[a, i] += gain
                elif (spare >> i) & 1:
                    out[a, i] -= loss
            if rest == 0:
                break
            rest = (rest - 1) & b


@jit
def fill_tables(
    group_begin, group_end, value, entry_start, entry_slot, entry_q, entry_ok, ok,
    slot_feature, slot_classes, slot_codes, code_class, most_features, quadrature_nodes, quadrature_weights, background, beta,
):  # fmt: skip
    """Fill the table of every group: one look-up offset per code and feature, one value per cell and feature; the value of the leaf that
    each cell lies in, 0 where it lies in none of the group's; and the expected value.

    ``background`` (n_used, n_background) holds codes; with no column the form is path-dependent.
    """
    n_groups = group_begin.shape[0]
    column_start = np.zeros(n_groups + 1, np.int64)
    column_feature = np.zeros(8 * n_groups + most_features, np.int64)
    lookup_start = np.zeros(8 * n_groups + most_features + 1, np.int64)
    lookup = np.zeros(65536, np.uint16)
    cells_of = np.zeros(n_groups, np.int64)
    table_start = np.zeros(n_groups + 1, np.int64)
    table = np.zeros(1 << 20)
    leaf_start = np.zeros(n_groups + 1, np.int64)
    leaf_of_cell = np.zeros(1 << 16)
    widest = 1
    for slot in range(slot_classes.shape[0]):
        widest = max(widest, slot_classes[slot])
    members = np.zeros((most_features, widest), np.int64)
    successor = np.zeros(2 * widest + 2, np.int64)
    slots = np.zeros(most_features, np.int64)
    sizes = np.zeros(most_features, np.int64)
    strides = np.zeros(most_features, np.int64)
    patterns = np.zeros((1 << most_features, most_features))
    product = np.zeros(1 << most_features)
    share = np.zeros(1 << most_features)
    n_background = background.shape[1]
    cell_of = np.zeros(n_background, np.int64)
    bit_of_class = np.zeros(widest, np.int64)
    expected = 0.0
    n_columns = 0
    for group in range(n_groups):
        n_slots = 0
        for entry in range(entry_start[group_begin[group]], entry_start[group_end[group]]):
            slot = entry_slot[entry]
            row = 0
            while row < n_slots and slots[row] != slot:
                row += 1
            if row == n_slots:
                slots[row] = slot
                sizes[row] = 1
                for c in range(slot_classes[slot]):
                    members[row, c] = 0
                n_slots += 1
            sizes[row] = refined(sizes[row], ok, entry_ok[entry], slot_classes[slot], members, row, successor)
        cells = 1
        for row in range(n_slots):
            strides[row] = cells
            cells *= sizes[row]
        cells_of[group] = cells
        table_start[group + 1] = table_start[group] + cells * n_slots
        table = enlarged(table, table_start[group + 1])
        leaf_start[group + 1] = leaf_start[group] + cells
        leaf_of_cell = enlarged(leaf_of_cell, leaf_start[group + 1])
        column_feature = enlarged(column_feature, n_columns + n_slots)
        lookup_start = enlarged(lookup_start, n_columns + n_slots + 1)
        for b in range(n_background):
            cell_of[b] = 0
        for row in range(n_slots):
            slot = slots[row]
            u = slot_feature[slot]
            column_feature[n_columns] = u
            start = lookup_start[n_columns]
            codes = slot_codes[slot + 1] - slot_codes[slot]
            lookup = enlarged(lookup, start + codes)
            for code in range(codes):
                lookup[start + code] = strides[row] * members[row, code_class[slot_codes[slot] + code]]
            for b in range(n_background):
                cell_of[b] += lookup[start + background[u, b]]
            n_columns += 1
            lookup_start[n_columns] = start + codes
        column_start[group + 1] = n_columns
        histogram = np.zeros(cells if n_background > 0 else 0)
        for b in range(n_background):
            histogram[cell_of[b]] += 1.0 / n_background
        pattern_of = np.zeros(cells, np.int64)
        for leaf in range(group_begin[group], group_end[group]):
            first = entry_start[leaf]
            k = entry_start[leaf + 1] - first
            for cell in range(cells):
                pattern_of[cell] = 0
            at = table_start[group]
            chance = value[leaf]
            for i in range(k):
                slot = entry_slot[first + i]
                row = 0
                while slots[row] != slot:
                    row += 1
                for c in range(slot_classes[slot]):
                    bit_of_class[members[row, c]] = np.int64(ok[entry_ok[first + i] + c]) << i
                chance *= entry_q[first + i]
                # cells that differ in this feature only come in runs of its stride
                cell = 0
                while cell < cells:
                    for c in range(sizes[row]):
                        bit = bit_of_class[c]
                        for _ in range(strides[row]):
                            pattern_of[cell] |= bit
                            cell += 1
            for cell in range(cells):
                if pattern_of[cell] == (1 << k) - 1:
                    leaf_of_cell[leaf_start[group] + cell] = value[leaf]
            if n_background == 0:
                points = (k + 1) // 2
                expected += chance
                path_dependent_patterns(
                    value[leaf], entry_q[first : first + k], k, quadrature_nodes[points, :points], quadrature_weights[points, :points],
                    product, patterns,
                )  # fmt: skip
            else:
                for pattern in range(1 << k):
                    share[pattern] = 0.0
                for cell in range(cells):
                    share[pattern_of[cell]] += histogram[cell]
                expected += value[leaf] * share[(1 << k) - 1]
                interventional_patterns(value[leaf], share, k, beta, patterns)
            for i in range(k):
                row = 0
                while slots[row] != entry_slot[first + i]:
                    row += 1
                begin = at + row * cells
                for cell in range(cells):
                    table[begin + cell] += patterns[pattern_of[cell], i]
    return (
        column_start, column_feature[:n_columns], lookup_start[: n_columns + 1], lookup[: lookup_start[n_columns]],
        cells_of, table_start, table[: table_start[n_groups]], leaf_start, leaf_of_cell[: leaf_start[n_groups]], expected,
    )  # fmt: skip


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
    """Fill for every group of :func:`fill_tables` its pairs of columns and a value per cell and pair.

    Pairs that are on no common path have no column. Returns where each group's pairs begin, their used features (the smaller one
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
