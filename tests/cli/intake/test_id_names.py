"""Names that are those of ids, and words that only look like it."""

from __future__ import annotations

import pytest

from churnpredict.cli.intake.id_names import is_id


@pytest.mark.parametrize(
    "name", ["userid", "customerID", "N° abonné", "Nº conta", "No Client", "Kundennr", "msisdn_no", "uid", "order number"]
)
def test_ids(name: str) -> None:
    assert is_id(name)


@pytest.mark.parametrize("name", ["paid", "prepaid", "is_valid", "no_show", "No answer", "number of calls", "amount", "grid"])
def test_words_that_look_like_ids(name: str) -> None:
    assert not is_id(name)
