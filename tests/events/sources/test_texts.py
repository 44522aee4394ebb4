"""Columns of texts: what all of them are, and the mark that carries it from part to part."""

from __future__ import annotations

import pyarrow as pa
import pytest

from churnpredict.events.sources.texts import form_of_column, mark_untyped, shared_form, texts_form


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["1", "-20", "0"], b"whole"),
        (["9223372036854775808"], b"number"),
        (["1", "2.50"], b"number"),
        (["1.5e3", "1e+20"], b"number"),
        (["12E4"], b"words"),
        (["007"], b"words"),
        (["1", "one"], b"words"),
        (["", " ", None], b""),
    ],
    ids=str,
)
def test_a_column_is_what_all_of_its_texts_are(texts: list[str | None], form: bytes) -> None:
    assert texts_form(pa.array(texts, pa.string())) == form


def test_parts_together_are_the_widest_of_their_forms() -> None:
    assert shared_form([b"", b"whole", b"number"]) == b"number"
    assert shared_form([b"whole", b"words", b"number"]) == b"words"
    assert shared_form([]) == b""


def test_the_mark_stands_on_the_columns_without_types_only() -> None:
    rows = mark_untyped(pa.table({"id": ["1"], "n": [1]}), ["id"], b"whole")
    assert {field.name: form_of_column(field) for field in rows.schema} == {"id": b"whole", "n": None}
