"""Check numbers: one strict check of type and range for every parameter that takes one."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import UsageError, kind_of

__all__ = [
    "as_float",
    "check_bins",
    "check_number",
    "check_numbers",
    "check_rounds",
    "check_share",
    "check_whole_number",
    "is_number",
    "is_whole_number",
]

Floats = npt.NDArray[np.float64]
_SHOWN_WHOLE = 1e15
_MOST_BINS = 10_000
_MOST_ROUNDS = 100_000  # of resampling: the ends of an interval then move by less than a hundredth of its width


def is_number(given: Any) -> bool:
    """Return whether something is a single real number: a bool, a text and a complex number are not.

    >>> is_number(2.5), is_number(np.int64(3)), is_number(True), is_number("30")
    (True, True, False, False)
    """
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given[()]
    real = isinstance(given, (int, float, np.integer, np.floating, Decimal, Fraction))
    return real and not isinstance(given, (bool, np.timedelta64))  # a span of NumPy is one of its integers


def is_whole_number(given: Any) -> bool:
    """Return whether something is a single whole number: 2.0 is one, 2.5, NaN and True are not.

    >>> is_whole_number(2.0), is_whole_number(2.5), is_whole_number(float("nan"))
    (True, False, False)
    """
    return is_number(given) and math.isfinite(as_float(given)) and given == int(given)


def check_number(given: Any, name: str, *, least: float = -math.inf, most: float = math.inf, open_: bool = False, what: str = "") -> float:
    """Return a number as a float; nothing is clipped, rounded or read into it. ``np.float32(0.3)`` is the 0.3 that it is written as.

    Parameters
    ----------
    given : object
    name : str
        Of the parameter, for the message.
    least, most : float
        The range, both ends included.
    open_ : bool
        Whether the ends are excluded.
    what : str
        What to give, for the message, such as "the worth of a customer".

    Raises
    ------
    UsageError
        ``bad-argument``.

    Examples
    --------
    >>> check_number(3, "budget", least=0)
    3.0
    >>> check_number(-1, "budget", least=0)
    Traceback (most recent call last):
    churnpredict.errors.UsageError: budget is -1. Give a number of at least 0. [bad-argument]
    """
    remedy = f"Give {what or 'a number'}{_range(least, most, open_)}."
    if not is_number(given):
        raise UsageError("bad-argument", f"{name} is {_shown(given)}", remedy=remedy)
    number = as_float(given)
    inside = least < number < most if open_ else least <= number <= most
    if not (inside and math.isfinite(number)):
        raise UsageError("bad-argument", f"{name} is {_shown(given)}", remedy=remedy)
    return number


def check_share(given: Any, name: str, *, least: float = 0, most: float = 1, open_: bool = False) -> float:
    """Return a share or probability as a float; 30 for 30 % is refused.

    >>> check_share(30, "acceptance")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: acceptance is 30. Give a share from 0 to 1: 30 % is 0.3. [bad-argument]
    """
    if is_number(given) and 1 < as_float(given) <= 100 and most <= 1:
        remedy = f"Give a share{_range(least, most, open_)}: {float(given):g} % is {float(given) / 100:g}."
        raise UsageError("bad-argument", f"{name} is {_shown(given)}", remedy=remedy)
    return check_number(given, name, least=least, most=most, open_=open_, what="a share")


def check_whole_number(given: Any, name: str, *, least: int = 0, most: float = math.inf, what: str = "") -> int:
    """Return a whole number as an int; 2.5 is refused, 2.0 is 2.

    >>> check_whole_number(2.5, "capacity")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: capacity is 2.5. Give a whole number of at least 0. [bad-argument]
    """
    number = check_number(given, name, least=least, most=most, what=what or "a whole number")
    if number != int(number):
        remedy = f"Give {what or 'a whole number'}{_range(least, most, False)}."
        raise UsageError("bad-argument", f"{name} is {_shown(given)}", remedy=remedy)
    return int(given)


def check_rounds(given: Any, *, least: int = 0) -> int:
    """Return the number of rounds of resampling; 0 draws none, and a number that would not come to an end is refused.

    >>> check_rounds(1e300)
    Traceback (most recent call last):
    churnpredict.errors.UsageError: rounds is 1e+300. Give a whole number from 0 to 100,000. [bad-argument]
    """
    return check_whole_number(given, "rounds", least=least, most=_MOST_ROUNDS)


def check_bins(given: Any) -> int:
    """Return a number of bins.

    >>> check_bins(0)
    Traceback (most recent call last):
    churnpredict.errors.UsageError: bins is 0. Give a whole number from 1 to 10,000. [bad-argument]
    """
    return check_whole_number(given, "bins", least=1, most=_MOST_BINS)


def check_numbers(given: Any, name: str, *, least: float = -math.inf, most: float = math.inf, missing: bool = False) -> Floats:
    """Return numbers as an array (n,) of floats, in the order in which they stand.

    Parameters
    ----------
    given : array-like of shape (n,)
    name : str
    least, most : float
        The range, both ends included.
    missing : bool
        Whether NaN and None may be among them; infinities never may.

    Raises
    ------
    UsageError
        ``bad-argument``, with the count: texts, bools, and numbers out of range.

    Examples
    --------
    >>> check_numbers([0.1, 30], "uplift", least=-1, most=1)
    Traceback (most recent call last):
    churnpredict.errors.UsageError: uplift holds numbers out of range (1 of 2 rows). Give numbers from -1 to 1. [bad-argument]
    """
    remedy = f"Give numbers{_range(least, most, False)}{', missing where unknown' if missing else ''}."
    if isinstance(given, (list, tuple)) and not any(isinstance(v, (list, tuple)) for v in given):
        values = np.fromiter(given, dtype=object, count=len(given))  # NumPy would make a 1 of True, and texts of all beside a text
    else:
        values = np.asarray(given)
    if values.ndim != 1:
        raise UsageError("bad-argument", f"{name} has the shape {values.shape}", remedy="Give one number per row.")
    if values.dtype.kind in "iuf":
        short = values.dtype.kind == "f" and values.dtype.itemsize < 8  # each as the decimal that it is written as
        numbers = np.array([float(str(v)) for v in values], np.float64) if short else values.astype(np.float64)
    else:
        known = ~np.asarray(pd.isna(values), dtype=np.bool_)
        wrong = np.array([not is_number(v) for v in values[known]], dtype=np.bool_)
        if wrong.any():
            other = kind_of(values[known][int(np.argmax(wrong))])
            what = f"{name} holds what is not a number, such as {other}"
            raise UsageError("bad-argument", what, rows=int(wrong.sum()), total=len(values), remedy=remedy)
        numbers = np.full(len(values), np.nan)
        numbers[known] = [as_float(v) for v in values[known]]
    absent = np.isnan(numbers)
    if absent.any() and not missing:
        raise UsageError("bad-argument", f"{name} has missing values", rows=int(absent.sum()), total=len(numbers), remedy=remedy)
    bad = ~absent & ~(np.isfinite(numbers) & (numbers >= least) & (numbers <= most))
    if bad.any():
        raise UsageError("bad-argument", f"{name} holds numbers out of range", rows=int(bad.sum()), total=len(numbers), remedy=remedy)
    return numbers


def as_float(given: Any) -> float:
    """Return a single real number as a float, infinite beyond all of them; single precision as the decimal that it is written as.

    >>> as_float(10**400), as_float(np.float32(0.3))
    (inf, 0.3)
    """
    if isinstance(given, np.ndarray):
        given = given[()]
    if isinstance(given, Decimal) and given.is_nan():
        return math.nan
    try:
        return float(str(given)) if isinstance(given, (np.float16, np.float32)) else float(given)
    except OverflowError:  # a whole number or a fraction beyond all floats
        return math.inf if given > 0 else -math.inf


def _range(least: float, most: float, open_: bool) -> str:
    if math.isfinite(least) and math.isfinite(most):
        return f" above {least:,g} and below {most:,g}" if open_ else f" from {least:,g} to {most:,g}"
    if math.isfinite(least):
        return f" above {least:,g}" if open_ else f" of at least {least:,g}"
    if math.isfinite(most):
        return f" below {most:,g}" if open_ else f" of at most {most:,g}"
    return ""


def _shown(given: Any) -> str:
    """Return a number as it was given; of anything else only what it is, since it may be data."""
    if is_number(given):
        long = isinstance(given, (int, Fraction)) and abs(as_float(given)) > _SHOWN_WHOLE
        return f"{as_float(given):.6g}" if long else f"{given}"
    return repr(given) if given is None or isinstance(given, (bool, np.bool_)) else kind_of(given)
