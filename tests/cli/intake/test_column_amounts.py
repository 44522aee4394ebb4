"""Words for nothing between amounts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cli.intake.profiles import profile_of


@pytest.mark.parametrize("word", ["NULL", "\\N", "-", "n/a", ""])
def test_amounts_between_words_for_nothing_are_numbers(word: str, tmp_path: Path) -> None:
    """As the tables read them: a dump with NULL in it has amounts all the same. A customer called so stays a text."""
    rows = [f"{word if i % 3 == 0 else 7000 + i},{word if i % 4 == 0 else f'{i}.25'}" for i in range(40)]
    found = profile_of(tmp_path, "dump", "customer_id,amount", rows).columns
    assert found["amount"].kind == "number"
    assert found["amount"].numbers[:5].tolist()[1:4] == [1.25, 2.25, 3.25]
    assert np.isnan(found["amount"].numbers[[0, 4, 8]]).all()
    assert word == "" or found["customer_id"].kind == "text"


def test_german_amounts_between_dashes_are_numbers(tmp_path: Path) -> None:
    rows = [f"c{i};{'-' if i % 4 == 0 else f'1.{100 + i},50'}" for i in range(40)]
    found = profile_of(tmp_path, "umsatz", "kunde;betrag", rows).columns["betrag"]
    assert (found.kind, found.numbers[1], found.numbers[39]) == ("number", 1101.5, 1139.5)


def test_amounts_beside_other_words_stay_texts(tmp_path: Path) -> None:
    rows = [f"c{i},{'free' if i % 4 == 0 else f'{i}.25'}" for i in range(40)]
    assert profile_of(tmp_path, "dump", "customer_id,amount", rows).columns["amount"].kind == "text"
