"""Times as people write them: text that is read by a declared format, and which format would read a text."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError

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
    """Wall times from texts, or from whole numbers that are written like one (20240131).

    Raises
    ------
    TimeError
        ``time-format``.
    """
    text = pc.utf8_trim_whitespace(text.cast(pa.string()))
    try:
        times = _parsed(text, form)
    except pa.ArrowInvalid:
        times = pa.nulls(len(text), pa.timestamp("us"))
    bad = pc.and_(pc.is_null(times), pc.is_valid(text))
    if pc.any(bad).as_py():
        wrong = text.filter(bad)
        others = [f'"{other}"' for other in fitting_formats(text)]
        raise TimeError(
            "time-format",
            f'times that format = "{form}" does not read',
            table=table,
            column=name,
            rows=len(wrong),
            total=len(text),
            examples=pc.unique(wrong).to_pylist()[:3],
            remedy=f"Every row is read by {' and by '.join(others)}." if others else "Write all of them in one way.",
        )
    return times
