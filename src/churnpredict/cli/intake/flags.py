"""Columns of yes and no, in the words of ten languages."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NO", "YES", "as_flag", "is_flag"]

_YES = {"yes", "true", "y", "t", "ja", "oui", "si", "sí", "sim", "tak", "да", "evet", "1"}
_NO = {"no", "false", "n", "f", "nein", "non", "nao", "não", "nie", "nee", "нет", "hayir", "hayır", "0"}
_PAIRS = (*("jn", "sn", "on", "eh", "дн"), ("wahr", "falsch"), ("vrai", "faux"))  # "S" beside "H" is a side of a ledger
_FLAGS = [{yes, no} for yes in _YES for no in _NO] + [set(pair) for pair in _PAIRS]
YES = frozenset({*_YES, *(pair[0] for pair in _PAIRS)})
NO = frozenset({*_NO, *(pair[1] for pair in _PAIRS)})


def is_flag(texts: Collection[object]) -> bool:
    """Return whether distinct texts are one for yes and one for no, of one language.

    >>> is_flag(["ja", "Nein"]), is_flag(["yes", "maybe"])
    (True, False)
    """
    return len(texts) == 2 and {str(t).strip().lower() for t in texts} in _FLAGS


def as_flag(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts of yes and no as 1 and 0; missing where there is none."""
    said = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    yes = pc.is_in(said, pa.array(sorted(YES))).cast(pa.int8())
    return pc.if_else(pc.fill_null(pc.equal(said, ""), True), pa.scalar(None, pa.int8()), yes)
