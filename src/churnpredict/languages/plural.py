"""Plural categories of numbers, by rules as the CLDR writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["plural_chooser"]

_RELATION = re.compile(r"([nivf])(?: % (\d+))? (=|!=) ([\d.,]+)")


def plural_chooser(rules: Mapping[str, str]) -> Callable[[str], int]:
    """Return what tells the place of a written number among the plural categories; the last category is whatever is left.

    Parameters
    ----------
    rules : mapping of category to rule
        As in the CLDR: ``i % 10 = 2..4 and i % 100 != 12..14``. ``n`` is the number, ``i`` its whole part, ``v`` how many digits stand
        behind the decimal point and ``f`` these digits.

    Returns
    -------
    callable
        Takes a number as text with a point, such as ``"1.5"``.

    Raises
    ------
    ValueError
        A rule cannot be read.

    Examples
    --------
    >>> polish = {"one": "i = 1 and v = 0", "few": "v = 0 and i % 10 = 2..4 and i % 100 != 12..14", "many": "v = 0"}
    >>> [plural_chooser(polish)(n) for n in ("1", "3", "5", "13", "22", "1.5")]
    [0, 1, 2, 2, 1, 3]
    """
    tests = [[[_relation(part) for part in way.split(" and ")] for way in rule.split(" or ")] for rule in rules.values()]

    def choose(text: str) -> int:
        whole, _, digits = text.lstrip("-").partition(".")
        known = {"n": float(text.lstrip("-")), "i": float(whole), "v": float(len(digits)), "f": float(digits or 0)}
        fits = (place for place, ways in enumerate(tests) if any(all(test(known) for test in parts) for parts in ways))
        return next(fits, len(tests))

    return choose


def _relation(part: str) -> Callable[[Mapping[str, float]], bool]:
    found = _RELATION.fullmatch(part.strip())
    if found is None:
        raise ValueError(f"the plural rule {part!r} cannot be read")
    name, divisor, sign, listed = found.groups()
    spans = [tuple(float(end) for end in one.split("..")) for one in listed.split(",")]

    def holds(known: Mapping[str, float]) -> bool:
        value = known[name] % int(divisor) if divisor else known[name]
        inside = any(span[0] <= value <= span[-1] and value == int(value) for span in spans)
        return inside == (sign == "=")

    return holds
