"""Compiled kernels of exact tree SHAP: leaves too deep for a table, and their pairs.

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
    "add_deep",
    "add_deep_pairs",
    "fill_deep",
    "fill_parts",
]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
PART = 6  # features per part of a deep leaf: 64 patterns
MOST_CHANGES = 6  # of a feature's bit from code to code, up to which comparing is cheaper than looking up


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
def bits(word):
    """Return the number of bits that are 1."""
    n = 0
    while word:
        n += 1
        word &= word - 1
    return n


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
def add_bit(goal, code, look, changes, place):
    """Add to the pattern of each row whether its code is among those that a feature's splits let pass.

    Where that changes at few codes, rows are compared with these, many at once; else each code is looked up.
    """
    if changes.shape[0] > MOST_CHANGES:
        for row in range(goal.shape[0]):
            goal[row] |= np.uint16(look[code[row]]) << place
        return
    bit = np.uint16(1 << place)
    if look[0]:
        for row in range(goal.shape[0]):
            goal[row] |= bit
    for change in range(changes.shape[0]):
        at = changes[change]
        for row in range(goal.shape[0]):
            goal[row] ^= bit if code[row] >= at else np.uint16(0)


@jit
def number_pairs(first, second, n_second, pairs, place):
    """List the pairs of patterns that some row has in ``pairs``, write the number of each row's pair over ``first``; return how many.

    ``place`` is -1 for every pair, before and after.
    """
    n = 0
    for row in range(first.shape[0]):
        pair = np.int64(first[row]) * n_second + second[row]
        if place[pair] < 0:
            place[pair] = n
            pairs[0, n] = first[row]
            pairs[1, n] = second[row]
            n += 1
        first[row] = place[pair]
    for known in range(n):
        place[np.int64(pairs[0, known]) * n_second + pairs[1, known]] = -1
    return n


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
    codes, rows, feature_start, feature, bit_start, bit, target, part_start, part_first, whole_start, whole, without, change_start, change,
    sums,
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
    pairs = np.zeros((2, rows), np.uint16)
    place = np.full(rows, -1, np.int32)
    for d in range(part_start.shape[0] - 1):
        points = (feature_start[d + 1] - feature_start[d] + 1) // 2
        base = part_start[d]
        n_parts = part_start[d + 1] - base
        for part in range(n_parts):
            goal = pattern[part]
            for row in range(rows):
                goal[row] = 0
            for e in range(part_first[base + part], part_first[base + part + 1]):
                changes = change[change_start[e] : change_start[e + 1]]
                add_bit(goal, codes[feature[e]], bit[bit_start[e] : bit_start[e + 1]], changes, e - part_first[base + part])
        n_first = (whole_start[base + 1] - whole_start[base]) // points
        n_second = (whole_start[base + 2] - whole_start[base + 1]) // points if n_parts == 2 else 0
        by_pairs = n_parts == 2 and n_first * n_second <= rows
        if by_pairs:  # the sums of every pair of patterns once, for all rows that have it
            n_pairs = number_pairs(pattern[0], pattern[1], n_second, pairs, place)
        for part in range(n_parts):
            begin = whole_start[base + part]
            end = whole_start[base + part + 1]
            mine = without[PART * begin : PART * end].reshape((end - begin) // points, points, PART)
            if n_parts == 2:
                begin = whole_start[base + 1 - part]
                end = whole_start[base + 2 - part]
                factor = whole[begin:end].reshape((end - begin) // points, points)
                if by_pairs:
                    sum_nodes(mine, pairs[part, :n_pairs], factor, pairs[1 - part, :n_pairs], got)
                else:
                    sum_nodes(mine, pattern[part], factor, pattern[1 - part], got)
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
            numbers = pattern[0] if by_pairs else itself
            for e in range(part_first[base + part], part_first[base + part + 1]):
                total = sums[target[feature[e]]]
                add = got[e - part_first[base + part]]
                for row in range(rows):
                    total[row] += add[numbers[row]]


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
def add_deep(
    codes, rows, deep_value, deep_start, deep_feature, bit_start, bit, pattern_start, patterns, shares,
    part_start, part_first, whole_start, whole, without, change_start, change, target, beta, interventional, sums,
):  # fmt: skip
    """Add SHAP values of the deep leaves to ``sums`` (n_targets, at least n) of rows with these ``codes`` (n_used, n)."""
    if interventional:
        add_deep_interventional(
            codes, rows, deep_value, deep_start, deep_feature, bit_start, bit, target, pattern_start, patterns, shares, beta, sums
        )
    else:
        add_deep_path_dependent(
            codes, rows, deep_start, deep_feature, bit_start, bit, target, part_start, part_first, whole_start, whole, without,
            change_start, change, sums,
        )  # fmt: skip


@jit
def deep_path_dependent(word, value, q, k, nodes, weights, phi, pairs):
    """Compute SHAP values and half the interaction indices of one deep leaf for one pattern, without any division."""
    factor = np.zeros(k)
    behind = np.zeros(k + 1)
    for i in range(k):
        phi[i] = 0.0
    for e in range(k * (k - 1) // 2):
        pairs[e] = 0.0
    for a in range(nodes.shape[0]):
        t = nodes[a]
        for i in range(k):
            factor[i] = q[i] * (1.0 - t) + ((word[i // 63] >> (i % 63)) & 1) * t
        behind[k] = 1.0
        for i in range(k - 1, -1, -1):
            behind[i] = behind[i + 1] * factor[i]
        before = weights[a] * value
        e = 0
        for i in range(k):
            own = ((word[i // 63] >> (i % 63)) & 1) - q[i]
            phi[i] += before * behind[i + 1] * own
            middle = 0.5 * before * own
            for j in range(i + 1, k):
                pairs[e] += middle * behind[j + 1] * (((word[j // 63] >> (j % 63)) & 1) - q[j])
                middle *= factor[j]
                e += 1
            before *= factor[i]


@jit
def deep_interventional(word, value, k, full, begin, end, patterns, shares, beta, phi, pairs):
    """Compute the same against the background's distinct patterns."""
    for i in range(k):
        phi[i] = 0.0
    for e in range(k * (k - 1) // 2):
        pairs[e] = 0.0
    side = np.zeros(k, np.int64)
    for p in range(begin, end):
        covered = True
        for w in range(word.shape[0]):
            if (word[w] | patterns[p, w]) != full[w]:
                covered = False
                break
        if not covered:
            continue
        n = 0
        m = 0
        for i in range(k):
            side[i] = ((word[i // 63] >> (i % 63)) & 1) - ((patterns[p, i // 63] >> (i % 63)) & 1)
            n += side[i] > 0
            m += side[i] < 0
        weight = value * shares[p]
        e = 0
        for i in range(k):
            if side[i] > 0:
                phi[i] += beta[n - 1, m] * weight
            elif side[i] < 0:
                phi[i] -= beta[n, m - 1] * weight
            for j in range(i + 1, k):
                if side[i] > 0 and side[j] > 0:
                    pairs[e] += 0.5 * beta[n - 2, m] * weight
                elif side[i] < 0 and side[j] < 0:
                    pairs[e] += 0.5 * beta[n, m - 2] * weight
                elif side[i] * side[j] < 0:
                    pairs[e] -= 0.5 * beta[n - 1, m - 1] * weight
                e += 1


@jit
def add_deep_pairs(
    codes, rows, deep_value, feature_start, feature, q, bit_start, bit, pair_begin, pair_id, pattern_start, patterns, shares,
    goal, pair_goal, nodes, weights, beta, interventional, sums, pair_sums,
):  # fmt: skip
    """Add the values and pairs of the deep leaves, once per distinct pattern among the rows of the block."""
    most = 1
    for d in range(deep_value.shape[0]):
        most = max(most, feature_start[d + 1] - feature_start[d])
    n_words = max(1, (most + 62) // 63)
    size = 16
    while size < 2 * rows:
        size *= 2
    table = np.zeros(size, np.int64)
    seen = np.zeros((rows, n_words), np.int64)
    phi = np.zeros((rows, most))
    pairs = np.zeros((rows, max(1, most * (most - 1) // 2)))
    known = np.zeros(rows, np.int64)
    word = np.zeros(n_words, np.int64)
    full = np.zeros(n_words, np.int64)
    for d in range(deep_value.shape[0]):
        first = feature_start[d]
        k = feature_start[d + 1] - first
        full[:] = 0
        for i in range(k):
            full[i // 63] |= np.int64(1) << (i % 63)
        table[:] = -1
        n_seen = 0
        for row in range(rows):
            word[:] = 0
            for i in range(k):
                e = first + i
                word[i // 63] |= np.int64(bit[bit_start[e] + codes[feature[e], row]]) << (i % 63)
            index = find(word, seen, table)
            if table[index] < 0:
                table[index] = n_seen
                for w in range(n_words):
                    seen[n_seen, w] = word[w]
                if interventional:
                    deep_interventional(
                        word, deep_value[d], k, full, pattern_start[d], pattern_start[d + 1], patterns, shares, beta, phi[n_seen],
                        pairs[n_seen],
                    )  # fmt: skip
                else:
                    points = (k + 1) // 2
                    deep_path_dependent(
                        word, deep_value[d], q[first : first + k], k, nodes[points, :points], weights[points, :points], phi[n_seen],
                        pairs[n_seen],
                    )  # fmt: skip
                n_seen += 1
            known[row] = table[index]
        for i in range(k):
            total = sums[goal[feature[first + i]]]
            for row in range(rows):
                total[row] += phi[known[row], i]
        for e in range(k * (k - 1) // 2):
            wanted = pair_goal[pair_id[pair_begin[d] + e]]
            if wanted >= 0:
                total = pair_sums[wanted]
                for row in range(rows):
                    total[row] += pairs[known[row], e]
