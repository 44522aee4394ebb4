"""Parts of the customers add up to the whole."""

import numpy as np
import pytest

from churnpredict.model.season.leaving_counts import PERIODS, LeavingCounts


def _counts(seed: int, moment: int = 7) -> LeavingCounts:
    at_risk, left = np.random.default_rng(seed).integers(0, 9, (2, PERIODS, 5))
    return LeavingCounts(moment, at_risk, left, 30)


def test_parts_add_up_and_other_moments_do_not():
    both = _counts(0) + _counts(1)
    assert np.array_equal(both.at_risk, _counts(0).at_risk + _counts(1).at_risk)
    assert np.array_equal(both.left, _counts(0).left + _counts(1).left)
    assert (both.moment, both.lag) == (7, 30)
    with pytest.raises(ValueError, match="two different moments"):
        _counts(0) + _counts(1, moment=8)
