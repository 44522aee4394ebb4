"""Formats of texts on the page; numbers are written by the page's language."""

from __future__ import annotations

import math
import re
from typing import Any

from churnpredict.languages.catalogue import Language

__all__ = ["label_of", "shown"]

_LONGEST = {"id": 60, "text": 600}  # so that 500 cards stay under two megabytes
# Control characters, lone surrogates and marks that turn text round: shown as what they are, a replacement character.
_UNSEEN = {
    kind: re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{marks}\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
    for kind, marks in (("id", "\u200e"), ("text", ""))  # in Arabic sentences, a mark keeps a sign beside its number
}
_ISOLATED = re.compile("\u2068([^\u2066-\u2069]*)\u2069")  # a name that is isolated in sentences; an id keeps no such marks


def shown(text: Any, kind: str = "text") -> str:
    """Return a text of the data as it can be shown: nothing unseen, not endlessly long. The template escapes it.

    >>> shown("a\\u202eb"), shown("a\\u200eb", "id"), shown(None)
    ('a\\ufffdb', 'a\\ufffdb', '')
    >>> shown("a \\u2068b\\u2069") == "a \\u2068b\\u2069", shown("a \\u2068b")  # a name that a sentence isolates; a mark alone
    (True, 'a \\ufffdb')
    """
    if text is None or (isinstance(text, float) and math.isnan(text)):
        return ""
    parts = _ISOLATED.split(str(text)) if kind == "text" else [str(text)]  # every second one is such a name
    parts = [_UNSEEN[kind].sub("\ufffd", part) for part in parts]
    clean = "".join(f"\u2068{part}\u2069" if place % 2 else part for place, part in enumerate(parts))
    if len(clean) <= _LONGEST[kind]:
        return clean
    cut = clean[: _LONGEST[kind] - 1]
    return cut + "\u2069" * (cut.count("\u2068") - cut.count("\u2069")) + "…"


def label_of(key: str, spoken: Language) -> str:
    """Return what a driver is called; one of your own by its key.

    >>> from churnpredict.languages.catalogue import language_of
    >>> label_of("own_thing", language_of("en")), label_of("", language_of("de"))
    ('Own thing', 'Kein Grund sticht hervor')
    """
    return spoken.label(shown(key, "id")) if key else spoken.say("why.none")
