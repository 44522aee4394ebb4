"""Curves behind the displays, against counting by hand; ties are crossed as a random order would."""

from __future__ import annotations

import numpy as np
import pytest

from churnpredict.evaluation.curves import gain_curve, profit_curve, reliability_curve, resampled_weights

Y, P = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0, 0]), np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05])


def test_gain_counts_leavers_among_the_highest_risks() -> None:
    assert gain_curve(Y, P, shares=[0, 0.1, 0.2, 0.3, 1]).tolist() == [0, 0.5, 0.5, 1, 1]
    assert gain_curve(Y, np.full(10, 0.2), shares=[0, 0.3, 1]) == pytest.approx([0, 0.3, 1])
    assert np.isnan(gain_curve(np.zeros(4), P[:4], shares=[0.5])).all(), "nobody left: there is no share of leavers"


def test_reliability_has_bins_of_equal_weight() -> None:
    said, seen, n = reliability_curve(Y, P, bins=5)
    assert n.tolist() == [2.0] * 5
    assert said == pytest.approx(P[::-1].reshape(5, 2).mean(axis=1))
    assert seen == pytest.approx(Y[::-1].reshape(5, 2).mean(axis=1))
    assert sum(reliability_curve(Y, P, bins=5, sample_weight=2 * np.ones(10))[2]) == 20


def test_profit_stops_where_a_contact_no_longer_pays() -> None:
    share, profit, stop = profit_curve(Y, P, value=100, offer_cost=10, contact_cost=5, acceptance=0.5)
    promised = P * 0.5 * (100 - 10) - (1 - P) * 10 - 5
    earned = Y * 0.5 * (100 - 10) - (1 - Y) * 10 - 5
    assert share == pytest.approx(np.arange(11) / 10)
    assert profit == pytest.approx(np.r_[0, np.cumsum(earned)] / 10)
    assert stop == pytest.approx(((promised > 0).mean(), earned[promised > 0].sum() / 10))


def test_a_customer_is_drawn_with_all_rows() -> None:
    customers = np.repeat(["a", "b", "c"], [1, 2, 3])
    for weights in resampled_weights(6, customers=customers, rounds=20, random_state=1):
        assert all(len(set(weights[customers == c])) == 1 for c in "abc")
        assert sum(weights[[0, 1, 3]]) == 3
