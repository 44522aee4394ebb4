"""Tables in Spark: cut by customer, checked and sorted once, and kept in the cluster until they are closed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import add
from typing import Any

import pandas as pd
import pyarrow as pa

from churnpredict.churn.leaving_counts import count_leaving, has_leaving_season
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import ChurnError, ChurnWarning, DataError, SchemaError, UsageError, closest, warn
from churnpredict.events.check_declarations import check_declarations, check_zones
from churnpredict.events.partition_context import Whole
from churnpredict.events.tables import EventTables, common_kinds
from churnpredict.events.week_counts import count_weeks
from churnpredict.features.asof import is_label
from churnpredict.features.catalog import with_driver
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import Feature
from churnpredict.features.peers import PEER_AGGREGATES
from churnpredict.model.season.week_counts import WeekCounts, merge_counts
from churnpredict.model.seasonal import SeasonCounts
from churnpredict.pipeline import cutoffs, season_counts
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.spark.frames import check_columns, declared_columns, how_many, open_frame, text_forms
from churnpredict.spark.transfer import LARGEST, as_arrow, bare, binary, dump, load, quoted, tables_in

__all__ = ["Rows", "SparkTables"]

_MANY = 256  # number of buckets beyond which their counts are merged by tasks, too
_KINDS = {
    pa.int64(): "bigint",
    pa.string(): "string",
    pa.float32(): "float",
    pa.float64(): "double",
    pa.int8(): "tinyint",
    pa.bool_(): "boolean",
    pa.timestamp("us"): "timestamp_ntz",
}
Rows = Sequence[Feature | OwnFeature]
Work = Callable[[EventTables], Iterator[pd.DataFrame]]


class SparkTables(Whole):
    """Tables in Spark, cut by customer, checked and sorted once; kept in the cluster until closed.

    Parameters
    ----------
    **declarations : Events, Intervals, States or Customers
        As for :class:`churnpredict.EventTables`; each source is a Spark DataFrame or the name of a table in the catalog.
    timezone, observed_until
        As for :class:`churnpredict.EventTables`.
    partitions : int, optional
        Buckets of customers, a task each; by default one per 500,000 rows, and no fewer than the cluster has cores. A task holds one bucket
        at a time; features do not depend on it. With a kept history, by default the number that it has.
    keep_history : str, optional
        Folder, on any file system that Spark knows, in which sorted rows stay for the next run, which reads only files that are new or
        have changed. Created if missing. Results are those of a run from scratch; where that cannot be proved, a table is read from
        scratch, with a warning that says why.
    grows_by : dict of str to str, optional
        With a kept history, for tables that cannot be read file by file (a lake, a database, a join): a column that is greater for newer
        rows, such as the time of insertion. Spark computes the count and a checksum of each slice in each run, and only slices that differ
        are read.

    Attributes
    ----------
    changes : dict of str to str
        With a kept history, what was read of each table.

    Raises
    ------
    DataError
        Any error in the data; ``memory-limit`` for a customer with more rows than fit into one value of Spark. A kept history is then
        what it was.
    OutputError
        ``locked`` if another run has changed the history meanwhile, ``not-a-history``, ``not-written``.
    MissingExtraError
        Without PySpark.
    """

    def __init__(
        self,
        *,
        timezone: str = "UTC",
        observed_until: Any = None,
        partitions: int | None = None,
        keep_history: str | None = None,
        grows_by: Mapping[str, str] | None = None,
        **declarations: Any,
    ) -> None:
        check_declarations(declarations, timezone)
        if partitions is not None and partitions < 1:
            raise UsageError("bad-partitions", f"partitions is {partitions}", remedy="Give a number of at least 1.")
        frames = {name: open_frame(name, d) for name, d in declarations.items()}
        super().__init__({name: replace(d, source=None) for name, d in declarations.items()}, timezone)
        self.session = next(iter(frames.values())).sparkSession
        self._held: list[Any] = []
        self._weeks: dict[tuple[str, int], WeekCounts] = {}
        self.changes: dict[str, str] = {}
        if grows_by is not None:
            _check_grows_by(grows_by, frames, keep_history)
        if keep_history is not None:
            self._open_history(keep_history, frames, partitions, grows_by or {})
        else:
            frames = {name: declared_columns(frame, self.declarations[name]) for name, frame in frames.items()}
            self.n_partitions = partitions or how_many(frames, self.session)
            self._kept = self.hold(self._sorted(frames))
            self._settle(self._look())
        self.draw_outline(observed_until)

    def _open_history(self, folder: str, frames: Mapping[str, Any], partitions: int | None, grows_by: Mapping[str, str]) -> None:
        """Bring a kept history up to date, and take its rows for those of the sources."""
        if not hasattr(self.session, "_jsc"):
            remedy = "Run the job on the cluster with spark-submit, or leave keep_history out."
            raise UsageError("bad-argument", "keep_history needs a session of its own, and this one is of Spark Connect", remedy=remedy)
        from pyspark.errors import PySparkException

        from churnpredict.spark.history import History

        history = History(self.session, folder, self.declarations, frames, self.timezone, partitions, grows_by)
        self.n_partitions, self.changes = history.n, history.changes
        history.read_new()
        try:
            self._gather(history)
        except (ChurnError, PySparkException) as error:  # kept rows are refused: the sources themselves have the last word
            why = "Spark cannot read the kept rows"
            if isinstance(error, ChurnError):
                why = error.what if error.code == "damaged-history" else f"its checks failed on kept rows [{error.code}]"
            if not history.read_again(why):
                raise
            self._gather(history)
        history.write()

    def _gather(self, history: Any) -> None:
        self.close()
        Whole.__init__(self, self.declarations, self.timezone)
        self._kept = self.hold(history.buckets())
        seen = self._look()
        history.check(seen)
        self._settle(parts.merge(history.seen(), seen))

    def __enter__(self) -> SparkTables:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free what the cluster keeps; frames made of these tables then compute everything anew."""
        while self._held:
            self._held.pop().unpersist()

    def hold(self, frame: Any) -> Any:
        """Let the cluster keep a frame until the tables are closed."""
        from pyspark import StorageLevel

        self._held.append(frame.persist(StorageLevel.MEMORY_AND_DISK))
        return frame

    def _sorted(self, frames: dict[str, Any]) -> Any:
        """Yield a row per bucket: its counts, and its tables, checked and sorted."""
        from pyspark.sql.pandas.types import to_arrow_schema

        declarations, timezone, n = self.declarations, self.timezone, self.n_partitions
        forms = {name: text_forms(frame, declarations[name]).get(0, {}) for name, frame in frames.items()}
        empty = {name: to_arrow_schema(frame.schema, timezone="UTC").empty_table() for name, frame in frames.items()}
        parcels = [
            frame.mapInArrow(_cutter(name, declarations[name].customer, n), "bucket int, table_name string, rows binary")
            for name, frame in frames.items()
        ]
        together = reduce(lambda a, b: a.unionAll(b), parcels).repartition(n, "bucket").sortWithinPartitions("bucket", "table_name")

        def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for given in parts.unpack(batches):
                seen, tables = parts.read_bucket(given, declarations, empty, timezone, forms)
                content = None if tables is None else bare(tables, declarations)
                if content is not None and len(content) > LARGEST:
                    seen.error, content = _too_large(seen), None
                yield binary(seen=dump(seen), part=content)

        return together.mapInArrow(read, "seen binary, part binary")

    def _look(self) -> parts.Seen:
        """Yield the counts of all buckets."""

        def merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            found = [load(value.as_buffer()) for batch in batches for value in batch.column(0)]
            if found:
                yield binary(seen=dump(reduce(parts.merge, found)))

        seen = self._kept.select("seen").mapInArrow(merge, "seen binary")
        if self.n_partitions > _MANY:
            seen = seen.repartition(_MANY // 4).mapInArrow(merge, "seen binary")
        nothing = parts.Seen(Whole(self.declarations, self.timezone))
        return reduce(parts.merge, (load(row.seen) for row in seen.toLocalIterator()), nothing)

    def _settle(self, seen: parts.Seen) -> None:
        """Judge the whole, as :class:`EventTables` judges what it has read."""
        if seen.error is not None:
            raise seen.error
        for name, declaration in self.declarations.items():
            if not seen.rows.get(name) and not getattr(declaration, "optional", False):
                remedy = "Check its source, or declare it optional=True."
                raise SchemaError("empty-table", "the table has no rows", table=name, remedy=remedy)
            if not seen.rows.get(name):
                warn("empty-table", "the table has no rows", table=name, remedy="Features of it will be missing.", stacklevel=5)
        check_zones({name if zoned else f"{name} (some rows)": zoned for name, zoned in seen.zones})
        seen.tally.settle()
        self.merge(seen.whole)
        self.id_type = pa.int64() if seen.id_type is None else seen.id_type

    def kinds(self, name: str, before: int | None, most: int) -> dict[str, str]:
        """Return the most frequent kinds of the whole: see :meth:`EventTables.kinds`."""
        labels = self.labels[name].get("kind")
        if labels is None:
            return {}
        return common_kinds(labels, list(self.answers(partial(parts.count_kinds, name=name, before=before, labels=labels))), most)

    def weeks(self, name: str | None, moments: Sequence[int]) -> list[WeekCounts]:
        """Count weeks of a table before each of several moments, summed over all customers; a moment is counted once."""
        if name is None:
            return []
        new = [m for m in moments if (name, m) not in self._weeks]
        if new:
            found = merge_counts(self.answers(partial(count_weeks, name=name, moments=new)))
            self._weeks |= {(name, m): counts for m, counts in zip(new, found, strict=True)}
        return [self._weeks[name, m] for m in moments]

    def season_counts(self, past: EventTables, churn: ChurnRule, X: pd.DataFrame, until: int | None) -> SeasonCounts:
        """Count as :func:`churnpredict.pipeline.season_counts.weeks_before` does, of what was known before ``until``."""
        if not has_leaving_season(churn):
            return self.weeks(*season_counts.season_question(past, churn, X))
        moment, first = cutoffs.observed_until(past, churn), past.first_event()
        known = EventTables.known_before if until else lambda part, _: part
        return reduce(add, self.answers(lambda part: count_leaving(known(part, until or 0), churn, moment, first)))

    def answers(self, question: Callable[[EventTables], Any]) -> Iterator[Any]:
        """Yield what a question to the tables of each bucket is answered with."""

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for tables in tables_in(batches):
                yield binary(found=dump(question(tables)))

        return (load(row.found) for row in self._parts().mapInArrow(run, "found binary").toLocalIterator())

    def _parts(self) -> Any:
        return self._kept.select("part").where("part is not null")

    def ask(self, work: Work, columns: dict[str, pa.DataType]) -> Any:
        """Yield a Spark DataFrame of what ``work`` makes of each bucket's customers, besides ``customer_id`` and ``cutoff``."""
        schema = pa.schema([("customer_id", self.id_type), ("cutoff", pa.timestamp("us")), *columns.items()])
        whole = self.plain()

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            warnings.simplefilter("ignore", ChurnWarning)  # one bucket: checks of counts have run on the whole
            for tables in tables_in(batches):
                for frame in work(parts.as_part(tables, whole)):
                    yield from as_arrow(frame, schema).to_batches()

        return self._parts().mapInArrow(run, ", ".join(f"{quoted(f.name)} {_KINDS[f.type]}" for f in schema))

    def check_features(self, features: Rows) -> list[Feature | OwnFeature]:
        """Return the rows with their drivers settled; refuses those that tasks cannot compute."""
        from churnpredict.features.custom import is_own

        rows = [f if isinstance(f, OwnFeature) else with_driver(f, self.outline) for f in features]
        peers = [f.name for f in rows if isinstance(f, Feature) and f.aggregate in PEER_AGGREGATES]
        if peers:
            remedy = "Leave such features out, or read the tables with cp.runs.scan_tables."
            raise UsageError("needs-everybody", f'"{peers[0]}" compares a customer with all others, who are in other tasks', remedy=remedy)
        own = [f.name for f in rows if isinstance(f, Feature) and is_own(f.aggregate)]
        if own:
            remedy = "Write it as an OwnFeature, which is sent to the tasks with its function."
            raise UsageError("own-aggregate", f'"{own[0]}" uses an aggregate that exists only in this process', remedy=remedy)
        return rows

    def columns_of(self, features: Rows) -> dict[str, pa.DataType]:
        labels = [isinstance(f, Feature) and is_label(f, self.outline) for f in features]
        return {f.name: pa.string() if label else pa.float32() for f, label in zip(features, labels, strict=True)}


def _check_grows_by(grows_by: Mapping[str, str], frames: Mapping[str, Any], keep_history: str | None) -> None:
    """Refuse columns that grow of tables or frames that do not have them."""
    if keep_history is None:
        raise UsageError("bad-argument", "grows_by is for a kept history", remedy="Give keep_history=, or leave grows_by out.")
    for name, column in grows_by.items():
        if name not in frames:
            remedy = f"The tables are {', '.join(frames)}.{closest(name, frames)}"
            raise UsageError("bad-argument", f'grows_by names "{name}", which is not a table', remedy=remedy)
        check_columns(name, frames[name], [column])


def _cutter(name: str, customer: str, n: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    return lambda batches: parts.cut(batches, name, customer, n)


def _too_large(seen: parts.Seen) -> DataError:
    return DataError(
        "memory-limit",
        "one bucket of customers does not fit into one value of Spark",
        rows=sum(seen.rows.values()),
        remedy="Give more partitions=; if one customer has most of these rows, check that customer.",
    )
