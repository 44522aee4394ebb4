"""Columns of amounts that are texts for the words between them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.cli.intake.column_words import has_word
from churnpredict.cli.intake.id_names import is_id
from churnpredict.events.values.amounts import NumberFormat, read_amounts

__all__ = ["numbers_between_words"]


def numbers_between_words(values: pa.ChunkedArray, column: str) -> pa.ChunkedArray | None:
    """Return amounts between which words such as NULL, \\N or a dash stand for nothing, as the tables read them; None for other columns.

    Of ids such a word may be a customer who is nobody: they stay texts. So do amounts in several currencies, of which each needs its own.
    """
    if not pa.types.is_string(values.type) or is_id(column) or not any(has_word(column, r) for r in ("best_value", "value", "price")):
        return None
    found = read_amounts(values.combine_chunks(), NumberFormat())  # files with other signs are read with these
    return pa.chunked_array([found.values]) if found.whole and not pc.all(found.missing).as_py() else None
