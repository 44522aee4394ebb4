"""Tasks of a cluster: cut tables by customer, check and sort a bucket, compute features and scores.

Arrow batches and tables go in and come out; this module does not depend on the engine that moves them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.churn import treatments
from churnpredict.churn.outcomes import label_churn
from churnpredict.churn.rule import ChurnRule
from churnpredict.churn.snapshots import pairs_at_risk
from churnpredict.clock import OPEN
from churnpredict.errors import ChurnError
from churnpredict.events.declarations import Declaration
from churnpredict.events.partition_context import Whole, all_streams
from churnpredict.events.sources.spill import bucket_of, cut_batch, id_texts, with_forms, without_dictionaries
from churnpredict.events.sources.texts import WORDS
from churnpredict.events.tables import Counts, EventTables, kinds_before
from churnpredict.events.tally import Tally, counting
from churnpredict.features.build import build_features
from churnpredict.features.custom import OwnFeature
from churnpredict.features.feature import Feature
from churnpredict.pipeline.scoring import frame_of, parts_of_risk, snapshots_of

__all__ = [
    "BLOBS",
    "Question",
    "Seen",
    "as_part",
    "count_kinds",
    "cut",
    "explained",
    "learned",
    "marked",
    "merge",
    "names_of_risks",
    "read_bucket",
    "rows_of",
    "scored",
    "unpack",
]

BLOBS = pa.schema([("bucket", pa.int32()), ("table_name", pa.string()), ("rows", pa.binary())])
ROWS = 1 << 18  # rows of a table cut at a time
CELLS = 1 << 24  # of features held at a time, 64 MiB
_LEFT_APART = ("item", "user", "owner")  # labels that are needed only within a bucket; there may be millions

Ints = npt.NDArray[np.int64]
Frames = Iterator[pd.DataFrame]


def cut(batches: Iterable[pa.RecordBatch], name: str, customer: str, n: int) -> Iterator[pa.RecordBatch]:
    """Yield rows of one table as parcels, one per bucket of customers: few rows for the engine to shuffle, whatever the table holds."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(without_dictionaries(batch))
        if sum(b.num_rows for b in held) >= ROWS:
            yield _parcels(held, name, customer, n)
            held = []
    if held:
        yield _parcels(held, name, customer, n)


def _parcels(held: list[pa.RecordBatch], name: str, customer: str, n: int) -> pa.RecordBatch:
    found: list[tuple[int, bytes]] = []
    for batch in pa.Table.from_batches(held).combine_chunks().to_batches():
        for bucket, rows in cut_batch(batch, id_texts(batch.column(customer)), n):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, rows.schema) as writer:
                writer.write_batch(rows)
            found.append((bucket, sink.getvalue().to_pybytes()))
    columns = [pa.array([b for b, _ in found], pa.int32()), pa.array([name] * len(found)), pa.array([r for _, r in found], pa.binary())]
    return pa.RecordBatch.from_arrays(columns, schema=BLOBS)


def unpack(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, list[pa.Table]]]:
    """Yield the tables of one bucket after the other, from parcels sorted by bucket."""
    current: int | None = None
    held: dict[str, list[pa.Table]] = defaultdict(list)
    done: set[int] = set()
    for batch in batches:
        for bucket, name, rows in zip(*(batch.column(i) for i in range(3)), strict=True):
            if current is not None and current != bucket.as_py():
                yield held
                held = defaultdict(list)
                done.add(current)
            current = bucket.as_py()
            if current in done:
                raise RuntimeError("parcels must come sorted by bucket: a customer's rows would be taken for two customers'")
            held[name.as_py()].append(pa.ipc.open_stream(rows.as_buffer()).read_all())
    if held:
        yield held


@dataclass
class Seen:
    """Counts of a task's customers, for checks of the whole table; or the error that the task raised.

    ``kept`` counts the rows that came from each generation of a kept history.
    """

    whole: Whole
    tally: Tally = field(default_factory=Tally)
    rows: dict[str, int] = field(default_factory=dict)
    zones: set[tuple[str, bool]] = field(default_factory=set)
    id_type: pa.DataType | None = None
    error: ChurnError | None = None
    kept: Counter[str] = field(default_factory=Counter)


def merge(first: Seen, second: Seen) -> Seen:
    """Merge two; of two errors, keep the first."""
    first.whole.merge(second.whole)
    first.tally.merge(second.tally)
    for name, rows in second.rows.items():
        first.rows[name] = first.rows.get(name, 0) + rows
    first.zones |= second.zones
    first.id_type = second.id_type if first.id_type is None else first.id_type
    first.error = first.error or second.error
    first.kept.update(second.kept)
    return first


def marked(table: pa.Table, declaration: Declaration, forms: Mapping[str, bytes]) -> pa.Table:
    """Mark described texts with what they are in the whole table, words where that is not known, whatever a bucket holds of them."""
    described = declaration.described()
    for name in [f.name for f in table.schema if f.name in described and pa.types.is_string(f.type)]:
        table = table.cast(with_forms(table.schema, {name: forms.get(name, WORDS)}))
    return table


def read_bucket(
    given: dict[str, list[pa.Table]],
    declarations: dict[str, Declaration],
    empty: dict[str, pa.Table],
    timezone: str,
    forms: Mapping[str, Mapping[str, bytes]] = MappingProxyType({}),
) -> tuple[Seen, EventTables | None]:
    """Check and sort the tables of one bucket as :class:`EventTables` would; checks that need the counts of all rows only count here.

    ``forms`` are, of each table, what the texts of its described columns are in all rows.
    """
    seen = Seen(Whole(declarations, timezone), rows={name: sum(t.num_rows for t in tables) for name, tables in given.items()})
    sources = {name: pa.concat_tables(given[name]) if given.get(name) else empty[name] for name in declarations}
    sources = {name: marked(table, declarations[name], forms.get(name, {})) for name, table in sources.items()}
    try:
        with counting(seen.tally):
            read: dict[str, Any] = {n: replace(d, source=sources[n], optional=True) for n, d in declarations.items()}
            tables = EventTables(timezone=timezone, **read)
    except ChurnError as error:
        seen.error = error
        return seen, None
    return seen, learned(seen, tables)


def learned(seen: Seen, tables: EventTables) -> EventTables | None:
    """Add to ``seen`` what the whole has to know of a bucket's tables; return them, None for no customers."""
    seen.zones = {(name, aware) for name, aware in tables.aware.items() if aware is not None}
    if not len(tables):
        return None
    seen.id_type = tables.ids.type
    seen.whole.learn(tables, apart_from=_LEFT_APART)
    return tables


def count_kinds(tables: EventTables, name: str, before: int | None, labels: pa.Array) -> Counts:
    """Return what :func:`kinds_before` counts, for each of the whole's kinds of a table."""
    own = tables.labels[name]["kind"]
    place = pc.index_in(own.cast(labels.type), value_set=labels).to_numpy(zero_copy_only=False).astype(np.int64)
    rows, holders, since, customers = kinds_before(tables.stream(name), before, len(own))
    everywhere = np.zeros((3, len(labels)), np.int64)
    everywhere[2] = OPEN
    everywhere[:, place] = rows, holders, since
    return everywhere[0], everywhere[1], everywhere[2], customers


CONTACTED = "contacted"  # days until a contact, where contacted customers are left out once the rows of all parts are together


@dataclass(frozen=True)
class Question:
    """What is asked about every customer at risk: which features at which cutoffs, and whether with outcomes."""

    churn: ChurnRule
    cutoffs: Ints
    features: Sequence[Feature | OwnFeature] = ()
    history: str | None = None
    until: int | None = None
    outcomes: bool = False
    treatments: str | None = None
    treated: str = "exclude"
    share: float = 1.0


def rows_of(part: EventTables, asked: Question) -> Frames:
    """Yield snapshots of everybody at risk with their features, and their outcomes if asked for, as frames of some customers each."""
    tables = part if asked.until is None else part.known_before(asked.until)
    for snapshots in _at_risk(tables, asked):
        if not asked.outcomes:
            yield build_features(tables, snapshots, features=asked.features, history=asked.history)
            continue
        log, wanted = asked.treatments, label_churn(tables, snapshots, asked.churn)
        outcomes = wanted
        if log is not None and asked.treated == "exclude":  # contacted customers have no features: their number decides who else goes
            days = treatments.until_contact(tables, outcomes, asked.churn, log)
            outcomes, wanted = outcomes.assign(**{CONTACTED: days}), outcomes[np.isinf(days)]
        X = build_features(tables, snapshots_of(wanted), features=asked.features, history=asked.history)
        if log is not None:
            X, outcomes = treatments.apply(tables, X, outcomes, asked.churn, log, asked.treated)
        yield pd.concat([outcomes, X], axis=1)


def _at_risk(tables: EventTables, asked: Question) -> Frames:
    """Yield snapshots of the customers at risk, as many at a time as their features may take memory."""
    customers, moments = pairs_at_risk(tables, asked.churn, asked.cutoffs)
    if asked.share < 1:
        chosen = _drawn(tables.ids, asked.share)[customers]
        customers, moments = customers[chosen], moments[chosen]
    ids = pd.Index(tables.ids.to_pandas())
    step = max(1, CELLS // max(1, len(asked.features)))
    for start in range(0, len(customers), step):
        some = slice(start, start + step)
        yield pd.DataFrame({"customer_id": ids.take(customers[some]), "cutoff": tables.wall_times(moments[some])})


def _drawn(ids: pa.Array, share: float) -> npt.NDArray[np.bool_]:
    """Return which customers are in a sample: decided by the id alone, so that partitions do not change it."""
    million = 1_000_003  # a prime: customers of one bucket are spread over the sample
    return bucket_of(id_texts(ids), million) < share * million


def scored(part: EventTables, content: bytes, cutoff: int) -> Frames:
    """Yield scores of everybody at risk without the percentile, as frames of some customers each, by the pipeline of this file's
    content.
    """
    from churnpredict.explanation.contributions import always_by_tables

    pipeline = _model(content)
    for X in _features_for(pipeline, part, cutoff):
        with always_by_tables():  # buckets do not change the last bit, however few customers they have
            rows = frame_of(pipeline.columns_of(part, X, usual=pipeline.usual_ or {}, n_jobs=1))
        yield rows


def explained(part: EventTables, content: bytes, cutoff: int) -> Frames:
    """Yield risk, reference risk and probability points per driver of everybody at risk."""
    from churnpredict.explanation.attribution import explain
    from churnpredict.explanation.contributions import always_by_tables

    pipeline = _model(content)
    for X in _features_for(pipeline, part, cutoff):
        with always_by_tables():
            why = explain(pipeline.model_, X, detail="drivers", n_jobs=1, progress=False)
        yield why.points.assign(risk=why.risk, base_risk=why.base_risk)


def _features_for(pipeline: Any, part: EventTables, cutoff: int) -> Frames:
    asked = Question(pipeline.churn, np.array([cutoff]), pipeline.features_)
    for snapshots in _at_risk(part, asked):
        yield pipeline.features_of(part, snapshots)


def names_of_risks(model: Any) -> list[str]:
    """Return the columns of a model's risks, found by scoring made-up rows."""
    names = [str(c) for c in model.feature_names_in_]
    index = pd.MultiIndex.from_tuples([("", pd.Timestamp(0))], names=["customer_id", "cutoff"])
    nobody = pd.DataFrame(np.full((1, len(names)), np.nan, np.float32), columns=names, index=index)
    return list(parts_of_risk(model, nobody))


@lru_cache(maxsize=2)
def _model(content: bytes) -> Any:
    """Read a model once for all buckets of a worker; the engine runs as many workers as there are cores, so each takes one."""
    from churnpredict.pipeline.loading import unpacked

    pipeline = unpacked(content)
    pipeline.model_.n_jobs = 1
    return pipeline


def as_part(tables: EventTables, whole: Whole) -> EventTables:
    """Return the tables of a bucket, with the calendar of the whole."""
    return whole.part(tables.ids, tables.labels, dict(all_streams(tables)))
