"""Named days: which days they hold, and what part of their effect a week has."""

import numpy as np
import pytest

from churnpredict.model.season.named_spans import NamedSpan, days_inside, share_of_effect


def test_both_ends_are_inside():
    spans = [NamedSpan("closed", 10, 12, 0.1, 0.5), NamedSpan("closed", 20, 20, 0.1, 0.5)]
    assert np.flatnonzero(days_inside(spans, np.arange(30))).tolist() == [10, 11, 12, 20]


def test_a_week_closed_for_half_of_its_days_is_half_as_busy():
    share = share_of_effect(np.array([0.0, 0.5, 1.0]), 0.01)
    assert np.exp(share * np.log(0.01)) == pytest.approx([1.0, 0.505, 0.01])


def test_a_factor_of_one_has_its_share_by_days():
    assert share_of_effect(np.array([0.25]), 1.0) == pytest.approx([0.25])
