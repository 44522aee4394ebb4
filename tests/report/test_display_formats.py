"""Texts of the data as the page shows them: nothing unseen, nothing endless."""

from __future__ import annotations

import pytest

from churnpredict.languages.catalogue import language_of
from churnpredict.report.display_formats import label_of, shown


@pytest.mark.parametrize(("text", "seen"), [(None, ""), (float("nan"), ""), (7, "7"), ("a\x00b", "a\ufffdb"), ("a\u202eb", "a\ufffdb")])
def test_what_cannot_be_seen_is_marked(text: object, seen: str) -> None:
    assert shown(text) == seen


@pytest.mark.parametrize(("kind", "most"), [("id", 60), ("text", 600)])
def test_a_long_text_is_cut_and_says_so(kind: str, most: int) -> None:
    assert shown("x" * most, kind) == "x" * most
    assert shown("x" * (most + 1), kind) == "x" * (most - 1) + "…"


def test_a_driver_is_called_as_the_language_calls_it() -> None:
    assert label_of("price", language_of("en")) != label_of("price", language_of("de"))
    assert label_of("of_my_own", language_of("en")) == "of_my_own" or "own" in label_of("of_my_own", language_of("en"))
