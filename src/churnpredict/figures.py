"""Numbers in text for people: the English ones of :class:`~churnpredict.languages.catalogue.Language`, which writes all numbers.

Tables, pictures and messages that have no language of their own take them from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from churnpredict.languages.catalogue import language_of

__all__ = [
    "amount",
    "given",
    "interval_of",
    "loss_gap",
    "people",
    "percent",
    "points",
    "ratio",
    "score",
    "short",
    "tick",
    "times",
    "unit_of",
]


def percent(share: Any) -> str:
    """Return a share in per cent.

    >>> percent(0.123), percent(0.0217), percent(0.0002), percent(0.9996), percent(float("nan"))
    ('12 %', '2.2 %', '< 0.1 %', '> 99.9 %', '–')
    """
    return language_of("en").percent(share)


def points(share: Any, *, sign: bool = True) -> str:
    """Return a difference of shares in percentage points, with its sign.

    >>> points(0.054), points(-0.2), points(0.1, sign=False)
    ('+5.4', '−20.0', '10.0')
    """
    return language_of("en").points(share, sign=sign)


def amount(number: Any, unit: str = "") -> str:
    """Return an amount of money with its unit.

    >>> amount(12345.6, "€"), amount(1.234), amount(float("nan")), amount(-0.2, "EUR")
    ('€12,346', '1.23', '–', '−0.20 EUR')
    """
    return language_of("en").amount(number, unit)


def given(number: Any) -> str:
    """Return a number as a person gave it, thousands apart: nothing is rounded, and there are no powers of ten.

    >>> given(200.0), given(1234567.5), given(0.005), given(16777217)
    ('200', '1,234,567.5', '0.005', '16,777,217')
    """
    if number is None or not math.isfinite(number):
        return "–"
    return f"{Decimal(repr(float(number))).normalize():,f}"


def short(number: Any) -> str:
    """Return a number of unknown meaning: four digits that count, or all before the point, thousands apart.

    >>> short(0.12344), short(1234567.5), short(20.0), short(float("inf"))
    ('0.1234', '1,234,568', '20', '–')
    """
    if number is None or not math.isfinite(number):
        return "–"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.4g}"


def interval_of(value: Any, low: Any, high: Any, write: Callable[[Any], str]) -> str:
    """Return a figure and its interval, both as ``write`` writes them; words where the interval is not known.

    >>> interval_of(0.1, 0.05, 0.2, points), interval_of(0.1, float("nan"), float("nan"), loss_gap)
    ('+10.0 [+5.0, +20.0]', '+.1000 [interval not known]')
    """
    known = math.isfinite(low) and math.isfinite(high)
    return f"{write(value)} [{f'{write(low)}, {write(high)}' if known else 'interval not known'}]"


def people(number: Any) -> str:
    """Return a number of customers, whole.

    >>> people(1234.4), people(1)
    ('1,234', '1')
    """
    return language_of("en").people(number)


def score(value: Any, *, sign: bool = False, digits: int = 3) -> str:
    """Return a figure of a model such as an AUC or a log loss, or a difference of two.

    >>> score(0.7321), score(1.0), score(-0.02, sign=True)
    ('.732', '1.000', '−.020')
    """
    return language_of("en").score(value, sign=sign, digits=digits)


def ratio(value: Any) -> str:
    """Return a factor or a slope, to two digits behind the point.

    >>> ratio(0.853), ratio(12), ratio(float("nan"))
    ('0.85', '12.00', '–')
    """
    return f"{value:.2f}" if value is not None and math.isfinite(value) else "–"


def loss_gap(difference: Any) -> str:
    """Return a difference of two log losses, with its sign.

    >>> loss_gap(0.00042), loss_gap(-0.012)
    ('+.0004', '−.0120')
    """
    return score(difference, sign=True, digits=4)


def times(value: Any) -> str:
    """Return a multiple.

    >>> times(7.3), times(1), times(70.2), times(0.85)
    ('7.3 times', '1 time', '70 times', '0.85 times')
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = language_of("en").number(value, 0 if abs(value) >= 10 else 1 if abs(value) >= 1 else 2)
    return f"{text} time{'' if text == '1' else 's'}"


def tick(share: float) -> str:
    """Return a share at an axis, as exact as the axis is divided.

    >>> tick(0.125), tick(0.3)
    ('12.5 %', '30 %')
    """
    return f"{100 * share:.4g} %"


def unit_of(source: Any) -> str:
    """Return the unit of money that scores or a plan carry; "" where they carry none, whatever columns they have.

    >>> import pandas as pd
    >>> unit_of(pd.DataFrame({"unit": ["€"]})), unit_of(None)
    ('', '')
    """
    unit = getattr(source, "unit", "")
    return unit if isinstance(unit, str) else ""
