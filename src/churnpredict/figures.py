"""How numbers are written for people: shares, scores, amounts, counts and multiples, the same in every table, picture and page."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

__all__ = ["amount", "given", "people", "percent", "points", "score", "short", "times"]

_NONE = "–"


def percent(share: Any) -> str:
    """Return a share in per cent; what is not nothing is not shown as nothing, and what is not everything not as everything.

    >>> percent(0.123), percent(0.0002), percent(0.5), percent(0.9996), percent(float("nan"))
    ('12 %', '< 0.1 %', '50 %', '> 99.9 %', '–')
    """
    if share is None or not math.isfinite(share):
        return _NONE
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %" if abs(share) < 0.0995 or 0.995 <= share < 1 else f"{100 * share:.0f} %"


def points(share: Any, *, sign: bool = True) -> str:
    """Return a difference of shares in points, with its sign.

    >>> points(0.054), points(-0.2), points(0.1, sign=False)
    ('+5.4', '-20.0', '10.0')
    """
    if share is None or not math.isfinite(share):
        return _NONE
    return f"{100 * share:{'+' if sign else ''}.1f}"


def amount(number: Any, unit: str = "") -> str:
    """Return thousands apart, three digits that count, and the unit.

    >>> amount(12345.6, "€"), amount(1.234), amount(float("nan")), amount(-0.2)
    ('12,346 €', '1.23', '–', '-0.20')
    """
    if number is None or not math.isfinite(number):
        return _NONE
    digits = 0 if abs(number) >= 100 or number == 0 else 1 if abs(number) >= 10 else 2
    return f"{number:,.{digits}f}" + (f" {unit}" if unit else "")


def given(number: Any) -> str:
    """Return a number as a person gave it, thousands apart: nothing is rounded, and there are no powers of ten.

    >>> given(200.0), given(1234567.5), given(0.005), given(16777217)
    ('200', '1,234,567.5', '0.005', '16,777,217')
    """
    if number is None or not math.isfinite(number):
        return _NONE
    return f"{Decimal(repr(float(number))).normalize():,f}"


def short(number: Any) -> str:
    """Return a number of unknown meaning: four digits that count, or all before the point, thousands apart.

    >>> short(0.12345), short(1234567.5), short(20.0), short(float("inf"))
    ('0.1234', '1,234,568', '20', '–')
    """
    if number is None or not math.isfinite(number):
        return _NONE
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.4g}"


def people(number: Any) -> str:
    """Return whole people, thousands apart.

    >>> people(1234.4), people(1)
    ('1,234', '1')
    """
    return _NONE if number is None or not math.isfinite(number) else f"{number:,.0f}"


def score(value: Any) -> str:
    """Return a score of a model that lies between 0 and 1, such as AUC: three digits, no zero before the point.

    >>> score(0.7321), score(1.0), score(-0.02)
    ('.732', '1.000', '-.020')
    """
    if value is None or not math.isfinite(value):
        return _NONE
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def times(value: Any) -> str:
    """Return a multiple.

    >>> times(7.3), times(1), times(70.2)
    ('7.3 times', '1 time', '70 times')
    """
    if value is None or not math.isfinite(value):
        return _NONE
    text = f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"
    return f"{text} time{'' if text == '1' else 's'}"
