"""Tables larger than memory: hash partitions of customers, each an ordinary EventTables."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.argument_checks import check_path
from churnpredict.errors import DataError, SchemaError, UsageError
from churnpredict.events.check_declarations import check_declarations, check_zones
from churnpredict.events.content_hash import arrays_of, digest_of
from churnpredict.events.declarations import Declaration
from churnpredict.events.event_ids import EventIds
from churnpredict.events.memory import size
from churnpredict.events.partition_context import Whole
from churnpredict.events.reading import read_rows
from churnpredict.events.source import open_source
from churnpredict.events.sources.spill import Buckets, load_arrays, load_values, save_arrays, save_values
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables, common_kinds, kinds_before
from churnpredict.events.tally import Tally, counting
from churnpredict.events.values.ids import check_spellings
from churnpredict.markup import show
from churnpredict.moments import Moment
from churnpredict.number_checks import is_whole_number
from churnpredict.progress import progress

__all__ = ["FLOOR", "ROW", "PartitionedTables", "check_partitions", "recoded", "scan_tables"]

Ints = npt.NDArray[np.int64]
FLOOR = 600 << 20  # memory of Python, its libraries and a batch, whatever the size of the tables
ROW = 400  # bytes per row while a partition is read, sorted and turned into features, with a reserve
_MOST_BUCKETS, _FEWEST = 256, 16
_SOME_ROWS = 500_000  # in a bucket
_FEWEST_ROWS = 100_000  # in a partition: below, more partitions only cost time
_MANY_IDS = 5_000_000  # beyond, the spellings of ids are not compared


def scan_tables(
    *unnamed: Never,
    timezone: str = "UTC",
    observed_until: Moment | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
    folder: str | Path | None = None,
    **declarations: Declaration,
) -> PartitionedTables:
    """Read tables that do not fit into memory.

    Each source is read once, a batch at a time, and cut by the hash of the customer's id; each partition is then checked and sorted as
    :class:`EventTables` would, and kept on disk until the object is closed or deleted. Checks that need counts (unknown times, repeated
    rows, days without any row) use the counts of the whole.

    Parameters
    ----------
    **declarations, timezone, observed_until
        As for :class:`EventTables`.
    memory : str or int, optional
        Memory of the whole process, such as ``"2GiB"``, or a number of bytes. By default half of the limit of its control group, of
        its own resource limits, or of the machine, whichever is least.
    partitions : int, optional
        Number of partitions, instead of as many as ``memory`` requires; features do not depend on it.
    folder : path, optional
        Where to keep the partitions: about as much space as the tables take as plain columns. A temporary folder by default.

    Returns
    -------
    PartitionedTables
        Iterating yields ordinary EventTables of some customers each.

    Raises
    ------
    DataError
        Any error in the data; counts in messages are those of one partition where single rows are at fault.
        ``memory-limit`` if the largest partition, such as that of a giant customer, does not fit.

    Examples
    --------
    >>> import pandas as pd, churnpredict as cp
    >>> log = pd.DataFrame({"user": [1, 1, 2], "day": ["2024-01-01", "2024-01-05", "2024-01-03"]})
    >>> with cp.runs.scan_tables(visits=cp.Events(log, customer="user", time="day"), partitions=2) as tables:
    ...     sorted(customer for part in tables for customer in part.ids.to_pylist())
    [1, 2]
    """
    check_declarations(declarations, timezone, unnamed)
    room = size(memory, least=FLOOR + _FEWEST_ROWS * ROW)
    check_partitions(partitions)
    folder = None if folder is None else check_path(folder, "folder")
    home = Path(tempfile.mkdtemp(prefix="churnpredict-", dir=folder))
    try:
        return PartitionedTables(home, declarations, timezone, observed_until, room, partitions)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def check_partitions(partitions: int | None) -> None:
    """Refuse a number of partitions that is none."""
    if partitions is not None and not (is_whole_number(partitions) and 1 <= partitions <= _MOST_BUCKETS):
        raise UsageError("bad-partitions", f"partitions is {partitions!r:.40}", remedy=f"Give a number from 1 to {_MOST_BUCKETS}.")


class PartitionedTables(Whole):
    """Tables on disk in partitions of customers; made by :func:`scan_tables`.

    Attributes
    ----------
    outline : EventTables
        An outline of the whole: its declarations, labels, kinds, first and last moments, without its customers.
    """

    def __init__(
        self,
        folder: Path,
        declarations: dict[str, Declaration],
        timezone: str,
        observed_until: Moment | None,
        memory: int,
        partitions: int | None,
    ) -> None:
        self._folder = folder
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        super().__init__(declarations, timezone)
        self.memory, self.n_partitions = memory, 0
        self._read(self._cut(partitions), Tally())
        self.draw_outline(observed_until)

    def __repr__(self) -> str:
        return "\n  ".join([self._headline(), *(f"{name}: {kind}" for name, kind in self._told())])

    def _repr_html_(self) -> str:
        return show(self._headline(), self._told(), ("table", "kind"))

    def _headline(self) -> str:
        return f"PartitionedTables: {self.n_partitions:,} partitions of customers on disk, for {self.memory / (1 << 30):.1f} GiB of memory"

    def _told(self) -> list[tuple[str, str]]:
        return [(name, type(declaration).__name__.lower()) for name, declaration in self.declarations.items()]

    def __iter__(self) -> Iterator[EventTables]:
        return (self.partition(number) for number in range(self.n_partitions))

    def __enter__(self) -> PartitionedTables:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the partitions from disk."""
        self._remove()

    def _cut(self, partitions: int | None) -> list[tuple[Buckets, list[int]]]:
        """Cut every table, and return which buckets make a partition."""
        sources = {name: open_source(d.source, name) for name, d in self.declarations.items()}
        for name, source in sources.items():
            source.check(self.declarations[name].columns())
            source.check_files(self.declarations[name].columns(), self.declarations[name].needed())
        counts = [source.count() for source in sources.values()]
        known = sum(c for c in counts if c is not None)
        wished = known // _SOME_ROWS + 1 if None not in counts else max(64, known // _SOME_ROWS + 1)
        buckets = Buckets(self._folder, partitions or int(np.clip(wished, _FEWEST, _MOST_BUCKETS)))
        for name, source in progress(list(sources.items()), "reading"):
            declaration = self.declarations[name]
            batches = source.batches(declaration.columns(), text=declaration.as_written())
            buckets.write(name, batches, declaration.columns(), declaration.described())
            if not buckets.rows[name].any() and not getattr(declaration, "optional", False):
                remedy = "Check its source, or declare it optional=True."
                raise SchemaError("empty-table", "the table has no rows", table=name, remedy=remedy)
        rows = np.sum(list(buckets.rows.values()), axis=0)
        most = max(_FEWEST_ROWS, (self.memory - FLOOR) // ROW)
        if rows.max() > 2 * most:
            raise DataError(
                "memory-limit",
                f"one partition has {rows.max():,} rows, more than fit into {self.memory / (1 << 30):.1f} GiB",
                remedy="Allow more memory=, or more partitions=; check a customer who has most of these rows.",
            )
        return [(buckets, group) for group in ([[b] for b in range(buckets.n)] if partitions else _groups(rows, most))]

    def _read(self, groups: list[tuple[Buckets, list[int]]], tally: Tally) -> None:
        """Check and sort one partition after the other, and keep each as arrays."""
        aware: dict[str, bool | None] = dict.fromkeys(self.declarations)
        ids: list[pa.Array] = []
        event_ids = EventIds(self._folder)
        for buckets, group in progress(groups, "sorting"):
            if any(rows[group].any() for rows in buckets.rows.values()):
                some = self.declarations.items()
                given: dict[str, Any] = {name: replace(d, source=buckets.read(name, group), optional=True) for name, d in some}
                with counting(tally):
                    rows = {name: read_rows(name, d, self.timezone, event_ids=len(groups) > 1) for name, d in given.items()}
                    event_ids.add(rows)
                    tables = EventTables.of_rows(given, self.timezone, rows)
                del rows
                for name, zoned in tables.aware.items():
                    check_zones({"earlier rows": aware[name], name: zoned})
                    aware[name] = zoned if aware[name] is None else aware[name]
                if len(tables):
                    self._keep(tables)
                    ids.append(tables.ids)
            buckets.remove(group)
        check_zones(aware)
        tally.settle()
        event_ids.settle(self.declarations)
        if len(self) <= _MANY_IDS and ids:
            check_spellings(pa.concat_arrays(ids), ", ".join(self.declarations))

    def _keep(self, tables: EventTables) -> None:
        self.learn(tables)
        place = self._folder / f"part-{self.n_partitions}"
        save_arrays(place, arrays_of(tables))
        values = {f"{name}/{column}": v for name, labels in tables.labels.items() for column, v in labels.items()}
        save_values(self._folder / f"part-{self.n_partitions}-values", {"ids": tables.ids, **values})
        self.n_partitions += 1

    def partition(self, number: int) -> EventTables:
        """Return the tables of one partition's customers."""
        place = self._folder / f"part-{number}"
        arrays, values = load_arrays(place), load_values(self._folder / f"part-{number}-values")
        streams = {}
        for name in self.declarations:
            prefix = f"{name}/columns/"
            columns = {key.removeprefix(prefix): v for key, v in arrays.items() if key.startswith(prefix)}
            for column, labels in self.labels[name].items():
                columns[column] = recoded(columns[column], values[f"{name}/{column}"], labels)
            streams[name] = Stream(arrays[f"{name}/offsets"], arrays[f"{name}/times"], columns, self.timezone)
        return self.part(values["ids"], self.labels, streams)

    def digest(self, number: int) -> str:
        """Return SHA-256 of all rows, ids and labels of one partition: the same customers and rows give the same."""
        place = self._folder / f"part-{number}"
        last_days = [f"{name}/{column}" for name, columns in self.last_days.items() for column in columns]
        values = load_values(self._folder / f"part-{number}-values") | ({"last days": pa.array(last_days)} if last_days else {})
        return digest_of(load_arrays(place), values)

    def kinds(self, name: str, before: int | None, most: int) -> dict[str, str]:
        """Return the most frequent kinds of the whole that enough customers have: see :meth:`EventTables.kinds`."""
        labels = self.labels[name].get("kind")
        if labels is None:
            return {}
        counts = []
        for number in range(self.n_partitions):
            place = self._folder / f"part-{number}"
            wanted = {f"{name}/{role}": role.removeprefix("columns/") for role in ("offsets", "times", "columns/kind", "columns/known")}
            found = {wanted[key]: array for key, array in load_arrays(place, wanted).items()}
            own = load_values(self._folder / f"part-{number}-values")[f"{name}/kind"]
            found["kind"] = recoded(found["kind"], own, labels)
            counts.append(kinds_before(Stream(found.pop("offsets"), found.pop("times"), found), before, len(labels)))
        return common_kinds(labels, counts, most)


def _groups(rows: Ints, most: int) -> list[list[int]]:
    """Return neighbouring buckets together, as long as they fit."""
    groups: list[list[int]] = []
    held = most + 1
    for bucket, count in enumerate(rows.tolist()):
        if held + count > most:
            groups.append([])
            held = 0
        groups[-1].append(bucket)
        held += count
    return groups


def recoded(codes: npt.NDArray[np.int32], own: pa.Array, labels: pa.Array) -> npt.NDArray[np.int32]:
    """Return codes into a partition's labels as codes into those of all; both are sorted, so the order of rows stays."""
    if own.equals(labels):
        return codes
    place = pc.index_in(own.cast(labels.type), value_set=labels).to_numpy(zero_copy_only=False).astype(np.int32)
    return np.append(place, np.int32(-1))[codes]
