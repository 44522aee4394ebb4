"""Ids of customers that are written in several ways, such as "C-007", "c7" and "C-007 ": a query writes them in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.id_names import is_id
from churnpredict.cli.intake.table_joins import extended, quoted
from churnpredict.cli.intake.table_keys import CONTACT, unlike_customer
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query

__all__ = ["with_one_spelling"]

_FEW = 10
_SAME = 0.5  # share of the smaller column's values: they are written alike
_SEEN = 0.9  # the same, once both are written in one way
_COLLAPSE = 0.98  # of the values are left without their case: fewer are one id in several spellings, more are other ids by chance
_EXACT = 2**53


@dataclass(frozen=True)
class _Spelling:
    """A way to write ids: what it removes, in Python and in a query."""

    says: str
    write: Callable[[str], str]
    sql: Callable[[str], str]


def _trimmed(column: str) -> str:
    return f"trim(CAST({column} AS VARCHAR))"


def _no_zeros(text: str) -> str:
    return re.sub(r"(^|[^0-9])0+([0-9])", r"\1\2", text)


def _sql_no_zeros(text: str) -> str:
    return rf"regexp_replace({text}, '(^|[^0-9])0+([0-9])', '\1\2', 'g')"


# The mildest first: the first that makes ids of two tables the same is taken.
_SPELLINGS = (
    _Spelling("without blanks around them", str.strip, _trimmed),
    _Spelling("without leading zeros", lambda v: _no_zeros(v.strip()), lambda c: _sql_no_zeros(_trimmed(c))),
    _Spelling("in small letters", lambda v: v.strip().lower(), lambda c: f"lower({_trimmed(c)})"),
    _Spelling(
        "in small letters, without leading zeros", lambda v: _no_zeros(v.strip().lower()), lambda c: _sql_no_zeros(f"lower({_trimmed(c)})")
    ),
    _Spelling(
        "in small letters, without signs and leading zeros",
        lambda v: _no_zeros(re.sub(r"[^a-z0-9]", "", v.lower())),
        lambda c: _sql_no_zeros(f"regexp_replace(lower({_trimmed(c)}), '[^a-z0-9]', '', 'g')"),
    ),
)


def with_one_spelling(profiles: Sequence[TableProfile]) -> tuple[list[TableProfile], dict[str, str]]:
    """Return tables whose ids of customers are written in one way, and which tables cannot be joined so, and why."""
    found = {p.name: _within(_with_whole_ids(p)) for p in profiles}
    refused: dict[str, str] = {}
    for _ in range(2 * len(found)):
        apart = next(_apart([p for p in found.values() if p.name not in refused]), None)
        if apart is None:
            break
        (one, a), (other, b) = apart
        spelling = next((s for s in _SPELLINGS if _joins(s, a, b)), None)
        if spelling is None:
            less, more = ((one, a), (other, b)) if a.unique or one.rows < other.rows else ((other, b), (one, a))
            refused[less[0].name] = (
                f'the ids in "{less[1].name}" look like those in "{more[1].name}" of {more[0].name} written in another way '
                "(capital letters, hyphens, blanks or leading zeros): write both in one way"
            )
            continue
        for (table, column), (there, theirs) in (apart, apart[::-1]):
            if any(spelling.write(str(v)) != str(v) for v in column.codes[1]):
                told = f'the ids in "{column.name}" are written {spelling.says}, as those in "{theirs.name}" of {there.name}'
                found[table.name] = _rewritten(table, column, spelling.sql(quoted(column.name)), told)
    return list(found.values()), refused


def _rewritten(profile: TableProfile, column: Column, made: str, told: str) -> TableProfile:
    query = extended(profile, f"given.* REPLACE ({made} AS {quoted(column.name)})", "", {})
    changed = profile_query(query, profile.name, profile)
    return replace(changed, months=profile.months, notes=(*profile.notes, told))


def _with_whole_ids(profile: TableProfile) -> TableProfile:
    """Return the table with whole ids, where a data frame has written them as 1001.0."""
    for column in profile.of_kind("number"):
        numbers = column.numbers
        if (
            pa.types.is_floating(column.values.type)
            and (is_id(column.name) or column.says("customer"))
            and not column.says("value", "quantity")
            and bool((np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) < _EXACT)).all())
        ):
            told = f'the ids in "{column.name}" are written without ".0"'
            profile = _rewritten(profile, column, f"CAST({quoted(column.name)} AS BIGINT)", told)
    return profile


def _within(profile: TableProfile) -> TableProfile:
    """Return the table with one spelling of each customer, where one column holds several: "C-007", "c-007" and "C-007 "."""
    for column in profile.of_kind("text"):
        if not _is_key(profile, column) or column.distinct <= _FEW:
            continue
        values = [str(v) for v in column.codes[1]]
        left = len({v.strip().lower() for v in values})
        contact = bool(CONTACT & set(tokens(column.name)))
        if left == len(values) or (left > _COLLAPSE * len(values) and not contact):
            continue
        capital = not contact and sum(v.upper() == v for v in values) > len(values) / 2
        says = "in capital letters" if capital else "in small letters"
        told = f'the ids in "{column.name}" are written {says}: {len(values) - left:,} of {len(values):,} were others in another spelling'
        profile = _rewritten(profile, column, f"{'upper' if capital else 'lower'}({_trimmed(quoted(column.name))})", told)
    return profile


def _is_key(profile: TableProfile, column: Column) -> bool:
    """Return whether a column may hold the ids of customers."""
    if unlike_customer(column):
        return False
    plain = not [w for w in tokens(column.name) if not has_word(w, "id")]  # "id" of "customers"
    return column.says("customer") or bool(CONTACT & set(tokens(column.name))) or (plain and column.unique and profile.says("people"))


def _apart(profiles: Sequence[TableProfile]) -> Iterator[tuple[tuple[TableProfile, Column], tuple[TableProfile, Column]]]:
    """Yield columns of two tables that hold the same customers, written in other ways."""
    columns = [(p, c, set(map(str, c.codes[1]))) for p in profiles for c in p.columns.values() if c.distinct > _FEW and _is_key(p, c)]
    for i, (one, a, mine) in enumerate(columns):
        for other, b, theirs in columns[i + 1 :]:
            if one is other or not ((is_id(a.name) and is_id(b.name)) or a.name == b.name):
                continue
            if len(mine & theirs) < _SAME * min(len(mine), len(theirs)) and _shared(_SPELLINGS[-1], mine, theirs):
                yield (one, a), (other, b)


def _shared(spelling: _Spelling, mine: set[str], theirs: set[str]) -> bool:
    plain = [{spelling.write(v) for v in values} for values in (mine, theirs)]
    return len(plain[0] & plain[1]) >= _SEEN * min(map(len, plain))


def _joins(spelling: _Spelling, a: Column, b: Column) -> bool:
    """Return whether a spelling makes the ids of two columns the same, and no two of one column."""
    both = [[str(v) for v in c.codes[1]] for c in (a, b)]
    return all(len({spelling.write(v) for v in values}) == len(values) for values in both) and _shared(spelling, set(both[0]), set(both[1]))
