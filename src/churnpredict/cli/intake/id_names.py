"""Names of columns that hold ids."""

from __future__ import annotations

import re

from churnpredict.cli.intake.column_words import has_word, tokens

__all__ = ["is_id"]

# Words that end in "id" by chance, and that follow "no" where it denies.
_WORDS = {
    *("paid", "unpaid", "prepaid", "repaid", "postpaid", "void", "avoid", "valid", "invalid", "grid", "bid", "mid", "android", "covid"),
    *("hybrid", "solid", "fluid", "rapid", "said", "kid", "rigid", "liquid", "lid"),
}
_DENIED = {"show", "shows", "answer", "reply", "response", "claim", "claims", "fault", "data", "contact", "interest", "consent"}


def is_id(name: str) -> bool:
    """Return whether a name ends, or begins, like those of ids.

    >>> is_id("userid"), is_id("N° abonné"), is_id("paid"), is_id("no_show"), is_id("number of calls")
    (True, True, False, False, False)
    """
    words = tokens(name)
    if words[:2] in (("number", "of"), ("no", "of"), ("num", "of")):  # a count
        return False
    if len(words) == 2 and words[0] == "no" and words[1] in _DENIED:
        return False
    if len(words) > 1 and re.match(r"\s*n\s*[°º.]", name.lower()):
        return True
    if not words:
        return False
    ends = words[-1] not in _WORDS and (has_word(words[-1], "id") or name.lower().endswith("id"))
    return ends or (len(words) > 1 and words[0] not in _WORDS and has_word(words[0], "id"))
