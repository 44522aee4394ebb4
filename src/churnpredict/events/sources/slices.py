"""Slices of a table in a database, by a column that grows: each with the count and a checksum of its rows, which the database computes."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from churnpredict.errors import SchemaError
from churnpredict.events.sources.base import distinct, quoted

__all__ = ["MOST", "Slice", "find_slices"]

MOST = 500  # slices of one table; beyond, it is cut anew
_MOST_VALUES = 100  # that a function of SQLite takes
Bound = int | float | str


@dataclass(frozen=True)
class Slice:
    """Rows whose mark is above one bound and at most another, or that have no mark.

    Attributes
    ----------
    name : str
        The same from day to day: its bounds, as JSON.
    where : str
        SQL that its rows fulfil; every row of a table is in exactly one of its slices.
    state : str
        Types of the columns, count and checksum of the rows.
    """

    name: str
    where: str
    state: str


def find_slices(
    engine: Any,
    source: str,
    mark: str,
    columns: Sequence[str],
    known: Collection[str],
    table: str,
    *,
    quote: Callable[[str], str] = quoted,
    text: str = "VARCHAR",
) -> list[Slice]:
    """Cut a table by the bounds that are known, and above them by the greatest mark.

    Parameters
    ----------
    engine : one of the engines of :mod:`churnpredict.events.sources.databases`, open
        With ``dialect``, ``rows`` and ``kinds``.
    source : str
        Table or query, as SQL.
    mark : str
        The column that grows.
    columns : sequence of str
        Those that are read: checksums are of these.
    known : collection of str
        Names of the slices of the time before.
    table : str
        Name of the table in messages.
    quote : callable
        Writes a name as the engine reads it.
    text : str
        The engine's type for texts of any length.

    Returns
    -------
    list of Slice
        In ascending order; the last but one is above all marks, and has rows only if some are written meanwhile; the last has those
        without a mark. None at all where the database computes no checksums.

    Raises
    ------
    SchemaError
        ``mark-type``: the marks are neither numbers nor texts nor times.
    """
    wanted = distinct(columns)
    if engine.dialect is None or (engine.dialect == "sqlite" and len(wanted) > _MOST_VALUES):
        return []
    column = quote(mark)
    bounds = _known_bounds(known, mark)
    kind = engine.type_of(f"SELECT {column} AS m FROM {source}")  # noqa: S608 - quoted
    above = f" WHERE {column} > {_literal(bounds[-1], kind)}" if bounds else ""
    newest = _newest(engine, f"SELECT max({column}) AS m FROM {source}{above}", mark, table, text)  # noqa: S608 - quoted
    bounds += [] if newest is None else [newest]
    literals = [_literal(bound, kind) for bound in bounds]
    kinds = engine.kinds(f"SELECT {', '.join(map(quote, wanted))} FROM {source}")  # noqa: S608 - quoted
    listed = ", ".join(f"{quote(c)} AS c{i}" for i, c in enumerate(wanted))
    cases = f"CASE WHEN {column} IS NULL THEN -1 ELSE {_tree(column, literals, 0, len(literals))} END"
    sums = engine.checksum([f"c{i}" for i in range(len(wanted))])
    sql = f"SELECT s, count(*), {sums} FROM (SELECT {cases} AS s, {listed} FROM {source}) AS cut GROUP BY s"  # noqa: S608 - quoted
    states = {int(row[0]): " ".join(map(str, row[1:])) for row in engine.rows(sql)}
    found = []
    for number in range(len(bounds) + 1):
        low = [f"{column} > {literals[number - 1]}"] if number else []
        high = [f"{column} <= {literals[number]}"] if number < len(bounds) else []
        ends = [bounds[number - 1] if number else None, bounds[number] if number < len(bounds) else None]
        where = " AND ".join([*low, *high]) or f"{column} IS NOT NULL"
        found.append(Slice(json.dumps([mark, *ends]), where, f"{kinds}; {states.get(number, '0')}"))
    return [*found, Slice(json.dumps([mark]), f"{column} IS NULL", f"{kinds}; {states.get(-1, '0')}")]


def _known_bounds(known: Collection[str], mark: str) -> list[Bound]:
    """Return the bounds in the names of slices, ascending, as far as they follow each other."""
    following = {}
    for name in known:
        with suppress(ValueError):  # the table was in files before
            told = json.loads(name)
            if isinstance(told, list) and told[:1] == [mark] and len(told) > 1 and told[2] is not None:
                following[told[1]] = told[2]
    bounds: list[Bound] = []
    at = None
    while at in following:
        at = following.pop(at)
        bounds.append(at)
    return bounds if len(bounds) < MOST else []


def _newest(engine: Any, sql: str, mark: str, table: str, text: str) -> Bound | None:
    """Return the greatest mark: a number of SQLite, or any value as the text from which a database reads it again."""
    if engine.dialect != "sqlite":
        sql = f"SELECT CAST(m AS {text}) FROM ({sql}) AS newest"  # noqa: S608 - quoted
    found = engine.rows(sql)[0][0]
    if found is None or isinstance(found, (str, int)) or (isinstance(found, float) and math.isfinite(found)):
        return found
    raise SchemaError(
        "mark-type",
        "the marks are neither numbers nor texts nor times",
        table=table,
        column=mark,
        remedy="Give grows_by a column of whole numbers or times, such as an id or the time of insertion.",
    )


def _literal(bound: Bound, kind: str | None) -> str:
    """Return a bound as SQL, of the type that the marks have now."""
    text = "'" + bound.replace("'", "''") + "'" if isinstance(bound, str) else repr(bound)
    return text if kind is None else f"CAST({text} AS {kind})"


def _tree(column: str, literals: Sequence[str], first: int, last: int) -> str:
    """Return SQL for the number of a row's slice, from the first to the last, in as few comparisons as there can be."""
    if first == last:
        return str(first)
    middle = (first + last) // 2
    low, high = _tree(column, literals, first, middle), _tree(column, literals, middle + 1, last)
    return f"CASE WHEN {column} <= {literals[middle]} THEN {low} ELSE {high} END"


class RowSum:
    """A checksum of rows in any order, for SQLite, which has none: the sum of 128 bits of BLAKE2b of each."""

    def __init__(self) -> None:
        self.total = 0

    def step(self, *row: Any) -> None:
        """Add a row."""
        self.total += int.from_bytes(blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest(), "little")

    def finalize(self) -> str:
        """Return the sum."""
        return f"{self.total % (1 << 128):032x}"
