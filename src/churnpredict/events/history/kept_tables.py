"""Tables whose sorted rows are kept on disk from one run to the next."""

from __future__ import annotations

import hashlib
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from churnpredict.argument_checks import check_path
from churnpredict.errors import ChurnError, DataError, OutputError, SourceError
from churnpredict.events.check_declarations import check_declarations
from churnpredict.events.content_hash import arrays_of
from churnpredict.events.declarations import Declaration
from churnpredict.events.history.folder import Folder
from churnpredict.events.history.intake import empty_rows
from churnpredict.events.history.kept_table import KeptTable, Reread, renewed
from churnpredict.events.history.one_row import bring_kept_together, repeated_ids
from churnpredict.events.history.rereading import kept_before, warn_reread, warn_unless_other
from churnpredict.events.history.segments import Shelf
from churnpredict.events.history.versions import reading_versions
from churnpredict.events.memory import size
from churnpredict.events.one_row import ID, keys_of
from churnpredict.events.partition_context import Whole, all_streams
from churnpredict.events.partitions import FLOOR, ROW, PartitionedTables, check_partitions, recoded
from churnpredict.events.source import open_source
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables, common_kinds, kinds_before
from churnpredict.events.tally import Tally, counting
from churnpredict.events.values.ids import check_spellings
from churnpredict.files import not_written
from churnpredict.moments import Moment
from churnpredict.progress import progress

__all__ = ["KeptTables", "open_history"]

_SOME_ROWS = 1_000_000  # in a partition: its arrays are reused by the next one, and its features fit the caches
_MOST_PARTITIONS = 256
_BYTES_PER_ROW = 40  # of a source that does not say how many rows it has
_MANY_IDS = 5_000_000
_HELD = 8  # part of the memory in which merged rows wait until they are asked for


def open_history(
    folder: str | Path,
    *unnamed: Never,
    timezone: str = "UTC",
    observed_until: Moment | None = None,
    memory: str | int | None = None,
    partitions: int | None = None,
    **declarations: Declaration,
) -> KeptTables:
    """Read tables whose sorted rows are kept in a folder: only what is new or has changed is read again.

    The first time, everything is read, as :func:`churnpredict.runs.scan_tables` reads it, and its sorted rows are kept. From then on files
    that are what they were are not read: new files are read and merged, customer by customer; rows of files that have changed or are gone
    are removed, and a changed file is read again. So late and corrected rows count as if all had been read together: features and scores
    are equal to the last bit. Where that cannot be proved, the table is read from scratch, with a warning that says why.

    Parameters
    ----------
    folder : path
        Folder of the history; created if missing. It is for this machine and this process alone while it is open.
    **declarations, timezone, observed_until, memory
        As for :func:`churnpredict.runs.scan_tables`.
    partitions : int, optional
        Number of partitions of customers; by default as many as there are millions of rows. Another number reads everything again.

    Returns
    -------
    KeptTables
        To be used like the tables of :func:`churnpredict.runs.scan_tables`. Close it, or leave its ``with`` block, to release the folder.

    Raises
    ------
    OutputError
        ``locked`` if another run uses the folder, ``not-a-history``, ``not-written``.
    DataError
        As :func:`churnpredict.runs.scan_tables`; the history is then what it was.

    Notes
    -----
    The unit is the file: a table that grows by new Parquet or CSV files, such as one a day, costs what the new ones cost. One file that is
    written again is read again. A frame or a lake is read each time, and so is a table from a database, unless its
    :class:`~churnpredict.Query` says which column grows (``grows_by``). Rows of several files may be one (``id=``,
    ``order=``, ``repeats="drop"``): all are kept, and which are one is decided each time among all rows of a customer.

    Examples
    --------
    >>> import tempfile, pandas as pd, churnpredict as cp
    >>> from pathlib import Path
    >>> log = pd.DataFrame({"user": ["a", "b", "a"], "day": ["2024-01-01", "2024-01-01", "2024-01-02"]})
    >>> with tempfile.TemporaryDirectory() as home:
    ...     visits = cp.Events(f"{home}/log/*.csv", customer="user", time="day")
    ...     Path(home, "log").mkdir()
    ...     for day, rows in log.groupby("day"):
    ...         rows.to_csv(f"{home}/log/{day}.csv")
    ...         with cp.runs.open_history(f"{home}/history", visits=visits) as tables:
    ...             print(len(tables), tables.changes)
    2 {'visits': 'read 1 of 1 files'}
    2 {'visits': 'read 1 of 2 files'}
    """
    check_declarations(declarations, timezone, unnamed)
    room = size(memory, least=FLOOR + ROW * 100_000)
    check_partitions(partitions)
    home = Folder(check_path(folder, "folder"))
    try:
        return KeptTables(home, declarations, timezone, observed_until, room, partitions)
    except BaseException:
        home.close()
        raise


class KeptTables(PartitionedTables):
    """Tables on disk in partitions of customers, kept from one run to the next; made by :func:`open_history`.

    Attributes
    ----------
    changes : dict of str to str
        What was read of each table this time.
    """

    def __init__(
        self,
        home: Folder,
        declarations: dict[str, Declaration],
        timezone: str,
        observed_until: Moment | None,
        memory: int,
        partitions: int | None,
    ) -> None:
        Whole.__init__(self, declarations, timezone)
        self.memory, self._home = memory, home
        self._release = weakref.finalize(self, home.close)
        self.changes: dict[str, str] = {}
        self._held: dict[int, EventTables] = {}
        self._versions = reading_versions(timezone)
        kept, n = kept_before(home, self._versions, partitions, KeptTable.of)
        self.n_partitions = n or partitions or self._wished()
        scratch = home.path / ".scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            scratch.mkdir()
            with _telling(home.path):
                self._shelf = Shelf(home.rows, scratch, self.n_partitions, timezone)
                self._tables = {name: self._renewed(name, kept.get(name)) for name in declarations}
                self._settle(kept)
                self._check_room()
                self._write()
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self.draw_outline(observed_until)

    def close(self) -> None:
        """Release the folder and the memory; what is kept on disk stays."""
        self._held = {}
        self._release()

    def _headline(self) -> str:
        return f"KeptTables: {self.n_partitions:,} partitions of customers, kept in {self._home.path}"

    def _told(self) -> list[tuple[str, str]]:
        return [(name, self.changes[name]) for name in self.declarations]

    def _wished(self) -> int:
        """Return the number of partitions for tables that nobody has cut yet."""
        rows = 0
        for name, declaration in self.declarations.items():
            source = open_source(declaration.source, name)
            source.check(declaration.columns())
            count = source.count()
            rows += sum(os.path.getsize(f) for f in source.paths()) // _BYTES_PER_ROW if count is None else count
        return int(np.clip(rows // _SOME_ROWS + 1, 1, _MOST_PARTITIONS))

    def _renewed(self, name: str, kept: KeptTable | None) -> KeptTable:
        """Return a table as its source is now, read from scratch where what is kept cannot be used."""
        declaration = self.declarations[name]
        if kept is not None:
            try:
                return self._told_of(name, renewed(name, declaration, kept, self._shelf))
            except (Reread, SourceError) as error:
                warn_unless_other(error, name)
        return self._told_of(name, renewed(name, declaration, None, self._shelf))

    def _told_of(self, name: str, table: KeptTable) -> KeptTable:
        old = sum(unit.old for unit in table.units)
        what = "sources" if not table.alone else "files" if all(unit.proof.is_of_files for unit in table.units) else "parts"
        new = len(table.units) - old
        self.changes[name] = f"read {new:,} of {len(table.units):,} {what}" if new else f"unchanged ({len(table.units):,} {what})"
        return table

    def _settle(self, kept: dict[str, KeptTable]) -> None:
        """Bring the tables together and check them; if kept rows are refused, the sources themselves have the last word."""
        try:
            self._learn_all()
        except (ChurnError, Reread) as error:
            old = [name for name, table in self._tables.items() if table.kept_rows]
            if not old:
                raise
            why = f"its checks failed on kept rows [{error.code}]" if isinstance(error, ChurnError) else str(error)
            for name in old:
                warn_reread(why, name)
                self._tables[name] = self._told_of(name, renewed(name, self.declarations[name], None, self._shelf))
            self._learn_all()

    def _learn_all(self) -> None:
        Whole.__init__(self, self.declarations, self.timezone)
        tally, ids = Tally(), []
        for table in self._tables.values():
            tally.merge(table.tally)
        self._held, room = {}, self.memory // _HELD
        repeated = {n: repeated_ids(table, self._shelf) for n, table in self._tables.items() if ID in keys_of(self.declarations[n])}
        for number in progress(range(self.n_partitions), "merging"):
            with counting(tally):
                tables = self._composed(number, repeated, verify=True)
            room -= sum(array.nbytes for array in arrays_of(tables).values())
            if room > 0:
                self._held[number] = tables
            if len(tables):
                self.learn(tables)
                ids.append(tables.ids)
        tally.settle()
        if ids and len(self) <= _MANY_IDS:
            check_spellings(pa.concat_arrays(ids), ", ".join(self.declarations))

    def _composed(self, number: int, repeated: dict[str, npt.NDArray[np.int64]], *, verify: bool) -> EventTables:
        rows = {}
        for name, table in self._tables.items():
            kept = table.load(number, self._shelf, verify=verify)
            found = empty_rows(table.columns) if kept is None else kept.rows(table.aware)
            rows[name] = bring_kept_together(name, self.declarations[name], found, repeated.get(name))
        return EventTables.of_rows(self.declarations, self.timezone, rows, judged=not verify)

    def _check_room(self) -> None:
        most = max(100_000, (self.memory - FLOOR) // ROW)
        rows = np.zeros(self.n_partitions, np.int64)
        for table in self._tables.values():
            for segment in table.segments:
                rows[segment.partition] += segment.rows
        if rows.max(initial=0) > 2 * most:
            raise DataError(
                "memory-limit",
                f"one partition has {rows.max():,} rows, more than fit into {self.memory / (1 << 30):.1f} GiB",
                remedy="Allow more memory=, or give a larger number of partitions=; check a customer who has most of these rows.",
            )

    def _write(self) -> None:
        told = {"made_by": self._versions, "timezone": self.timezone, "partitions": self.n_partitions}
        self._home.write({**told, "tables": {name: table.described() for name, table in self._tables.items()}})

    def partition(self, number: int) -> EventTables:
        """Return the tables of one partition's customers."""
        own = self._held.get(number)
        if own is None:
            with counting(Tally()):
                own = self._composed(number, {}, verify=False)
        streams = {}
        for name, stream in all_streams(own).items():
            columns = dict(stream.columns)
            for column, labels in self.labels[name].items():
                columns[column] = recoded(columns[column], own.labels[name][column], labels)
            streams[name] = Stream(stream.offsets, stream.times, columns, self.timezone)
        return self.part(own.ids, self.labels, streams)

    def digest(self, number: int) -> str:
        """Return SHA-256 of all files of rows of one partition, and of what is understood of them."""
        last_days = [f"{name}/{column}" for name, columns in self.last_days.items() for column in columns]
        told = [last_days, self.timezone, self._versions]
        for name, table in sorted(self._tables.items()):
            told += [name, table.declared, [s.file for s in table.segments if s.partition == number]]
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def kinds(self, name: str, before: int | None, most: int) -> dict[str, str]:
        """Return the most frequent kinds of the whole that enough customers have: see :meth:`EventTables.kinds`."""
        labels = self.labels[name].get("kind")
        if labels is None:
            return {}
        streams = (self.partition(number).streams[name] for number in range(self.n_partitions))
        return common_kinds(labels, [kinds_before(stream, before, len(labels)) for stream in streams], most)


@contextmanager
def _telling(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals into typed errors."""
    try:
        yield
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise not_written(folder, error.strerror or error, left="the history is what it was") from error
