"""Names of months in ten languages: each form has one number, and dates are read by them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churnpredict.events.values.month_names import MONTHS, NAMES, bare, name_no_months


@pytest.mark.parametrize("language", NAMES)
def test_every_form_of_a_month_is_its_number(language: str) -> None:
    months = NAMES[language].split("|")
    assert len(months) == 12
    for number, forms in enumerate(months, 1):
        for form in forms.split():
            assert MONTHS[bare(form.upper())] == number
            texts, how = name_no_months(pa.array([f"5 {form} 2024", f"6 {form}. 2024"]), "%d %B %Y")
            assert texts.to_pylist() == [f"5 ~{number:02} 2024", f"6 ~{number:02} 2024"]
            assert how == "%d ~%m %Y"


def test_ordinal_days_lose_their_endings_and_other_formats_are_left_alone() -> None:
    assert name_no_months(pa.array(["1st of May, 2024", "2nd of June, 2024"]), "%d of %B, %Y")[0].to_pylist() == [
        "1 of ~05, 2024",
        "2 of ~06, 2024",
    ]
    texts = pa.array(["2024-05-01"])
    assert name_no_months(texts, "%Y-%m-%d") == (texts, "%Y-%m-%d")
