"""Bring a database table up to a run by writing only the rows that differ, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pyarrow as pa

from churnpredict.argument_checks import check_choice
from churnpredict.errors import IdentityError, SchemaError, UsageError
from churnpredict.events.sources.base import quoted
from churnpredict.events.sources.destinations import transaction

__all__ = ["KEYS", "VANISHED", "Changed", "Upsert", "upsert_rows"]

KEYS = ("cutoff", "customer")
VANISHED = ("remove", "keep", "empty")
_KEY_COLUMNS = {"cutoff": ("customer_id", "cutoff"), "customer": ("customer_id",)}


@dataclass(frozen=True)
class Upsert:
    """How rows of a run are matched to rows of a table.

    Attributes
    ----------
    key : {"cutoff", "customer"}
        Meaning of a row of the table: a customer at a cutoff, so that earlier cutoffs stay; or a customer, so that the table holds
        the newest run alone.
    vanished : {"remove", "keep", "empty"}
        Treatment of rows whose customer is not in the run: deleted, as a full rewrite does; left as they are; or kept with every
        column of the scores empty, so that a system that reads the table sees that the customer has no score any more.

    Examples
    --------
    >>> import churnpredict as cp
    >>> cp.runs.Upsert(key="customer", vanished="empty")
    Upsert(key='customer', vanished='empty')
    """

    key: Literal["cutoff", "customer"] = "cutoff"
    vanished: Literal["remove", "keep", "empty"] = "remove"

    def __post_init__(self) -> None:
        check_choice(self.key, "key", KEYS)
        check_choice(self.vanished, "vanished", VANISHED)


@dataclass(frozen=True)
class Changed:
    """How many rows of a table an upsert wrote, and how many it left alone.

    ``vanished`` counts rows whose customer is not in the run and that were deleted or emptied; it is 0 where they are kept.
    """

    new: int
    changed: int
    unchanged: int
    vanished: int

    def counts(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def upsert_rows(
    database: Any,
    table: str,
    cutoff: Any,
    blocks: Iterable[pa.Table],
    *,
    how: Upsert | None = None,
    keep: int | None = None,
    owned: Callable[[str], bool] = lambda _: False,
) -> Changed:
    """Bring a table up to the rows of a run: insert new ones, update those that differ in any column, leave the rest untouched.

    Afterwards the table holds what :func:`~churnpredict.events.sources.destinations.replace_rows` would have left (with the key
    "customer": what it leaves with ``keep=1``), unless rows that vanished are kept or emptied. All of it happens in one transaction: a
    process that is killed leaves the table as it was. Other columns of the table, such as notes, stay.

    Parameters
    ----------
    database, table, cutoff, blocks, keep
        As in :func:`~churnpredict.events.sources.destinations.replace_rows`. ``keep`` counts cutoffs, so it has no effect with the key
        "customer".
    how : Upsert, optional
    owned : callable
        Whether a column of the table belongs to the scores: one that this run does not have becomes empty, as in a full rewrite.

    Returns
    -------
    Changed

    Raises
    ------
    UsageError
        ``unknown-database``, ``bad-table-name``; ``key-twice``: the table or the run holds a key twice.
    SchemaError
        ``missing-column``: the table has no column for the key.
    IdentityError
        ``table-ids-differ``: texts against numbers.
    OutputError
        ``not-written``, ``locked``; nothing has changed.
    """
    how = how or Upsert()
    with transaction(database, table) as work:
        staged = work.stage_name
        schema: pa.Schema | None = None
        for block in blocks:
            work.insert(block, into=staged)
            schema = block.schema
        if schema is None:
            raise UsageError("nothing-to-write", "the run has no rows", remedy="Score again.")
        if not work.there():
            work.insert(schema.empty_table())
        found = _merged(_Statements(work, schema, how, cutoff), owned)
        if keep is not None and how.key == "cutoff":
            work.keep_cutoffs(cutoff, keep)
        work.run_only(f"DROP TABLE {staged}")
    return found


class _Statements:
    """The SQL of one upsert: ``t`` is the table and ``s`` the run."""

    def __init__(self, work: Any, schema: pa.Schema, how: Upsert, cutoff: Any) -> None:
        self.work, self.how, self.id_type = work, how, schema.field("customer_id").type
        self.columns, self.there = schema.names, work.columns()
        self.keys = [next((c for c in self.there if c.lower() == key), key) for key in _KEY_COLUMNS[how.key]]
        missing = [key for key in self.keys if key not in self.there]
        if missing:
            remedy = "Name another table with --table or under [output]; a missing table is created."
            raise SchemaError("missing-column", f"the table of scores has no column {missing[0]!r}", remedy=remedy)
        binary = work.exact  # ids that differ only in case are two customers, whatever the table's collation says
        self.same = " AND ".join(f"t.{quoted(k)} = s.{quoted(k.lower())}{binary if k == self.keys[0] else ''}" for k in self.keys)
        # Rows of other cutoffs are not this run's; they have no part in what vanished.
        self.scope = f"t.{quoted(self.keys[1])} = $1" if how.key == "cutoff" else "1 = 1"
        self.given = (cutoff,) if how.key == "cutoff" else ()
        self.target, self.source = f"{work.table} AS t", f"{work.stage_name} AS s"

    def count(self, rows_of: str, *given: Any) -> int:
        return int(self.work.run(f"SELECT count(*) FROM {rows_of}", *given))

    def check(self) -> None:
        """Refuse keys that occur twice, and ids of another type than the table's."""
        differing = self.work.ids_of_another_type(quoted(self.keys[0]), self.id_type)
        if differing:
            what = "ids in the table of scores have another type than those of the run"
            raise IdentityError("table-ids-differ", what, rows=differing, remedy="Name a new table with --table or under [output].")
        for what, rows_of, names, given in (
            ("the table of scores", f"{self.target} WHERE {self.scope}", [f"t.{quoted(k)}" for k in self.keys], self.given),
            ("the run", self.source, [f"s.{quoted(k.lower())}" for k in self.keys], ()),
        ):
            twice = self.count(f"(SELECT 1 AS one FROM {rows_of} GROUP BY {', '.join(names)} HAVING count(*) > 1) AS twice", *given)
            if twice:
                per = "a customer at a cutoff" if self.how.key == "cutoff" else "a customer"
                remedy = "A table with several cutoffs needs the key cutoff; otherwise delete the copies, or name a new table."
                raise UsageError("key-twice", f"{what} holds more than one row of {per}", rows=twice, remedy=remedy)

    def clear(self, names: list[str]) -> str:
        return ", ".join(f"{quoted(name)} = NULL" for name in names)


def _merged(sql: _Statements, owned: Callable[[str], bool]) -> Changed:
    """Return the counts, after the table holds the rows of the run."""
    work, of_run = sql.work, {c.lower(): c for c in sql.columns}
    names = {c: of_run[c.lower()] for c in sql.there if c.lower() in of_run and c not in sql.keys}  # name in the table: name in the run
    stale = [c for c in sql.there if c.lower() not in of_run and owned(c.lower())]
    absent = [c for c in sql.columns if c.lower() not in {name.lower() for name in sql.there}]
    if absent:
        remedy = f"Add it to the table ({', '.join(absent[:5])}), or name a new table with --table or under [output]."
        raise SchemaError("missing-column", f"the table of scores has no column {absent[0]!r}, which the run has", remedy=remedy)
    sql.check()

    vanished = 0
    if sql.how.vanished != "keep":
        gone = f"{sql.scope} AND NOT EXISTS (SELECT 1 FROM {sql.source} WHERE {sql.same})"
        if sql.how.vanished == "remove":
            vanished = sql.count(f"{sql.target} WHERE {gone}", *sql.given)
            work.run_only(f"DELETE FROM {sql.target} WHERE {gone}", *sql.given)
        else:
            emptied = [c for c in [*names, *stale] if c.lower() != "cutoff"]
            gone += f" AND ({' OR '.join(f't.{quoted(c)} IS NOT NULL' for c in emptied)})"
            vanished = sql.count(f"{sql.target} WHERE {gone}", *sql.given)
            work.run_only(f"UPDATE {sql.target} SET {sql.clear(emptied)} WHERE {gone}", *sql.given)

    differs = [f"t.{quoted(c)} {work.differs} s.{quoted(name)}" for c, name in names.items()]
    differs += [f"t.{quoted(c)} IS NOT NULL" for c in stale]
    matched = sql.count(f"{sql.target}, {sql.source} WHERE {sql.same}")
    changed = sql.count(f"{sql.target}, {sql.source} WHERE {sql.same} AND ({' OR '.join(differs)})")
    values = [f"{quoted(c)} = s.{quoted(name)}" for c, name in names.items()] + ([sql.clear(stale)] if stale else [])
    work.run_only(f"UPDATE {sql.target} SET {', '.join(values)} FROM {sql.source} WHERE {sql.same} AND ({' OR '.join(differs)})")

    total = sql.count(sql.source)
    places = [next(c for c in sql.there if c.lower() == name.lower()) for name in sql.columns]
    into = f"{work.table} ({', '.join(map(quoted, places))}) SELECT {', '.join(f's.{quoted(c)}' for c in sql.columns)} FROM {sql.source}"
    work.run_only(f"INSERT INTO {into} WHERE NOT EXISTS (SELECT 1 FROM {sql.target} WHERE {sql.same})")
    return Changed(total - matched, changed, matched - changed, vanished)
