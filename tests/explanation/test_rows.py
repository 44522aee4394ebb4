"""The explained row of a customer: by id and cutoff, the newest of several, and never another customer's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from churnpredict.errors import UsageError
from churnpredict.explanation.rows import row_of

CUTOFFS = pd.to_datetime(["2024-02-01", "2024-01-01", "2024-01-01"])
TWICE: Any = SimpleNamespace(index=pd.MultiIndex.from_arrays([["a", "a", "b"], CUTOFFS], names=["customer_id", "cutoff"]))
PLAIN: Any = SimpleNamespace(index=pd.Index([7, 8]))


def test_a_row_is_found_by_customer_and_cutoff() -> None:
    assert row_of(TWICE, "a") == 0
    assert row_of(TWICE, "a", "2024-01-01") == 1
    assert row_of(TWICE, "b") == 2
    assert row_of(PLAIN, 8) == 1
    assert row_of(SimpleNamespace(index=PLAIN.index[:1])) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("why", "customer", "cutoff", "code"),
    [
        (TWICE, None, None, "which-customer"),
        (TWICE, "c", None, "no-such-customer"),
        (TWICE, "b", "2024-02-01", "no-such-customer"),
        (PLAIN, "7", None, "no-such-customer"),
        (PLAIN, 7, "2024-01-01", "no-such-customer"),
    ],
)
def test_a_row_that_is_not_there_is_refused(why: Any, customer: Any, cutoff: str | None, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        row_of(why, customer, cutoff)
