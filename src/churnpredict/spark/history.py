"""A kept history in Spark: only new files are read, their rows are merged bucket by bucket, and a manifest says which rows are the history.

It is the history of one machine (:mod:`churnpredict.events.history`), with buckets for partitions and generations for files: the same rows
in the same format, read, merged, compared and judged by the same code. What differs is where they are, and what proves a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial, reduce
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import SourceError
from churnpredict.events.declarations import Declaration
from churnpredict.events.history.intake import Intake, all_forms, columns_without_rows
from churnpredict.events.history.kept_table import RATIO, KeptTable, Reread, declared_as, joined, numbered
from churnpredict.events.history.rereading import kept_before, warn_reread, warn_unless_other
from churnpredict.events.history.units import Proof
from churnpredict.events.history.versions import reading_versions
from churnpredict.events.partition_context import Whole
from churnpredict.events.sources.base import Unit
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.spark import kept_tasks
from churnpredict.spark.frames import declared_columns, how_many, text_forms
from churnpredict.spark.history_folder import HistoryFolder
from churnpredict.spark.sources import TableSource, WholeTable, source_of
from churnpredict.spark.transfer import load, without_globs

__all__ = ["BucketedTable", "Generation", "History", "Store", "versions"]

_SEGMENTS = "bucket int, table_name string, generation string, row_count bigint, head string, content binary"
_TASK_BYTES = 32 << 20  # of new files, for each task that sorts their rows
_WRITING = {  # large values: few to a page, and none is looked up among the others
    "compression": "none",
    "parquet.enable.dictionary": "false",
    "parquet.page.size.row.check.min": "1",
    "parquet.block.size.row.check.min": "1",
}


@dataclass(frozen=True)
class Generation:
    """Kept rows of one table that were written together: at most one segment for each bucket.

    Attributes
    ----------
    name : str
        Of its folder, and in each of its rows.
    rows : int
    units : tuple of int
        Which units its rows may come from.
    files : tuple of (name, size)
    """

    name: str
    rows: int
    units: tuple[int, ...]
    files: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Generation:
        """Return what a manifest says."""
        return cls(str(told["name"]), int(told["rows"]), tuple(told["units"]), tuple((str(n), int(size)) for n, size in told["files"]))


@dataclass(frozen=True)
class BucketedTable:
    """What is known of one table, and the generations of its rows, the oldest first."""

    table: KeptTable
    generations: tuple[Generation, ...] = ()

    def described(self) -> dict[str, Any]:
        """Return what is in the manifest."""
        return {"table": self.table.described(), "generations": [asdict(g) for g in self.generations]}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> BucketedTable:
        """Return what a manifest says."""
        return cls(KeptTable.of(told["table"]), tuple(Generation.of(g) for g in told["generations"]))


class Store:
    """Generations of kept rows: written, merged and read by Spark.

    Parameters
    ----------
    session : SparkSession
    home : HistoryFolder
    timezone : str
    """

    def __init__(self, session: Any, home: HistoryFolder, timezone: str) -> None:
        self.session, self.home, self.timezone = session, home, timezone

    def rows(self, generations: Sequence[Generation]) -> Any:
        """Return the segments of some generations."""
        if not generations:
            return self.session.createDataFrame([], _SEGMENTS)
        folders = [without_globs(self.home.address(g.name)) for g in generations]
        return self.session.read.schema(_SEGMENTS).parquet(*folders)

    def write(self, frame: Any, name: str, units: Sequence[int]) -> Generation | None:
        """Write segments as a generation of that name; None if there are none."""
        frame.write.options(**_WRITING).parquet(self.home.address(name))
        (row,) = (
            self.session.read.schema(_SEGMENTS).parquet(without_globs(self.home.address(name))).selectExpr("sum(row_count) AS n").collect()
        )
        return Generation(name, int(row["n"]), tuple(sorted(units)), self.home.files(name)) if row["n"] else None

    def check(self, generations: Sequence[Generation]) -> None:
        """Refuse generations whose files are not those that were written.

        Raises
        ------
        SourceError
            ``damaged-history``
        """
        if any(self.home.files(g.name) != g.files for g in generations):
            remedy = "It is read again from its sources; check the disk."
            raise SourceError("damaged-history", "files of kept rows are missing or are not what was written", remedy=remedy)

    def merged(self, generations: Sequence[Generation], gone: frozenset[int] = frozenset()) -> Generation | None:
        """Return one generation in place of several, without the rows of units that are gone."""
        new, order, timezone = self.home.new_generation(), [g.name for g in generations], self.timezone
        rows = sum(g.rows for g in generations)
        tasks = max(1, sum(size for g in generations for _, size in g.files) // _TASK_BYTES)
        frame = self.rows(generations).repartition(tasks, "bucket").sortWithinPartitions("bucket")
        merge = partial(kept_tasks.merge_generations, generations=order, gone=gone, new=new, timezone=timezone)
        units = {unit for g in generations for unit in g.units} - gone
        found = self.write(frame.mapInArrow(merge, _SEGMENTS), new, sorted(units))
        if not gone and (found is None or found.rows != rows):
            raise SourceError("damaged-history", "rows were lost when they were merged", remedy="It is read again from its sources.")
        return found


class History:
    """Tables whose sorted rows are kept in a folder, brought up to date in one run.

    Parameters
    ----------
    session : SparkSession
    folder : str
        On any file system that Spark knows; created if missing.
    declarations : dict of str to Declaration
    frames : dict of str to DataFrame
    timezone : str
    partitions : int or None
        Number of buckets of customers.
    grows_by : dict of str to str
        The column by which a table is cut into slices, of tables that are not read file by file.

    Attributes
    ----------
    n : int
        Number of buckets.
    changes : dict of str to str
        What was read of each table.
    """

    def __init__(
        self,
        session: Any,
        folder: str,
        declarations: dict[str, Declaration],
        frames: Mapping[str, Any],
        timezone: str,
        partitions: int | None,
        grows_by: Mapping[str, str],
    ) -> None:
        self._session, self._declarations, self._timezone = session, declarations, timezone
        self._frames = {name: declared_columns(frame, declarations[name]) for name, frame in frames.items()}
        self._sources = {name: source_of(name, frame, declarations[name], grows_by.get(name)) for name, frame in frames.items()}
        self._home = HistoryFolder(session, folder)
        self._store = Store(session, self._home, timezone)
        self._versions = versions(session, timezone)
        self.changes: dict[str, str] = {}
        self._before, n = kept_before(self._home, self._versions, partitions, BucketedTable.of)
        self.n = n or partitions or how_many(self._frames, session)
        self._tables: dict[str, BucketedTable] = {}

    def read_new(self) -> None:
        """Bring each table up to date, reading what is new.

        Raises
        ------
        DataError
            Any error in new rows.
        """
        self._tables = {name: self._told_of(name, self._renewed(name, self._before.get(name))) for name in self._declarations}

    def read_again(self, why: str) -> bool:
        """Read the tables of which rows were kept from scratch; return whether there are any."""
        old = [name for name, kept in self._tables.items() if kept.table.kept_rows]
        for name in old:
            warn_reread(why, name)
            self._tables[name] = self._told_of(name, self._from_scratch(name))
        return bool(old)

    def _renewed(self, name: str, kept: BucketedTable | None) -> BucketedTable:
        source = self._sources[name]
        if isinstance(source, WholeTable):
            warn_reread(f"it is read whole each time, since {source.why}", name)
        elif kept is not None:
            try:
                self._store.check(kept.generations)
                return self._brought_up_to_date(name, kept)
            except (Reread, SourceError) as error:
                warn_unless_other(error, name)
        return self._from_scratch(name)

    def _from_scratch(self, name: str) -> BucketedTable:
        source = self._sources[name]
        nothing = KeptTable(_declared(self._declarations[name], source), alone=not isinstance(source, WholeTable))
        return self._brought_up_to_date(name, BucketedTable(nothing))

    def _brought_up_to_date(self, name: str, before: BucketedTable) -> BucketedTable:
        """Return a table without the rows of units that are gone or have changed, and with those that are new or have changed."""
        source = self._sources[name]
        if before.table.declared != _declared(self._declarations[name], source):
            raise Reread("its declaration, its columns or the way it is read have changed")
        known = {unit.name: unit for unit in before.table.units}
        proofs = source.units({unit: one.proof for unit, one in known.items()})
        same = {unit: proof for unit, (proof, unchanged) in proofs.items() if unchanged}
        stay = {known[unit].number for unit in same}
        table = before.table.told_of(stay)
        table = replace(table, units=tuple(replace(unit, proof=same[unit.name], old=True) for unit in table.units))
        gone = frozenset(unit.number for unit in before.table.units) - stay
        left = [g if gone.isdisjoint(g.units) else self._store.merged([g], gone) for g in before.generations]
        new = numbered(before.table, [Unit(unit, (), _unread) for unit in proofs if unit not in same])
        left_over = BucketedTable(table, tuple(g for g in left if g is not None))
        return self._with_new(name, left_over, new, {number: proofs[unit.name][0] for number, unit in new.items()})

    def _with_new(self, name: str, before: BucketedTable, new: Mapping[int, Unit], proofs: Mapping[int, Proof]) -> BucketedTable:
        """Return a table with the rows of new units."""
        found, generation = self._take_in(name, new) if new else (Intake(), None)
        if not before.table.columns and found.columns is None:
            found.columns = self._columns_without_rows(name)
        table = joined(
            name, self._declarations[name], before.table, found, {number: (unit.name, proofs[number]) for number, unit in new.items()}
        )
        generations = [*before.generations, *([] if generation is None else [generation])]
        tail = len(generations)
        while tail > 1 and generations[tail - 2].rows < RATIO * sum(g.rows for g in generations[tail - 1 :]):
            tail -= 1
        if tail < len(generations):
            one = self._store.merged(generations[tail - 1 :])
            generations[tail - 1 :] = [] if one is None else [one]
        return BucketedTable(table, tuple(generations))

    def _take_in(self, name: str, new: Mapping[int, Unit]) -> tuple[Intake, Generation | None]:
        """Read new units, and write their rows as a generation."""
        declaration, n, timezone = self._declarations[name], self.n, self._timezone
        numbers = {unit.name: number for number, unit in new.items()}
        frame = self._sources[name].rows(numbers)
        forms = text_forms(frame, declaration)
        generation = self._home.new_generation()
        cut = partial(parts.cut, name=name, customer=declaration.customer, n=n)
        parcels = frame.mapInArrow(cut, "bucket int, table_name string, rows binary")
        size = self._sources[name].size(numbers)
        tasks = n if size is None else min(n, 1 + size // _TASK_BYTES)  # few files take few tasks, and leave few files
        given = parcels.repartition(tasks, "bucket").sortWithinPartitions("bucket")
        work = partial(kept_tasks.take_in, name=name, declaration=declaration, n=n, timezone=timezone, generation=generation)
        work = partial(work, forms=all_forms(forms.values()))
        taken = given.mapInArrow(work, f"{_SEGMENTS}, seen binary").persist()
        try:
            told = taken.select("seen").where("seen is not null").mapInArrow(_together, "seen binary").toLocalIterator()
            nothing: kept_tasks.Found = (Intake(), None)
            found, error = reduce(kept_tasks.merge_found, (load(row["seen"]) for row in told), nothing)
            if error is not None:
                raise error
            written = self._store.write(taken.where("bucket >= 0").drop("seen"), generation, list(new))
        finally:
            taken.unpersist()
        found.counts = {number: found.counts.get(number, 0) for number in new}
        found.forms = {number: forms.get(number, {}) for number in new}
        return found, written

    def _columns_without_rows(self, name: str) -> Any:
        from pyspark.sql.pandas.types import to_arrow_schema

        declaration = self._declarations[name]
        empty = parts.marked(to_arrow_schema(self._frames[name].schema, timezone="UTC").empty_table(), declaration, {})
        return columns_without_rows(name, declaration, empty, self._timezone)

    def _told_of(self, name: str, kept: BucketedTable) -> BucketedTable:
        source, units = self._sources[name], kept.table.units
        new = sum(not unit.old for unit in units)
        told = f"read {new:,} of {len(units):,} {source.what}" if new else f"unchanged ({len(units):,} {source.what})"
        self.changes[name] = f"read whole: {source.why}" if isinstance(source, WholeTable) else told
        return kept

    def seen(self) -> parts.Seen:
        """Return what was counted while rows were read, this time and before."""
        seen = parts.Seen(Whole(self._declarations, self._timezone))
        for name, kept in self._tables.items():
            seen.tally.merge(kept.table.tally)
            seen.rows[name] = kept.table.rows
        return seen

    def buckets(self) -> Any:
        """Return a row for each bucket: its counts, and its tables, brought together from all generations."""
        known = {name: (kept.table.columns, kept.table.aware) for name, kept in self._tables.items()}
        order = {name: [g.name for g in kept.generations] for name, kept in self._tables.items()}
        rows = self._store.rows([g for kept in self._tables.values() for g in kept.generations])
        work = partial(kept_tasks.compose, declarations=self._declarations, known=known, order=order, timezone=self._timezone)
        given = rows.repartition(self.n, "bucket").sortWithinPartitions("bucket")
        return given.mapInArrow(work, "seen binary, part binary")

    def check(self, seen: parts.Seen) -> None:
        """Refuse buckets of which rows are missing.

        Raises
        ------
        SourceError
            ``damaged-history``
        """
        if seen.error is not None:
            raise seen.error
        generations = [g for kept in self._tables.values() for g in kept.generations]
        if any(seen.kept[g.name] != g.rows for g in generations):
            raise SourceError("damaged-history", "kept rows are missing", remedy="It is read again from its sources; check the disk.")

    def write(self) -> None:
        """Replace the history by what it is now, in one step."""
        told = {"made_by": self._versions, "timezone": self._timezone, "partitions": self.n}
        named = {g.name for kept in self._tables.values() for g in kept.generations}
        self._home.write({**told, "tables": {name: kept.described() for name, kept in self._tables.items()}}, named)


def versions(session: Any, timezone: str) -> dict[str, str]:
    """Return what decides how rows are read, cut and kept."""
    own = [*sorted(Path(__file__).parent.glob("*.py")), Path(parts.__file__)]
    code = hashlib.sha256(b"".join(path.read_bytes() for path in own)).hexdigest()
    return reading_versions(timezone) | {"spark": str(session.version), "spark code": code}


def _declared(declaration: Declaration, source: TableSource) -> str:
    return hashlib.sha256((declared_as(declaration) + source.digest()).encode()).hexdigest()


def _together(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return kept_tasks.together(value.as_buffer() for batch in batches for value in batch.column(0))


def _unread(*_: Any) -> Any:
    raise AssertionError("the files of Spark are read by Spark")
