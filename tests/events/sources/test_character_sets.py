"""The encoding of a file: by its mark, by being UTF-8, else by the language of its letters."""

from __future__ import annotations

import io

import pytest

from churnpredict.events.sources.character_sets import check_encoding, find_encoding

TEXTS = {
    "German": "Größe;Straße;Müller;Köln;Jürgen;schön;Gebäude;übrig;Käse\n",
    "Polish": "Łódź;książka;żółty;ćwiczenie;źródło;święto;pięć;miesiąc\n",
    "Russian": "Москва;заказ;клиент;оплата;товары;письмо;дата\n",
}


@pytest.mark.parametrize(("name", "encoding"), [("German", "cp1252"), ("Polish", "cp1250"), ("Russian", "cp1251"), ("Russian", "koi8-r")])
def test_letters_tell_the_encoding(name: str, encoding: str) -> None:
    found, _, why = find_encoding(io.BytesIO(TEXTS[name].encode(encoding)))
    assert TEXTS[name].encode(encoding).decode(found) == TEXTS[name]
    assert name in why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["id,name\n1,ä\n" * 50, "id,n\n1,2\n" * 50], ids=["letters", "ascii"])
def test_unicode_is_found_with_and_without_its_mark(encoding: str, text: str) -> None:
    found, others, _ = find_encoding(io.BytesIO(text.encode(encoding)))
    assert text.encode(encoding).decode(found).removeprefix("\ufeff") == text
    assert others == ()


def test_names_of_encodings_are_pythons() -> None:
    assert check_encoding("latin1") == "iso8859-1"
    assert check_encoding("ANSI") == "cp1252"
    assert check_encoding("klingon") is None
    assert check_encoding("rot13") is None, "it encodes no text as bytes"
