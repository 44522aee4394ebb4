"""Lengths of time as seconds: the type for them that a source has, and texts such as 00:04:29."""

from __future__ import annotations

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.values.columns import MISSING_WORDS, is_text

__all__ = ["in_seconds"]

# Three fields only: 04:29 may be minutes and seconds, or hours and minutes. pandas writes "0 days 00:04:29", Python "1 day, 0:04:29".
_WRITTEN = r"^(?:(?P<days>[0-9]+) days?,? )?(?P<hours>[0-9]{1,5}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9](?:[.,][0-9]{1,9})?)$"
_FIRST = 100
_SECONDS = {"days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}
_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def in_seconds(values: pa.Array) -> pa.Array | None:
    """Return lengths of time as seconds, float64, shape (n,); None where these are none, or not all of them.

    >>> in_seconds(pa.array(["00:04:29", "25:00:00.5", None])).to_pylist()
    [269.0, 90000.5, None]
    """
    kind = values.type
    if pa.types.is_duration(kind) or pa.types.is_time(kind):  # a spreadsheet has one type for both: 00:04:29 is a time of day there
        return pc.divide(values.cast(pa.int64() if kind.bit_width == 64 else pa.int32()).cast(pa.float64()), float(_A_SECOND[kind.unit]))
    if not is_text(kind):
        return None
    for part in (values.slice(0, _FIRST), values):  # most texts are none: the first ones say so
        trimmed = pc.utf8_trim_whitespace(part)
        known = pc.if_else(pc.is_in(pc.utf8_lower(trimmed), pa.array(MISSING_WORDS)), None, trimmed)
        fields = pc.extract_regex(known, _WRITTEN)
        if fields.null_count > known.null_count:
            return None
    if known.null_count == len(known):
        return None
    return reduce(pc.add, (pc.multiply(_numbers(pc.struct_field(fields, name)), factor) for name, factor in _SECONDS.items()))


def _numbers(digits: pa.Array) -> pa.Array:
    """Return the digits of one field as float64; a field that is not written, such as days, is 0."""
    return pc.if_else(pc.equal(digits, ""), "0", pc.replace_substring(digits, ",", ".")).cast(pa.float64())
