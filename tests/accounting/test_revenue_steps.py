"""Steps of revenue: changes at one moment are one, and each belongs to the period that it opens or closes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.accounting.recurring import Holdings
from churnpredict.accounting.revenue_steps import Steps
from churnpredict.clock import OPEN
from churnpredict.errors import ContentError


def held(*rows: tuple[int, int, int, int], cut: bool = False, keeps: bool = False) -> Holdings:
    """Rows of owner, start, end, cents."""
    owners, starts, ends, cents = (np.array(c, np.int64) for c in zip(*rows, strict=True))
    flags = np.full(len(rows), cut), np.full(len(rows), keeps) & (cents == 0), cents == 0
    return Holdings(owners.astype(np.int32), starts, ends, cents, *flags)


def test_a_renewal_at_the_same_moment_is_one_step_that_opens() -> None:
    found = Steps.of(held((0, 10, 20, 500), (0, 20, OPEN, 700)), "contracts")
    assert found.times.tolist() == [10, 20]
    assert (found.before.tolist(), found.after.tolist()) == ([0, 500], [500, 700])
    assert found.opens.tolist() == [True, True]
    assert (found.here_before.tolist(), found.here_after.tolist()) == ([False, True], [True, True])


def test_an_end_closes_the_period_and_a_cut_opens_one() -> None:
    edges = np.array([0, 10, 20, 30])
    assert Steps.of(held((0, 10, 20, 500)), "contracts").places(edges).tolist() == [1, 1]
    assert Steps.of(held((0, 10, 20, 500), cut=True), "contracts").places(edges).tolist() == [1, 2]
    assert Steps.of(held((0, 5, 40, 500)), "contracts").places(edges[1:]).tolist() == [-1, 2], "before the first, after the last"


def test_a_free_contract_keeps_only_those_who_paid_before() -> None:
    free = Steps.of(held((0, 10, 20, 500), (0, 20, 30, 0), (1, 10, 20, 0), keeps=True), "contracts")
    assert free.here_after.tolist() == [True, True, False, False, False]
    assert free.free_after.tolist() == [False, True, False, True, False]


def test_steps_of_one_day_are_one() -> None:
    found = Steps.of(held((0, 10, 11, 500), (0, 12, OPEN, 700), (1, 13, OPEN, 100)), "contracts")
    one, first = found.together(found.times // 10)
    assert first.tolist() == [0, 3]
    assert (one.before.tolist(), one.after.tolist()) == ([0, 0], [700, 100])
    assert found.of_customers(1, 2) == slice(3, 4)


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(ContentError, match="negative-revenue"):
        Steps.of(held((0, 10, 20, 500), (0, 12, 15, -600)), "contracts")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(1, 5), st.integers(0, 3)), min_size=1, max_size=12))
def test_revenue_at_any_moment_is_the_sum_of_what_runs(rows: list[tuple[int, int, int, int]]) -> None:
    given_rows = sorted((o, s, s + n, 100 * c) for o, s, n, c in rows)
    found = Steps.of(held(*given_rows), "contracts")
    for owner in range(3):
        own = found.owners == owner
        for moment in range(15):
            past = own & (found.times <= moment)
            level = int(found.after[past][-1]) if past.any() else 0
            assert level == sum(c for o, s, e, c in given_rows if o == owner and s <= moment < e)
