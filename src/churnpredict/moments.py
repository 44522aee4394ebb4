"""Parse times given by users as int64 microseconds UTC."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.clock import utc_time
from churnpredict.errors import TimeError

__all__ = ["ISO_VARIANTS", "Moment", "Moments", "is_aware", "moment", "moment_column", "moments"]

Moment = str | datetime.date | np.datetime64  # a datetime and a pandas Timestamp are dates
Moments = Moment | Iterable[Moment]
Ints = npt.NDArray[np.int64]
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_EXTENDED = re.compile(
    r"(?P<y>[0-9]{4})-(?P<mo>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[T ](?P<h>[0-9]{2})(?::(?P<mi>[0-9]{2}))?(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)? ?" + _ZONE + r")?"
)
_BASIC = re.compile(
    r"(?P<y>[0-9]{4})(?P<mo>[0-9]{2})(?P<d>[0-9]{2})T(?P<h>[0-9]{2})(?P<mi>[0-9]{2})(?:(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?" + _ZONE
)
ISO_VARIANTS = (
    (r"^([0-9]{4})([0-9]{2})([0-9]{2})[Tt ]?([0-9]{2})([0-9]{2})([0-9]{2})?([.,Zz+-].*|UTC|GMT)?$", r"\1-\2-\3T\4:\5:\6\7"),
    (r":([.,Zz+-].*|UTC|GMT)?$", r"\1"),  # no seconds above
    (r"^([0-9-]{10})t", r"\1T"),
    (r"([+-][0-9]{2}:?[0-9]{2}|[Zz])(\[[A-Za-z_/+-]+\]| (UTC|GMT|[A-Z]{3,5}))$", r"\1"),  # of Java and of Go: the offset says it
    (r"[ ]*(UTC|GMT|utc|gmt|Etc/UTC|z|Z)$", "Z"),
    (r"([0-9]) +([+-][0-9]{2}(:?[0-9]{2})?)$", r"\1\2"),
    (r"(:[0-9]{2}),([0-9]+)", r"\1.\2"),
    (r"(\.[0-9]{6})[0-9]+", r"\1"),  # microseconds are kept, as of timestamps with nanoseconds
)
"""What is nearly ISO 8601, and how it is written there, in this order: moments and columns of times are read alike."""
_NUMBER = re.compile(r"[-+]?[0-9]+(?:[.,][0-9]*)?(?:[eE][-+]?[0-9]+)?")
_FIX = 'Write it as ISO 8601, such as "2024-09-01" or "2024-09-01 12:00".'
_LONGEST = 80  # characters of a time with its zone
_EPOCH = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)


def moment(when: Any, what: str = "time", timezone: str = "UTC") -> int:
    """Return one moment in microseconds UTC.

    Parameters
    ----------
    when : str, date, datetime, pd.Timestamp or np.datetime64
        Text is ISO 8601. A date is its midnight. Without a zone it is a wall time of ``timezone``: one that occurs twice is the earlier
        of the two, and one that does not exist is the first moment after the gap. Fractions of microseconds are cut off.
    what : str
        The name of the argument, for the error.
    timezone : str

    Raises
    ------
    TimeError
        ``bad-time``: a number, a period, text that is not ISO 8601 (``"01/02/2024"``, ``"20240201"``), a day that does not exist, or
        nothing at all.

    Examples
    --------
    >>> moment("1970-01-02"), moment("1970-01-01T00:00:01Z", timezone="Europe/Berlin"), moment("1970-01-01", timezone="Europe/Berlin")
    (86400000000, 1000000, -3600000000)
    >>> moment("01/02/2024", "at")
    Traceback (most recent call last):
    churnpredict.errors.TimeError: at is '01/02/2024', which is not ISO 8601. Write it as ISO 8601, such as "2024-09-01" ... [bad-time]
    """
    wall, aware = _read(when, what)
    return wall if aware or timezone == "UTC" else int(utc_time(np.array([wall], np.int64), timezone)[0])


def is_aware(when: Any) -> bool:
    """Return whether a moment carries a time zone.

    >>> is_aware("2024-09-01"), is_aware("2024-09-01T12:00+02:00")
    (False, True)
    """
    return _read(when, "time")[1]


def moments(when: Any, what: str = "time", timezone: str = "UTC") -> Ints:
    """Return one moment or several in microseconds UTC, ascending and unique; see :func:`moment`.

    Raises
    ------
    TimeError
        ``bad-time``, ``no-cutoff``.
    """
    single = isinstance(when, (str, bytes, datetime.date, np.generic, Mapping, pd.DataFrame)) or not hasattr(when, "__iter__")
    several = [when] if single or np.ndim(when) == 0 else list(when)
    if not several:
        raise TimeError("no-cutoff", f"{what} holds no time", remedy="Give at least one.")
    return np.unique(np.array([moment(w, what, timezone) for w in several], dtype=np.int64))


def moment_column(values: Any, what: str = "cutoff", timezone: str | None = "UTC", *, table: str | None = None) -> Ints:
    """Return a column of moments in microseconds UTC, row by row, shape (n,).

    Parameters
    ----------
    values : Series, Index, array or list
        Of datetimes, or of dates or texts as :func:`moment` reads them.
    what : str
        The name of the column, for the error.
    timezone : str or None
        Time zone of moments without one. None keeps wall times: those without a zone are unchanged, those with one are their own local
        time, so that spans of days can be added.
    table : str, optional
        The name of the table, for the error.

    Raises
    ------
    TimeError
        ``bad-time``, ``null-cutoff``, ``mixed-zones``.
    """
    column = _as_pandas(values)
    told: dict[str, Any] = {"table": table, "column": what, "total": len(column)}
    if isinstance(column.dtype, pd.PeriodDtype):
        raise TimeError("bad-time", f"{what} holds periods, not moments", remedy=_period_fix(".dt"), **told)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        raise TimeError("bad-time", f"{what} holds numbers, not moments", remedy=_number_fix(), **told) if len(column) else _empty(what)
    missing = np.asarray(column.isna())
    if missing.any():
        remedy = "Give every row its cutoff, or drop these rows."
        raise TimeError("null-cutoff", f"rows without a {what}", rows=int(missing.sum()), remedy=remedy, **told)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = pd.DatetimeIndex(column)
        aware = times.tz is not None
        if aware:
            times = times.tz_localize(None) if timezone is None else times.tz_convert("UTC").tz_localize(None)
        walls = times.to_numpy().astype("datetime64[us]").astype(np.int64)
        return walls if aware or timezone in (None, "UTC") else _localised(walls, str(timezone))
    values = np.asarray(column.astype(object))
    try:
        place, distinct = pd.factorize(values)
    except TypeError:  # an unhashable value is not a moment
        place, distinct = np.arange(len(values)), values
    read = _read_each(distinct, place, what, told)
    zoned = {with_zone for _, with_zone in read}
    if len(zoned) > 1:
        raise TimeError("mixed-zones", f"{what} holds moments with and without a zone", remedy="Write all of them in one way.", **told)
    walls = np.array([wall for wall, _ in read], np.int64)
    return (walls if zoned != {False} or timezone in (None, "UTC") else utc_time(walls, str(timezone)))[place]


def _read_each(distinct: Any, place: Ints, what: str, told: dict[str, Any]) -> list[tuple[int, bool]]:
    """Return every distinct moment of a column. A column is data: what cannot be read is counted and masked, not quoted."""
    read: list[tuple[int, bool]] = []
    strange: dict[int, TimeError] = {}
    for i, value in enumerate(distinct):
        try:
            read.append(_read(value, what))
        except TimeError as error:
            strange[i] = error
    if strange:
        rows, first = int(np.isin(place, list(strange)).sum()), next(iter(strange.values()))
        said = "values that are not moments, or days that do not exist"
        shown = [distinct[i] for i in strange]
        raise TimeError("bad-time", said, rows=rows, examples=shown, remedy=first.remedy, **told) from None
    return read


def _localised(walls: Ints, timezone: str) -> Ints:
    place, distinct = pd.factorize(walls)
    return utc_time(np.asarray(distinct), timezone)[place]


def _as_pandas(values: Any) -> pd.Series:
    if isinstance(values, (pd.Series, pd.Index)):
        return pd.Series(values)
    if hasattr(values, "to_pandas"):
        return pd.Series(values.to_pandas())
    return pd.Series(values) if isinstance(values, np.ndarray) else pd.Series(list(values), dtype=object)


def _read(when: Any, what: str) -> tuple[int, bool]:
    """Return a moment in microseconds, and whether it carries a zone: then it is UTC, else a wall time."""
    if isinstance(when, str):
        return _from_text(when, what)
    if isinstance(when, np.datetime64):
        unit, step = np.datetime_data(when.dtype)
        if np.isnat(when):
            raise TimeError("bad-time", f"{what} is missing", remedy=_FIX)
        if unit in ("Y", "M", "W") or step != 1:
            raise TimeError("bad-time", f"{what} is {when!r}, a period and not a moment", remedy=_FIX)
        when = pd.Timestamp(when)
    if isinstance(when, pd.Period):
        raise TimeError("bad-time", f"{what} is the period {when}, not a moment", remedy=_period_fix(""))
    if isinstance(when, datetime.datetime) and not pd.isna(when):
        aware = when.tzinfo is not None
        if isinstance(when, pd.Timestamp):
            there = when.tz_convert("UTC").tz_localize(None) if aware else when
            return int(there.to_datetime64().astype("datetime64[us]").astype(np.int64)), aware
        offset = when.utcoffset() or datetime.timedelta(0)
        return (when.replace(tzinfo=None) - offset - _EPOCH) // _MICROSECOND, aware
    if isinstance(when, datetime.date) and not pd.isna(when):  # pyright: ignore[reportArgumentType]
        return (datetime.datetime(when.year, when.month, when.day) - _EPOCH) // _MICROSECOND, False
    if when is None or when is pd.NaT or when is pd.NA:
        raise TimeError("bad-time", f"{what} is missing", remedy=_FIX)
    if isinstance(when, (int, float, np.number)):
        raise TimeError("bad-time", f"{what} is {when}, a number and not a moment", remedy=_number_fix())
    raise TimeError("bad-time", f"{what} is of type {type(when).__name__}, which is not a moment", remedy=_FIX)


def _from_text(text: str, what: str) -> tuple[int, bool]:
    found = _EXTENDED.fullmatch(text.strip()) or _BASIC.fullmatch(text.strip()) or _EXTENDED.fullmatch(_rewritten(text.strip()))
    if found is None:
        number = _NUMBER.fullmatch(text.strip())
        how = "a number and not a moment" if number else "which is not ISO 8601"
        raise TimeError("bad-time", f"{what} is {text!r}, {how}", remedy=_FIX)
    fraction = int((found["f"] or "").ljust(6, "0")[:6])
    clock = (int(found["h"] or 0), int(found["mi"] or 0), int(found["s"] or 0), fraction)
    zone = found["zone"]
    digits = (zone or "").replace(":", "")[1:].ljust(4, "0") if zone and zone[0] in "+-" else "0000"
    offset = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:])) * (-1 if zone and zone[0] == "-" else 1)
    try:
        wall = datetime.datetime(int(found["y"]), int(found["mo"]), int(found["d"]), *clock)
    except ValueError:
        raise TimeError("bad-time", f"{what} is {text!r}, a day or a time of the day that does not exist", remedy=_FIX) from None
    if abs(offset) >= datetime.timedelta(days=1) or int(digits[2:]) > 59:
        raise TimeError("bad-time", f"{what} is {text!r}, and there is no such zone", remedy=_FIX)
    return (wall - _EPOCH - offset) // _MICROSECOND, zone is not None


def _rewritten(text: str) -> str:
    if len(text) > _LONGEST:
        return text
    for pattern, instead in ISO_VARIANTS:
        text = re.sub(pattern, instead, text)
    return text


def _period_fix(accessor: str) -> str:
    return f"Give a moment in it: its start is {accessor or 'period'}.start_time, its end {accessor or 'period'}.end_time."


def _number_fix() -> str:
    return 'Write ISO 8601, or convert it with its unit: pd.to_datetime(number, unit="s").'


def _empty(what: str) -> TimeError:
    return TimeError("no-cutoff", f"{what} holds no time", remedy="Give at least one.")
