"""Flags: one text for yes and one for no, of one language."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churnpredict.cli.intake.flags import NO, YES, as_flag, is_flag


@pytest.mark.parametrize("texts", [["yes", "no"], ["TRUE", " false"], ["J", "N"], ["Да", "нет"], ["oui", "non"], ["Wahr", "Falsch"]])
def test_a_text_for_yes_and_one_for_no_are_a_flag(texts: list[str]) -> None:
    assert is_flag(texts)


@pytest.mark.parametrize("texts", [["yes"], ["yes", "ja"], ["yes", "no", "maybe"], ["S", "H"], ["wahr", "faux"], []])
def test_other_texts_are_none(texts: list[str]) -> None:
    assert not is_flag(texts)


def test_flags_are_read_as_one_and_zero_and_blanks_as_missing() -> None:
    assert as_flag(pa.chunked_array([["Yes", " no", "", None, "TRUE"]])).to_pylist() == [1, 0, None, None, 1]


def test_no_word_says_both() -> None:
    assert not YES & NO
