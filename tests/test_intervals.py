"""Wilson's interval holds the share that it surrounds, and covers the truth as often as it says."""

import numpy as np
import pytest

from churnpredict.errors import ChurnError
from churnpredict.intervals import wilson


def test_it_holds_the_share_and_stays_within_0_and_1():
    n = np.repeat(np.arange(1, 60), 60)
    count = np.minimum(np.tile(np.arange(60), 59), n)
    low, high = wilson(count, n)
    assert ((low >= 0) & (low <= count / n) & (count / n <= high) & (high <= 1)).all()


def test_nobody_has_no_interval():
    assert np.isnan(wilson([0], [0])).all()


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_it_covers_the_truth(share):
    count = np.random.default_rng(0).binomial(200, share, 4000)
    low, high = wilson(count, np.full(4000, 200))
    assert ((low <= share) & (share <= high)).mean() == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("level", [0, 1, 95, float("nan")])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ChurnError, match="bad-argument"):
        wilson([1], [2], level)
