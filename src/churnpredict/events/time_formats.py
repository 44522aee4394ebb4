"""Times as people write them: text that is read by a declared format, and which format would read a text."""

from __future__ import annotations

import datetime
import re

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError
from churnpredict.events.columns import MISSING_TOLD, MISSING_WORDS, warn_if_any

__all__ = ["fitting_formats", "read_formatted"]

_DAYS = ("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y")
_MONTHS = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y")  # both read long names too
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = tuple(day + clock for clock in _CLOCKS for day in (*_DAYS, *_MONTHS))
_YEARS = (1900, 2200)  # "1/2/11" is no day of the year 11


def _parsed(text: pa.Array, form: str) -> pa.Array:
    return pc.strptime(text, format=form, unit="us", error_is_null=True)


def fitting_formats(values: pa.Array) -> list[str]:
    """The formats that read every value; two where nothing tells day from month.

    >>> fitting_formats(pa.array(["31.12.2023", "1.2.2024"]))
    ['%d.%m.%Y']
    >>> fitting_formats(pa.array(["1/2/2024 8:05", "3/4/2024 17:40"]))
    ['%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M']
    """
    text = pc.unique(pc.utf8_trim_whitespace(values)).drop_null()
    return [form for form in _FORMATS if len(text) and _fits(text.slice(0, 20), form) and _fits(text, form)]


def _fits(text: pa.Array, form: str) -> bool:
    times = _parsed(text, form)
    if times.null_count:
        return False
    years = pc.year(times)
    return bool(pc.min(years).as_py() >= _YEARS[0] and pc.max(years).as_py() < _YEARS[1])


def read_formatted(text: pa.Array, form: str, *, table: str, name: str) -> pa.Array:
    """Times from texts, or from whole numbers that are written like one (20240131): wall times, or UTC where the format has a zone.

    Days that do not exist are refused: Arrow's reader would roll 31 April over to 1 May.

    Raises
    ------
    TimeError
        ``time-format``.
    """
    coded = pc.utf8_trim_whitespace(text.cast(pa.string())).dictionary_encode()
    texts = coded.dictionary
    missing = pc.is_in(pc.utf8_lower(texts), pa.array(MISSING_WORDS))
    rows = pc.sum(pc.and_(missing, pc.not_equal(texts, "")).take(coded.indices)).as_py() or 0
    warn_if_any("missing-words", MISSING_TOLD, (table, name), rows, len(coded), "Write nothing where nothing is known.")
    known = texts.filter(pc.invert(missing))
    times = _strictly_parsed(known, form)
    bad = np.isnat(times)
    if bad.any():
        wrong = known.filter(pa.array(bad))
        others = [f'"{other}"' for other in fitting_formats(known) if not np.isnat(_strictly_parsed(known, other)).any()]
        remedy = f"Every row is read by {' and by '.join(others)}." if others else "Write all in one way; look for days that do not exist."
        if "%Z" in form and not others:
            remedy = "Of zone names only UTC and GMT are clear: write offsets such as +0100, and %z in the format."
        raise TimeError(
            "time-format",
            f'times that format = "{form}" does not read',
            table=table,
            column=name,
            rows=pc.sum(pc.is_in(texts, wrong).take(coded.indices)).as_py(),
            total=len(text),
            examples=wrong.to_pylist()[:3],
            remedy=remedy,
        )
    every = np.full(len(texts), np.datetime64("NaT", "us"))
    every[~missing.to_numpy(zero_copy_only=False)] = times
    return pa.array(every, pa.timestamp("us", "UTC" if _is_zoned(form) else None)).take(coded.indices)


def _is_zoned(form: str) -> bool:
    """Whether a format has an offset, a zone's name, or a Z, UTC or GMT written out at its end."""
    return re.search(r"%z|%Z|(?<!%)(Z|UTC|GMT)$", form) is not None


def _strictly_parsed(texts: pa.Array, form: str) -> npt.NDArray[np.datetime64]:
    """Microseconds, in UTC where the format has a zone; NaT for what it does not read."""
    if "%Z" in form:
        texts, form = pc.replace_substring_regex(texts, r"\b(UTC|GMT|Z)\b", "+0000"), form.replace("%Z", "%z")
    series = pd.Series(texts.to_pylist(), dtype=object)
    try:
        found = pd.to_datetime(series, format=form, errors="coerce", utc="%z" in form)
        found = found.dt.tz_convert(None) if "%z" in form else found
        times = found.to_numpy().astype("datetime64[us]")
    except ValueError:  # a directive that pandas does not know
        times = np.full(len(series), np.datetime64("NaT", "us"))
    doubtful = np.isnat(times)  # a year beyond what pandas holds, such as 9999
    if "%S" in form:  # pandas rolls second 60 over to the next minute
        doubtful |= ((times.astype(np.int64) // 1_000_000) % 60 < 2) & series.str.contains("6[01]").to_numpy(np.bool_)
    for place in np.flatnonzero(doubtful):
        times[place] = _parsed_alone(series.iloc[place], form)
    return times


def _parsed_alone(text: str, form: str) -> np.datetime64:
    try:
        moment = datetime.datetime.strptime(text, form)
    except (ValueError, re.error):
        return np.datetime64("NaT", "us")
    moment = moment if moment.tzinfo is None else moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(moment, "us")
