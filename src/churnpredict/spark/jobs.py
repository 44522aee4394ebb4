"""The same features, scores and drivers inside Spark, for histories that outgrow one machine.

Each table is cut into parcels by the hash of the customer's id, so that all rows of a customer, of all tables, are in one task, a bucket of
customers at a time. The task runs the same checks, kernels and model as a single process: results are equal to the last bit, whatever the
number of partitions. churnpredict must be installed where the tasks run.
"""

from __future__ import annotations

import pickle
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from churnpredict.churn.leaving_counts import count_leaving, has_leaving_season
from churnpredict.churn.outcomes import Outcomes
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import check_somebody, choose_cutoffs
from churnpredict.churn.treatments import ahead_column, evened
from churnpredict.errors import ChurnWarning, DataError, SchemaError, UsageError, missing_extra, warn
from churnpredict.events.check_declarations import check_declarations, check_zones
from churnpredict.events.partition_context import Whole
from churnpredict.events.source import Source
from churnpredict.events.sources.base import distinct
from churnpredict.events.sources.texts import PLAIN_NUMBER
from churnpredict.events.tables import EventTables, common_kinds
from churnpredict.events.week_counts import count_weeks
from churnpredict.features.asof import is_label
from churnpredict.features.catalog import catalog, with_driver
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import Feature
from churnpredict.features.peers import PEER_AGGREGATES
from churnpredict.model.season.week_counts import WeekCounts, merge_counts
from churnpredict.model.seasonal import SeasonCounts
from churnpredict.pipeline import cutoffs, season_counts
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.pipeline.scoring import COLUMNS, FLAGS, IN_SAMPLE, TEXTS
from churnpredict.pipeline.valuing import by_quarter, payment_rows
from churnpredict.retention.value import learn_credibility

__all__ = ["SparkTables", "build_features", "explain", "fit", "score"]

_SOME_ROWS = 500_000  # rows in a bucket: about 200 MB while it is processed
_MANY = 256  # number of buckets beyond which their counts are merged by tasks, too
_LARGEST = (1 << 31) - (1 << 20)  # bytes in one value of Spark
_BINS = 4096  # number of risks that are ranked one by one
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
        at a time; features do not depend on it.

    Raises
    ------
    DataError
        Any error in the data; ``memory-limit`` for a customer with more rows than fit into one value of Spark.
    MissingExtraError
        Without PySpark.
    """

    def __init__(self, *, timezone: str = "UTC", observed_until: Any = None, partitions: int | None = None, **declarations: Any) -> None:
        check_declarations(declarations, timezone)
        if partitions is not None and partitions < 1:
            raise UsageError("bad-partitions", f"partitions is {partitions}", remedy="Give a number of at least 1.")
        frames = {name: _frame(name, d) for name, d in declarations.items()}
        super().__init__({name: replace(d, source=None) for name, d in declarations.items()}, timezone)
        self.session = next(iter(frames.values())).sparkSession
        self._held: list[Any] = []
        self._weeks: dict[tuple[str, int], WeekCounts] = {}
        self.n_partitions = partitions or _how_many(frames, self.session)
        self._kept = self.hold(self._sorted(frames))
        self._settle(self._look())
        self.draw_outline(observed_until)

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
        empty = {name: to_arrow_schema(frame.schema, timezone="UTC").empty_table() for name, frame in frames.items()}
        parcels = [
            frame.mapInArrow(_cutter(name, declarations[name].customer, n), "bucket int, table_name string, rows binary")
            for name, frame in frames.items()
        ]
        together = reduce(lambda a, b: a.unionAll(b), parcels).repartition(n, "bucket").sortWithinPartitions("bucket", "table_name")

        def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for given in parts.unpack(batches):
                seen, tables = parts.read_bucket(given, declarations, empty, timezone)
                content = None if tables is None else _bare(tables, declarations)
                if content is not None and len(content) > _LARGEST:
                    seen.error, content = _too_large(seen), None
                yield _binary(seen=_dump(seen), part=content)

        return together.mapInArrow(read, "seen binary, part binary")

    def _look(self) -> parts.Seen:
        """Yield the counts of all buckets."""

        def merge(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            found = [_load(value.as_buffer()) for batch in batches for value in batch.column(0)]
            if found:
                yield _binary(seen=_dump(reduce(parts.merge, found)))

        seen = self._kept.select("seen").mapInArrow(merge, "seen binary")
        if self.n_partitions > _MANY:
            seen = seen.repartition(_MANY // 4).mapInArrow(merge, "seen binary")
        nothing = parts.Seen(Whole(self.declarations, self.timezone))
        return reduce(parts.merge, (_load(row.seen) for row in seen.toLocalIterator()), nothing)

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
        return common_kinds(labels, list(self._answers(partial(parts.count_kinds, name=name, before=before, labels=labels))), most)

    def weeks(self, name: str | None, moments: Sequence[int]) -> list[WeekCounts]:
        """Count weeks of a table before each of several moments, summed over all customers; a moment is counted once."""
        if name is None:
            return []
        new = [m for m in moments if (name, m) not in self._weeks]
        if new:
            found = merge_counts(self._answers(partial(count_weeks, name=name, moments=new)))
            self._weeks |= {(name, m): counts for m, counts in zip(new, found, strict=True)}
        return [self._weeks[name, m] for m in moments]

    def season_counts(self, past: EventTables, churn: ChurnRule, X: pd.DataFrame, until: int | None) -> SeasonCounts:
        """Count as :func:`churnpredict.pipeline.season_counts.weeks_before` does, of what was known before ``until``."""
        if not has_leaving_season(churn):
            return self.weeks(*season_counts.season_question(past, churn, X))
        moment, first = cutoffs.observed_until(past, churn), past.first_event()
        known = EventTables.known_before if until else lambda part, _: part
        return reduce(add, self._answers(lambda part: count_leaving(known(part, until or 0), churn, moment, first)))

    def _answers(self, question: Callable[[EventTables], Any]) -> Iterator[Any]:
        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for tables in _tables(batches):
                yield _binary(found=_dump(question(tables)))

        return (_load(row.found) for row in self._parts().mapInArrow(run, "found binary").toLocalIterator())

    def _parts(self) -> Any:
        return self._kept.select("part").where("part is not null")

    def ask(self, work: Work, columns: dict[str, pa.DataType]) -> Any:
        """Yield a Spark DataFrame of what ``work`` makes of each bucket's customers, besides ``customer_id`` and ``cutoff``."""
        schema = pa.schema([("customer_id", self.id_type), ("cutoff", pa.timestamp("us")), *columns.items()])
        whole = self.plain()

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            warnings.simplefilter("ignore", ChurnWarning)  # one bucket: checks of counts have run on the whole
            for tables in _tables(batches):
                for frame in work(parts.as_part(tables, whole)):
                    yield from _arrow(frame, schema).to_batches()

        return self._parts().mapInArrow(run, ", ".join(f"{_quoted(f.name)} {_KINDS[f.type]}" for f in schema))

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


def build_features(
    tables: SparkTables,
    churn: ChurnRule,
    *,
    at: Any = None,
    every: str | None = None,
    since: Any = None,
    last: Any = None,
    features: Rows | None = None,
    history: str | None = None,
    outcomes: bool = False,
) -> Any:
    """Return the features of everybody at risk at each cutoff, as a Spark DataFrame that is computed when it is used.

    Parameters
    ----------
    tables : SparkTables
    churn, at, every, since, last
        Who is at risk, and the cutoffs: as for :func:`churnpredict.take_snapshots`. No ``features=[]`` gives the snapshots alone.
    features, history
        As for :func:`churnpredict.build_features`.
    outcomes : bool
        With the columns ``duration`` and ``outcome`` as :func:`churnpredict.label_churn` gives them; all cutoffs must be mature.

    Returns
    -------
    pyspark.sql.DataFrame
        ``customer_id``, ``cutoff``, then the features, in no particular order of rows; labels as text.

    Raises
    ------
    UsageError
        ``needs-everybody`` for features that compare a customer with all others; ``own-aggregate``.
    ImmatureError
        ``immature``, with ``outcomes=True``.
    """
    moments = choose_cutoffs(tables.outline, churn, at=at, every=every, since=since, last=last)
    if outcomes:
        cutoffs.check_mature(tables.outline, churn, moments)
    if features is None:
        features = catalog(tables.outline, until=pd.Timestamp(int(moments.max()), unit="us", tz="UTC"), history=history)
    rows = tables.check_features(features)
    asked = parts.Question(churn, moments, rows, history, outcomes=outcomes)
    return tables.ask(partial(parts.rows_of, asked=asked), (_OUTCOMES if outcomes else {}) | tables.columns_of(rows))


_OUTCOMES = {"duration": pa.float64(), "outcome": pa.int8()}


def fit(pipeline: Any, tables: SparkTables, until: Any = None, *, share: float = 1.0) -> Any:
    """Train a pipeline on snapshots, features and outcomes made in Spark; the training itself runs here, on the driver.

    With all customers the model is the one that :meth:`ChurnPipeline.fit` would train. The audit checks the training rows; to probe the
    tables too, call :meth:`ChurnPipeline.audit` on some customers' tables in memory.

    Parameters
    ----------
    pipeline : ChurnPipeline
    tables : SparkTables
    until : time, optional
        Train on what was known before it, outcomes included.
    share : float
        Share of the customers to train on, drawn by the hash of their ids: the same ones every time.

    Returns
    -------
    ChurnPipeline
        The same, fitted.
    """
    from churnpredict.pipeline.auditing import audit_rows, settle

    if not 0 < share <= 1:
        raise UsageError("bad-argument", f"share is {share!r}", remedy="Give a share above 0 and up to 1.")
    if pipeline.season_by is not None:
        raise UsageError("bad-argument", "training in Spark does not support season_by", remedy="Leave it out, or train in one process.")
    churn, outline = pipeline.churn, tables.outline
    moment = None if until is None else cutoffs.one_moment(outline, until, "until")
    past = cutoffs.as_known(outline, until)
    churn.check(past)
    every = pipeline.step_between(past, tables.weeks)
    at = cutoffs.training_cutoffs(past, churn, every=every, since=pipeline.since, most_cutoffs=pipeline.most_cutoffs)
    asked = parts.Question(churn, past.instants(at), until=moment, share=share)
    counts = tables.ask(partial(parts.rows_of, asked=asked), {}).groupBy("cutoff").count().toArrow().to_pandas()
    found = counts.set_index("cutoff")["count"]
    there = np.isin(asked.cutoffs, past.instants(list(found.index)) if len(found) else [])
    check_somebody(asked.cutoffs, there, tables.outline.timezone)
    kept = past.instants(list(cutoffs.latest_within(found, pipeline.most_rows)))
    before = None if moment is None else pd.Timestamp(moment, unit="us", tz="UTC")
    features = catalog(outline, until=before, history=pipeline.history) if pipeline.features is None else list(pipeline.features)
    pipeline.features_ = features
    rows = tables.check_features(features)
    asked = replace(
        asked,
        cutoffs=kept,
        features=rows,
        history=pipeline.history,
        outcomes=True,
        treatments=pipeline.treatments,
        treated=pipeline.treated,
    )
    ahead = pipeline.treatments is not None and pipeline.treated == "feature"
    extra = {ahead_column(pipeline.treatments): pa.float32()} if ahead else {}  # pyright: ignore[reportArgumentType]
    excluded = pipeline.treatments is not None and pipeline.treated == "exclude"
    extra |= {parts.CONTACTED: pa.float64()} if excluded else {}
    columns = _OUTCOMES | tables.columns_of(rows) | extra
    frame = tables.ask(partial(parts.rows_of, asked=asked), columns).toArrow().to_pandas()
    frame = frame.set_index(["customer_id", "cutoff"]).sort_index()
    X, outcomes = frame.drop(columns=list(_OUTCOMES)), Outcomes(frame[list(_OUTCOMES)])
    outcomes.horizon_span, outcomes.gap_span, outcomes.decided_at_end = churn.horizon_span, churn.gap_span, churn.decided_at_end
    if excluded:
        untouched = evened(outcomes, X.pop(parts.CONTACTED).to_numpy())
        X, outcomes = X[untouched], outcomes[untouched]
    latest = int(past.instants([frame.index.get_level_values("cutoff").max()])[0])
    for row in rows:
        if isinstance(row, Feature) and is_label(row, outline):
            known = [str(v) for v in tables.known_labels(row.table, str(row.column), latest)]
            X[row.name] = pd.Categorical(X[row.name], categories=pd.Index(known, dtype=object))
    pipeline.audit_ = settle(audit_rows(outline, churn, X, outcomes, features=rows), pipeline.raise_on)
    pipeline.weeks_ = tables.season_counts(past, churn, X, moment) if pipeline.season else []
    pipeline.learn(X, outcomes)
    paid = payment_rows(outline)
    if paid:
        last = X.index[X.index.get_level_values("cutoff") == pipeline.cutoffs_[-1]]
        asked = replace(asked, cutoffs=past.instants(pipeline.cutoffs_[-1]), features=paid, outcomes=False)
        frame = tables.ask(partial(parts.rows_of, asked=asked), tables.columns_of(paid)).toArrow().to_pandas()
        pipeline.worth_ = learn_credibility(*by_quarter(frame.set_index(["customer_id", "cutoff"]).loc[last]))
    else:
        pipeline.worth_ = None
    return pipeline


def score(pipeline: Any, tables: SparkTables, at: Any = None) -> Any:
    """Return one row per customer at risk, as :meth:`ChurnPipeline.score` gives it, as a Spark DataFrame.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Fitted; its model file is sent to the tasks, so custom classifiers do not work.
    tables : SparkTables
    at : time, optional
        The cutoff; by default the end of what was observed.

    Returns
    -------
    pyspark.sql.DataFrame
        The columns of :meth:`ChurnPipeline.score`, in no particular order of rows; percentiles are among all customers.
    """
    content, cutoff = _prepare(pipeline, tables, at)
    names = [*parts.names_of_risks(pipeline.model_), *COLUMNS[COLUMNS.index("band") :]]
    seen = pipeline.has_seen(tables.outline, [pd.Timestamp(cutoff, unit="us", tz="UTC")])
    if seen:
        cutoffs.warn_in_sample(stacklevel=3)
        names.append(IN_SAMPLE)
    columns = {name: _type_of(name) for name in names}
    frame = tables.hold(tables.ask(partial(parts.scored, content=content, cutoff=cutoff), columns))
    names.insert(names.index("band"), "percentile")
    return ranked(frame, cutoff, tables.outline.timezone).select("customer_id", "cutoff", *names)


def _type_of(column: str) -> pa.DataType:
    return pa.bool_() if column in FLAGS else pa.string() if column in TEXTS else pa.float64()


def explain(pipeline: Any, tables: SparkTables, at: Any = None) -> Any:
    """Return why each risk is what it is: probability points per driver, which sum to ``risk - base_risk``.

    Returns
    -------
    pyspark.sql.DataFrame
        ``customer_id``, ``cutoff``, ``risk``, ``base_risk``, then a column per driver as in :attr:`Explanation.points`.
    """
    from churnpredict.explanation.drivers import assign_drivers

    content, cutoff = _prepare(pipeline, tables, at)
    season = getattr(pipeline.model_, "season_", None)
    names = [str(c) for c in pipeline.model_.feature_names_in_] + ([] if season is None else [season.column])
    _, drivers = assign_drivers(names, None)
    columns = dict.fromkeys(["risk", "base_risk", *drivers], pa.float64())
    return tables.ask(partial(parts.explained, content=content, cutoff=cutoff), columns)


def _prepare(pipeline: Any, tables: SparkTables, at: Any) -> tuple[bytes, int]:
    """Return the model's bytes and the cutoff, both checked before any task starts."""
    from churnpredict.model_file.store import packed

    pipeline._fitted()
    pipeline.check_tables(tables.outline)
    tables.check_features(pipeline.features_)
    cutoff = cutoffs.scoring_cutoff(tables.outline, pipeline.churn, at)
    choose_cutoffs(tables.outline, pipeline.churn, at=pd.Timestamp(cutoff, unit="us", tz="UTC"))
    return packed(pipeline.state), cutoff


def ranked(frame: Any, cutoff: int, timezone: str) -> Any:
    """Add the percentile among all: count risks in bins first, then rank within each, so that no task sees them all."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    frame = frame.withColumn("bin", F.floor(F.col("risk") * _BINS).cast("int"))
    counts = dict(sorted((row["bin"], row["count"]) for row in frame.groupBy("bin").count().collect()))
    total = sum(counts.values())
    check_somebody(np.array([cutoff]), np.array([total > 0]), timezone)
    below = np.cumsum([0, *counts.values()])[:-1].tolist()
    bins = frame.sparkSession.createDataFrame(list(zip(counts, below, strict=True)), "bin int, below bigint")
    up_to = F.count("*").over(Window.partitionBy("bin").orderBy("risk"))  # equal risks share a rank: a range of values, not of rows
    return frame.join(F.broadcast(bins), "bin").withColumn("percentile", (F.col("below") + up_to) * 100 / total)


def _frame(name: str, declaration: Any) -> Any:
    """Return the declared columns of a Spark DataFrame or table."""
    try:
        from pyspark.sql import DataFrame, SparkSession
    except ImportError as error:
        raise missing_extra("tables of Spark need PySpark", "spark") from error
    given = declaration.source
    if isinstance(given, str):
        session = SparkSession.getActiveSession()
        if session is None:
            raise UsageError("no-spark", "there is no Spark session", table=name, remedy="Start one, or give a Spark DataFrame.")
        given = session.table(given)
    if not isinstance(given, DataFrame):
        raise UsageError(
            "not-spark", f"the source is a {type(given).__name__}", table=name, remedy="Give a Spark DataFrame or the name of a table."
        )
    _Columns(name, given.columns).check(declaration.columns())
    return _with_numbers(given.select(*[_quoted(c) for c in distinct(declaration.columns())]), declaration)


def _with_numbers(frame: Any, declaration: Any) -> Any:
    """Turn texts of described columns that are all numbers into numbers, as from every source; buckets alone cannot see it."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import StringType

    texts = [f.name for f in frame.schema if f.name in declaration.described() and isinstance(f.dataType, StringType)]
    if not texts:
        return frame
    looks = [
        (F.col(_quoted(c)), F.max(F.col(_quoted(c)).isNotNull()), F.min(F.col(_quoted(c)).rlike(rf"^\s*$|{PLAIN_NUMBER}"))) for c in texts
    ]
    seen = frame.agg(*(look for _, any_, all_ in looks for look in (any_, all_))).first()
    numbers = [c for i, c in enumerate(texts) if seen[2 * i] and seen[2 * i + 1]]
    return frame.withColumns({c: F.when(F.trim(_quoted(c)) != "", F.col(_quoted(c))).cast("double") for c in numbers}) if numbers else frame


class _Columns(Source):
    """The names of a Spark DataFrame's columns, to be checked as those of any source."""

    def __init__(self, name: str, names: list[str]) -> None:
        super().__init__(name)
        self._names = names

    def columns(self) -> list[str]:
        return self._names


def _how_many(frames: dict[str, Any], session: Any) -> int:
    cores = int(session.conf.get("spark.default.parallelism", None) or getattr(session, "sparkContext", session).defaultParallelism)
    return max(2 * cores, sum(frame.count() for frame in frames.values()) // _SOME_ROWS + 1)


def _cutter(name: str, customer: str, n: int) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    return lambda batches: parts.cut(batches, name, customer, n)


def _too_large(seen: parts.Seen) -> DataError:
    return DataError(
        "memory-limit",
        "one bucket of customers does not fit into one value of Spark",
        rows=sum(seen.rows.values()),
        remedy="Give more partitions=; if one customer has most of these rows, check that customer.",
    )


def _bare(tables: EventTables, declarations: dict[str, Any]) -> bytes:
    """Return tables as bytes for a later task of the same job, without their sources and without what can be computed again."""
    tables.declarations = declarations
    if tables.profile is not None:
        tables.profile = replace(tables.profile, versions=replace(tables.profile.versions))
    tables.streams = {name: replace(stream) for name, stream in tables.streams.items()}
    return pickle.dumps(tables, protocol=5)


def _tables(batches: Iterator[pa.RecordBatch]) -> Iterator[EventTables]:
    for batch in batches:
        for part in batch.column(0):
            yield pickle.loads(part.as_buffer())  # noqa: S301 - Spark moved it between our own tasks


def _dump(found: Any) -> bytes:
    """Return Python objects as compressed bytes, including verdicts with their closures: most counts are zeros."""
    from pyspark import cloudpickle

    return zlib.compress(cloudpickle.dumps(found), 1)


def _load(content: Any) -> Any:
    return pickle.loads(zlib.decompress(content))  # noqa: S301 - Spark moved it between our own tasks


def _binary(**values: bytes | None) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([v], pa.binary()) for v in values.values()], names=list(values))


def _arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Return a pandas frame in the types declared to Spark."""
    flat = frame.reset_index() if frame.index.names[0] is not None else frame
    return pa.Table.from_pandas(flat[schema.names], preserve_index=False).cast(schema)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
