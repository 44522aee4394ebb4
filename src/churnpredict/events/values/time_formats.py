"""Read times by a declared format, and find the formats that fit a column."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import TimeError
from churnpredict.events.values.columns import MISSING_TOLD, no_times, warn_if_any
from churnpredict.events.values.month_names import name_no_months

__all__ = ["fitting_formats", "read_formatted"]

# In order of how common they are: where two read every row, the first stands first.
DAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d. %m. %Y", "%d %m %Y"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m-%d-%y", "%d-%m-%y", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d"),
)
_COMPACT = {8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"), 6: ("%y%m%d", "%d%m%y", "%m%d%y"), 12: ("%Y%m%d%H%M",), 14: ("%Y%m%d%H%M%S",)}
_MONTHS = (
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d. %b %Y", "%d de %b de %Y", "%d %b %Y г.", "%b %d %Y", "%d %b, %Y"),
    *("%d/%b/%Y", "%d.%b.%Y", "%d %b %y", "%d/%b/%y", "%d.%b.%y", "%Y %b %d", "%Y-%b-%d", "%a, %d %b %Y", "%a %b %d %Y", "%A, %b %d, %Y"),
    *("%d%b%Y", "%d%b%y"),
)
_CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p", ", %I:%M:%S %p"),
    *("T%H:%M", "T%H:%M:%S", " %I:%M%p", " %I:%M:%S%p", " %H.%M", " %H.%M.%S", " - %H:%M", " %H:%M:%S.%f"),
    ":%H:%M:%S",
)
_AFTER_ISO = (
    " %I:%M %p",
    " %I:%M:%S %p",
    " %I:%M%p",
    " %H.%M",
    " %H.%M.%S",
    ", %H:%M",
    ", %H:%M:%S",
)  # an ISO day, and a clock that is not
_LIKE_TIMES = "^.{0,11}[0-9].{4,40}$"
_YEARS = (1900, 2200)  # "1/2/11" is not a day of the year 11
_EMPTY_YEARS = (1, 1899)  # 0001-01-01 and day 0 of spreadsheets: nothing is known
_SOME = 20
_MOSTLY = 0.5  # of these must be days that exist
_SORTED = 10  # different moments in order leave no doubt
_WIDER, _LONG = 5, 5 * 365  # a reading that spans five times as long as another, and more than five years, is not meant


def _parsed(text: pa.Array, form: str) -> pa.Array:
    """Parse texts with a quick reader, which accepts more than a strict one: 31 April as 1 May, and a missing space."""
    if "%f" in form or "%a" in form or "%A" in form:  # Arrow reads no fractions, and days of the week by the locale
        return pa.array(_strictly_parsed(text, form), pa.timestamp("us"))
    return pc.strptime(text, format=form, unit="us", error_is_null=True)


def fitting_formats(values: pa.Array) -> list[str]:
    """Return the formats that read every value; two where nothing tells day from month.

    They are distinguished by a day beyond the twelfth anywhere, an order of the rows that only one reading has, or a reading that spreads
    the rows over many more years than the other. First days of months, of several years, are preferred to days of Januaries.

    >>> fitting_formats(pa.array(["31.12.2023", "1.2.2024"]))
    ['%d.%m.%Y']
    >>> fitting_formats(pa.array(["1/2/2024 8:05", "3/4/2024 17:40"]))
    ['%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M']
    >>> fitting_formats(pa.array(["01/11/2023", "01/12/2023", "01/01/2024"]))
    ['%d/%m/%Y']
    """
    text = pc.unique(pc.utf8_trim_whitespace(values)).drop_null()
    for seen in (text.slice(0, _SOME), text):  # most columns of other things show it in their first rows
        known = seen.filter(pc.invert(no_times(seen)))
        if not pc.all(pc.match_substring_regex(known, _LIKE_TIMES)).as_py():
            return []
    text = known
    candidates = list(_candidates(text)) if len(text) else []
    some, _ = name_no_months(text.slice(0, _SOME), "%b")
    slips = not pc.all(pc.match_substring_regex(text, "^[0-9]+$")).as_py()  # digits alone may be anything
    found: dict[str, npt.NDArray[np.int64]] = {}
    numbers_for_names = cache(lambda: name_no_months(text, "%b")[0])
    marked = {mark: pc.mean(pc.match_substring(some, mark).cast(pa.int8())).as_py() for mark in ":/.,"} if len(some) else {}
    for form in candidates:
        if any(share <= 1 - _MOSTLY and mark in form for mark, share in marked.items()):
            continue  # too few have a sign of it; the reader would say the same, only later
        numbered = form.replace("%b", "~%m")
        if (
            _fits(_parsed(some, numbered), slips=slips)
            and np.isnat(_strictly_parsed(some, numbered)).mean() < _MOSTLY
            and _fits(times := _parsed(numbers_for_names(), numbered), slips=slips)
        ):
            moments = times.filter(pa.array(_usual(pc.year(times).to_numpy()))).cast(pa.int64()).to_numpy()
            if not any(np.array_equal(moments, other) for other in found.values()):
                found[form] = moments
    return _without_doubt(found) if len(found) > 1 else list(found)


def _candidates(text: pa.Array) -> Iterator[str]:
    lengths = pc.unique(pc.utf8_length(text)).to_pylist()
    if pc.all(pc.match_substring_regex(text, "^[0-9]+$")).as_py():
        if len(lengths) == 1:
            yield from _COMPACT.get(lengths[0], ())
        return
    named = pc.all(pc.match_substring_regex(text.slice(0, _SOME), r"\pL{3}")).as_py()
    for clock in _CLOCKS:
        for day in _MONTHS if named else DAYS:
            yield day + clock
    if not named:
        yield from ("%Y-%m-%d" + clock for clock in _AFTER_ISO)
        yield from ("%Y%m%d" + clock for clock in (*_CLOCKS[1:3], " %H%M%S", " %H%M", "T%H%M%S"))


def _fits(times: pa.Array, *, slips: bool = True) -> bool:
    """Return whether all times are plausible today; with ``slips``, except for typos and placeholders such as 2204 and 9999."""
    if times.null_count:
        return False
    years = pc.year(times).to_numpy()
    usual = _usual(years)
    return bool(usual.all() or (slips and usual.any() and (usual | (years >= _YEARS[1]) | np.isin(years, _EMPTY_YEARS)).all()))


def _usual(years: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    return (years >= _YEARS[0]) & (years < _YEARS[1])


def _without_doubt(found: dict[str, npt.NDArray[np.int64]]) -> list[str]:
    """Return those of several readings that the values themselves do not rule out."""
    days = {form: max(int(times.max() - times.min()) // 86_400_000_000, 1) for form, times in found.items()}
    least = min(days.values())
    kept = [form for form in found if days[form] <= max(_WIDER * least, _LONG)]
    steps = {form: np.diff(found[form]) for form in kept}
    ordered = [form for form, step in steps.items() if len(step) >= _SORTED and ((step >= 0).all() or (step <= 0).all())]
    kept = ordered if len(ordered) == 1 else kept
    firsts = {form: found[form].astype("datetime64[us]") for form in kept}
    monthly = [form for form in kept if _are_months(firsts[form])]
    if len(monthly) != 1:
        return kept
    years = np.unique(firsts[monthly[0]].astype("datetime64[Y]"))
    return monthly if len(years) > 1 else [*monthly, *(form for form in kept if form not in monthly)]


def _are_months(times: npt.NDArray[np.datetime64]) -> bool:
    """Return whether all times are on the first day of a month, of at least three months of the calendar."""
    months = times.astype("datetime64[M]")
    first = times.astype("datetime64[D]") == months.astype("datetime64[D]")
    return bool(first.all()) and len(np.unique(months.astype(np.int64) % 12)) > 2


def read_formatted(text: pa.Array, form: str, *, table: str, name: str) -> pa.Array:
    """Return times from texts, or from whole numbers that are written like one (20240131): wall times, or UTC where the format has a zone.

    Days that do not exist are refused: Arrow's reader would roll 31 April over to 1 May. So are formats that leave out a part of the day,
    such as "%Y-%M-%d".

    Raises
    ------
    TimeError
        ``time-format``.
    """
    written = text.cast(pa.string())
    if pa.types.is_integer(text.type) and (width := _width(form)):  # a number keeps no zero before
        written = pc.utf8_lpad(written, width, "0")
    coded = pc.utf8_trim_whitespace(written).dictionary_encode()
    texts = coded.dictionary
    missing = no_times(texts)
    rows = pc.sum(pc.and_(missing, pc.not_equal(texts, "")).take(coded.indices)).as_py() or 0
    warn_if_any("missing-words", MISSING_TOLD, (table, name), rows, len(coded), "Write nothing where nothing is known.")
    known = texts.filter(pc.invert(missing))
    _refuse_incomplete(form, known, table, name)
    times = _strictly_parsed(known, form)
    bad = np.isnat(times)
    if bad.any():
        wrong = known.filter(pa.array(bad))
        others = _read_by(known)
        remedy = others or "Write all in one way; look for days that do not exist."
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


def _read_by(known: pa.Array) -> str:
    """Return a sentence on the formats that read every text; an empty one if there are none."""
    others = [f'"{other}"' for other in fitting_formats(known) if not np.isnat(_strictly_parsed(known, other)).any()]
    return f"Every row is read by {' and by '.join(others)}." if others else ""


def _refuse_incomplete(form: str, known: pa.Array, table: str, name: str) -> None:
    """Refuse a format that leaves out what a moment needs: the reader takes January, the first day or the hours before noon."""
    parts = set(re.findall("%(.)", form.replace("%%", "")))
    remedy = ""
    if not parts & set("YyGcx"):
        said, remedy = "has no year", _read_by(known) or "Read %Y from the texts, or write the year into them first."
    elif parts & set("WUV") and not parts & set("wuaAdj"):
        said = "has a week and no day of the week"
        remedy = 'Write a day to each week, such as 2024-W05-1, and format="%G-W%V-%u"; totals of weeks need known_after="week", too.'
    elif "d" in parts and not parts & set("mbBj"):
        said, remedy = "has a day and no month", "%m is the month, %M the minute."
    elif "p" in parts and "I" not in parts and "H" in parts:
        said, remedy = "has %p beside %H, where it is not read: 01:05 PM would be read as 01:05", "Write %I for hours from 1 to 12."
    elif "I" in parts and "p" not in parts:
        said, remedy = "has %I without %p: 01:05 may be before or after noon", "Write %H for hours from 0 to 23, or add %p."
    if remedy:
        raise TimeError("time-format", f'format = "{form}" {said}', table=table, column=name, remedy=remedy)


def _width(form: str) -> int:
    """Return how many digits a format of digits alone has; 0 for others."""
    parts = re.fullmatch(r"((?:%[YymdHMS])+)", form)
    return sum(4 if part == "Y" else 2 for part in parts[1].split("%")[1:]) if parts else 0


def _is_zoned(form: str) -> bool:
    """Return whether a format has an offset, a zone's name, or a Z, UTC or GMT written out at its end."""
    return re.search(r"%z|%Z|(?<!%)(Z|UTC|GMT)$", form) is not None


def _strictly_parsed(texts: pa.Array, form: str) -> npt.NDArray[np.datetime64]:
    """Return microseconds, in UTC where the format has a zone; NaT for what it does not read."""
    texts, form = name_no_months(texts, form)
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
