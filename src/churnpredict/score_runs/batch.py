"""Score all customers in partitions; runs are atomic and resume.

Longer than most modules because the whole job, from tables to the published run, is in it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churnpredict.argument_checks import check_choice, check_instance, check_path, check_text
from churnpredict.churn import treatments
from churnpredict.churn.snapshots import check_somebody, choose_cutoffs, pairs_at_risk
from churnpredict.errors import UsageError, kind_of
from churnpredict.events.content_hash import digest_of_tables
from churnpredict.events.history.kept_tables import KeptTables
from churnpredict.events.money import money_tables, paying_table
from churnpredict.events.partitions import PartitionedTables
from churnpredict.events.sources.destinations import check_destination, replace_rows
from churnpredict.events.sources.upserts import Upsert, upsert_rows
from churnpredict.events.tables import EventTables
from churnpredict.explanation.contributions import always_by_tables
from churnpredict.features.build import build_rows, check_rows
from churnpredict.features.catalog import with_driver
from churnpredict.features.feature import Feature
from churnpredict.features.peers import PEER_AGGREGATES, PeerCounts
from churnpredict.features.threads import thread_number
from churnpredict.features.write import peers_of_all
from churnpredict.model_file import store
from churnpredict.moments import Moment
from churnpredict.number_checks import is_whole_number
from churnpredict.pipeline import cutoffs, scoring
from churnpredict.pipeline.expected import check_trained_and_tables
from churnpredict.pipeline.valuing import check_value
from churnpredict.progress import progress
from churnpredict.score_runs.runs import Part, Run, open_run, run_name, run_names
from churnpredict.score_runs.writer import Attempt, retire, told, write_part, writing
from churnpredict.signatures import Database
from churnpredict.table_files import write_blocks

if TYPE_CHECKING:
    from churnpredict.pipeline.churn_pipeline import ChurnPipeline

__all__ = ["DETAILS", "score_into", "write_scores"]

DETAILS = ("words", "drivers")
ROWS = 1 << 16  # customers at a time: their features, contributions and sentences are in memory together
_REPEATING = ["cutoff", "band", "model_id", *(f"{what}_{i}" for what in ("reason", "remedy") for i in range(1, scoring.REASONS + 1))]
"""Columns whose values are stored once each: looking for repetitions among numbers and ids takes longer than writing them."""
_VERSION = 2  # version of the format of a part; another version ignores unfinished parts

Tables = EventTables | PartitionedTables
Log = Callable[[Mapping[str, object]], object]


def write_scores(
    pipeline: ChurnPipeline,
    tables: Tables,
    folder: str | Path,
    *,
    at: Moment | None = None,
    detail: Literal["words", "drivers"] = "words",
    value: float | None = None,
    keep: int | None = None,
    into: Database | None = None,
    table: str = "churn_scores",
    changes: Upsert | None = None,
    n_jobs: int = 1,
    log: Log | None = None,
) -> Path:
    """Score everybody at risk into a folder of runs; a run, named after its cutoff, is written whole or not at all.

    A job that was killed resumes when it is started again, and writes the same bytes as without the interruption. The same job run twice
    does nothing the second time. Two writers never mix: the second is refused.

    Parameters
    ----------
    pipeline : ChurnPipeline
        Trained or loaded.
    tables : EventTables or PartitionedTables
        With :func:`churnpredict.runs.scan_tables`, memory holds one partition of the customers at a time.
    folder : path
        Folder of the runs; created if missing. Read them with :func:`churnpredict.runs.read_scores`.
    at : time, optional
        The cutoff; by default the end of what was observed.
    detail : {"words", "drivers"}
        "drivers" leaves the column ``words`` empty: reasons with points but without sentences, at a fraction of the time.
    value : float, optional
        Value of every customer over the horizon, instead of the value from the tables.
    keep : int, optional
        Number of runs to keep: the one that is written, whatever its cutoff, and the newest of the others; all by default. In a database:
        number of cutoffs.
    into : str, path or connection, optional
        A database to copy the run into, too: ``"postgresql://user@host/name"`` (needs ``churnpredict[postgres]``) or a DuckDB or SQLite
        file. In one transaction, in place of rows of the same cutoff, after waiting for other writers to the table.
    table : str
        There.
    changes : Upsert, optional
        Write only rows that are new or differ, ``cp.runs.Upsert()``, instead of all rows of the cutoff: with the key "customer" the table
        holds one row per customer, of the newest run; ``vanished`` says what becomes of customers who are not in the run. The counts go to
        ``log``.
    n_jobs : int
        Threads for features and reasons; -1 for one per core. Scores do not depend on it.
    log : callable, optional
        Called with a mapping of counts and seconds at each step, never with an id.

    Returns
    -------
    Path
        The run: ``manifest.json`` and Parquet files with page checksums, columns as :meth:`ChurnPipeline.score` gives them.

    Raises
    ------
    OutputError
        ``locked``, ``not-written``.
    TimeError, DataError, MismatchError
        As :meth:`ChurnPipeline.score`.
    UsageError
        ``unknown-choice``, ``bad-keep``, ``unknown-database``, ``bad-table-name``.

    Examples
    --------
    >>> import tempfile, churnpredict as cp
    >>> shop = cp.make_business(200, random_state=1)
    >>> orders = cp.Events(shop.frames["orders"], customer="customer", time="paid_at", value="amount", money=True)
    >>> pipeline = cp.ChurnPipeline(shop.churn, every="45d", n_jobs=1).fit(cp.EventTables(orders=orders), until="2024-01-01")
    >>> with tempfile.TemporaryDirectory() as folder, cp.runs.scan_tables(orders=orders, partitions=3) as tables:
    ...     run = cp.runs.write_scores(pipeline, tables, folder, at="2024-01-01")
    ...     scores = cp.runs.read_scores(folder)
    >>> run.name, bool(scores["risk"].is_monotonic_decreasing)
    ('2024-01-01', True)
    """
    check_trained_and_tables(pipeline, tables, "write_scores(pipeline, tables, folder)", in_parts=True)
    return score_into(
        pipeline,
        lambda _: tables,
        folder,
        at=at,
        detail=detail,
        value=value,
        keep=keep,
        into=into,
        table=table,
        changes=changes,
        n_jobs=n_jobs,
        log=log,
    ).path


def score_into(
    pipeline: ChurnPipeline,
    open_tables: Callable[[Path], Tables],
    folder: str | Path,
    *,
    at: Moment | None = None,
    detail: str = "words",
    value: float | None = None,
    keep: int | None = None,
    into: Database | None = None,
    table: str = "churn_scores",
    changes: Upsert | None = None,
    n_jobs: int = 1,
    log: Log | None = None,
) -> Run:
    """Run :func:`write_scores` on tables opened once the folder is locked, with a folder for what they need on disk."""
    check_choice(detail, "detail", DETAILS)
    check_path(folder, "folder")
    check_text(table, "table")
    thread_number(n_jobs)  # refused before anything is locked
    if log is not None and not callable(log):
        raise UsageError("bad-argument", f"log is {kind_of(log)}", remedy="Give a function that takes a dict.")
    if keep is not None and not (is_whole_number(keep) and keep >= 1):
        raise UsageError("bad-keep", f"keep is {keep!r:.40}", remedy="Keep at least one run, the one that is written.")
    keep = None if keep is None else int(keep)
    if changes is not None:
        check_instance(changes, "changes", Upsert, 'Give cp.runs.Upsert(key="cutoff", vanished="remove").')
        if into is None:
            raise UsageError("needs-database", "changes are written to a database, and none is given", remedy="Give into=.")
    if into is not None:
        check_destination(into, table)  # before hours of work
    value = None if value is None else check_value(value)
    pipeline._fitted()
    say = _Diary(log)
    with writing(folder) as home, told(home):
        attempt = Attempt(home)
        with attempt.scratch() as scratch:
            done = _done(pipeline, open_tables(scratch), attempt, say, at=at, detail=detail, n_jobs=n_jobs, value=value)
        removed = retire(home, keep, done.path.name)
        if into is not None:
            say("copied", customers=done.rows, **_copied(done, into, table, keep, changes))
        say("done", customers=done.rows, bytes=sum(part.bytes for part in done.parts), runs_removed=removed)
    return done


def _copied(run: Run, into: Database, table: str, keep: int | None, changes: Upsert | None) -> dict[str, int]:
    """Write a run to a database; return how many rows were written and left alone, where only changes are written."""
    cutoff, rows = pd.Timestamp(run.cutoff).to_pydatetime(), map(_marked, run.tables())
    if changes is None:
        replace_rows(into, table, cutoff, rows, keep=keep)
        return {}
    return upsert_rows(into, table, cutoff, rows, how=changes, keep=keep, owned=scoring.is_score_column).counts()


def _marked(rows: pa.Table) -> pa.Table:
    """Return the rows for a database, whose columns never change: in-sample scores are marked in the name of the model."""
    if scoring.IN_SAMPLE not in rows.column_names:
        return rows
    names = pc.binary_join_element_wise(rows["model_id"], "(in-sample)", " ")
    return rows.drop_columns([scoring.IN_SAMPLE]).set_column(rows.column_names.index("model_id"), "model_id", names)


def _done(
    pipeline: ChurnPipeline,
    tables: Tables,
    attempt: Attempt,
    say: _Diary,
    *,
    at: Moment | None,
    detail: str,
    n_jobs: int,
    value: float | None,
) -> Run:
    """Return the run, made now or made before of the same."""
    read = {"read": tables.changes} if isinstance(tables, KeptTables) else {}
    say("tables read", customers=len(tables), partitions=tables.n_partitions if isinstance(tables, PartitionedTables) else 1, **read)
    job = _prepare(pipeline, tables, at, detail, n_jobs, value)
    latest = run_names(attempt.folder, job.wall_time)[:1]  # the run that readers take; an earlier one may have the same inputs
    before = open_run(attempt.folder / latest[0]) if latest else None
    if before is None or before.inputs != job.inputs:
        return _run(job, attempt, say)
    before.verify()
    attempt.forget()
    say("nothing to do", customers=before.rows, run=before.path.name)
    return before


@dataclass
class _Diary:
    """Writes counts and seconds to the log, never an id."""

    log: Log | None
    began: float = field(default_factory=time.monotonic)

    def __call__(self, event: str, **counts: Any) -> None:
        if self.log is not None:
            self.log({"event": event, **counts, "seconds": round(time.monotonic() - self.began, 3)})


@dataclass(frozen=True)
class _Job:
    """The job, and the digests of its inputs."""

    pipeline: ChurnPipeline
    tables: Tables
    features: list[Any]
    moment: int
    wall_time: pd.Timestamp
    detail: str
    n_jobs: int
    model: str | None
    keys: list[str]
    value: float | None = None

    @property
    def inputs(self) -> str:
        return hashlib.sha256("".join(self.keys).encode()).hexdigest()

    def part(self, number: int) -> EventTables:
        return self.tables.partition(number) if isinstance(self.tables, PartitionedTables) else self.tables


def _prepare(pipeline: ChurnPipeline, tables: Tables, at: Moment | None, detail: str, n_jobs: int, value: float | None) -> _Job:
    whole = tables.outline if isinstance(tables, PartitionedTables) else tables
    pipeline.check_tables(whole)
    moment = cutoffs.scoring_cutoff(whole, pipeline.churn, at)
    choose_cutoffs(whole, pipeline.churn, at=pd.Timestamp(moment, unit="us", tz="UTC"))
    digests = (
        [tables.digest(n) for n in range(tables.n_partitions)] if isinstance(tables, PartitionedTables) else [digest_of_tables(tables)]
    )
    features = [with_driver(row, whole) if isinstance(row, Feature) else row for row in pipeline.features_]
    check_rows(features, whole)
    # Features that compare a customer with all others depend on all others.
    others = digests if any(getattr(row, "aggregate", "") in PEER_AGGREGATES for row in features) else []
    model = store.identity(pipeline.state)
    # Custom code cannot be compared: its unfinished results are not reused.
    known_by = model or hashlib.sha256(f"{id(pipeline)} {time.time_ns()}".encode()).hexdigest()
    limits = [whole.first_event(), *(whole.observed_until(name) for name in whole.streams if len(whole.streams[name]))]
    money = [value, None if value is not None else paying_table(whole.declarations), money_tables(whole.declarations)]
    common = [_VERSION, known_by, moment, whole.timezone, detail, limits, others, pa.__version__, money]
    keys = [hashlib.sha256(json.dumps([*common, digest]).encode()).hexdigest() for digest in digests]
    wall_time = whole.wall_times(np.array([moment]))[0]
    return _Job(pipeline, tables, features, moment, wall_time, detail, n_jobs, model, keys, value)


def _run(job: _Job, attempt: Attempt, say: _Diary) -> Run:
    """Score in two passes: first each customer alone, then the percentile, for which all risks must be known."""
    with always_by_tables():
        staged = _scored(job, attempt, peers_of_all(job.tables, job.features, np.array([job.moment])), say)
    ranks = scoring.Ranks(np.concatenate([risk for _, risk in staged.values()]))
    folder = attempt.new_run()
    bands: dict[str, int] = dict.fromkeys(("high", "medium", "low"), 0)
    parts = [write_part(folder, f"part-{n:05d}.parquet", len(risk), _ranked(path, ranks, bands)) for n, (path, risk) in staged.items()]
    run = _described(job, folder, parts, bands)
    return attempt.publish(run_name(job.wall_time, run_names(attempt.folder)), run)


def _scored(job: _Job, attempt: Attempt, peers: PeerCounts, say: _Diary) -> dict[int, tuple[Path, Any]]:
    """Return files and risks of all partitions with anybody at risk; existing ones are not made again."""
    staged: dict[int, tuple[Path, Any]] = {}
    for number in progress(range(len(job.keys)), "scoring"):
        path = attempt.staged(job.keys[number])
        reused = path is not None
        if path is None:
            path = attempt.stage(job.keys[number], partial(_write_staged, _scored_blocks(job, number, peers)))
        risk = np.concatenate([block["risk"].to_numpy() for block in _staged_blocks(path)])
        say("partition", number=number + 1, of=len(job.keys), customers=len(risk), reused=reused)
        if len(risk):
            staged[number] = path, risk
    check_somebody(np.array([job.moment]), np.array([bool(staged)]), job.tables.timezone)
    return staged


def _scored_blocks(job: _Job, number: int, peers: PeerCounts) -> Iterator[pa.Table]:
    """Yield the rows of a partition, some customers at a time, in the order of their ids; an empty table if nobody is at risk."""
    tables, pipeline = job.part(number), job.pipeline
    customers, moments = pairs_at_risk(tables, pipeline.churn, np.array([job.moment]))
    if not len(customers):
        yield pa.table({"risk": pa.array([], pa.float64())})
    for start in range(0, len(customers), ROWS):
        some = slice(start, start + ROWS)
        X = build_rows(tables, customers[some], moments[some], job.features, peers, history=pipeline.history, n_jobs=job.n_jobs)
        X = treatments.nobody_treated(X, getattr(pipeline.model_, "feature_names_in_", ()))
        # An older model has no usual values, and those of the rows to score would depend on the partitions.
        usual = pipeline.usual_ or {}
        how: dict[str, Any] = {"words": job.detail == "words", "n_jobs": None if job.n_jobs < 1 else job.n_jobs, "value": job.value}
        yield part_table(pipeline.columns_of(tables, X, usual=usual, **how), tables.ids.type)


def part_table(columns: Mapping[str, Any], ids: pa.DataType) -> pa.Table:
    """Return the columns of :func:`churnpredict.pipeline.scoring.score_columns` as Arrow: texts that repeat as dictionaries."""
    n, schema = len(columns["customer_id"]), part_schema(list(columns), ids)
    return pa.table([_column(values, n, field.type) for field, values in zip(schema, columns.values(), strict=True)], schema=schema)


def _column(values: Any, n: int, kind: pa.DataType) -> pa.Array:
    if isinstance(values, scoring.Coded):
        texts = list(dict.fromkeys(text for text in values.texts if text is not None))
        place = np.array([-1 if text is None else texts.index(text) for text in (*values.texts, None)], np.int32)[values.codes]
        return pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), pa.array(texts, pa.string())).cast(kind)
    if isinstance(values, (str, bool)) or values is None:
        found = pa.repeat(pa.scalar(values, getattr(kind, "value_type", kind)), n)
        return found.dictionary_encode() if pa.types.is_dictionary(kind) else found
    return pa.array(values, kind, from_pandas=True)


def part_schema(columns: list[str], ids: pa.DataType) -> pa.Schema:
    """Return the types of a part, the same whatever is in it: a column without any reason would otherwise have none."""
    own = {"customer_id": ids, "cutoff": pa.timestamp("us"), "words": pa.string()}
    own |= dict.fromkeys(scoring.TEXTS - own.keys(), pa.dictionary(pa.int32(), pa.string())) | dict.fromkeys(scoring.FLAGS, pa.bool_())
    return pa.schema([(column, own.get(column, pa.float64())) for column in columns])


def _write_staged(blocks: Iterator[pa.Table], file: IO[bytes]) -> None:
    """Write a part as it is in memory: it is read once, by the second pass or by the next process."""
    first = next(blocks)
    with pa.ipc.new_stream(file, first.schema) as writer:
        for block in chain([first], blocks):
            writer.write_table(block)


def _staged_blocks(path: Path) -> Iterator[pa.Table]:
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


def _ranked(path: Path, ranks: scoring.Ranks, bands: dict[str, int]) -> Callable[[Any], None]:
    """Return how to write a staged part with percentiles; counts bands on the way."""

    def blocks() -> Iterator[pa.Table]:
        for table in _staged_blocks(path):
            for band in pc.value_counts(table["band"].cast(pa.string())).to_pylist():
                bands[band["values"]] += band["counts"]
            percentile = pa.array(ranks.percentile(table["risk"].to_numpy()))
            yield table.add_column(table.column_names.index("band"), "percentile", percentile)

    return partial(write_blocks, blocks(), dictionary=_REPEATING)


def _described(job: _Job, folder: Path, parts: list[Part], bands: dict[str, int]) -> Run:
    columns = tuple(pq.read_schema(folder / parts[0].name).names)
    return Run(
        path=folder,
        cutoff=job.wall_time.isoformat(),
        moment=job.moment,
        model_id=job.pipeline.model_id_,
        model=job.model,
        inputs=job.inputs,
        detail=job.detail,
        columns=columns,
        rows=sum(part.rows for part in parts),
        bands=bands,
        in_sample=scoring.IN_SAMPLE in columns,
        parts=tuple(parts),
        written_by=store.versions() | {"pyarrow": pa.__version__},
    )
