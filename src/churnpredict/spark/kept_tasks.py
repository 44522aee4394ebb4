"""Tasks of a kept history: take in new rows of a bucket, merge generations of its rows, bring its tables together.

Arrow batches go in and come out; the rows inside are those of :mod:`churnpredict.events.history`, in its format, merged by its code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ChurnError, DataError, SourceError
from churnpredict.events.check_declarations import check_zones
from churnpredict.events.declarations import Declaration
from churnpredict.events.event_ids import repeated_words
from churnpredict.events.history.intake import Intake, empty_rows, read_table
from churnpredict.events.history.kept_rows import KeptRows, without_units
from churnpredict.events.history.kept_table import merged
from churnpredict.events.history.one_row import bring_kept_together
from churnpredict.events.history.segments import Segment, pack_segment, unpack_segment
from churnpredict.events.one_row import ID, keys_of, parts_of
from churnpredict.events.partition_context import Whole
from churnpredict.events.streams import UNIT
from churnpredict.events.tables import EventTables
from churnpredict.events.tally import counting
from churnpredict.pipeline import partition_tasks as parts
from churnpredict.spark.transfer import LARGEST, bare, dump, load

__all__ = ["SEGMENTS", "Found", "compose", "find_customers", "merge_found", "merge_generations", "take_in", "together"]

SEGMENTS = pa.schema(
    [
        ("bucket", pa.int32()),
        ("table_name", pa.string()),
        ("generation", pa.string()),
        ("row_count", pa.int64()),
        ("head", pa.string()),
        ("content", pa.binary()),
    ]
)
Batches = Iterator[pa.RecordBatch]
Found = tuple[Intake, ChurnError | None]


def take_in(
    batches: Batches, name: str, declaration: Declaration, n: int, timezone: str, forms: Mapping[str, bytes], generation: str
) -> Batches:
    """Yield the kept rows of each bucket from parcels of new rows, sorted by bucket, with what was seen in them.

    Rows of a bucket that are refused come as what was seen, with the error.
    """
    for given in parts.unpack(batches):
        found, error, kept = Intake(), None, {}
        table = parts.marked(pa.concat_tables(given[name]), declaration, forms)
        units = table.column(UNIT)
        if units.null_count:
            raise RuntimeError("a row comes from a file that nobody has listed")
        numbers, counts = np.unique(units.to_numpy(), return_counts=True)
        found.counts = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        try:
            kept = read_table(name, declaration, table, n, timezone, found)
        except ChurnError as refused:
            error = refused
        if error is None and any(_size(rows) > LARGEST for rows in kept.values()):
            error, kept = too_large(table.num_rows), {}
        rows = [_row(bucket, name, generation, own) for bucket, own in kept.items()] or [(-1, name, generation, 0, "", b"")]
        seen = [dump((found, error)), *[None] * (len(rows) - 1)]
        yield _batch(rows).append_column("seen", pa.array(seen, pa.binary()))


def too_large(rows: int) -> DataError:
    """Return the error for a bucket that is too large."""
    return DataError(
        "memory-limit",
        "one bucket of customers does not fit into one value of Spark",
        rows=rows,
        remedy="Give more partitions=; if one customer has most of these rows, check that customer.",
    )


def _size(rows: KeptRows) -> int:
    return sum(v.nbytes for v in (rows.offsets, rows.times, *rows.columns.values(), rows.ids, *rows.labels.values()))


def _row(bucket: int, name: str, generation: str, rows: KeptRows) -> tuple[Any, ...]:
    segment, content = pack_segment(bucket, rows)
    return bucket, name, generation, len(rows), json.dumps(segment.described()), b"".join(content)


def _batch(rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), SEGMENTS.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=SEGMENTS)


def merge_found(first: Found, second: Found) -> Found:
    """Merge what was seen in the new rows of one table in two buckets; of two errors, keep the first."""
    (a, failed), (b, also) = first, second
    error = failed or also
    if error is not None:
        return a, error
    for number, rows in b.counts.items():
        a.counts[number] = a.counts.get(number, 0) + rows
    if a.columns and b.columns and (a.columns, a.ids) != (b.columns, b.ids):
        raise RuntimeError("the buckets of a table are read in different ways")
    a.columns, a.ids = a.columns or b.columns, a.ids or b.ids
    check_zones({"some rows": a.aware, "other rows": b.aware})
    a.aware = b.aware if a.aware is None else a.aware
    a.tally.merge(b.tally)
    return a, None


def together(seen: Iterable[Any]) -> Batches:
    """Yield what some buckets have seen as one."""
    found = [load(one) for one in seen]
    if found:
        whole = reduce(merge_found, found)
        yield pa.RecordBatch.from_arrays([pa.array([dump(whole)], pa.binary())], names=["seen"])


def _by_bucket(batches: Batches) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield the segments of one bucket after the other, from rows sorted by bucket."""
    current: int | None = None
    held: list[dict[str, Any]] = []
    done: set[int] = set()
    for batch in batches:
        for i in range(batch.num_rows):
            row = {name: batch.column(name)[i] for name in SEGMENTS.names}
            bucket = row["bucket"].as_py()
            if current is not None and current != bucket:
                yield current, held
                held = []
                done.add(current)
            if bucket in done:
                raise RuntimeError("segments must come sorted by bucket: a customer's rows would be taken for two customers'")
            current = bucket
            held.append(row)
    if current is not None:
        yield current, held


def _opened(row: Mapping[str, Any]) -> KeptRows:
    """Return the rows of a segment, checked byte by byte, in memory of their own."""
    try:
        segment = Segment.of(json.loads(row["head"].as_py()))
    except (ValueError, KeyError, TypeError):
        raise _damaged("the head of kept rows is not what was written") from None
    content = np.frombuffer(row["content"].as_buffer(), np.uint8).copy()
    rows = unpack_segment(content.data, segment, verify=True)
    if segment.partition != row["bucket"].as_py() or len(rows) != row["row_count"].as_py():
        raise _damaged("kept rows are not where they were written")
    return rows


def _damaged(what: str) -> SourceError:
    return SourceError("damaged-history", what, remedy="It is read again from its sources; check the disk.")


def _ordered(rows: Sequence[dict[str, Any]], generations: Sequence[str]) -> list[dict[str, Any]]:
    """Return the segments of one bucket and table, the oldest generation first."""
    place = {name: i for i, name in enumerate(generations)}
    return sorted(rows, key=lambda row: place[row["generation"].as_py()])


def merge_generations(batches: Batches, generations: Sequence[str], gone: frozenset[int], new: str, timezone: str) -> Batches:
    """Yield one segment for each bucket in place of those of several generations, without the rows of units that are gone."""
    for bucket, held in _by_bucket(batches):
        opened = [_opened(row) for row in _ordered(held, generations)]
        left = [rows for one in opened if (rows := without_units(one, gone, timezone) if gone else one) is not None]
        rows = merged(left, timezone)
        if rows is not None:
            yield _batch([_row(bucket, held[0]["table_name"].as_py(), new, rows)])


def compose(
    batches: Batches, declarations: dict[str, Declaration], known: Mapping[str, Any], order: Mapping[str, Sequence[str]], timezone: str
) -> Batches:
    """Yield the counts and the tables of each bucket from its segments, as :func:`churnpredict.pipeline.partition_tasks.read_bucket` does.

    ``known`` are the columns of each table, and whether its times carry a zone.
    """
    for _, held in _by_bucket(batches):
        seen, part = _composed(held, declarations, known, order, timezone)
        content = None if part is None else bare(part, declarations)
        if content is not None and len(content) > LARGEST:
            seen.error, content = too_large(sum(seen.kept.values())), None
        yield pa.RecordBatch.from_arrays([pa.array([v], pa.binary()) for v in (dump(seen), content)], names=["seen", "part"])


def _composed(
    held: Sequence[dict[str, Any]],
    declarations: dict[str, Declaration],
    known: Mapping[str, Any],
    order: Mapping[str, Sequence[str]],
    timezone: str,
) -> tuple[parts.Seen, EventTables | None]:
    seen = parts.Seen(Whole(declarations, timezone))
    try:
        rows = {}
        for name, declaration in declarations.items():
            own = _ordered([row for row in held if row["table_name"].as_py() == name], order[name])
            for row in own:
                seen.kept[row["generation"].as_py()] += row["row_count"].as_py()
            kept = merged([_opened(row).unmarked() for row in own], timezone)
            columns, aware = known[name]
            found = empty_rows(columns) if kept is None else kept.rows(aware)
            with counting(seen.tally):
                rows[name] = bring_kept_together(name, declaration, found, _repeated(declaration, found))
        with counting(seen.tally):
            together = EventTables.of_rows(declarations, timezone, rows)
    except ChurnError as error:
        seen.error = error
        return seen, None
    return seen, parts.learned(seen, together)


def find_customers(batches: Batches, gone: frozenset[str]) -> Batches:
    """Yield for each segment how many of its rows are of some customers, and the units of which they are; -1 rows where it is damaged."""
    wanted = pa.array(sorted(gone), pa.string())
    for _, held in _by_bucket(batches):
        for row in held:
            try:
                rows = _opened(row)
                theirs = np.repeat(
                    pc.is_in(rows.ids.cast(pa.string()), value_set=wanted).to_numpy(zero_copy_only=False), np.diff(rows.offsets)
                )
                found = int(theirs.sum()), np.unique(rows.columns[UNIT][theirs]).tolist()
            except SourceError:
                found = -1, []
            arrays = [pa.array([found[0]], pa.int64()), pa.array([found[1]], pa.list_(pa.int32()))]
            yield pa.RecordBatch.from_arrays(arrays, names=["rows", "units"])


def _repeated(declaration: Declaration, rows: Any) -> Any:
    """Return the event ids that occur more than once in a bucket."""
    low = parts_of(ID)[1]
    if ID not in keys_of(declaration) or low not in rows.columns:
        return None
    return repeated_words(lambda: [rows.columns[low]], len(rows.times))
