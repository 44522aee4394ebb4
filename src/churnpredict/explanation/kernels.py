"""Compiled kernels of exact tree SHAP: lay out leaves, choose which share a table, fill the tables, look rows up.

Imported only when tables are built: importing numba takes most of a second. Every kernel has one signature, is cached on disk and
releases the interpreter lock. The mathematics is in ``docs/algorithm.md``. Longer than most modules because the kernels share one
layout of flat arrays, described once in :mod:`churnpredict.explanation.treeshap`.
"""

# A kernel has the types it is compiled for, and many branches.
# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: PLR0912, PLR0915

from __future__ import annotations

import numba
import numpy as np

__all__ = [
    "choose_groups",
    "explain_codes",
    "fill_deep",
    "fill_parts",
    "fill_tables",
    "lay_out_leaves",
    "merge_columns",
]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
PART = 6  # features per part of a deep leaf: 64 patterns


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
def lay_out_leaves(node_start, leaf_start, used, left, right, node_count, leaf_count, leaf_value, map_start, goes_left, n_codes):
    """Lay out the leaves of every tree in depth-first order, with the conditions of their paths on each feature.

    A *slot* is a feature within a tree; codes that no node of the tree separates are one class of the slot.
    Returns per leaf: value, where its entries begin; per entry (a feature on the path): slot, share q of the cover that passes all its
    conditions, where its satisfied classes begin; the classes; per slot: feature, number of classes, where its codes begin; the
    class of each code. One loop per tree, long because it is one pass.
    """
    n_trees = node_start.shape[0] - 1
    n_leaves = leaf_start[-1]
    value = np.zeros(n_leaves)
    entry_start = np.zeros(n_leaves + 1, np.int64)
    entry_slot = np.zeros(1024, np.int64)
    entry_q = np.zeros(1024)
    entry_ok = np.zeros(1025, np.int64)
    ok = np.zeros(4096, np.uint8)
    slot_feature = np.zeros(1024, np.int64)
    slot_classes = np.zeros(1024, np.int64)
    slot_codes = np.zeros(1025, np.int64)
    code_class = np.zeros(65536, np.int32)
    most_codes = 1
    for u in range(n_codes.shape[0]):
        most_codes = max(most_codes, n_codes[u])
    representative = np.zeros(1024, np.int64)  # per class of a slot, one code
    rep_start = np.zeros(1024, np.int64)
    slot_of = np.full(n_codes.shape[0], -1, np.int64)
    successor = np.zeros(2 * most_codes + 2, np.int64)
    n_slots = 0
    n_entries = 0
    n_ok = 0
    n_done = 0
    for tree in range(n_trees):
        nodes = node_start[tree + 1] - node_start[tree]
        base = node_start[tree]
        leaf_base = leaf_start[tree]
        first_slot = n_slots
        parent = np.full(nodes, -1, np.int64)
        leaf_parent = np.full(nodes + 1, -1, np.int64)
        # classes of codes, per feature that the tree uses
        for node in range(nodes):
            if left[base + node] >= 0:
                parent[left[base + node]] = node
            else:
                leaf_parent[~left[base + node]] = node
            if right[base + node] >= 0:
                parent[right[base + node]] = node
            else:
                leaf_parent[~right[base + node]] = node
            u = used[base + node]
            codes = n_codes[u]
            slot = slot_of[u]
            if slot < 0:
                slot = n_slots
                n_slots += 1
                slot_of[u] = slot
                slot_feature = enlarged(slot_feature, n_slots)
                slot_classes = enlarged(slot_classes, n_slots)
                slot_codes = enlarged(slot_codes, n_slots + 1)
                code_class = enlarged(code_class, slot_codes[slot] + codes)
                slot_feature[slot] = u
                slot_classes[slot] = 1
                slot_codes[slot + 1] = slot_codes[slot] + codes
                for code in range(codes):
                    code_class[slot_codes[slot] + code] = 0
            at = slot_codes[slot]
            where = map_start[base + node]
            for key in range(2 * slot_classes[slot]):
                successor[key] = -1
            classes = 0
            for code in range(codes):
                key = 2 * code_class[at + code] + goes_left[where + code]
                if successor[key] < 0:
                    successor[key] = classes
                    classes += 1
                code_class[at + code] = successor[key]
            slot_classes[slot] = classes
        total = 0
        rep_start = enlarged(rep_start, n_slots - first_slot + 1)
        for slot in range(first_slot, n_slots):
            rep_start[slot - first_slot] = total
            total += slot_classes[slot]
        representative = enlarged(representative, total)
        for slot in range(first_slot, n_slots):
            for code in range(n_codes[slot_feature[slot]]):
                representative[rep_start[slot - first_slot] + code_class[slot_codes[slot] + code]] = code
        # leaves, left before right
        stack = np.zeros(nodes + 2, np.int64)
        stack[0] = 0 if nodes > 0 else -1
        height = 1
        while height > 0:
            height -= 1
            here = stack[height]
            if here >= 0:
                stack[height] = right[base + here]
                stack[height + 1] = left[base + here]
                height += 2
                continue
            leaf = ~here
            value[n_done] = leaf_value[leaf_base + leaf]
            first_entry = n_entries
            child = here
            node = leaf_parent[leaf]
            while node >= 0:
                u = used[base + node]
                slot = slot_of[u]
                reps = rep_start[slot - first_slot]
                entry = first_entry
                while entry < n_entries and entry_slot[entry] != slot:
                    entry += 1
                if entry == n_entries:
                    n_entries += 1
                    entry_slot = enlarged(entry_slot, n_entries)
                    entry_q = enlarged(entry_q, n_entries)
                    entry_ok = enlarged(entry_ok, n_entries + 1)
                    entry_slot[entry] = slot
                    entry_q[entry] = 1.0
                    ok = enlarged(ok, n_ok + slot_classes[slot])
                    for _ in range(slot_classes[slot]):  # pyright: ignore[reportArgumentType]
                        ok[n_ok] = 1
                        n_ok += 1
                    entry_ok[entry + 1] = n_ok
                side = 1 if left[base + node] == child else 0
                for c in range(slot_classes[slot]):  # pyright: ignore[reportArgumentType]
                    if goes_left[map_start[base + node] + representative[reps + c]] != side:  # pyright: ignore[reportArgumentType]
                        ok[entry_ok[entry] + c] = 0
                cover = leaf_count[leaf_base + ~child] if child < 0 else node_count[base + child]
                # no training row reached this node: LightGBM divides by zero, here both sides are equally likely
                entry_q[entry] *= cover / node_count[base + node] if node_count[base + node] > 0 else 0.5
                child = node
                node = parent[node]
            n_done += 1
            entry_start[n_done] = n_entries
        for slot in range(first_slot, n_slots):
            slot_of[slot_feature[slot]] = -1
    return (
        value, entry_start, entry_slot[:n_entries], entry_q[:n_entries], entry_ok[: n_entries + 1], ok[:n_ok],
        slot_feature[:n_slots], slot_classes[:n_slots], slot_codes[: n_slots + 1], code_class[: slot_codes[n_slots]],
    )  # fmt: skip


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
    """Fill the table of every group: one look-up offset per code and feature, one value per cell and feature; and the expected value.

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
        cells_of, table_start, table[: table_start[n_groups]], expected,
    )  # fmt: skip


@jit
def fill_deep(leaves, value, entry_start, entry_slot, entry_q, entry_ok, ok, slot_feature, slot_codes, code_class, background):
    """Fill what leaves too deep for a table need: their features, the bit of each code, and the distinct patterns of a background with
    counts.

    Returns per leaf where its features and its background patterns begin; per feature: number, share q, where its bits begin; the bit
    of each code; pattern words (``n_words`` each) and their shares; the expected value.
    """
    n_leaves = leaves.shape[0]
    feature_start = np.zeros(n_leaves + 1, np.int64)
    for d in range(n_leaves):
        feature_start[d + 1] = feature_start[d] + entry_start[leaves[d] + 1] - entry_start[leaves[d]]
    n_entries = feature_start[n_leaves]
    feature = np.zeros(n_entries, np.int64)
    q = np.zeros(n_entries)
    bit_start = np.zeros(n_entries + 1, np.int64)
    bit = np.zeros(4096, np.uint8)
    most = 0
    expected = 0.0
    for d in range(n_leaves):
        first = entry_start[leaves[d]]
        k = feature_start[d + 1] - feature_start[d]
        most = max(most, k)
        chance = value[leaves[d]]
        for i in range(k):
            slot = entry_slot[first + i]
            e = feature_start[d] + i
            feature[e] = slot_feature[slot]
            q[e] = entry_q[first + i]
            chance *= q[e]
            codes = slot_codes[slot + 1] - slot_codes[slot]
            bit_start[e + 1] = bit_start[e] + codes
            bit = enlarged(bit, bit_start[e + 1])
            for code in range(codes):
                bit[bit_start[e] + code] = ok[entry_ok[first + i] + code_class[slot_codes[slot] + code]]
        expected += chance
    n_words = max(1, (most + 62) // 63)
    pattern_start = np.zeros(n_leaves + 1, np.int64)
    patterns = np.zeros((256, n_words), np.int64)
    shares = np.zeros(256)
    n_background = background.shape[1]
    if n_background > 0:
        expected = 0.0
        size = 16
        while size < 2 * n_background:
            size *= 2
        table = np.zeros(size, np.int64)
        word = np.zeros(n_words, np.int64)
        total = 0
        for d in range(n_leaves):
            for index in range(size):
                table[index] = -1
            k = feature_start[d + 1] - feature_start[d]
            for b in range(n_background):
                if total == shares.shape[0]:
                    longer = np.zeros((2 * total, n_words), np.int64)
                    for p in range(total):
                        for w in range(n_words):
                            longer[p, w] = patterns[p, w]
                    patterns = longer
                    shares = enlarged(shares, 2 * total)
                for w in range(n_words):
                    word[w] = 0
                for i in range(k):
                    e = feature_start[d] + i
                    word[i // 63] |= np.int64(bit[bit_start[e] + background[feature[e], b]]) << (i % 63)
                index = find(word, patterns, table)
                if table[index] < 0:
                    table[index] = total
                    for w in range(n_words):
                        patterns[total, w] = word[w]
                    shares[total] = 0.0
                    total += 1
                shares[table[index]] += 1.0 / n_background
            pattern_start[d + 1] = total
            for p in range(pattern_start[d], total):
                met = 0
                for w in range(n_words):
                    met += bits(patterns[p, w])
                if met == k:
                    expected += value[leaves[d]] * shares[p]
        patterns = patterns[:total].copy()
        shares = shares[:total]
    return feature_start, feature, q, bit_start, bit[: bit_start[n_entries]], pattern_start, patterns, shares, expected


@jit
def find(word, patterns, table):
    """Place of a pattern in an open hash table of pattern numbers, or the free place where it belongs."""
    mask = table.shape[0] - 1
    key = np.int64(0)
    for w in range(word.shape[0]):
        key = (key ^ word[w]) * np.int64(-7046029254386353131)
        key ^= (key >> 32) & 0xFFFFFFFF
    index = key & mask
    while table[index] >= 0:
        same = True
        for w in range(word.shape[0]):
            if patterns[table[index], w] != word[w]:
                same = False
                break
        if same:
            break
        index = (index + 1) & mask
    return index


@jit
def merge_columns(column_start, column_feature, cells_of, table_start, table, target):
    """Sum the tables' columns by ``target[feature]``: fewer additions per row, and no matrix of all features."""
    n_groups = cells_of.shape[0]
    out_start = np.zeros(n_groups + 1, np.int64)
    out_target = np.zeros(column_feature.shape[0], np.int64)
    out_table_start = np.zeros(n_groups + 1, np.int64)
    out = np.zeros(table.shape[0])
    n = 0
    for group in range(n_groups):
        cells = cells_of[group]
        first = n
        at = out_table_start[group]
        for column in range(column_start[group], column_start[group + 1]):
            wanted = target[column_feature[column]]
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
    return out_start, out_target[:n], out_table_start, out[: out_table_start[n_groups]]


@jit
def fill_parts(deep_value, feature_start, q, nodes, weights):
    """Split each deep leaf's features into parts of at most ``PART``, and fill the products over the patterns of each part.

    At quadrature node a, ``whole[pattern, a]`` is the product over the part; ``without[pattern, a, i]`` leaves feature i out and carries
    the leaf's value, the weight and (p_i - q_i). Returns where each leaf's parts begin and where the flat arrays of each part do.
    """
    n_leaves = deep_value.shape[0]
    part_start = np.zeros(n_leaves + 1, np.int64)
    for d in range(n_leaves):
        part_start[d + 1] = part_start[d] + (feature_start[d + 1] - feature_start[d] + PART - 1) // PART
    n_parts = part_start[n_leaves]
    part_first = np.zeros(n_parts + 1, np.int64)
    whole_start = np.zeros(n_parts + 1, np.int64)
    for d in range(n_leaves):
        first = feature_start[d]
        points = (feature_start[d + 1] - first + 1) // 2
        for part in range(part_start[d], part_start[d + 1]):
            size = (feature_start[d + 1] - first) // (part_start[d + 1] - part)
            first += size
            part_first[part + 1] = first
            whole_start[part + 1] = whole_start[part] + points * (1 << size)
    whole = np.zeros(whole_start[n_parts])
    without = np.zeros(PART * whole_start[n_parts])
    for d in range(n_leaves):
        points = (feature_start[d + 1] - feature_start[d] + 1) // 2
        for part in range(part_start[d], part_start[d + 1]):
            first = part_first[part]
            size = part_first[part + 1] - first
            at = whole_start[part]
            for pattern in range(1 << size):
                for a in range(points):
                    t = nodes[points, a]
                    full = 1.0
                    for j in range(size):
                        full *= q[first + j] * (1.0 - t) + ((pattern >> j) & 1) * t
                    whole[at] = full
                    for i in range(size):
                        rest = weights[points, a] * deep_value[d] * (((pattern >> i) & 1) - q[first + i])
                        for j in range(size):
                            if j != i:
                                rest *= q[first + j] * (1.0 - t) + ((pattern >> j) & 1) * t
                        without[PART * at + i] = rest
                    at += 1
    return part_start, part_first, whole_start, whole, without


@jit
def sum_nodes(mine, own, factor, theirs, got):
    """Fill ``got[i, row]``: sum over the nodes of the products of one part without feature i times those of all other parts."""
    points = mine.shape[1]
    for row in range(own.shape[0]):
        p = own[row]
        o = theirs[row]
        t0 = t1 = t2 = t3 = t4 = t5 = 0.0  # as many as PART: the compiler keeps them in registers
        for a in range(points):
            f = factor[o, a]
            t0 += mine[p, a, 0] * f
            t1 += mine[p, a, 1] * f
            t2 += mine[p, a, 2] * f
            t3 += mine[p, a, 3] * f
            t4 += mine[p, a, 4] * f
            t5 += mine[p, a, 5] * f
        got[0, row] = t0
        got[1, row] = t1
        got[2, row] = t2
        got[3, row] = t3
        got[4, row] = t4
        got[5, row] = t5


@jit
def add_deep_path_dependent(
    codes, rows, feature_start, feature, bit_start, bit, target, part_start, part_first, whole_start, whole, without, sums
):  # fmt: skip
    """Add the deep leaves by quadrature: look up each part's products, multiply over the other parts, sum over the nodes."""
    most_parts = 1
    most_points = 1
    for d in range(part_start.shape[0] - 1):
        most_parts = max(most_parts, part_start[d + 1] - part_start[d])
        most_points = max(most_points, (feature_start[d + 1] - feature_start[d] + 1) // 2)
    pattern = np.zeros((most_parts, rows), np.uint16)
    others = np.zeros(rows * most_points)
    itself = np.arange(rows).astype(np.uint16)
    got = np.zeros((PART, rows))
    for d in range(part_start.shape[0] - 1):
        points = (feature_start[d + 1] - feature_start[d] + 1) // 2
        base = part_start[d]
        n_parts = part_start[d + 1] - base
        for part in range(n_parts):
            goal = pattern[part]
            for row in range(rows):
                goal[row] = 0
            for e in range(part_first[base + part], part_first[base + part + 1]):
                look = bit[bit_start[e] : bit_start[e + 1]]
                column = codes[feature[e]]
                place = e - part_first[base + part]
                for row in range(rows):
                    goal[row] |= np.uint16(look[column[row]]) << place
        for part in range(n_parts):
            begin = whole_start[base + part]
            end = whole_start[base + part + 1]
            mine = without[PART * begin : PART * end].reshape((end - begin) // points, points, PART)
            if n_parts == 2:
                begin = whole_start[base + 1 - part]
                end = whole_start[base + 2 - part]
                sum_nodes(mine, pattern[part], whole[begin:end].reshape((end - begin) // points, points), pattern[1 - part], got)
            else:
                product = others[: rows * points].reshape(rows, points)
                for row in range(rows):
                    for a in range(points):
                        product[row, a] = 1.0
                for other in range(n_parts):
                    if other != part:
                        at = whole_start[base + other]
                        theirs = pattern[other]
                        for row in range(rows):
                            for a in range(points):
                                product[row, a] *= whole[at + theirs[row] * points + a]
                sum_nodes(mine, pattern[part], product, itself, got)
            for e in range(part_first[base + part], part_first[base + part + 1]):
                total = sums[target[feature[e]]]
                add = got[e - part_first[base + part]]
                for row in range(rows):
                    total[row] += add[row]


@jit
def add_deep_interventional(
    codes, rows, deep_value, feature_start, feature, bit_start, bit, target, pattern_start, patterns, shares, beta, sums
):  # fmt: skip
    """Add the deep leaves against a background: once per distinct pattern among the rows of the block."""
    most = 0
    for d in range(deep_value.shape[0]):
        most = max(most, feature_start[d + 1] - feature_start[d])
    n_words = patterns.shape[1]
    size = 16
    while size < 2 * rows:
        size *= 2
    table = np.zeros(size, np.int64)
    seen = np.zeros((rows, n_words), np.int64)
    values = np.zeros((rows, most))
    word = np.zeros(n_words, np.int64)
    full = np.zeros(n_words, np.int64)
    for d in range(deep_value.shape[0]):
        first = feature_start[d]
        k = feature_start[d + 1] - first
        for w in range(n_words):
            full[w] = 0
        for i in range(k):
            full[i // 63] |= np.int64(1) << (i % 63)
        for index in range(size):
            table[index] = -1
        n_seen = 0
        for row in range(rows):
            for w in range(n_words):
                word[w] = 0
            for i in range(k):
                e = first + i
                word[i // 63] |= np.int64(bit[bit_start[e] + codes[feature[e], row]]) << (i % 63)
            index = find(word, seen, table)
            if table[index] < 0:
                table[index] = n_seen
                for w in range(n_words):
                    seen[n_seen, w] = word[w]
                for i in range(k):
                    values[n_seen, i] = 0.0
                for p in range(pattern_start[d], pattern_start[d + 1]):
                    n = 0
                    m = 0
                    covered = True
                    for w in range(n_words):
                        if (word[w] | patterns[p, w]) != full[w]:
                            covered = False
                            break
                        n += bits(word[w] & ~patterns[p, w])
                        m += bits(patterns[p, w] & ~word[w])
                    if not covered:
                        continue
                    gain = beta[n - 1, m] * shares[p] * deep_value[d] if n > 0 else 0.0
                    loss = beta[n, m - 1] * shares[p] * deep_value[d] if m > 0 else 0.0
                    for i in range(k):
                        mine = (word[i // 63] >> (i % 63)) & 1
                        theirs = (patterns[p, i // 63] >> (i % 63)) & 1
                        if mine > theirs:
                            values[n_seen, i] += gain
                        elif mine < theirs:
                            values[n_seen, i] -= loss
                n_seen += 1
            known = table[index]
            for i in range(k):
                sums[target[feature[first + i]], row] += values[known, i]


@jit
def explain_codes(
    codes, out, sums,
    column_start, column_feature, lookup_start, lookup, cells_of, sum_start, sum_target, table_start, table,
    deep_value, deep_start, deep_feature, bit_start, bit, pattern_start, patterns, shares,
    part_start, part_first, whole_start, whole, without, target, beta, interventional,
):  # fmt: skip
    """SHAP values of as many rows as ``out`` (n, n_targets) has, from their ``codes``: find each group's cell, add the table's row.

    ``sums`` (n_targets, at least n) is overwritten.
    """
    rows = out.shape[0]
    n_targets = out.shape[1]
    cell = np.zeros(rows, np.uint16)
    for column in range(n_targets):
        for row in range(rows):
            sums[column, row] = 0.0
    for group in range(cells_of.shape[0]):
        begin = column_start[group]
        end = column_start[group + 1]
        # two columns at a time: half the traffic of the running index, and of reading it
        odd = (end - begin) & 1
        if odd:
            look = lookup[lookup_start[begin] : lookup_start[begin + 1]]
            code = codes[column_feature[begin]]
            for row in range(rows):
                cell[row] = look[code[row]]
        else:
            for row in range(rows):
                cell[row] = 0
        for column in range(begin + odd, end, 2):
            look = lookup[lookup_start[column] : lookup_start[column + 1]]
            code = codes[column_feature[column]]
            look2 = lookup[lookup_start[column + 1] : lookup_start[column + 2]]
            code2 = codes[column_feature[column + 1]]
            for row in range(rows):
                cell[row] += look[code[row]] + look2[code2[row]]
        cells = cells_of[group]
        at = table_start[group]
        begin = sum_start[group]
        end = sum_start[group + 1]
        odd = (end - begin) & 1
        if odd:
            part = table[at : at + cells]
            total = sums[sum_target[begin]]
            for row in range(rows):
                total[row] += part[cell[row]]
            at += cells
        for column in range(begin + odd, end, 2):
            part = table[at : at + cells]
            total = sums[sum_target[column]]
            part2 = table[at + cells : at + 2 * cells]
            total2 = sums[sum_target[column + 1]]
            for row in range(rows):
                c = cell[row]
                total[row] += part[c]
                total2[row] += part2[c]
            at += 2 * cells
    if deep_value.shape[0] > 0:
        if interventional:
            add_deep_interventional(
                codes, rows, deep_value, deep_start, deep_feature, bit_start, bit, target, pattern_start, patterns, shares, beta, sums
            )
        else:
            add_deep_path_dependent(
                codes, rows, deep_start, deep_feature, bit_start, bit, target, part_start, part_first, whole_start, whole, without, sums
            )  # fmt: skip
    for row in range(rows):
        for column in range(n_targets):
            out[row, column] = sums[column, row]
