"""Numbers as people write them: decimal commas, thousands signs, currencies, parentheses for negatives, percent."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Amounts", "Doubt", "NumberFormat", "number_readings", "read_amounts", "same_numbers"]

_SPACES = r"\x{00A0}\x{202F}\x{2009}\x{2007}"  # no-break, narrow no-break, thin, figure
_GROUPING = {" ": f" {_SPACES}", "'": "'’ʼ", ".": r"\.", ",": ",", "_": "_"}
_MINUS = "-−‐‑–"  # the sign on the keyboard, and those that typesetting and spreadsheets use instead
_MISSING = ("", "null", "none", "nil", "na", "n/a", "#n/a", "nan", r"\n", "-", "--", "–", "—")
_SAMPLE = 500
_FIRST = 20  # values that are tried alone, before a format reads the sample: a pattern is compiled for each column, and kept in re
_MAYBE_GROUPED = r"^-?(0|[1-9][0-9]{0,2}(\.[0-9]{3})?)$"
# What is written -> the currency it names. A "$" alone may be of many countries: it equals only itself.
_CURRENCIES: Mapping[str, str] = {
    **{"€": "EUR", "$": "USD", "£": "GBP", "₽": "RUB", "₺": "TRY", "₹": "INR", "₴": "UAH", "₩": "KRW", "₪": "ILS", "₫": "VND", "₱": "PHP"},
    **{"฿": "THB", "₦": "NGN", "₡": "CRC", "₲": "PYG", "₵": "GHS", "₸": "KZT"},
    **{"₾": "GEL", "₼": "AZN", "¥": "JPY", "￥": "JPY", "元": "CNY"},
    **{"zł": "PLN", "zl": "PLN", "zł.": "PLN", "Kč": "CZK", "Ft": "HUF"},
    **{"lei": "RON", "лв": "BGN", "лв.": "BGN", "грн": "UAH", "грн.": "UAH"},
    **{"руб": "RUB", "руб.": "RUB", "р.": "RUB", "р": "RUB", "TL": "TRY", "Fr.": "CHF", "Fr": "CHF", "SFr.": "CHF", "sFr.": "CHF"},
    **{"kr": "kr", "kr.": "kr", "Kr": "kr", "Kr.": "kr", "R$": "BRL", "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD"},
    **{"NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "NT$": "TWD"},
    **{"Rs": "INR", "Rs.": "INR", "RM": "MYR", "Rp": "IDR", "Rp.": "IDR"},
    **{"Euro": "EUR", "euro": "EUR", "Euros": "EUR", "euros": "EUR", "EURO": "EUR", "CN¥": "CNY", "RMB": "CNY", "US $": "USD"},
}
_CODES = (
    *("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "RUB", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "SEK", "NOK", "DKK", "ISK", "UAH", "INR"),
    *("BRL", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "KRW", "THB", "VND", "PHP", "IDR", "MYR"),
    *("ILS", "AED", "SAR", "QAR", "EGP", "MAD", "TND", "ZAR", "NGN", "KES", "GHS", "KZT", "GEL", "RSD", "HRK", "BAM", "PKR", "BDT", "LKR"),
)

_WORD = re.compile(r"[^\W\d_]+")
_ENDLESS = frozenset({"inf", "infinity"})
_WORDS_BESIDE = _ENDLESS.union("e", *(_WORD.findall(sign.lower()) for sign in (*_CURRENCIES, *_CODES)))  # "e": 1e5


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
    texts : pyarrow.Array of shape (n,), string
        The numbers in plain digits (-1234.5), digit by digit as written; texts that are not numbers, unchanged.
    unread : pyarrow.Array of shape (n,), bool
        Where the text is not a number in this format.
    missing : pyarrow.Array of shape (n,), bool
        Where the text is empty, or a word for missing.
    currencies : tuple of str
        The currencies written beside the numbers, sorted.
    percent : {"all", "some", "none"}
        Whether numbers carry a percent sign.
    dressed : bool
        Whether anything is written around the digits: a currency, parentheses, a sign behind them.
    """

    texts: pa.Array
    unread: pa.Array
    missing: pa.Array
    currencies: tuple[str, ...] = ()
    percent: str = "none"
    dressed: bool = False

    @cached_property
    def values(self) -> pa.Array:
        """The float64 nearest to each number; null where there is none."""
        return pc.if_else(pc.or_(self.missing, self.unread), None, self.texts).cast(pa.float64())

    @property
    def whole(self) -> bool:
        """Whether every text is a number, in one currency and in one unit."""
        return not pc.any(self.unread).as_py() and len(self.currencies) <= 1 and self.percent != "some"


# In order of simplicity: of several formats that read the same numbers, the first is written into a config.
FORMATS = (
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
    """Return the patterns of a plain number, of a number with everything that may stand around it, and of well-grouped digits."""
    point = r"\." if form.decimal == "." else form.decimal
    group = _group(form.thousands) if form.thousands else None
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
        rf"(?P<body>(?:[0-9](?:[{within}]*[0-9])?)?)(?:{point}(?P<frac>[0-9]+)|(?P<bare>{point}))?(?P<exp>(?:[eE][-+]?[0-9]+)?){blank}"
        rf"(?P<pct>%?)(?P<c>[{_MINUS}]?)(?P<shut2>\)?){blank}(?P<c2>(?:{signs})?)(?P<d>[{_MINUS}]?){blank}(?P<shut>\)?)$"
    )
    return rf"^-?{digits}(?:{point}[0-9]+)?$", full, rf"^{digits}$"


def _escape(text: str) -> str:
    return "".join(c if c.isalnum() or c.isspace() or ord(c) > 127 else "\\" + c for c in text)


def read_amounts(text: pa.Array, form: NumberFormat) -> Amounts:
    """Read texts as numbers, exactly: the float64 nearest to what is written.

    Digits are grouped by three (1.234.567) or as in India (12,34,567); groups of other lengths are not numbers. Parentheses, or a minus
    before or after, mean negative; a percentage is a number of hundredths; a currency may be before or after. Words for "nothing" (NULL,
    N/A, a lone dash) are missing.

    >>> read_amounts(pa.array(["1.234,50 €", "(7,5)", "3,00-", "n/a"]), NumberFormat(",", ".")).values.to_pylist()
    [1234.5, -7.5, -3.0, None]
    """
    text = pc.utf8_trim_whitespace(text.cast(pa.string()))
    missing = pc.fill_null(pc.is_in(pc.utf8_lower(text), pa.array(_MISSING)), True)
    numbers = pc.if_else(missing, None, text)
    plain, _, _ = _patterns(form)
    if pc.all(pc.match_substring_regex(numbers, plain)).as_py() in (True, None):
        if form.thousands:
            numbers = pc.replace_substring_regex(numbers, _group(form.thousands), "")
        if form.decimal != ".":
            numbers = pc.replace_substring(numbers, form.decimal, ".")
        numbers = pc.replace_substring_regex(numbers, r"^(-?)0+([0-9]+\.)", r"\1\2")
        return Amounts(pc.coalesce(numbers, text), pa.array(np.zeros(len(text), np.bool_)), missing)
    return read_dressed(text, numbers, missing, form)


def _group(thousands: str) -> str:
    return f"[{_GROUPING.get(thousands, _escape(thousands))}]"


def read_dressed(text: pa.Array, numbers: pa.Array, missing: pa.Array, form: NumberFormat) -> Amounts:
    """Return the formats where signs or words stand around some of the numbers."""
    _, full, digits = _patterns(form)
    parts = pc.extract_regex(numbers, full)

    def part(name: str) -> pa.Array:
        return pc.fill_null(pc.struct_field(parts, name), "")

    def given(name: str) -> pa.Array:
        return pc.not_equal(part(name), "")

    def count(*flags: pa.Array) -> pa.Array:
        total = pa.array(np.zeros(len(text), np.int8))
        for flag in flags:
            total = pc.add(total, flag.cast(pa.int8()))
        return total

    body, fraction = part("body"), part("frac")
    brackets, shut = count(given("open"), given("open2")), count(given("shut"), given("shut2"))
    minus = count(brackets, *(pc.is_in(part(n), pa.array(list(_MINUS))) for n in "abcd"))
    plus = count(*(pc.equal(part(n), "+") for n in "ab"))
    good = _all(
        pc.or_(pc.not_equal(body, ""), pc.not_equal(fraction, "")),
        pc.or_(pc.equal(body, ""), pc.match_substring_regex(body, digits)),
        pc.equal(brackets, shut),
        pc.less_equal(pc.add(minus, plus), 1),
        pc.invert(pc.and_(given("c1"), given("c2"))),
        pc.invert(pc.and_(given("bare"), _any(given("c"), given("d")))),  # "5,-" is a price of five, not minus five
        pc.invert(pc.and_(given("pct"), _any(given("exp"), given("c1"), given("c2")))),
    )
    body = pc.replace_substring_regex(pc.if_else(pc.equal(body, ""), "0", body), "[^0-9]", "")
    body = pc.if_else(pc.equal(fraction, ""), body, pc.replace_substring_regex(body, "^0+([0-9])", r"\1"))
    plain = pc.binary_join_element_wise(
        pc.if_else(pc.greater(minus, 0), "-", ""),
        body,
        pc.if_else(pc.equal(fraction, ""), "", "."),
        fraction,
        pc.if_else(given("pct"), "e-2", part("exp")),
        "",
    )
    endless = pc.fill_null(pc.match_substring_regex(numbers, r"(?i)^[-+]?inf(inity)?$"), False)
    read = _any(good, endless)
    texts = pc.coalesce(pc.if_else(good, plain, numbers), text)
    signs = pc.unique(pa.concat_arrays([part("c1").filter(good), part("c2").filter(good)])).to_pylist()
    hundredths = pc.sum(pc.and_(given("pct"), good)).as_py() or 0
    percent = "none" if not hundredths else "all" if hundredths == pc.sum(pc.invert(missing)).as_py() else "some"
    odd = pc.is_in(part("a"), pa.array(list(_MINUS[1:])))
    around = _any(odd, pc.greater(brackets, 0), *(given(n) for n in ("c1", "c2", "c", "d", "pct")))
    dressed = bool(pc.any(pc.and_(good, around)).as_py())
    return Amounts(texts, pc.invert(_any(read, missing)), missing, _named(signs), percent, dressed)


def _any(first: pa.Array, *others: pa.Array) -> pa.Array:
    for other in others:
        first = pc.or_(first, other)
    return first


def _all(first: pa.Array, *others: pa.Array) -> pa.Array:
    for other in others:
        first = pc.and_(first, other)
    return first


def _named(signs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({_CURRENCIES.get(s, s.upper() if s.upper() in _CODES else s) for s in signs if s}))


def number_readings(text: pa.Array) -> dict[NumberFormat, Amounts]:
    """Return every format in which all texts are numbers, with the distinct numbers; simple ones first.

    >>> [f"{f.decimal}{f.thousands}" for f in number_readings(pa.array(["1.234,50", "7,25"]))]
    [',.']
    """
    distinct = pc.unique(text.cast(pa.string()))
    some = distinct.slice(0, _SAMPLE)
    if any(_in_no_format(value.strip().lower()) for value in some.to_pylist() if value is not None):
        return {}
    first = [value.strip() for value in some.slice(0, _FIRST).to_pylist() if value is not None]
    possible = [form for form in FORMATS if all(_may_read(value, form) for value in first)]
    marks = [sign for sign in _GROUPING if possible and pc.any(pc.match_substring_regex(distinct, _group(sign))).as_py()]
    found = {}
    read: dict[NumberFormat, Amounts | None] = {}
    for form in possible:
        same = _without_unseen(form, marks)
        if same not in read:
            read[same] = read_amounts(distinct, same) if len(distinct) == len(some) or read_amounts(some, same).whole else None
        amounts = read[same]
        if amounts is not None and amounts.whole and not pc.all(amounts.missing).as_py():
            found[form] = amounts
    return found


def _in_no_format(text: str) -> bool:
    """Return whether a text has no digit, or a word that no number is written with: most columns of texts need no closer look."""
    words = set(_WORD.findall(text))
    return text not in _MISSING and (not words <= _WORDS_BESIDE or not (words & _ENDLESS or re.search("[0-9]", text)))


def _may_read(text: str, form: NumberFormat) -> bool:
    """Return False where a text is certainly no number in a format."""
    if (low := text.lower()) in _MISSING or low.lstrip("+-") in _ENDLESS:
        return True
    full, digits = _compiled(form)
    found = full.match(text)
    return found is not None and (not found["body"] or digits.match(found["body"]) is not None)


@lru_cache
def _compiled(form: NumberFormat) -> list[re.Pattern[str]]:
    """Return the patterns of a number with all around it, and of its digits, for ``re``, which has more spaces than Arrow."""
    return [re.compile(re.sub(r"\\x\{([0-9A-F]{4})\}", lambda code: chr(int(code[1], 16)), p)) for p in _patterns(form)[1:]]


def _without_unseen(form: NumberFormat, marks: Collection[str]) -> NumberFormat:
    """Return the simplest format that reads texts in the same way in which only these marks occur."""
    return NumberFormat(form.decimal if {".", ","} & set(marks) else ".", form.thousands if form.thousands in marks else None)


class Doubt:
    """Whether plain numbers of one column might be grouped by a point: 1.234 beside 950, and never 1.5, 0.125 or 1234.

    Texts are passed in parts, in any order.
    """

    def __init__(self) -> None:
        self._possible, self._grouped, self._short = True, False, False

    def look(self, text: pa.Array) -> None:
        if self._possible:
            numbers = text.filter(pc.invert(pc.fill_null(pc.is_in(pc.utf8_lower(text), pa.array(_MISSING)), True)))
            self._possible = pc.all(pc.match_substring_regex(numbers, _MAYBE_GROUPED)).as_py() is not False
            points = pc.match_substring(numbers, ".")
            self._grouped |= pc.any(points).as_py() is True
            self._short |= pc.all(points).as_py() is False

    def stays(self, delimiter: str) -> bool:
        """Return whether a point between commas is a decimal point: most often it is, unless numbers without it are all below a
        thousand.
        """
        return self._possible and self._grouped and (self._short or delimiter != ",")


def same_numbers(one: Amounts, other: Amounts) -> bool:
    """Return whether two readings of the same texts are the same numbers."""
    return one is other or bool(one.values.equals(other.values))
