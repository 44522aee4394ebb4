"""Times as text in ISO 8601, and in the similar forms that databases and programming languages write."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError
from churnpredict.events.values.columns import MISSING_TOLD, no_times, warn_if_any
from churnpredict.events.values.numbers import numbers_of_texts
from churnpredict.events.values.time_formats import fitting_formats
from churnpredict.events.values.time_units import fitting_units, unit_remedy
from churnpredict.moments import ISO_VARIANTS

__all__ = ["parse_iso"]

_ZONED = r"[T ].*(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$"
_REWRITTEN = (
    (r"^-infinity$", "0001-01-01"),  # PostgreSQL's: both become placeholders
    (r"^\+?infinity$", "9999-12-31"),
    *ISO_VARIANTS,
)


def parse_iso(text: pa.Array, table: str, name: str) -> pa.Array:
    """Return texts as timestamps, with a zone (UTC) where they carry one.

    Raises
    ------
    TimeError
        ``mixed-zones``, ``not-iso``, ``epoch-unit``.
    """
    text = pc.utf8_trim_whitespace(text)
    zoned = pc.match_substring_regex(text, _ZONED)
    if pc.any(zoned).as_py() in (None, pc.all(zoned).as_py()):
        try:
            return text.cast(_target(zoned))
        except pa.ArrowInvalid:
            pass
    coded = text.dictionary_encode()
    written = _without_missing(coded, table, name)
    endless = pc.match_substring_regex(written, r"^[+-]?infinity$", ignore_case=True)
    for pattern, instead in _REWRITTEN:
        written = pc.replace_substring_regex(written, f"(?i){pattern}" if "infinity" in pattern else pattern, instead)
    zoned = pc.match_substring_regex(pc.if_else(endless, None, written), _ZONED)
    if pc.any(zoned).as_py() and not pc.all(zoned).as_py():
        raise TimeError(
            "mixed-zones",
            "some times carry a time zone and some do not",
            table=table,
            column=name,
            rows=pc.sum(zoned.take(coded.indices)).as_py(),
            total=len(text),
            remedy="Write all of them with a zone, or all without.",
        )
    if pc.any(zoned).as_py():
        written = pc.if_else(pc.fill_null(endless, False), pc.binary_join_element_wise(written, "T00:00:00Z", ""), written)
    target = _target(zoned)
    try:
        return written.cast(target).take(coded.indices)
    except pa.ArrowInvalid:
        pass  # the reader's own message quotes the value
    good = pa.array([v is None or _castable(v, target) for v in written.to_pylist()])
    raise not_iso(coded.dictionary.filter(pc.invert(good)), written, pc.invert(good).take(coded.indices), table, name)


def _target(zoned: pa.Array) -> pa.DataType:
    return pa.timestamp("us", "UTC") if pc.any(zoned).as_py() else pa.timestamp("us")


def _without_missing(coded: pa.DictionaryArray, table: str, name: str) -> pa.Array:
    """Return the distinct texts, null where they are words for missing; these are counted."""
    texts = coded.dictionary
    missing = no_times(texts)
    words = pc.and_(missing, pc.not_equal(texts, ""))
    rows = pc.sum(words.take(coded.indices)).as_py() or 0
    warn_if_any("missing-words", MISSING_TOLD, (table, name), rows, len(coded), "Leave missing values empty.")
    return pc.if_else(missing, None, texts)


def not_iso(bad: pa.Array, written: pa.Array, wrong: pa.Array, table: str, name: str) -> TimeError:
    """Return the error for texts that are not ISO 8601: numbers lack a unit, others a format."""
    fitting = " or ".join(f'format="{form}"' for form in fitting_formats(written))
    numbers, _, unread = numbers_of_texts(written.drop_null())
    if unread is None and not fitting:
        units = fitting_units(numbers)
        remedy = f"Declare the unit: {unit_remedy(units) or 'unit=...'}."
        return TimeError("epoch-unit", "times are numbers without a unit", table=table, column=name, remedy=remedy)
    return TimeError(
        "not-iso",
        "times are text that is not ISO 8601",
        table=table,
        column=name,
        rows=pc.sum(wrong).as_py(),
        total=len(wrong),
        examples=bad.to_pylist()[:3],
        remedy=f"Declare the format: {fitting}."
        if fitting
        else 'Write them as "2024-09-01" or "2024-09-01T13:45:00", or convert the column to timestamps.',
    )


def _castable(value: str, target: pa.DataType) -> bool:
    try:
        pa.scalar(value).cast(target)
    except pa.ArrowInvalid:
        return False
    return True
