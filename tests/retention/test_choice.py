"""Contacts under a budget and a capacity, against every possible choice; and the hold-out, drawn with the same chance for everybody."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.retention.choice import choose, draw_holdout

NO_LIMIT = (None, {})


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 20)), min_size=1, max_size=8),
    st.integers(0, 60),
)
def test_half_of_the_best_possible_choice_is_always_reached(people, budget) -> None:
    profit, spend = (np.array(column, np.float64) for column in zip(*people, strict=True))
    order = np.argsort(-profit, kind="stable")
    decisions = choose(order, np.zeros(len(order), bool), profit, spend, NO_LIMIT, float(budget))
    taken = order[decisions == "contact"]
    assert spend[taken].sum() <= budget + 1e-6
    possible = (s for n in range(len(order) + 1) for s in itertools.combinations(range(len(order)), n))
    best = max((profit[list(s)].sum() for s in possible if spend[list(s)].sum() <= budget), default=0.0)
    assert profit[taken].sum() >= best / 2
    if spend.sum() <= budget:
        assert len(taken) == len(order)


def test_an_owner_takes_no_more_than_there_is_room_for() -> None:
    owners = np.array(["x", "x", "y", "x", None], object)
    decisions = choose(np.arange(5), np.zeros(5, bool), np.arange(5, 0, -1.0), np.ones(5), (owners, {"x": 2}), None)
    assert decisions.tolist() == ["contact", "contact", "contact", "beyond capacity", "contact"]


def test_the_hold_out_must_fit_and_uses_nothing_up() -> None:
    held = np.array([True, False, False])
    decisions = choose(np.arange(3), held, np.ones(3), np.full(3, 10.0), NO_LIMIT, 10.0)
    assert decisions.tolist() == ["hold-out", "contact", "beyond budget"]


@given(st.integers(0, 200), st.floats(0, 1), st.integers(0, 100))
def test_the_hold_out_is_the_share_asked_for_in_each_block(n, share, seed) -> None:
    held = draw_holdout(n, share, np.random.default_rng(seed))
    assert len(held) == n
    assert abs(held.sum() - n * share) <= 1
    for start in range(0, n - 19, 20):
        assert abs(held[start : start + 20].sum() - 20 * share) <= 1 + 1e-6
