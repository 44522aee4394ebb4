"""Compiled kernels of the pairs of leaves that are too deep for a table: once per distinct pattern of a block of rows."""

# A kernel has the types it is compiled for; its branches are its algorithm.
# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: PLR0912

from __future__ import annotations

import numpy as np

from churnpredict.explanation.deep_kernels import find, jit

__all__ = ["add_deep"]


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
def add_deep(
    codes, rows, deep_value, feature_start, feature, q, bit_start, bit, pair_begin, pair_id, pattern_start, patterns, shares,
    goal, pair_goal, nodes, weights, beta, interventional, sums, pair_sums,
):  # fmt: skip
    """Add the deep leaves, once per distinct pattern among the rows of the block."""
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
