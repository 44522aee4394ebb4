"""Read some units of one table, as they would be read together with all others, and group their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from churnpredict.events.check_declarations import check_zones
from churnpredict.events.declarations import Declaration
from churnpredict.events.history.kept_rows import KeptRows, group_by_partition
from churnpredict.events.history.segments import Segment, Shelf, save_segment
from churnpredict.events.reading import read_rows
from churnpredict.events.rows import Rows
from churnpredict.events.sources.base import Unit
from churnpredict.events.sources.spill import Buckets, see_forms, with_forms, without_dictionaries
from churnpredict.events.sources.texts import shared_form
from churnpredict.events.streams import UNIT
from churnpredict.events.tally import Tally, counting

__all__ = ["Intake", "all_forms", "columns_without_rows", "empty_rows", "read_table", "read_units"]

FEW = 1_000_000  # rows that are read at once; more are cut into buckets on disk first


@dataclass
class Intake:
    """What some units of a table hold, and how they were understood.

    Attributes
    ----------
    segments : list of Segment
        Files of their rows, each of one partition of customers.
    kinds : dict of int to str
        Types of the columns of each unit that has rows, as its source gives them.
    forms : dict of int to dict
        What the texts of each unit's columns without types are (:mod:`churnpredict.events.sources.texts`).
    counts : dict of int to int
        Rows of each unit in its source.
    columns : list of (name, type, whether it has labels)
        What the rows were made into; None without rows.
    ids : str
        Type of the customer ids; empty without rows.
    aware : bool or None
        Whether times carry a zone.
    tally : Tally
        What checks have counted.
    """

    segments: list[Segment] = field(default_factory=list)
    kinds: dict[int, str] = field(default_factory=dict)
    forms: dict[int, dict[str, bytes]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    columns: list[tuple[str, str, bool]] | None = None
    ids: str = ""
    aware: bool | None = None
    tally: Tally = field(default_factory=Tally)


def read_units(name: str, declaration: Declaration, units: Sequence[tuple[int, Unit]], shelf: Shelf) -> Intake:
    """Read units of a table under their numbers, and write their rows, partition by partition.

    Raises
    ------
    DataError
        Any error in these rows.
    """
    found = Intake()
    batches = _numbered(declaration, units, found)
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) > FEW:
            for table in _by_bucket(name, declaration, chain(held, batches), shelf, found):
                _read(name, declaration, table, shelf, found)
            return found
    if held:
        together = pa.Table.from_batches([b.cast(held[0].schema) for b in held])
        _read(name, declaration, together.cast(with_forms(held[0].schema, all_forms(found.forms.values()))), shelf, found)
    return found


def _numbered(declaration: Declaration, units: Sequence[tuple[int, Unit]], found: Intake) -> Iterator[pa.RecordBatch]:
    """Yield the batches of all units, each row with the number of its unit."""
    for number, unit in units:
        forms, described = found.forms.setdefault(number, {}), declaration.described()
        found.counts[number] = 0
        for given in unit.read(declaration.columns(), declaration.as_written()):
            batch = without_dictionaries(given)
            found.kinds.setdefault(number, ", ".join(f"{f.name}: {f.type}" for f in batch.schema))
            found.counts[number] += batch.num_rows
            see_forms(batch, described, forms)
            yield batch.append_column(UNIT, pa.array(np.full(batch.num_rows, number, np.int32)))


def all_forms(units: Collection[dict[str, bytes]]) -> dict[str, bytes]:
    """Return what the texts of each column are in all units together."""
    columns = dict.fromkeys(column for forms in units for column in forms)
    return {column: shared_form(forms.get(column, b"") for forms in units) for column in columns}


def _by_bucket(name: str, declaration: Declaration, batches: Iterator[pa.RecordBatch], shelf: Shelf, found: Intake) -> Iterator[pa.Table]:
    """Yield the rows of one partition of customers after the other."""
    forms: dict[str, bytes] = {}
    buckets = Buckets(shelf.scratch, shelf.n)

    def watched() -> Iterator[pa.RecordBatch]:
        yield from batches
        forms.update(all_forms(found.forms.values()))

    buckets.write(name, watched(), declaration.columns(), forms=forms)
    for bucket in np.flatnonzero(buckets.rows[name]).tolist():
        yield buckets.read(name, [bucket])
        buckets.remove([bucket])


def _read(name: str, declaration: Declaration, table: pa.Table, shelf: Shelf, found: Intake) -> None:
    for number, kept in read_table(name, declaration, table, shelf.n, shelf.timezone, found).items():
        found.segments.append(save_segment(shelf.folder, number, kept))


def read_table(name: str, declaration: Declaration, table: pa.Table, n: int, timezone: str, found: Intake) -> dict[int, KeptRows]:
    """Return the rows of each of n partitions of customers, checked and in order; ``table`` says which unit each row is from.

    What is seen on the way is added to ``found``.

    Raises
    ------
    DataError
        Any error in these rows.
    """
    with counting(found.tally):
        given: Any = replace(declaration, source=table, optional=True)
        rows = read_rows(name, given, timezone, units=True)
    check_zones({"earlier rows": found.aware, name: rows.aware})
    found.aware = rows.aware if found.aware is None else found.aware
    if len(rows.times):
        found.columns = found.columns or [(c, v.dtype.str, c in rows.labels) for c, v in rows.columns.items()]
        found.ids = found.ids or str(rows.ids.type)
    return group_by_partition(rows, n, timezone)


def columns_without_rows(name: str, declaration: Declaration, table: pa.Table, timezone: str) -> list[tuple[str, str, bool]]:
    """Return the columns of a table that has no rows."""
    with counting(Tally()):
        given: Any = replace(declaration, source=table, optional=True)
        rows = read_rows(name, given, timezone)
    return [(column, values.dtype.str, column in rows.labels) for column, values in rows.columns.items()]


def empty_rows(columns: Sequence[tuple[str, str, bool]]) -> Rows:
    """Return no rows of a table with these columns."""
    nothing = {name: np.empty(0, kind) for name, kind, _ in columns}
    labels = {name: pa.array([], pa.string()) for name, _, labelled in columns if labelled}
    no_ids = pa.array([], pa.int64())
    return Rows(np.empty(0, np.int32), no_ids, np.empty(0, np.int64), nothing, labels, offsets=np.zeros(1, np.int64))
