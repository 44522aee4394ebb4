"""Percentiles and bands of risks, with ties, and risks that are none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from churnpredict.errors import ModelError
from churnpredict.pipeline.scoring import Ranks, band, check_risks, percentile

RISKS = arrays.arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]))


@given(RISKS)
def test_a_percentile_is_the_share_of_customers_at_no_higher_risk(risk) -> None:
    expected = [100 * sum(other <= one for other in risk) / len(risk) for one in risk]
    assert percentile(risk) == pytest.approx(expected)
    assert Ranks(risk).percentile(risk[:1]) == pytest.approx(expected[:1])


@given(RISKS, st.floats(0.01, 0.99))
def test_a_band_compares_odds_with_those_of_the_base_rate(risk, base) -> None:
    for one, name in zip(risk, band(risk, base), strict=True):
        ratio = np.inf if one == 1 else one / (1 - one) * (1 - base) / base
        if abs(ratio - 2) > 1e-9 and abs(ratio - 0.5) > 1e-9:
            assert name == ("high" if ratio > 2 else "low" if ratio < 0.5 else "medium")


@pytest.mark.parametrize("wrong", [np.nan, -0.1, 1.1, np.inf])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ModelError, match=r"1 of 3 rows.*no-probability"):
        check_risks(np.array([0.1, wrong, 0.2]))
    assert check_risks(np.array([0.0, 1.0])).tolist() == [0, 1]
