"""Numbers as people write them: decimal commas, thousands signs, currencies, parentheses for negatives, percent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Amounts", "NumberFormat", "number_readings", "read_amounts", "same_numbers"]

_SPACES = r"\x{00A0}\x{202F}\x{2009}\x{2007}"  # no-break, narrow no-break, thin, figure
_GROUPING = {" ": f" {_SPACES}", "'": "'’ʼ", ".": r"\.", ",": ",", "_": "_"}
_MINUS = "-−‐‑–"  # the sign on the keyboard, and those that typesetting and spreadsheets put in its place
_MISSING = ("", "null", "none", "nil", "na", "n/a", "#n/a", "nan", r"\n", "-", "--", "–", "—")
_SAMPLE = 500
# What is written -> the currency it names. A "$" alone may be of many countries: it is equal only to itself and to what says the same.
_CURRENCIES: Mapping[str, str] = {
    **{"€": "EUR", "$": "USD", "£": "GBP", "₽": "RUB", "₺": "TRY", "₹": "INR", "₴": "UAH", "₩": "KRW", "₪": "ILS", "₫": "VND", "₱": "PHP"},
    **{
        "฿": "THB",
        "₦": "NGN",
        "₡": "CRC",
        "₲": "PYG",
        "₵": "GHS",
        "₸": "KZT",
        "₾": "GEL",
        "₼": "AZN",
        "¥": "JPY",
        "￥": "JPY",
        "元": "CNY",
    },
    **{
        "zł": "PLN",
        "zl": "PLN",
        "zł.": "PLN",
        "Kč": "CZK",
        "Ft": "HUF",
        "lei": "RON",
        "лв": "BGN",
        "лв.": "BGN",
        "грн": "UAH",
        "грн.": "UAH",
    },
    **{"руб": "RUB", "руб.": "RUB", "р.": "RUB", "р": "RUB", "TL": "TRY", "Fr.": "CHF", "Fr": "CHF", "SFr.": "CHF", "sFr.": "CHF"},
    **{"kr": "kr", "kr.": "kr", "Kr": "kr", "Kr.": "kr", "R$": "BRL", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD"},
    **{
        "NZ$": "NZD",
        "HK$": "HKD",
        "S$": "SGD",
        "MX$": "MXN",
        "NT$": "TWD",
        "Rs": "INR",
        "Rs.": "INR",
        "RM": "MYR",
        "Rp": "IDR",
        "Rp.": "IDR",
    },
    **{"Euro": "EUR", "euro": "EUR", "Euros": "EUR", "euros": "EUR", "EURO": "EUR", "CN¥": "CNY", "RMB": "CNY", "US $": "USD"},
}
_CODES = (
    *("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "RUB", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "SEK", "NOK", "DKK", "ISK", "UAH", "INR"),
    *("BRL", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "KRW", "THB", "VND", "PHP", "IDR", "MYR"),
    *("ILS", "AED", "SAR", "QAR", "EGP", "MAD", "TND", "ZAR", "NGN", "KES", "GHS", "KZT", "GEL", "RSD", "HRK", "BAM", "PKR", "BDT", "LKR"),
)


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: the sign before decimals, and the one between groups of digits (None where there is none)."""

    decimal: str = "."
    thousands: str | None = None


@dataclass(frozen=True)
class Amounts:
    """Numbers that were read from texts.

    Attributes
    ----------
    values : pyarrow.Array of shape (n,), float64
        Null where nothing is written, or where the text is not a number.
    unread : pyarrow.Array of shape (n,), bool
        Where the text is not a number in this format.
    currencies : tuple of str
        Which currencies stand beside the numbers, sorted.
    percent : {"all", "some", "none"}
        Whether numbers carry a percent sign.
    """

    values: pa.Array
    unread: pa.Array
    currencies: tuple[str, ...] = ()
    percent: str = "none"

    @property
    def whole(self) -> bool:
        """Whether every text is a number, in one currency and in one unit."""
        return not pc.any(self.unread).as_py() and len(self.currencies) <= 1 and self.percent != "some"


# In order of simplicity: of several formats that read the same numbers, the first is written into a config.
_FORMATS = (
    NumberFormat(),
    NumberFormat(","),
    NumberFormat(".", ","),
    NumberFormat(",", "."),
    NumberFormat(".", " "),
    NumberFormat(",", " "),
    NumberFormat(".", "'"),
    NumberFormat(",", "'"),
)


@lru_cache
def _patterns(form: NumberFormat) -> tuple[str, str, str]:
    """Of a plain number, of a number with everything that may stand around it, and of well-grouped digits."""
    point = r"\." if form.decimal == "." else form.decimal
    group = f"[{_GROUPING.get(form.thousands, _escape(form.thousands))}]" if form.thousands else None
    digits = "[0-9]+"
    if group:
        western = rf"[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+"
        indian = rf"[1-9][0-9]?(?:{group}[0-9]{{2}})+{group}[0-9]{{3}}"
        digits = rf"(?:[0-9]+|{western}|{indian})"
    signs = "|".join(_escape(s) for s in sorted({*_CURRENCIES, *_CODES, *(c.lower() for c in _CODES)}, key=len, reverse=True))
    blank = rf"[\s{_SPACES}]*"
    within = f"0-9{group[1:-1]}" if group else "0-9"
    full = (
        rf"^(?P<a>[{_MINUS}+]?){blank}(?P<open>\(?){blank}(?P<c1>(?:{signs})?){blank}(?P<open2>\(?)(?P<b>[{_MINUS}+]?){blank}"
        rf"(?P<body>(?:[0-9](?:[{within}]*[0-9])?)?)(?:{point}(?P<frac>[0-9]*))?(?P<exp>(?:[eE][-+]?[0-9]+)?){blank}"
        rf"(?P<pct>%?)(?P<c>[{_MINUS}]?)(?P<shut2>\)?){blank}(?P<c2>(?:{signs})?)(?P<d>[{_MINUS}]?){blank}(?P<shut>\)?)$"
    )
    return rf"^-?{digits}(?:{point}[0-9]+)?$", full, rf"^{digits}$"


def _escape(text: str) -> str:
    return "".join(c if c.isalnum() or c.isspace() or ord(c) > 127 else "\\" + c for c in text)


def read_amounts(text: pa.Array, form: NumberFormat) -> Amounts:
    """Read texts as numbers, exactly: the float64 nearest to what is written.

    Digits are grouped by three (1.234.567) or as in India (12,34,567); groups of other lengths are not numbers. Negative are parentheses
    and a minus before or after; a percentage is a number of hundredths; a currency may stand before or after. Words for "nothing" (NULL,
    N/A, a lone dash) are missing.

    >>> read_amounts(pa.array(["1.234,50 €", "(7,5)", "3,00-", "n/a"]), NumberFormat(",", ".")).values.to_pylist()
    [1234.5, -7.5, -3.0, None]
    """
    text = pc.utf8_trim_whitespace(text.cast(pa.string()))
    missing = pc.is_in(pc.utf8_lower(text), pa.array(_MISSING))
    text = pc.if_else(missing, None, text)
    plain, _, _ = _patterns(form)
    if pc.all(pc.match_substring_regex(text, plain)).as_py() in (True, None):
        return Amounts(_cast(text, form), pa.array(np.zeros(len(text), np.bool_)))
    return _read_dressed(text, form)


def _cast(text: pa.Array, form: NumberFormat) -> pa.Array:
    if form.thousands:
        text = pc.replace_substring_regex(text, f"[{_GROUPING.get(form.thousands, _escape(form.thousands))}]", "")
    if form.decimal != ".":
        text = pc.replace_substring(text, form.decimal, ".")
    return text.cast(pa.float64())


def _read_dressed(text: pa.Array, form: NumberFormat) -> Amounts:
    """The same where something stands around some of the numbers."""
    _, full, digits = _patterns(form)
    parts = pc.extract_regex(text, full)

    def part(name: str) -> pa.Array:
        return pc.fill_null(pc.struct_field(parts, name), "")

    def given(name: str) -> pa.Array:
        return pc.not_equal(part(name), "")

    body, fraction = part("body"), part("frac")
    endless = pc.match_substring_regex(text, r"(?i)^[-+]?inf(inity)?$")
    brackets = pc.add(*(given(n).cast(pa.int8()) for n in ("open", "open2")))
    shut = pc.add(*(given(n).cast(pa.int8()) for n in ("shut", "shut2")))
    minus = [pc.is_in(part(n), pa.array(list(_MINUS))) for n in "abcd"]
    marks = brackets
    for sign in minus:
        marks = pc.add(marks, sign.cast(pa.int8()))
    plus = pc.add(*(pc.equal(part(n), "+").cast(pa.int8()) for n in "ab"))
    good = _all(
        pc.or_(pc.not_equal(body, ""), pc.not_equal(fraction, "")),
        pc.or_(pc.equal(body, ""), pc.match_substring_regex(body, digits)),
        pc.equal(brackets, shut),
        pc.less_equal(pc.add(marks, plus), 1),
        pc.invert(pc.and_(given("c1"), given("c2"))),
        pc.invert(pc.and_(given("pct"), pc.or_(given("exp"), pc.or_(given("c1"), given("c2"))))),
    )
    number = pc.binary_join_element_wise(
        pc.if_else(pc.greater(marks, 0), "-", ""),
        pc.replace_substring_regex(pc.if_else(pc.equal(body, ""), "0", body), "[^0-9]", ""),
        ".",
        pc.if_else(pc.equal(fraction, ""), "0", fraction),
        pc.if_else(given("pct"), "e-2", part("exp")),
        "",
    )
    number = pc.if_else(pc.fill_null(endless, False), text, pc.if_else(good, number, None))
    unread = pc.and_(pc.is_null(number), pc.is_valid(text))
    signs = pc.unique(pa.concat_arrays([part("c1").filter(good), part("c2").filter(good)])).to_pylist()
    hundredths = pc.and_(given("pct"), good)
    percent = "none" if not pc.any(hundredths).as_py() else "all" if pc.sum(hundredths).as_py() == pc.count(text).as_py() else "some"
    return Amounts(number.cast(pa.float64()), unread, _named(signs), percent)


def _all(first: pa.Array, *others: pa.Array) -> pa.Array:
    for other in others:
        first = pc.and_(first, other)
    return first


def _named(signs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_CURRENCIES.get(s, s.upper() if s.upper() in _CODES else s) for s in signs if s}))


def number_readings(text: pa.Array) -> dict[NumberFormat, pa.Array]:
    """Every format in which all texts are numbers, with the numbers; simple ones first.

    >>> [f"{f.decimal}{f.thousands}" for f in number_readings(pa.array(["1.234,50", "7,25"]))]
    [',.']
    """
    distinct = pc.unique(text.cast(pa.string()))
    some = distinct.slice(0, _SAMPLE)
    found = {}
    for form in _FORMATS:
        if read_amounts(some, form).whole and (amounts := read_amounts(distinct, form)).whole and amounts.values.null_count < len(distinct):
            found[form] = amounts.values
    return found


def same_numbers(one: Any, other: Any) -> bool:
    """Whether two readings of the same texts are the same numbers."""
    return bool(one.equals(other))
