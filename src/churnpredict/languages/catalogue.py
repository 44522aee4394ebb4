"""Language: sentences, nouns, numbers and dates of one language, read from its file."""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from churnpredict.errors import UsageError, closest
from churnpredict.languages.isolation import isolate
from churnpredict.languages.plural import plural_chooser

__all__ = ["LANGUAGES", "Language", "capital", "language_of", "read_language"]

_FOLDER = Path(__file__).parent
NAMES = frozenset({"name", "owner", "id", "rule", "by", "text", "period", "code"})  # holes of messages that hold names of the data
LANGUAGES = tuple(sorted((path.stem for path in _FOLDER.glob("*.toml")), key=lambda code: (code != "en", code)))
"""Codes of all languages: a file of this folder is one."""


@dataclass(frozen=True, eq=False)
class Language:
    """Sentences, nouns, numbers and dates of one language. Made by :func:`language_of`.

    A message is a text with holes such as ``{n}``, or a list of such texts, one per plural category of ``n``. Where a language has an own
    form for one number, as "twice" for two, it is beside the message under its key with the number: ``"season.seen=2"``, ``"d=1"``.
    Numbers are given as numbers and are written here, so that one number looks the same wherever it is shown.

    Attributes
    ----------
    code, name : str
        Such as "de" and "Deutsch".
    direction : {"ltr", "rtl"}
    numbers : mapping
        How numbers, money and dates are written.
    plural : mapping of category to rule
        As in the CLDR, without ``other``.
    spans : mapping of phrase to unit to forms
        "in the last 90 days" and the like.
    words, page : mapping of key to message
        Of the reasons and of everything else.
    nouns : mapping of table or kind to its noun
    drivers : mapping of driver to ``label`` and ``remedy``
    decisions, absences : mapping of a name in our tables to its words
    """

    code: str
    name: str
    direction: str
    numbers: Mapping[str, Any]
    plural: Mapping[str, str]
    spans: Mapping[str, Mapping[str, list[str]]]
    words: Mapping[str, Any]
    page: Mapping[str, Any]
    nouns: Mapping[str, str]
    drivers: Mapping[str, Mapping[str, str]]
    decisions: Mapping[str, str]
    absences: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Language({self.code!r}, {self.name})"

    @cached_property
    def _choose(self) -> Any:
        return plural_chooser(self.plural)

    # --- numbers -----------------------------------------------------------------------------------------------------------------------

    def number(self, value: float, digits: int | None = None) -> str:
        """Write a number as people do: whole from 100 on, three digits at most before, no zeros at the end.

        >>> language_of("de").number(1234567.8), language_of("en").number(97.68000030517578), language_of("pl").number(1234)
        ('1.234.568', '97.7', '1234')
        """
        return self._written(_rounded(value, digits))

    def _written(self, text: str) -> str:
        """Write a plain decimal number with this language's point and groups."""
        text = text.lstrip("-") if not text.strip("-0.") else text  # what is rounded to nothing has no sign
        sign, text = ("\u2212" if text[0] == "-" else text[0], text[1:]) if text[:1] in ("-", "+") else ("", text)
        whole, point, rest = text.partition(".")
        if len(whole) >= self.numbers["group_from"]:
            whole = f"{int(whole):,}".replace(",", self.numbers["group"])
        return self.signed(sign, whole + (self.numbers["decimal"] + rest if point else ""))

    def signed(self, sign: str, text: str) -> str:
        """Write a sign before a number; in a text from right to left a mark keeps both in their order.

        >>> language_of("en").signed("+", "3.5"), language_of("ar").signed("", "3.5"), len(language_of("ar").signed("+", "3.5"))
        ('+3.5', '3.5', 5)
        """
        mark = "\u200e" if sign and self.direction == "rtl" else ""
        return f"{mark}{sign}{text}"

    def people(self, value: Any) -> str:
        """Write a number of customers, whole.

        >>> language_of("en").people(1234.4), language_of("en").people(0.2)
        ('1,234', '< 1')
        """
        if not _known(value):
            return "–"
        return "< 1" if 0 < value < 0.5 else self._written(f"{value:.0f}")

    def percent(self, share: Any) -> str:
        r"""Write a share in per cent; what is not nothing is not shown as nothing, nor what is not everything as everything.

        >>> language_of("en").percent(0.1342), language_of("de").percent(0.0217), language_of("en").percent(0.0002)
        ('13 %', '2,2\xa0%', '< 0.1 %')
        """
        if not _known(share):
            return "–"
        if 0 < share < 0.001:
            return "< " + str(self.numbers["percent"].format(n=self._written("0.1")))
        if 0.999 < share < 1:
            return "> " + str(self.numbers["percent"].format(n=self._written("99.9")))
        digits = 1 if 0 < abs(share) < 0.0995 or 0.995 <= share < 1 else 0
        return str(self.numbers["percent"].format(n=self._written(f"{100 * share:.{digits}f}")))

    def amount(self, value: Any, unit: str = "") -> str:
        r"""Write an amount of money with its unit: whole from 100 on, else with cents where it has any.

        >>> language_of("en").amount(12345.6, "€"), language_of("de").amount(12.5, "€"), language_of("en").amount(-3, "EUR")
        ('€12,346', '12,50\xa0€', '−3 EUR')
        """
        if not _known(value):
            return "–"
        text = f"{value:.0f}" if abs(value) >= 99.995 or abs(value - round(value)) < 0.005 else f"{value:.2f}"
        text = self._written("0" if text == "-0" else text)
        if not unit:
            return text
        head, minus, rest = text.rpartition("\u2212")
        sign, text = (head + minus, rest) if minus else ("", text)
        pattern = (
            "{n} {u}" if any(letter.isalpha() for letter in unit) and self.numbers["money"].startswith("{u}") else self.numbers["money"]
        )
        return sign + str(pattern.format(n=text, u=self.isolated(unit)))

    def score(self, value: Any, *, sign: bool = False, digits: int = 3) -> str:
        """Write a figure such as an AUC, to three digits; ``sign`` is for differences.

        >>> language_of("en").score(0.7321), language_of("fr").score(0.7321)
        ('.732', '0,732')
        """
        if not _known(value):
            return "–"
        text = self._written(f"{value:{'+' if sign else ''}.{digits}f}")
        bare = self.numbers.get("bare_score") and abs(value) < 1 - 0.5 / 10**digits
        return text.replace("0" + self.numbers["decimal"], self.numbers["decimal"], 1) if bare else text

    def ratio(self, value: Any) -> str:
        """Write a factor such as a lift, to one digit also where that is a zero.

        >>> language_of("en").ratio(1.0), language_of("de").ratio(2.34)
        ('1.0', '2,3')
        """
        return self._written(f"{value:.1f}") if _known(value) else "–"

    def points(self, share: Any, *, sign: bool = False) -> str:
        """Write probability points to one digit; without ``sign`` they are signed by the sentence around them.

        >>> language_of("en").points(0.0734)
        '7.3'
        """
        return self._written(f"{100 * share:{'+' if sign else ''}.1f}") if _known(share) else "–"

    def day(self, moment: datetime.date) -> str:
        """Write a day in short.

        >>> language_of("en").day(datetime.date(2024, 4, 2)), language_of("pl").day(datetime.date(2024, 4, 2))
        ('2 Apr 2024', '02.04.2024')
        """
        months = self.numbers.get("months")
        day = str(moment.day) if months else f"{moment.day:02d}"
        month = months[moment.month - 1] if months else f"{moment.month:02d}"
        return str(self.numbers["date"].format(d=day, month=month, y=f"{moment.year:04d}"))

    # --- spans of time -----------------------------------------------------------------------------------------------------------------

    def span(self, phrase: str, value: float, unit: str = "d", digits: int | None = None) -> str:
        """Write a span of time in a phrase, such as ``last``, ``ago`` or ``days``.

        >>> language_of("en").span("last", 90), language_of("ru").span("last", 21), language_of("de").span("ago", 3)
        ('in the last 90 days', 'за последний 21 день', 'vor 3 Tagen')
        """
        plain = _rounded(value, digits)
        return self._form(self.spans[phrase], unit, plain).format(n=self._written(plain))

    def ago(self, days: float) -> str:
        """Say how long ago, in whole days."""
        return self.span("ago", int(days)) if days >= 1 else self.words["soon"]

    def ahead(self, days: float) -> str:
        """Say in how many whole days."""
        return self.span("ahead", int(days)) if days >= 1 else self.words["soon"]

    def lasting(self, days: float) -> str:
        """Write a number of days: whole from ten on, else to a tenth."""
        return self.span("days", days, digits=0 if days >= 10 else 1) if days >= 0.05 else self.words["moments"]

    def activity(self, days: str, ratio: float, *, what: str = "expected_activity") -> str:
        """Say how busy the coming days usually are, or with "expected_leaving" how often customers leave in them; within a twentieth of the
        past they are about the same.

        >>> language_of("en").activity("30 days", 0.98)
        'activity in the coming 30 days is usually about that of the time that the model learnt from'
        """
        if abs(ratio - 1) < 0.05:
            return self.clause(f"{what}.same").format(days=days)
        digits = 1 if ratio >= 1 else 2
        return self.clause(what, ratio, digits).format(days=days, n=self.number(ratio, digits))

    # --- messages ----------------------------------------------------------------------------------------------------------------------

    def say(self, key: str, **holes: Any) -> str:
        """Fill in a message of the page; its form goes by the number ``n``.

        >>> language_of("en").say("alerts.group", name="silent", n=1), language_of("de").say("alerts.since", date="02.04.2024")
        ('silent: 1 customer', 'seit 02.04.2024')
        """
        n = holes.get("n")
        message = self._form(self.page, key, _rounded(n, 0) if isinstance(n, int) else n if isinstance(n, str) else None)
        written = {name: self._written(_rounded(v, 0)) if isinstance(v, int) else v for name, v in holes.items()}
        written |= {name: self.isolated(str(v)) for name, v in written.items() if name in NAMES}
        return str(message.format(**written))

    def clause(self, key: str, n: float | None = None, digits: int | None = None) -> str:
        """Return a message of the reasons with its holes, in the form for the number ``n`` as it is written.

        >>> language_of("fr").clause("reason.bare", 1.9, 1), language_of("en").clause("streak", 1)
        ('{label} (+{points} point).', '{things}: the last time')
        """
        return self._form(self.words, key, None if n is None else _rounded(n, digits))

    def _form(self, messages: Mapping[str, Any], key: str, plain: str | None) -> str:
        """Return the form of a message for a plain number, if one is given."""
        message = messages.get(f"{key}={plain}", messages[key])
        if isinstance(message, str):
            return message
        return str(message[0] if len(message) == 1 else message[self._choose(plain or "0")])

    def isolated(self, name: str) -> str:
        """Return a name of the data as it may stand amid a sentence."""
        return isolate(name, self.direction)

    def noun(self, name: str) -> str:
        """Return what a table or a kind of its events is called."""
        return self.nouns[name] if name in self.nouns else self.isolated(name.replace("_", " "))

    def label(self, key: str, given: str = "") -> str:
        """Return what a driver is called; one of your own as it is given, or by its key."""
        if key in self.drivers:
            return self.drivers[key]["label"]
        return self.isolated(given or capital(key.replace("_", " ")))

    def remedy(self, key: str) -> str:
        """Return what to do about a driver; nothing for one of your own."""
        return self.drivers[key]["remedy"] if key in self.drivers else ""


def capital(text: str) -> str:
    """Return the text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def _known(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _rounded(value: float, digits: int | None) -> str:
    if digits is None:
        digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return _trimmed(f"{float(value):.{digits}f}")


def _trimmed(text: str) -> str:
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def read_language(path: str | Path) -> Language:
    """Read a language from its file: what it must hold, the tests say (``tests/languages``).

    Raises
    ------
    UsageError
        ``unknown-language``: the file cannot be read, or a section is missing.
    """
    sections = ("numbers", "plural", "spans", "words", "page", "nouns", "drivers", "decisions", "absences")
    try:
        said = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return Language(said["code"], said["name"], said["direction"], *(said[name] for name in sections))
    except (OSError, ValueError, KeyError) as error:
        remedy = "Give a file with the sections of languages/en.toml."
        raise UsageError("unknown-language", f'"{Path(path).name}" is not a file of a language: {error}', remedy=remedy) from None


@cache
def _by_code(code: str) -> Language:
    return read_language(_FOLDER / f"{code}.toml")


def language_of(language: str | Language) -> Language:
    """Return the language of a code such as "de", or the one that is given.

    Raises
    ------
    UsageError
        ``unknown-language``: none of the eight.

    Examples
    --------
    >>> language_of("de").name
    'Deutsch'
    """
    if isinstance(language, Language):
        return language
    if not isinstance(language, str) or language not in LANGUAGES:
        names = ", ".join(f'"{code}" ({_by_code(code).name})' for code in LANGUAGES)
        near = closest(language, LANGUAGES) if isinstance(language, str) else ""
        raise UsageError("unknown-language", f"there is no language {language!r}", remedy=f"Use {names}.{near}")
    return _by_code(language)
