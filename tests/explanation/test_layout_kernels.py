"""The layout of leaves: values, covers and conditions of each path, as a plain walk through the trees finds them."""

from __future__ import annotations

import numpy as np
from tests.oracles import shapley as oracle

from churnpredict.explanation.layout_kernels import enlarged, lay_out_leaves
from churnpredict.model.codes import codes_of
from churnpredict.model.trees import EXPLAINABLE_OBJECTIVES, read_trees


def laid_out(seed: int):  # type: ignore[no-untyped-def]
    booster, A = oracle.random_booster(seed)
    trees = read_trees(booster, EXPLAINABLE_OBJECTIVES)
    codes = codes_of(trees)
    counts = np.asarray(trees.internal_count, np.float64), np.asarray(trees.leaf_count, np.float64)
    found = lay_out_leaves(
        trees.node_start, trees.leaf_start, codes.used, trees.left_child, trees.right_child, *counts, trees.leaf_value,
        codes.map_start, codes.goes_left, codes.n_codes,
    )  # fmt: skip
    return booster, A, trees, codes, found


def test_every_leaf_is_laid_out_once_with_its_value() -> None:
    for seed in range(12):
        _, _, trees, _, found = laid_out(seed)
        assert sorted(found[0].tolist()) == sorted(np.asarray(trees.leaf_value).tolist())


def test_the_conditions_of_a_leaf_hold_exactly_for_its_rows() -> None:
    """The value of the one leaf of each tree whose conditions a row satisfies, summed over the trees, is the raw score."""
    for seed in range(8):
        booster, A, trees, codes, found = laid_out(seed)
        value, entry_start, entry_slot, _, entry_ok, ok, slot_feature, _, slot_codes, code_class = found
        encoded = codes.encode(A[:15])
        leaf_start = np.asarray(trees.leaf_start)
        for row in range(encoded.shape[1]):
            satisfied = []
            for leaf in range(len(value)):
                entries = range(entry_start[leaf], entry_start[leaf + 1])
                classes = [code_class[slot_codes[entry_slot[e]] + encoded[slot_feature[entry_slot[e]], row]] for e in entries]
                satisfied.append(all(ok[entry_ok[e] + c] for e, c in zip(entries, classes, strict=True)))
            chosen = np.flatnonzero(satisfied)
            assert len(chosen) == trees.n_trees, "one leaf of each tree"
            assert (np.searchsorted(leaf_start, chosen, side="right") - 1).tolist() == list(range(trees.n_trees))
            assert value[chosen].sum() == np.float64(booster.predict(A[row : row + 1], raw_score=True)[0]) or np.isclose(
                value[chosen].sum(), booster.predict(A[row : row + 1], raw_score=True)[0], rtol=1e-12, atol=1e-12
            )


def test_shares_of_the_cover_multiply_to_that_of_the_leaf() -> None:
    for seed in range(12):
        _, _, trees, _, found = laid_out(seed)
        if trees.n_trees == 0 or not len(trees.internal_count):
            continue
        shares = np.array([np.prod(found[3][a:b]) for a, b in zip(found[1][:-1], found[1][1:], strict=True)])
        assert ((shares >= 0) & (shares <= 1 + 1e-12)).all()
        by_tree = np.add.reduceat(shares, np.asarray(trees.leaf_start)[:-1])
        np.testing.assert_allclose(by_tree, 1.0, rtol=1e-9)


def test_arrays_grow_and_keep_what_they_hold() -> None:
    array = np.arange(4)
    assert enlarged(array, 4) is array or (enlarged(array, 4) == array).all()
    longer = enlarged(array, 5)
    assert len(longer) == 8
    assert longer[:4].tolist() == [0, 1, 2, 3]
