"""Tables that say which customers were merged into others: they are named, since old ids look like customers who left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_profiles import Column, TableProfile

__all__ = ["with_merges_named"]

_FEW = 10  # merged customers
_KNOWN = 0.9  # of the ids are in other tables
_FROM = {"from", "of"}  # senders and givers, who go on being customers
_MERGED = ("merg", "dedup", "duplic", "duplik", "doppel", "zusammen", "fusion", "doublon", "сли", "scal", "birles", "samengevoegd")


def with_merges_named(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings; a table that pairs an old id with the new one of the same customer says what to do first."""
    known = {str(v) for r in readings if r.kind in ("events", "intervals") for v in r.customer.codes[1]}
    return [_named(r, known) for r in readings]


def _named(reading: Reading, known: Collection[str]) -> Reading:
    pair = _pair(reading.profile, known)
    if pair is None:
        return reading
    told = (
        f'"{pair[0].name}" and "{pair[1].name}" pair ids of customers: where the first became the second, write one id in all tables, '
        "or the old ones look like customers who left"
    )
    return replace(reading, why=told) if not reading.kind else replace(reading, notes=[*reading.notes, told])


def _pair(profile: TableProfile, known: Collection[str]) -> tuple[Column, Column] | None:
    """Return the columns of the old and of the new id, if a table has them."""
    columns = profile.of_kind("text", "number")
    old = {c.name for c in columns if any(_is_old(word) for word in tokens(c.name))}
    if not old and not any(word.startswith(_MERGED) for word in tokens(profile.called or profile.name)):
        return None
    ids = [c for c in columns if c.distinct > _FEW and np.mean([str(v) in known for v in c.codes[1]]) >= _KNOWN]
    if len(ids) != 2 or (old and not old & {c.name for c in ids}):
        return None
    first, second = sorted(ids, key=lambda c: c.name not in old)
    both = first.filled & second.filled
    same = first.codes[1][first.codes[0][both]].astype(str) == second.codes[1][second.codes[0][both]].astype(str)
    return (first, second) if both.any() and same.mean() < 0.5 else None


def _is_old(word: str) -> bool:
    return (has_word(word, "before") and word not in _FROM) or word.startswith(_MERGED)
