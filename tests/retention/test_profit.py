"""Expected profit and spend of contacts, against a simulation of who leaves and who accepts."""

from __future__ import annotations

import numpy as np
import pytest

from churnpredict.retention.profit import Offer, contact_profit, contact_spend, profit_interval


def an_offer(n: int = 50) -> Offer:
    rng = np.random.default_rng(0)
    return Offer(rng.uniform(0.05, 0.9, n), rng.uniform(50, 300, n), np.full(n, 10.0), np.full(n, 0.3), 2.0)


def test_profit_and_spend_are_those_of_a_simulation() -> None:
    offer, rng = an_offer(), np.random.default_rng(1)
    leaves, accepts = (rng.random((20_000, 50)) < share for share in (offer.risk, offer.acceptance))
    earned = np.where(leaves, accepts * (offer.value - 10), -10.0) - 2
    spent = np.where(leaves, accepts * 10, 10.0) + 2
    assert contact_profit(offer) == pytest.approx(earned.mean(axis=0), abs=5 * (earned.std(axis=0) / 20_000**0.5).max())
    assert contact_spend(offer) == pytest.approx(spent.mean(axis=0), abs=5 * (spent.std(axis=0) / 20_000**0.5).max())


def test_the_interval_holds_the_value_and_widens_with_its_level() -> None:
    offer = an_offer()
    value, low, high = profit_interval(offer)
    assert value == pytest.approx(contact_profit(offer).sum())
    assert low < value < high
    assert profit_interval(offer) == (value, low, high), "the same draws each time"
    wider = profit_interval(offer, level=0.99)
    assert wider.low < low
    assert high < wider.high
    assert profit_interval(Offer(*(column[:0] for column in offer[:4]), 2.0)) == (0, 0, 0)
