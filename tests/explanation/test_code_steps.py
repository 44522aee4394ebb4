"""Cells found by comparing codes are the sums of what the codes would have been looked up as."""

from itertools import pairwise

import numpy as np
import pytest
from tests.oracles import shapley as oracle

from churnpredict.explanation import code_steps
from churnpredict.explanation.column_kernels import find_cells
from churnpredict.explanation.treeshap import TreeShap


def random_look(seed):
    """Groups of columns with few and many changes, constant ones, and changes from one column to the next."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 30, rng.integers(1, 25))
    column_start = np.concatenate([[0], np.sort(rng.choice(len(sizes) + 1, 3)), [len(sizes)]])
    lookup_start = np.concatenate([[0], np.cumsum(sizes)])
    changes = rng.random(lookup_start[-1]) < rng.choice([0.0, 0.1, 0.9])
    lookup = rng.integers(0, 1 << 16, lookup_start[-1])[np.maximum.accumulate(np.where(changes, np.arange(lookup_start[-1]), 0))]
    codes = np.array([rng.integers(0, size, 37) for size in sizes]).reshape(len(sizes), 37)
    return column_start, lookup_start, lookup.astype(np.uint16), codes.astype(np.uint16)


def cells(codes, column_start, lookup_start, lookup, steps):
    first, looked_up, *rest = steps
    found = np.zeros((len(column_start) - 1, codes.shape[1]), np.uint16)
    features = np.arange(len(codes))
    for group, goal in enumerate(found):
        begin, end = column_start[group], column_start[group + 1]
        find_cells(codes, goal, begin, end, features, lookup_start, lookup, first[group], looked_up, *rest)
    return found


def slow_cells(codes, column_start, lookup_start, lookup):
    found = np.zeros((len(column_start) - 1, codes.shape[1]), np.int64)
    for group in range(len(column_start) - 1):
        for column in range(column_start[group], column_start[group + 1]):
            found[group] += [lookup[lookup_start[column] + code] for code in codes[column]]
    return (found % (1 << 16)).astype(np.uint16)


@pytest.mark.parametrize("seed", range(40))
def test_steps_add_up_to_what_is_looked_up(seed):
    *look, codes = random_look(seed)
    steps = code_steps.steps_of(*look)
    found = cells(codes, *look, steps)
    assert (found == slow_cells(codes, *look)).all()
    *_, code, add = steps
    if len(code):  # a step one code too late is seen by a row that stands on it
        owner = np.searchsorted(steps[2], 0, side="right") - 1
        codes[owner, 0] = code[0]
        exact = slow_cells(codes, *look)
        assert (cells(codes, *look, steps) == exact).all()
        late = *steps[:3], np.where(np.arange(len(code)) == 0, code + 1, code).astype(np.uint16), add
        assert (cells(codes, *look, late) != exact).any()


def test_many_changes_are_looked_up():
    lookup = np.arange(code_steps.MOST_STEPS + 2, dtype=np.uint16)
    _, looked_up, start, _, _ = code_steps.steps_of(np.array([0, 1]), np.array([0, len(lookup)]), lookup)
    assert looked_up.tolist() == [True]
    assert start.tolist() == [0, 0]


@pytest.mark.parametrize("most", [0, 1, 100])
def test_values_do_not_depend_on_which_columns_are_looked_up(monkeypatch, most):
    for seed in range(8):
        booster, A = oracle.random_booster(seed)
        rows = oracle.hard_rows(booster, A, seed, n=60)
        for background in (None, A[:20]):
            explainer = TreeShap(booster, background, few_rows=0)
            phi, pairs = explainer.shap_values(rows)[0], explainer.interaction_values(rows)[0]
            with monkeypatch.context() as patch:
                patch.setattr(code_steps, "MOST_STEPS", most)
                other = TreeShap(booster, background, few_rows=0)
                assert other.shap_values(rows)[0].tobytes() == phi.tobytes()
                assert other.interaction_values(rows)[0].tobytes() == pairs.tobytes()


@pytest.mark.parametrize("seed", range(10))
def test_codes_of_changes_are_those_found_one_by_one(seed):
    _, start, lookup, _ = random_look(seed)
    where, code = code_steps.codes_of_changes(start, lookup)
    for column, (a, b) in enumerate(pairwise(start)):
        slow = [c for c in range(1, b - a) if lookup[a + c] != lookup[a + c - 1]]
        assert code[where[column] : where[column + 1]].tolist() == slow
    none = code_steps.codes_of_changes(np.zeros(1, np.int64), np.empty(0, np.uint8))
    assert [len(a) for a in none] == [1, 0]
