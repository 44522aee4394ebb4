"""Names of the data amid a sentence that runs the other way: isolated, so that no number or sign beside them changes its place."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["isolate"]

_OPEN, _CLOSE = "\u2068", "\u2069"
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # what turns text round: none may reach out of a name


def isolate(text: str, direction: str) -> str:
    """Return a name between marks that isolate it: in a sentence from right to left always, in others where it is written that way.

    >>> isolate("visits", "ltr"), len(isolate("visits", "rtl")), isolate(isolate("visits", "rtl"), "rtl") == isolate("visits", "rtl")
    ('visits', 8, True)
    """
    if not text or not (direction == "rtl" or any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)):
        return text
    return f"{_OPEN}{_MARKS.sub('', text)}{_CLOSE}"
