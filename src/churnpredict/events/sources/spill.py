"""Tables on disk while they are larger than memory: cut into buckets of customers, and kept as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numba as nb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import DataError
from churnpredict.events.sources.exact_ids import exact_ids
from churnpredict.events.sources.texts import FORM, form_of_column, shared_form, texts_form

__all__ = [
    "Buckets",
    "bucket_of",
    "cut_batch",
    "id_texts",
    "load_arrays",
    "load_values",
    "save_arrays",
    "save_values",
    "see_forms",
    "with_forms",
    "without_dictionaries",
]

_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class Buckets:
    """Rows of several tables, a customer's always in the same bucket.

    Parameters
    ----------
    folder : Path
        Where the files go.
    n : int
        How many buckets.
    """

    def __init__(self, folder: Path, n: int) -> None:
        self.folder, self.n = folder, n
        self.rows: dict[str, npt.NDArray[np.int64]] = {}
        self._schemas: dict[str, pa.Schema] = {}

    def write(
        self,
        name: str,
        batches: Iterable[pa.RecordBatch],
        columns: Sequence[str],
        described: Sequence[str] = (),
        forms: dict[str, bytes] | None = None,
    ) -> None:
        """Cut a table, batch by batch, by the customer ids in the first of its columns.

        What the texts of a column without a type, or of one that is ``described``, are is seen in all of them, and marked on each bucket's;
        or it is known once all batches are written, and is in ``forms``.
        """
        customer = columns[0]
        rows = np.zeros(self.n, np.int64)
        writers: dict[int, Any] = {}
        schema: pa.Schema | None = None
        seen: dict[str, bytes] = {}
        try:
            for given in batches:
                batch = without_dictionaries(given)
                schema = schema or batch.schema
                batch = batch if batch.schema.equals(schema) else batch.cast(schema)
                ids = id_texts(batch.column(customer))
                if forms is None:
                    see_forms(batch, described, seen)
                for bucket, some in cut_batch(batch, ids, self.n):
                    if bucket not in writers:
                        writers[bucket] = pa.ipc.new_stream(str(self._file(name, bucket)), schema, options=_OPTIONS)
                    writers[bucket].write_batch(some)
                    rows[bucket] += some.num_rows
        finally:
            for writer in writers.values():
                writer.close()
        self.rows[name] = rows
        schema = pa.schema([(c, pa.string()) for c in dict.fromkeys(columns)]) if schema is None else schema
        self._schemas[name] = with_forms(schema, seen if forms is None else forms)

    def read(self, name: str, buckets: Sequence[int]) -> pa.Table:
        """Return all rows of some buckets."""
        schema = self._schemas[name]
        batches = [b for bucket in buckets for b in self._batches(name, bucket)]
        return pa.Table.from_batches([b.replace_schema_metadata(None).cast(schema) for b in batches], schema)

    def remove(self, buckets: Sequence[int]) -> None:
        for name in self.rows:
            for bucket in buckets:
                self._file(name, bucket).unlink(missing_ok=True)

    def _batches(self, name: str, bucket: int) -> Iterator[pa.RecordBatch]:
        path = self._file(name, bucket)
        if path.exists():
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
                yield from reader

    def _file(self, name: str, bucket: int) -> Path:
        return self.folder / f"{name}-{bucket}.arrows"


def see_forms(batch: pa.RecordBatch, described: Sequence[str], forms: dict[str, bytes]) -> None:
    """Widen ``forms``, what all texts are of each column that has no type or is ``described``, by those of a batch."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        untyped = form_of_column(field) is not None or (field.name in described and "string" in str(field.type))
        if untyped and forms.get(field.name) != b"words":
            forms[field.name] = shared_form([forms.get(field.name, b""), texts_form(pc.unique(column), described=field.name in described)])


def with_forms(schema: pa.Schema, forms: Mapping[str, bytes]) -> pa.Schema:
    """Return a schema in which columns are marked with what their texts are."""
    return pa.schema([f.with_metadata({FORM: forms[f.name]}) if f.name in forms else f for f in schema])


def without_dictionaries(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the schema without dictionaries: they may change from batch to batch, and many small batches would repeat them."""
    columns = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    fields = [f.with_type(c.type) for f, c in zip(batch.schema, columns, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def id_texts(ids: pa.Array) -> pa.Array:
    """Return customer ids as text, the same for one id of any type; missing ones, and those that cannot be ids, as no text."""
    if pa.types.is_string(ids.type) or pa.types.is_integer(ids.type):
        return pc.fill_null(ids.cast(pa.string()), "")
    if len(ids) == ids.null_count:
        return pa.array([""] * len(ids), pa.string())
    try:
        coded = ids.dictionary_encode()
        texts = exact_ids(coded.dictionary, "", "").cast(pa.string())
    except (DataError, pa.ArrowNotImplementedError):  # refused by name when their bucket is read
        return pa.array([""] * len(ids), pa.string())
    return pc.fill_null(texts.take(coded.indices), "")


def cut_batch(batch: pa.RecordBatch, ids: pa.Array, n: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the rows of each bucket that has some, by the texts of their customers' ids."""
    order, counts = _by_bucket(bucket_of(ids, n), n)
    batch = batch.take(pa.array(order))
    starts = np.cumsum(counts) - counts
    for bucket in np.flatnonzero(counts).tolist():
        yield bucket, batch.slice(starts[bucket], counts[bucket])


def bucket_of(ids: pa.Array, n: int) -> npt.NDArray[np.int32]:
    """Return the bucket of each id by its text, so that 42 and "42" meet and are refused as in memory."""
    _, offsets, data = ids.buffers()
    places = np.frombuffer(offsets, np.int32)[ids.offset : ids.offset + len(ids) + 1]
    return _hash(places, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8), n)


@nb.njit(cache=True, nogil=True)
def _hash(places, text, n):  # type: ignore[no-untyped-def]
    """Write the FNV-1a hash of each id, with a final mix; the same on every machine."""
    found = np.empty(places.size - 1, np.int32)
    for i in range(found.size):
        h = np.uint64(14695981039346656037)
        for p in range(places[i], places[i + 1]):
            h = (h ^ np.uint64(text[p])) * np.uint64(1099511628211)
        h ^= h >> np.uint64(32)
        found[i] = np.int32(h % np.uint64(n))
    return found


@nb.njit(cache=True, nogil=True)
def _by_bucket(buckets, n):  # type: ignore[no-untyped-def]
    """Sort rows by bucket with a stable counting sort: write their order, and how many each bucket has."""
    counts = np.zeros(n, np.int64)
    for b in buckets:
        counts[b] += 1
    place = np.cumsum(counts) - counts
    order = np.empty(buckets.size, np.int64)
    for i in range(buckets.size):
        order[place[buckets[i]]] = i
        place[buckets[i]] += 1
    return order, counts


def save_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write flat arrays under their names, as in memory."""
    path.mkdir()
    for number, (name, array) in enumerate(arrays.items()):
        np.save(path / f"{number}.npy", array, allow_pickle=False)
        (path / f"{number}.name").write_text(name)


def load_arrays(path: Path, wanted: Iterable[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of those names, all by default; names that are not there are left out."""
    some = None if wanted is None else set(wanted)
    names = {file.read_text(): file.with_suffix(".npy") for file in path.glob("*.name")}
    return {name: np.load(file, allow_pickle=False) for name, file in names.items() if some is None or name in some}


def save_values(path: Path, values: Mapping[str, pa.Array]) -> None:
    """Write distinct values (ids, labels) of any Arrow type, each under its name."""
    path.mkdir()
    for number, (name, array) in enumerate(values.items()):
        with pa.ipc.new_file(str(path / f"{number}.arrow"), pa.schema([(name, array.type)])) as writer:
            writer.write_batch(pa.record_batch([array], names=[name]))


def load_values(path: Path) -> dict[str, pa.Array]:
    found = {}
    for file in path.glob("*.arrow"):
        with pa.OSFile(str(file)) as opened, pa.ipc.open_file(opened) as reader:
            table = reader.read_all()
            column = table.column(0)
            found[table.schema.names[0]] = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    return found
