"""Columns whose source has no types: texts that may be numbers, and what all of them together turn out to be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.values.columns import MISSING_WORDS

__all__ = ["FORM", "PLAIN_NUMBER", "WORDS", "form_of_column", "mark_untyped", "shared_form", "texts_form"]

FORM = b"churnpredict.form"  # on a field: b"text" where nobody has looked yet, else the result of texts_form for all its values
_WHOLE = r"^(0|-?[1-9][0-9]{0,18})$"  # as a whole number is written: "007" is none
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
_POWER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+[eE][+-]?|[eE][+-])[0-9]+$"  # "1.5e3" and "1e+20"; "12E4" is a label
PLAIN_NUMBER = f"{_NUMBER}|{_POWER}"  # for engines that look themselves
WORDS = b"words"
_WIDER = {b"": 0, b"whole": 1, b"number": 2, b"words": 3}


def mark_untyped(rows: Any, columns: Collection[str], form: bytes = b"text") -> Any:
    """Return a table or batch with a mark on these columns: what all of their texts are, where that has been seen."""
    if not columns:
        return rows
    fields = [f.with_metadata({FORM: form}) if f.name in columns else f for f in rows.schema]
    return type(rows).from_arrays(rows.columns, schema=pa.schema(fields))


def texts_form(values: pa.Array, *, described: bool = False) -> bytes:
    """Return what texts are: ``b"whole"`` numbers within int64, ``b"number"``, ``b"words"``; ``b""`` where there is none.

    Of a ``described`` column, which may be numbers or labels, N/A and NULL stand for nothing, as they do in columns of values.

    >>> texts_form(pa.array(["12", "N/A"])), texts_form(pa.array(["12", "N/A"]), described=True)
    (b'words', b'whole')
    >>> texts_form(pa.array(["12", "-3", None])), texts_form(pa.array(["12", "0.5"])), texts_form(pa.array(["007"]))
    (b'whole', b'number', b'words')
    """
    plain = pc.utf8_trim_whitespace(values)
    nothing = pc.equal(plain, "")
    if described:
        nothing = pc.or_(nothing, pc.is_in(pc.utf8_lower(plain).cast(pa.string()), value_set=pa.array(MISSING_WORDS)))
    values = values.filter(pc.fill_null(pc.invert(nothing), False))
    if not len(values):
        return b""
    if pc.all(pc.match_substring_regex(values, _WHOLE)).as_py():
        try:
            values.cast(pa.int64())
        except pa.ArrowInvalid:
            return b"number"
        return b"whole"
    rest = values.filter(pc.invert(pc.match_substring_regex(values, _NUMBER)))
    powers = not len(rest) or pc.all(pc.match_substring_regex(rest, _POWER)).as_py()
    return b"number" if powers else b"words"


def shared_form(forms: Iterable[bytes]) -> bytes:
    """Return what columns are together of which these are parts."""
    return max(forms, key=lambda f: _WIDER[f], default=b"")


def form_of_column(field: pa.Field) -> bytes | None:
    """Return the mark on a field; None where the source has a type for it."""
    return (field.metadata or {}).get(FORM)
