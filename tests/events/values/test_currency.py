"""Amounts of several currencies: converted by declared rates, refused without."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from churnpredict.errors import ContentError, UsageError
from churnpredict.events.values.currency import in_one_currency, read_rates

WHERE = ("orders", "amount")
CODES, NAMES = np.array([0, 1, 0, -1], np.int32), pa.array(["EUR", "USD"])


def test_each_amount_is_worth_its_rate() -> None:
    values = np.array([10.0, 10.0, 5.0, np.nan])  # the currency of a missing amount does not matter
    assert in_one_currency(values, CODES, NAMES, {"EUR": 1, "USD": 0.5}, WHERE) == pytest.approx([10, 5, 5, np.nan], nan_ok=True)


def test_a_currency_without_a_rate_is_refused_with_its_rows() -> None:
    with pytest.raises(ContentError, match=r"2 of 4 rows.*unknown-currency"):
        in_one_currency(np.ones(4), CODES, NAMES, {"EUR": 1}, WHERE)
    with pytest.raises(ContentError, match=r"mixed-currency"):
        in_one_currency(np.ones(4), CODES, NAMES, {}, WHERE)
    euros = in_one_currency(np.ones(2), np.array([0, 0], np.int32), NAMES, {}, WHERE)
    assert euros.tolist() == [1, 1], "one currency needs no rates"


@pytest.mark.parametrize("rates", ["EUR", {"EUR": 0}, {"EUR": "1"}, {"EUR": float("nan")}, {None: 1.0}, {1: 1.0, "1": 2.0}], ids=str)
def test_a_rate_that_is_none_is_refused(rates: object) -> None:
    with pytest.raises(UsageError, match="bad-rate"):
        read_rates(rates, WHERE)  # type: ignore[arg-type]
