"""Compiled kernels of exact tree SHAP: lay out the leaves of all trees as flat arrays.

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
    "lay_out_leaves",
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
