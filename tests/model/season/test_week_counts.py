"""Weekly counts add up over parts of the customers."""

import numpy as np
import pytest

from churnpredict.model.season.week_counts import WeekCounts, merge_counts


def _counts(n: int, seed: int, moment: int = 0) -> WeekCounts:
    rng = np.random.default_rng(seed)
    shape = n + 1, n
    return WeekCounts(moment, rng.integers(0, 9, shape), rng.integers(0, 9, shape), rng.integers(0, 9, 7), 5, 7 * n)


def test_parts_of_different_lengths_add_up_at_the_end_that_they_share():
    long, short = _counts(6, 0), _counts(3, 1)
    both = long + short
    assert both.n_weeks == 6
    assert (both.by_ends[:4, :3] == long.by_ends[:4, :3] + short.by_ends).all()
    assert (both.by_ends[4:] == long.by_ends[4:]).all()
    assert (both.people, both.days) == (10, 42)


def test_the_order_of_parts_does_not_matter():
    parts = [[_counts(n, n)] for n in (3, 5, 4)]
    one, other = merge_counts(parts)[0], merge_counts(parts[::-1])[0]
    assert (one.by_ends == other.by_ends).all()
    assert (one.by_first == other.by_first).all()
    assert (one.weekdays == other.weekdays).all()


def test_counts_before_two_moments_are_refused():
    with pytest.raises(ValueError, match="two different moments"):
        _counts(3, 0) + _counts(3, 0, moment=7)
