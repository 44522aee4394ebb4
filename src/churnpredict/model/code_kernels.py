"""Compiled kernels that turn rows into codes, and codes into raw scores of trees.

A *code* is the number of the interval between two thresholds of a feature into which a value falls. No branch of a tree is followed: the
leaves of a tree are the bits of a word, and each split clears the bits of the leaves that a row cannot reach.

An example: a tree asks "x <= 3", and to the left of it "y <= 5". Its leaves are, from left to right, 0 (x <= 3, y <= 5), 1 (x <= 3, y > 5)
and 2 (x > 3). A row with x > 3 goes right at the first split, which clears the leaves 0 and 1 to the left of it; a row with y > 5 goes
right at the second, which clears leaf 0. For x = 1 and y = 9 the leaves 1 and 2 are left, and the lowest one, 1, is the row's leaf.

Imported only when they pay: numba costs the better part of a second. Every kernel has one signature, is cached on disk and releases
the interpreter lock.
"""

# A kernel has the types it is compiled for; its branches are its algorithm.
# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: PLR0912, PLR0124

from __future__ import annotations

import numba
import numpy as np

__all__ = ["LEAVES", "add_up_leaves", "encode", "split_codes"]

jit = numba.njit(cache=True, nogil=True, error_model="numpy")
TILE = 32  # rows encoded together, so that a tile of the matrix stays in the fastest cache
BLOCK = 512  # rows scored together, so that their codes stay in the second cache
LEAVES = 32  # bits of a word
ALL = np.uint32(0xFFFFFFFF)
DE_BRUIJN = np.uint32(0x077CB531)  # times a power of two: the five highest bits tell which


@jit
def encode(values, first, last, features, is_categorical, edges, edge_start, flush, codes):
    """Bin rows ``first:last`` of ``values`` (n, F) into ``codes`` (n_used, at least last - first): the interval, or the category.

    Interval c of a numeric feature is (edge c - 1, edge c], NaN comes after the last. A category that no split names, NaN and
    negatives share the last code. Magnitudes up to ``flush`` are zero. The search goes level by level over a tile of rows: no step
    waits for the one before.
    """
    column = np.zeros(TILE)
    base = np.zeros(TILE, np.int64)
    for top in range(first, last, TILE):
        rows = min(TILE, last - top)
        for u in range(features.shape[0]):
            feature = features[u]
            n_edges = edge_start[u + 1] - edge_start[u]
            own = edges[edge_start[u] : edge_start[u + 1]]
            goal = codes[u, top - first : top - first + rows]
            for row in range(rows):
                value = values[top + row, feature]
                if -flush <= value <= flush:
                    value = 0.0  # as LightGBM does with every row before its trees see it
                if is_categorical[u]:
                    # LightGBM truncates towards zero, and values that do not fit an int are not categories
                    value = np.floor(value) if value >= 0.0 else (0.0 if value > -1.0 else -1.0)
                column[row] = value
                base[row] = 0
            length = n_edges
            while length > 1:
                half = length >> 1
                for row in range(rows):
                    base[row] += half if own[np.uint64(base[row] + half - 1)] < column[row] else 0
                length -= half
            if is_categorical[u]:
                for row in range(rows):
                    goal[row] = base[row] if n_edges > 0 and own[base[row]] == column[row] else n_edges
            else:
                for row in range(rows):
                    value = column[row]
                    goal[row] = base[row] + (own[np.uint64(base[row])] < value) if value == value else n_edges + 1


@jit
def split_codes(used, edge_of, decision, bitset, bitset_start, words, edges, edge_start, zero, zero_low, zero_high, map_start, goes_left):
    """Decide for every node which codes of its feature go left: LightGBM's rule, evaluated once per code instead of once per row.

    ``zero[u]`` is the code of 0.0; codes ``zero_low[u]..zero_high[u]`` are what LightGBM takes for zero.
    """
    for node in range(used.shape[0]):
        u = used[node]
        n_edges = edge_start[u + 1] - edge_start[u]
        at = map_start[node]
        if decision[node] & 1:
            begin = bitset_start[bitset[node]]
            n_bits = (bitset_start[bitset[node] + 1] - begin) * 32
            for code in range(n_edges):
                category = np.int64(edges[edge_start[u] + code])
                goes_left[at + code] = category < n_bits and (np.int64(words[begin + (category >> 5)]) >> (category & 31)) & 1
            goes_left[at + n_edges] = 0
            continue
        default = (decision[node] >> 1) & 1
        missing = (decision[node] >> 2) & 3
        for code in range(n_edges + 1):
            goes_left[at + code] = code <= edge_of[node]
        if missing == 1:
            for code in range(zero_low[u], zero_high[u] + 1):
                goes_left[at + code] = default
        goes_left[at + n_edges + 1] = default if missing == 2 else goes_left[at + zero[u]]


@jit
def add_up_leaves(
    values, features, is_categorical, edges, edge_start, flush, entry_start, entry_feature, entry_low, entry_width, entry_word, entry_mask,
    word_start, leaf_value, model_start, out,
):  # fmt: skip
    """Write raw scores of ``values`` (n, F) into ``out`` (n_models, n), tree after tree, as LightGBM adds them.

    Trees ``model_start[m]:model_start[m + 1]`` are those of model m.

    A tree's leaves are bits, from left to right. Each entry names codes of one feature with which a row goes right at some node, and
    clears the leaves to the left of that node; the lowest bit that is left is the row's leaf. No step waits for the one before.
    ``leaf_value`` has 32 places for each word of 32 leaves, in the order of ``DE_BRUIJN``.
    """
    n_rows = values.shape[0]
    model_of = np.zeros(entry_start.shape[0], np.int64)
    for model in range(model_start.shape[0] - 1):
        model_of[model_start[model] : model_start[model + 1]] = model
    most_words = 1
    for tree in range(word_start.shape[0] - 1):
        most_words = max(most_words, word_start[tree + 1] - word_start[tree])
    block = min(BLOCK, n_rows)
    codes = np.empty((max(1, features.shape[0]), block), np.uint16)
    alive = np.empty((most_words, block), np.uint32)
    for top in range(0, n_rows, BLOCK):
        rows = min(BLOCK, n_rows - top)
        encode(values, top, top + rows, features, is_categorical, edges, edge_start, flush, codes)
        out[:, top : top + rows] = 0.0
        for tree in range(entry_start.shape[0] - 1):
            total = out[model_of[tree], top : top + rows]
            words = word_start[tree + 1] - word_start[tree]
            for word in range(words):
                mine = alive[word]
                for row in range(rows):
                    mine[row] = ALL
            for entry in range(entry_start[tree], entry_start[tree + 1]):
                code = codes[entry_feature[entry]]
                mine = alive[entry_word[entry]]
                low = entry_low[entry]
                width = entry_width[entry]
                mask = entry_mask[entry]
                for row in range(rows):
                    mine[row] &= mask if np.uint16(code[row] - low) <= width else ALL
            at = LEAVES * word_start[tree]
            if words == 1:
                own = leaf_value[at : at + LEAVES]
                mine = alive[0]
                for row in range(rows):
                    lowest = np.uint32(mine[row] & (~mine[row] + np.uint32(1)))
                    total[row] += own[np.uint32(lowest * DE_BRUIJN) >> np.uint32(27)]
            else:
                for row in range(rows):
                    word = 0
                    while word < words - 1 and alive[word, row] == 0:
                        word += 1
                    lowest = np.uint32(alive[word, row] & (~alive[word, row] + np.uint32(1)))
                    total[row] += leaf_value[at + LEAVES * word + (np.uint32(lowest * DE_BRUIJN) >> np.uint32(27))]
