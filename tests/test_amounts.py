"""Amounts are compared in cents, whatever binary floating point makes of them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from churnpredict.amounts import SINGLE, at_least, at_most, equal

CENTS = st.integers(-(10**9), 10**9)


@given(CENTS, CENTS)
def test_the_order_of_cents_is_that_of_whole_numbers(a, b):
    x, y = a / 100, b / 100
    assert (bool(at_most(x, y)), bool(at_least(x, y)), bool(equal(x, y))) == (a <= b, a >= b, a == b)


def test_missing_amounts_are_neither_more_nor_less():
    both = np.array([np.nan, 1.0]), np.array([1.0, np.nan])
    assert not (at_most(*both) | at_least(*both) | equal(*both)).any()


def test_features_of_single_precision_are_the_amounts_that_they_hold():
    amounts = np.arange(1, 5000) / 100
    assert equal(amounts.astype(np.float32).astype(float), amounts, SINGLE).all()
    assert not equal(amounts, amounts + 0.01, SINGLE).any()
