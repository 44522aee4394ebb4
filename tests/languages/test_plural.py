"""Plural categories are those of the CLDR, and a rule that cannot be read is refused."""

from __future__ import annotations

import pytest

from churnpredict.languages.catalogue import LANGUAGES, language_of
from churnpredict.languages.plural import plural_chooser

COUNTS = ["0", "1", "2", "3", "4", "5", "11", "12", "21", "22", "25", "100", "101", "102", "111", "1000", "1.5", "0.5"]


def test_plural_rules_are_those_of_the_cldr() -> None:
    """Against the categories that the CLDR gives for these numbers."""
    expected = {
        "en": "other one other other other other other other other other other other other other other other other other",
        "de": "other one other other other other other other other other other other other other other other other other",
        "fr": "one one other other other other other other other other other other other other other other one one",
        "es": "other one other other other other other other other other other other other other other other other other",
        "bg": "other one other other other other other other other other other other other other other other other other",
        "pl": "many one few few few many many many many few many many many few many many other other",
        "ru": "many one few few few many many many one few many many one few many many other other",
        "ar": "zero one two few few few many many many many many other other other many other other other",
    }
    assert set(expected) == set(LANGUAGES)
    for code, named in expected.items():
        spoken = language_of(code)
        choose, categories = plural_chooser(spoken.plural), [*spoken.plural, "other"]
        assert [categories[choose(n)] for n in COUNTS] == named.split(), code


@pytest.mark.parametrize("rule", ["n is 1", "x = 1", "i = 1 nor v = 0"])
def test_a_rule_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        plural_chooser({"one": rule})
