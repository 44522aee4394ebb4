"""Tables that say which customers were merged into others: their old ids look like customers who left.

Where the data prove it, the logs are read with the ids that are in use now; in doubt a note says what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from churnpredict.cli.intake.column_words import has_word, tokens
from churnpredict.cli.intake.readings import Reading
from churnpredict.cli.intake.table_joins import extended, quoted
from churnpredict.cli.intake.table_profiles import Column, TableProfile, profile_query
from churnpredict.errors import ChurnError
from churnpredict.events.source import Query
from churnpredict.events.timing import DAY

__all__ = ["Known", "with_merges_named", "without_merged"]

_FEW = 10  # merged customers
_KNOWN = 0.9  # of the ids are in other tables
_HALF = 0.5  # of the old ids are, where a column or the table is named for merging: others had no rows
_PROVED = 0.95  # of the old ids have no row once they were merged
_LATE = 0.3  # of the customers have a row in the last days of the logs
_SOME = 5  # old ids that would have a row after that, if they were like other customers
_NONE = np.iinfo(np.int64).min
_FROM = {"from", "of"}  # senders and givers, who go on being customers
_INTO = {"into", "in", "by", "to", "of", "with", "mit", "durch", "par", "por", "przez", "door"}
_MERGED = (
    *("merg", "dedup", "duplic", "duplik", "doppel", "zusammen", "fusion", "doublon", "сли", "scal", "birles", "samengevoegd", "объедин"),
    *("replac", "supersed", "surviv", "master", "canonical", "legacy", "obsolet", "ersetz", "remplac", "reemplaz", "sostitu", "substitu"),
    *("zastap", "vervang", "замен", "unific", "consolid", "migrat", "migrac", "crosswalk"),
)
Known = dict[str, tuple[TableProfile, str]]


@dataclass(frozen=True)
class _Pair:
    """The columns of a table that hold the old and the new id of a customer."""

    table: TableProfile
    old: Column
    new: Column
    named: bool  # by words

    @property
    def both(self) -> npt.NDArray[np.bool_]:
        """Where there are both ids, shape (n,)."""
        return self.old.filled & self.new.filled

    @property
    def differ(self) -> bool:
        """Whether most rows have two different ids."""
        old, new = (c.codes[1][c.codes[0][self.both]].astype(str) for c in (self.old, self.new))
        return len(old) > 0 and bool((old == new).mean() < 0.5)

    @property
    def told(self) -> str:
        return f'"{self.old.name}" and "{self.new.name}" pair ids of customers'


def with_merges_named(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings; a table that pairs an old id with the new one of the same customer says what to do first."""
    known = {str(v) for r in readings if r.kind for v in r.customer.codes[1]}
    last = _last_rows(readings)
    return [_named(r, known, last) for r in readings]


def _named(reading: Reading, known: set[str], last: Mapping[str, int]) -> Reading:
    pair = next((p for p in _pairs(reading.profile, known) if p.named or _is_proved(p, last)), None)
    if pair is None:
        return reading
    told = f"{pair.told}: where the first became the second, write one id in all tables, or the old ones look like customers who left"
    return replace(reading, why=told) if not reading.kind else replace(reading, notes=[*reading.notes, told])


def without_merged(known: Known, tables: Mapping[str, TableProfile], readings: Sequence[Reading]) -> tuple[Known, dict[str, str]] | None:
    """Return the tables with ids as they are now, and why the table that pairs old with new ones is not one of events; None without one.

    It must be called so, and its old ids must have no rows once they were merged.

    Parameters
    ----------
    known : dict of str to (TableProfile, str)
        Tables and their columns of customers.
    tables : dict of str to TableProfile
        The same, and those without a customer.
    readings : list of Reading
        Of the tables in ``known``.
    """
    ids = {str(v) for profile, customer in known.values() for v in profile.columns[customer].codes[1]}
    last = _last_rows(readings)
    found = [p for t in tables.values() for p in _pairs(t, ids) if p.named and _is_proved(p, last)]
    if len(found) != 1:
        return None
    pair = found[0]
    lists = pair.table.name in known and pair.table.columns[known[pair.table.name][1]].unique and not pair.new.filled.all()
    try:
        now = {n: _as_now(p, c, pair) for n, (p, c) in known.items() if n != pair.table.name or lists}
    except ChurnError:  # a query does not reach both tables: with_merges_named says what to do
        return None
    told = {} if lists else {pair.table.name: f"{pair.told}: each table is read with the second instead of the first"}
    return now, told


def _as_now(profile: TableProfile, customer: str, pair: _Pair) -> tuple[TableProfile, str]:
    """Return a table whose rows are those of the ids in use now; in a list of customers the old ids have no row."""
    old = set(map(str, pair.old.codes[1][pair.old.codes[0][pair.both]]))
    who = profile.columns[customer]
    rows = int(np.isin(who.codes[0], [i for i, v in enumerate(who.codes[1]) if str(v) in old]).sum())
    if not rows:
        return profile, customer
    inside = {pair.table.name: pair.table}
    key = f"CAST(given.{quoted(customer)} AS VARCHAR)"
    if who.unique:
        query = extended(profile, "given.*", f"WHERE {key} NOT IN (SELECT old_id FROM ({_chains(pair)}) AS merged)", inside)
        note = f"{rows:,} old ids of merged customers are left out"
        name = customer
    else:
        name = next(n for n in (f"{customer}_now", f"{customer}_after_merges") if n not in profile.columns)
        now = f"coalesce(merged.new_id, given.{quoted(customer)}) AS {quoted(name)}"
        query = extended(profile, f"given.*, {now}", f"LEFT JOIN ({_chains(pair)}) AS merged ON {key} = merged.old_id", inside)
        note = f'"{customer}" of {rows:,} rows is read as the id that it became by {pair.table.name}'
    made = profile_query(query, profile.name, profile)
    return replace(made, notes=(*made.notes, note)), name


def _chains(pair: _Pair) -> str:
    """Return a query of each old id and the last one that it became, by however many steps."""
    source = pair.table.source
    rows = _inner(source) if isinstance(source, Query) else quoted(pair.table.name)
    old, new = f"CAST({quoted(pair.old.name)} AS VARCHAR)", quoted(pair.new.name)
    pairs = f"SELECT {old} AS old_id, {new} AS new_id FROM {rows} WHERE {old} <> CAST({new} AS VARCHAR) AND CAST({new} AS VARCHAR) <> ''"
    again = "SELECT way.old_id, step.new_id FROM way JOIN step ON CAST(way.new_id AS VARCHAR) = step.old_id"
    last = "SELECT old_id, min(new_id) AS new_id FROM way WHERE CAST(new_id AS VARCHAR) NOT IN (SELECT old_id FROM step) GROUP BY old_id"
    return f"WITH RECURSIVE step AS ({pairs}), way AS (SELECT old_id, new_id FROM step UNION {again}) {last}"


def _inner(source: Query) -> str:
    return f"({source.sql}) AS pairs" if " " in source.sql else quoted(source.sql)


def _pairs(profile: TableProfile, known: set[str]) -> Iterator[_Pair]:
    """Yield the columns of a table that may be the old and the new id of the same customers, those named so alone where there are any."""
    share = {c.name: float(np.mean([str(v) in known for v in c.codes[1]])) for c in profile.of_kind("text", "number") if c.distinct > _FEW}
    words = {name for name in share if any(_is_old(word) for word in tokens(name))}
    named = bool(words) or any(word.startswith(_MERGED) for word in tokens(profile.called or profile.name))
    ids = [profile.columns[name] for name, found in share.items() if found >= (_HALF if named else _KNOWN)]
    for old in ids:
        for new in ids:
            speaking = {old.name, new.name} & words if words else len(ids) == 2
            turned = _is_target(old.name) and not _is_target(new.name)
            if old is not new and speaking and not turned and max(share[old.name], share[new.name]) >= _KNOWN:
                pair = _Pair(profile, old, new, named)
                if pair.differ and (not words or old.name in words or _is_target(new.name)):
                    yield pair


def _is_old(word: str) -> bool:
    return (has_word(word, "before") and word not in _FROM) or word.startswith(_MERGED)


def _is_target(name: str) -> bool:
    """Return whether a column is named for what others became: "merged_into", "master_id", "duplicate_of"."""
    words = tokens(name)
    return bool(_INTO & set(words)) or any(w.startswith(("surviv", "master", "canonical")) for w in words)


def _last_rows(readings: Sequence[Reading]) -> dict[str, int]:
    """Return the last row of each id in logs and contracts."""
    last: dict[str, int] = {}
    for r in readings:
        role = {"events": "time", "intervals": "start"}.get(r.kind, "")
        if not role or r.roles[role] not in r.profile.columns:
            continue
        latest = np.full(r.customer.distinct, _NONE)
        there = r.column(role).known & r.customer.filled
        np.maximum.at(latest, r.customer.codes[0][there], r.column(role).times[there])
        for who, at in zip(r.customer.codes[1], latest.tolist(), strict=True):
            last[str(who)] = max(last.get(str(who), _NONE), at)
    return last


def _is_proved(pair: _Pair, last: Mapping[str, int]) -> bool:
    """Return whether the old ids have no rows once they were merged, while the new ones do.

    That is the day of the merge where one is known, and the last days of the logs where none is.
    """
    both = pair.both
    olds, news = (
        np.array([last.get(str(v), _NONE) for v in column.codes[1]], np.int64)[column.codes[0][both]] for column in (pair.old, pair.new)
    )
    ever = np.array(list(last.values()), np.int64)
    if not len(ever):
        return False
    days = [c.times[both] for c in pair.table.of_kind("time") if c.known[both].all()]
    return any(_stops(olds, news, ever, when) for when in days or [np.full(int(both.sum()), int(np.quantile(ever, 1 - _LATE)))])


def _stops(olds: npt.NDArray[np.int64], news: npt.NDArray[np.int64], ever: npt.NDArray[np.int64], when: npt.NDArray[np.int64]) -> bool:
    there = olds != _NONE
    expected = sum(float((ever > at + DAY).mean()) for at in when[there])
    after = (olds > when + DAY)[there].mean() if there.any() else 1.0
    return bool(there.sum() >= _FEW and expected >= _SOME and after <= 1 - _PROVED and (news > when + DAY).sum() > there.sum() / 5)
