"""Words in the names of columns: in ten languages, in any spelling, and only as words of their own."""

from __future__ import annotations

import pytest

from churnpredict.cli.intake.column_words import WORDS, has_word, month_of, tokens


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customerID", ("customer", "id")),
        ("order-date", ("order", "date")),
        ("HTTPStatus", ("http", "status")),
        ("Straße_Nr", ("strasse", "nr")),
        ("zamówienieData", ("zamowienie", "data")),
        ("amount2", ("amount",)),
        ("", ()),
    ],
)
def test_a_name_is_cut_into_its_words(name: str, words: tuple[str, ...]) -> None:
    assert tokens(name) == words


@pytest.mark.parametrize(
    ("role", "there", "other"),
    [
        ("customer", ["customer_id", "Kundennr", "id_cliente", "klient", "müşteri"], ["amount", "order_id"]),
        ("time", ["order_date", "Bestelldatum", "fecha", "timestamp", "data_zamowienia"], ["username", "country"]),
        ("value", ["amount", "Betrag", "importe", "kwota", "prix"], ["customer"]),
        ("failed", ["declined", "past_due", "fehlgeschlagen"], ["paid"]),
    ],
)
def test_a_role_is_read_in_many_languages(role: str, there: list[str], other: list[str]) -> None:
    assert [name for name in there if not has_word(name, role)] == []
    assert [name for name in other if has_word(name, role)] == []


def test_no_word_of_a_role_is_written_as_a_name_never_is() -> None:
    """Words are compared with tokens, which have small letters without accents: any other spelling would never match."""
    for role, words in WORDS.items():
        for word in words.split():
            parts = word.strip("*").split("_")
            assert all(tokens(part) == (part,) for part in parts), (role, word)


@pytest.mark.parametrize(("word", "month"), [("Mar", 3), ("März", 3), ("août", 8), ("paź", 10), ("янв", 1), ("ekim", 10), ("total", None)])
def test_months_are_known_by_name(word: str, month: int | None) -> None:
    assert month_of(word) == month
