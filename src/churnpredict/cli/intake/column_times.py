"""Columns of times: detect them, and how they must be declared; names of columns that are months."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.cli.intake.column_words import has_word, month_of, tokens
from churnpredict.events.values.columns import no_times
from churnpredict.events.values.month_names import name_no_months
from churnpredict.events.values.time_formats import fitting_formats

__all__ = ["header_month", "how_written", "is_number", "lacks_year", "mixed_zones"]

_UNITS = (("s", 1e8, 5e9), ("ms", 1e11, 5e12), ("us", 1e14, 5e15))  # since 1970: what is counted, and from 1973 to 2128
_MINUTES = (195_001_010_000, 22_000_000_000_000)  # digits of a moment, from minutes of 1950 to seconds of 2199
_MOST_DAYS = 60_000  # more than a century of them
_SHEET_DAYS = (29_221, 73_051)  # days as spreadsheets number them, from 1980 to 2100
_LIKELY = (946_684_800, 2_524_608_000)  # seconds from 2000 to 2050: numbers of a column whose name does not say "date"
_MOST_YEARS = 20  # of a log of months whose years have two digits
_MONTH = 31  # numbers of days that span no more are days of a month or of a week
_MONTH_FORMATS = ("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%m-%Y", "%Y%m", "%b %Y", "%b-%Y", "%b-%y", "%b %y", "%Y %b", "%Y-%b")


def is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


_How = tuple[tuple[tuple[str, Any, str], ...], tuple[str, ...]]


def how_written(values: pa.ChunkedArray, name: str) -> _How | None:
    """Return how a column of times must be declared, and what else would read it; None where it holds no times."""
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return (), ()
    if pa.types.is_string(kind):
        seen = pc.drop_null(pc.utf8_trim_whitespace(values))
        seen = seen.filter(pc.invert(no_times(seen))).slice(0, 200).to_pylist()
        if seen and all(re.match(r"\s*\d{4}-\d{2}-\d{2}", v) for v in seen):
            return (), ()
        texts = pc.unique(values)
        texts = texts.filter(pc.invert(pc.fill_null(no_times(pc.utf8_trim_whitespace(texts)), True)))
        forms = fitting_formats(texts) if len(texts) else []
        if not forms and _says_time(name):
            forms = [form for form in _MONTH_FORMATS if _reads(texts, form)]
        digits = forms and "%" in forms[0] and re.fullmatch(r"(%[Ymdy])+", forms[0]) is not None
        if forms and (not digits or _says_time(name)):
            return _formatted(forms)
        if not forms and _says_time(name) and _six_digits(texts):
            return _formatted(["%y%m%d"])
        return _counted_text(texts, name)
    return None if not is_number(kind) else _counted(values, name)


def _reads(texts: pa.Array, form: str) -> bool:
    texts, numbered = name_no_months(pc.utf8_trim_whitespace(texts), form)
    try:
        times = pc.strptime(texts, format=numbered, unit="us", error_is_null=True)
    except pa.ArrowInvalid:
        return False
    years = pc.min_max(pc.year(times)).as_py()
    if not len(times) or times.null_count:
        return False
    days = form in ("%b-%y", "%b %y") and years["max"] - years["min"] > _MOST_YEARS  # "Jun 15" is a day of any year
    return bool(years["min"] >= 1950 and years["max"] < 2200 and not days)


def _six_digits(texts: pa.Array) -> bool:
    """Return whether all texts are a year of two digits, a month and a day, of a few decades."""
    if not pc.all(pc.match_substring_regex(texts, "^[0-9]{6}$")).as_py() or not _reads(texts, "%y%m%d"):
        return False
    years = pc.min_max(pc.year(pc.strptime(texts, format="%y%m%d", unit="us"))).as_py()
    return bool(years["max"] - years["min"] < 60)


def _formatted(forms: Sequence[str]) -> _How:
    first, *others = forms
    why = "format of the times" + "".join(f'; "{form}" would read every row too' for form in others)
    return (("format", first, why),), tuple(others)


def _counted_text(texts: pa.Array, name: str) -> _How | None:
    if not _says_time(name) and not _says_moment(name):
        return None
    try:
        return _counted(pa.chunked_array([pc.utf8_trim_whitespace(texts).cast(pa.float64())]), name)
    except pa.ArrowInvalid:
        return None


def _counted(values: pa.ChunkedArray, name: str) -> _How | None:
    """Return how a column of numbers must be declared: counts of a unit, days of a spreadsheet, or digits of a date."""
    named, told = _says_time(name), _says_moment(name)
    if not named and not told:
        return None
    numbers = values.cast(pa.float64(), safe=False).to_pandas().dropna()
    if numbers.empty:
        return None
    low, high = numbers.min(), numbers.max()
    if named and low >= _MINUTES[0] and high < _MINUTES[1] and _whole_or_sheet(numbers, low, high):
        written = pc.unique(pa.array(numbers.astype("int64")).cast(pa.string()))
        form = "%Y%m%d%H%M" if high < _MINUTES[0] * 100 else "%Y%m%d%H%M%S"
        if _reads(written, form):
            return _formatted([form])
    for unit, first, last in _UNITS:
        per_second = first / _UNITS[0][1]
        if first <= low and high < last and (named or (_LIKELY[0] <= low / per_second and high / per_second < _LIKELY[1])):
            return (("unit", unit, "unit of the times, since 1970"),), ()
    if not named or not _whole_or_sheet(numbers, low, high):
        return None
    texts = pc.unique(pa.array(numbers.astype("int64")).cast(pa.string()))
    dated = texts.filter(pc.not_equal(texts, "0"))  # 0 stands for no day
    if high > 19_000_000 and numbers[numbers != 0].min() > 19_000_000 and _reads(dated, "%Y%m%d"):
        return _formatted(["%Y%m%d"])
    if low >= 10_100 and high < 991_232 and high - low > _MONTH and _six_digits(texts):
        return _formatted(["%y%m%d"])
    if low >= 190_001 and high < 210_013 and _reads(texts, "%Y%m"):
        return _formatted(["%Y%m"])
    words = tokens(name)
    days = words[0] in _DAYS or words[-1] in _DAYS or any(w.startswith("date") for w in words)
    if days and _on_sheet(low, high):
        return (("unit", "excel", "days as spreadsheets number them: 45292 is 2024-01-01"),), ()
    if days and max(abs(low), abs(high)) <= _MOST_DAYS and high - low > _MONTH:
        return (("unit", "d", "numbers of days; day 0 is shown as 1970-01-01"),), ()
    return None


def _on_sheet(low: float, high: float) -> bool:
    return bool(_SHEET_DAYS[0] <= low and high < _SHEET_DAYS[1] and high - low > 1)


def _whole_or_sheet(numbers: pd.Series[float], low: float, high: float) -> bool:
    """Return whether all are whole: only a spreadsheet counts parts of days."""
    return _on_sheet(low, high) or bool((numbers == numbers.round()).all())


_DAYS = {"day", "days", "date", "datum", "tag", "dia", "jour", "giorno", "dzien", "dag", "gun", "день"}


def _says_time(name: str) -> bool:
    """Return whether a word of the name is one of time: "DAY" and "InvoiceDate" are, "days_late" and "response_minutes" are not."""
    words = tokens(name)
    if not words or {"late", "minutes", "hours", "seconds", "count", "calls", "charge", "charges", "mins"} & set(words):
        return False
    return has_word(name, "time") or has_word(name, "period")


_MOMENTS = ("since", "start", "end", "leaving", "planned_end", "recorded", "response", "clerical")


def _says_moment(name: str) -> bool:
    """Return whether a name without a word of time may still be that of a moment: "created", "current_period_end", "session_start_ms".

    Not an id, an amount or a count: a number of ten digits would be read as a time.
    """
    others = has_word(name, "id") or has_word(name, "value") or has_word(name, "quantity") or has_word(name, "person")
    return not others and any(has_word(name, role) for role in _MOMENTS)


def mixed_zones(values: pa.ChunkedArray) -> tuple[int, int]:
    """Return how many texts are times with a time zone, and how many are times without one, where both are in a column; else zeros."""
    texts = pc.utf8_trim_whitespace(values) if pa.types.is_string(values.type) else pa.chunked_array([], pa.string())
    timed = texts.filter(pc.match_substring_regex(texts, r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d"))
    zoned = int(pc.sum(pc.match_substring_regex(timed, r"(Z|UTC|[+-]\d\d(:?\d\d)?)$")).as_py() or 0)
    return (zoned, len(timed) - zoned) if 0 < zoned < len(timed) else (0, 0)


def lacks_year(values: pa.ChunkedArray, name: str) -> bool:
    """Return whether a column holds days and months without a year, such as "15.03.", "15-mar" or "1503"."""
    if not _says_time(name) or not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
        return False
    texts = [str(v).strip() for v in pc.unique(values).drop_null().to_pylist() if str(v).strip()]
    days = {_day_and_month(text) for text in texts}
    return None not in days and len(days) > 3


def _day_and_month(text: str) -> tuple[int, int] | None:
    """Return two numbers, one of which can be a month and the other a day; None for other texts."""
    for pattern in (r"(\d{1,2})(?:st|nd|rd|th)?[-./ ]+(?:de )?(\d{1,2}|[^\W\d_]{3,12})\.?", r"(\d{1,2})(\d\d)"):
        if found := re.fullmatch(pattern, text):
            day, word = int(found[1]), found[2]
            break
    else:
        found = re.fullmatch(r"([^\W\d_]{3,12})\.?[- ]+(\d{1,2})(?:st|nd|rd|th)?", text)
        if not found:
            return None
        day, word = int(found[2]), found[1]
    month = int(word) if word.isdigit() else month_of(word)
    possible = month is not None and 1 <= day <= 31 and 1 <= month <= 31 and min(day, month) <= 12
    return (day, int(month or 0)) if possible else None


def header_month(name: str) -> str | None:
    """Return the first day of the month that the name of a column is, such as "Jan-23", "2023-01", "01/2023" or "März 2023"; None for
    others.
    """
    text = name.strip()
    for pattern, order in ((r"(\d{4})[-/._ ]?(\d{1,2})(?:[-/.]0?1)?", "ym"), (r"(\d{1,2})[-/._ ](\d{4})", "my")):
        found = re.fullmatch(rf"(?:[^\W\d]+[_ -])?{pattern}", text)
        if found:
            year, month = (int(found[1]), int(found[2])) if order == "ym" else (int(found[2]), int(found[1]))
            return f"{year:04d}-{month:02d}-01" if 1 <= month <= 12 and 1950 <= year < 2200 else None
    found = re.fullmatch(r"(?:[^\W\d]+[_ ])??([^\W\d_]{3,10})\.?[-/._ ']*(\d{4}|\d{2})", text)
    if found is None:
        found_back = re.fullmatch(r"(\d{4})[-/._ ]*([^\W\d_]{3,10})\.?", text)
        if found_back is None:
            return None
        word, year_text = found_back[2], found_back[1]
    else:
        word, year_text = found[1], found[2]
    named = month_of(word)
    if named is None:
        return None
    year = int(year_text) + (0 if len(year_text) == 4 else 2000)
    return f"{year:04d}-{named:02d}-01"
