"""Named days as a person declares them, made into spans for the clock of the season.

Each entry is a mapping:

``name``
    What the days are called; entries of one name share one factor.
``kind``
    "closure" (a tenth as busy), "holiday" (two thirds), "break" (two thirds) or "sale" (one and a half times as busy): what is believed
    until such days have been seen.
``factor``
    Instead of that belief: how many times as busy customers are on these days.
``days``
    A list of "2024-12-20/2025-01-01" (both days included), "2024-05-09" or, for every year, "12-20/01-01" and "05-01". Moving feasts are
    given by date, year by year.
``country``, ``region``
    Instead of days: the public holidays of a country ("DE") and one of its regions ("BY"); needs ``churnpredict[holidays]``.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from churnpredict.clock import DAY
from churnpredict.errors import UsageError, closest, missing_extra, warn
from churnpredict.model.season.named_spans import NamedSpan

__all__ = ["KINDS", "check_calendar", "named_spans"]

KINDS: dict[str, tuple[float, float]] = {"closure": (0.1, 0.7), "holiday": (0.67, 0.5), "break": (0.67, 0.5), "sale": (1.5, 0.5)}
"""Kind of days -> what is believed of their factor, and how far its logarithm may be from that."""

_KEYS = ("name", "kind", "factor", "days", "country", "region")
_GIVEN_SD = 0.3  # of a factor that somebody gives: it is known better than that of a kind
_BEFORE, _AFTER = 7, 5  # years around the end of training for which days of every year are laid out
_LEAST, _MOST = 0.001, 1_000.0
_EPOCH = datetime.date(1970, 1, 1)
_DATE, _OF_YEAR = r"(\d{4})-(\d{2})-(\d{2})", r"(\d{2})-(\d{2})"
_SPAN = re.compile(rf"{_DATE}(?:/{_DATE})?")
_YEARLY = re.compile(rf"{_OF_YEAR}(?:/{_OF_YEAR})?")


def _refuse(what: str, remedy: str) -> NoReturn:
    raise UsageError("bad-calendar", what, remedy=remedy)


def check_calendar(calendar: Sequence[Mapping[str, object]] | None) -> list[dict[str, Any]] | None:
    """Return the calendar as plain data.

    Raises
    ------
    UsageError
        ``bad-calendar``: an entry without a name, of an unknown kind or key, or with invalid days.

    Examples
    --------
    >>> check_calendar([{"name": "summer sale", "kind": "sale", "days": ["07-01/07-14"]}])
    [{'name': 'summer sale', 'kind': 'sale', 'days': ['07-01/07-14']}]
    """
    if calendar is None:
        return None
    if isinstance(calendar, (str, Mapping)) or not isinstance(calendar, Sequence):
        _refuse(
            f"calendar is of type {type(calendar).__name__}",
            'Give a list: [{"name": "closed", "kind": "closure", "days": ["12-24/12-26"]}].',
        )
    entries = [_checked(entry, place) for place, entry in enumerate(calendar, 1)]
    factors: dict[str, tuple[float, float]] = {}
    for entry in entries:
        if factors.setdefault(entry["name"], _belief(entry)) != _belief(entry):
            _refuse(f'two entries called "{entry["name"]}" have different factors', "Give days that differ in effect different names.")
    return entries


def _checked(entry: Any, place: int) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        _refuse(f"entry {place} of the calendar is of type {type(entry).__name__}", "Give a dict with name, kind and days.")
    unknown = [key for key in entry if key not in _KEYS]
    if unknown:
        _refuse(f"entry {place} of the calendar has a key {unknown[0]!r}.{closest(str(unknown[0]), _KEYS)}", f"Use {', '.join(_KEYS)}.")
    name, kind, factor = entry.get("name"), entry.get("kind"), entry.get("factor")
    if not isinstance(name, str) or not name.strip():
        _refuse(f"entry {place} of the calendar has no name", 'Name the days, such as name = "summer sale".')
    if kind is not None and kind not in KINDS:
        _refuse(f'"{name}" is of kind {kind!r}.{closest(str(kind), KINDS)}', f"Use {', '.join(KINDS)}, or give a factor.")
    if kind is None and factor is None:
        _refuse(f'"{name}" has neither kind nor factor', f"Say what it is: kind = {', '.join(KINDS)}; or how many times as busy: factor.")
    number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    if factor is not None and not (number and _LEAST <= factor <= _MOST):
        _refuse(f'the factor of "{name}" is {factor!r}', f"Give how many times as busy customers are, from {_LEAST} to {_MOST:.0f}.")
    days, country = entry.get("days"), entry.get("country")
    if (days is None) == (country is None):
        _refuse(f'"{name}" has {"both" if days is not None else "neither"} days and country', "Give one of the two.")
    if days is not None:
        if isinstance(days, str) or not isinstance(days, Sequence) or not days:
            _refuse(f'the days of "{name}" are not a list', 'Give a list, such as days = ["12-24/12-26"].')
        for text in days:
            list(_laid_out(text, name, 2024))
    elif not isinstance(country, str) or not isinstance(entry.get("region", ""), str):
        _refuse(f'the country of "{name}" is not a text', 'Give its code, such as "DE".')
    return {key: [str(day) for day in value] if key == "days" else value for key, value in entry.items()}


def _belief(entry: Mapping[str, Any]) -> tuple[float, float]:
    factor = entry.get("factor")
    return KINDS[entry["kind"]] if factor is None else (float(factor), _GIVEN_SD)


def named_spans(calendar: Sequence[Mapping[str, Any]] | None, moment: int) -> list[NamedSpan]:
    """Return the spans of a checked calendar around a moment (wall time in microseconds).

    Raises
    ------
    UsageError
        ``bad-calendar``: an unknown country.
    MissingExtraError
        ``missing-extra``: a country is named, and ``holidays`` is not installed.
    """
    year = (_EPOCH + datetime.timedelta(days=moment // DAY)).year
    found: list[NamedSpan] = []
    for entry in calendar or ():
        factor, sd = _belief(entry)
        spans = (
            _of_country(entry, year) if "country" in entry else [s for text in entry["days"] for s in _laid_out(text, entry["name"], year)]
        )
        found += [NamedSpan(entry["name"], (first - _EPOCH).days, (last - _EPOCH).days, factor, sd) for first, last in spans]
    return found


def _laid_out(text: Any, name: str, year: int) -> Iterator[tuple[datetime.date, datetime.date]]:
    """Yield the first and last day of each span that a text means around a year."""
    remedy = 'Write "2024-12-20/2025-01-01", "2024-05-09" or, for every year, "12-20/01-01" or "05-01".'
    if isinstance(text, datetime.date) and not isinstance(text, datetime.datetime):  # TOML has dates of its own
        text = text.isoformat()
    once, yearly = (pattern.fullmatch(text) if isinstance(text, str) else None for pattern in (_SPAN, _YEARLY))
    if once is None and yearly is None:
        _refuse(f'the days of "{name}" hold {text!r}', remedy)
    try:
        if once is not None:
            parts = [None if part is None else int(part) for part in once.groups()]
            first = datetime.date(*parts[:3])  # type: ignore[arg-type]
            last = first if parts[3] is None else datetime.date(*parts[3:])  # type: ignore[arg-type]
            spans = [(first, last)]
        else:
            spans = _every_year(yearly, year)
    except ValueError:
        _refuse(f'the days of "{name}" hold {text!r}, which is not a day', remedy)
    if any(last < first for first, last in spans):
        _refuse(f'the days of "{name}" end before they begin: {text!r}', remedy)
    yield from spans


def _every_year(yearly: re.Match[str] | None, year: int) -> list[tuple[datetime.date, datetime.date]]:
    assert yearly is not None
    month, day = int(yearly[1]), int(yearly[2])
    ends = (month, day) if yearly[3] is None else (int(yearly[3]), int(yearly[4]))
    years = range(year - _BEFORE, year + _AFTER + 1)
    return [(_in_year(y, month, day), _in_year(y + (ends < (month, day)), *ends)) for y in years]


def _in_year(year: int, month: int, day: int) -> datetime.date:
    """Return the day of a year; 29 February is the 28th in years without one."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return datetime.date(year, month, 28 if (month, day) == (2, 29) and not leap else day)


def _of_country(entry: Mapping[str, Any], year: int) -> list[tuple[datetime.date, datetime.date]]:
    try:
        import holidays
    except ImportError:
        raise missing_extra("public holidays of a country need the package holidays", "holidays") from None
    years = range(year - _BEFORE, year + _AFTER + 1)
    try:
        days = holidays.country_holidays(entry["country"], subdiv=entry.get("region"), years=years)
    except (NotImplementedError, KeyError, ValueError):
        _refuse(
            f'"{entry["name"]}" are the holidays of {entry["country"]!r}, region {entry.get("region")!r}, which are not known',
            'Give the codes of ISO 3166, such as country = "DE", region = "BY".',
        )
    if empty := sorted({year, year + 1} - {day.year for day in days}):
        last = max((day.year for day in days), default=None)
        warn(
            "calendar-ends",
            f'"{entry["name"]}" are the holidays of {entry["country"]}, and the installed package lists none for {empty[0]}'
            + (f" (its last are of {last})" if last else ""),
            remedy="Update the package holidays, or give the days of that year by date, as a second entry of the same name.",
        )
    return [(day, day) for day in sorted(days)]
