"""Rows explained block after block: both ways of adding give the same, and the space of a block serves models of any size."""

import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.explanation import block_sums, column_kernels, treeshap
from churnpredict.explanation.treeshap import TreeShap


def test_the_kernel_has_the_same_lanes():
    assert (block_sums.LANES, block_sums.GROUPS) == (column_kernels.LANES, column_kernels.GROUPS)


@pytest.mark.parametrize("seed", range(20))
def test_few_sums_added_four_at_a_time_are_those_added_one_by_one(seed, monkeypatch):
    booster, A = oracle.random_booster(seed)
    rows = oracle.hard_rows(booster, A, seed)
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, rng.integers(1, 21), booster.num_feature())
    shap = TreeShap(booster, few_rows=0)
    for target in (None, groups):
        together = shap.shap_values(rows, groups=target)[0]
        with monkeypatch.context() as patch:
            patch.setattr(treeshap, "FEW_TARGETS", 0)
            assert shap.shap_values(rows, groups=target)[0].tobytes() == together.tobytes()


def test_space_grows_with_the_tables_and_begins_at_a_line_of_the_cache():
    room = block_sums.Room(3, 10)
    for cells in (8, 512, 16):
        found, quads, tables = room.for_few(7, 3, cells)
        assert found.shape == (4, 7)
        assert quads.shape == (1, 28)
        assert len(tables) >= 16 * cells
        assert tables.ctypes.data % 64 == quads.ctypes.data % 64 == 0
    assert room.for_few(10, 4, 8)[1].shape == (2, 40)  # one more for the score
