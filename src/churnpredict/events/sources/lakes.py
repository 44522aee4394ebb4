"""Delta Lake and Iceberg tables in a folder, by version or snapshot: what their logs say, never the loose Parquet files below."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from churnpredict.errors import MissingExtraError, SourceError, UsageError, missing_extra
from churnpredict.events.sources.base import BATCH, Source, distinct
from churnpredict.events.sources.file_options import File

__all__ = ["Lake", "lake_around", "lake_kind"]

_METADATA = re.compile(r"v?(\d+)(?:-[0-9a-f-]+)?\.(?:gz\.)?metadata\.json(?:\.gz)?")
_NAMES = {"delta": ("Delta Lake", "version"), "iceberg": ("Iceberg", "snapshot")}


def lake_kind(path: str) -> str | None:
    """Return "delta" or "iceberg" if a folder is such a table, else None."""
    if os.path.isdir(os.path.join(path, "_delta_log")):
        return "delta"
    if _METADATA.fullmatch(os.path.basename(path)) and os.path.isfile(path):
        return "iceberg"
    return "iceberg" if os.path.isdir(path) and _metadata_files(path) else None


def lake_around(files: Iterable[str]) -> str | None:
    """Return the Delta or Iceberg table that one of some files lies in, at any depth."""
    folders = {os.path.dirname(os.path.abspath(file)) for file in files}
    while folders:
        for folder in sorted(folders):
            if lake_kind(folder) is not None:
                return folder
        folders = {above for folder in folders if (above := os.path.dirname(folder)) != folder}
    return None


def _metadata_files(path: str) -> dict[int, list[str]]:
    """Return the files of metadata in an Iceberg table's folder, by their number."""
    folder = os.path.join(path, "metadata")
    found: dict[int, list[str]] = {}
    if os.path.isdir(folder):
        for name in sorted(os.listdir(folder)):
            if match := _METADATA.fullmatch(name):
                found.setdefault(int(match[1]), []).append(os.path.join(folder, name))
    return found


class Lake(Source):
    """A table whose log says which files belong to it."""

    def __init__(self, name: str, file: File, path: str, kind: str) -> None:
        super().__init__(name)
        self.file, self.path, self.kind = file, path, kind

    def columns(self) -> list[str]:
        return [str(n) for n in self._schema.names]

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        return pa.Table.from_batches(list(self.batches(columns, text)), self._read_schema(distinct(columns)))

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        wanted = distinct(columns)
        schema = self._read_schema(wanted)
        try:
            for batch in self._reader(wanted):
                for start in range(0, batch.num_rows, BATCH):
                    some = pa.Table.from_batches([batch.slice(start, BATCH)]).select(wanted).cast(schema).combine_chunks()
                    yield from some.to_batches()
        except Exception as error:
            raise self._refuse(error) from None

    def _read_schema(self, wanted: Sequence[str]) -> pa.Schema:
        """Return the schema without metadata and with texts as plain strings, as a Parquet file of the same rows has it."""
        fields = [self._schema.field(c) for c in wanted]
        return pa.schema([(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type) for f in fields])

    @cached_property
    def _schema(self) -> pa.Schema:
        if self.kind == "delta":
            return self._opened.schema
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        table, scan = self._opened
        return schema_to_pyarrow(scan.projection() if self.file.version is not None else table.schema(), include_field_ids=False)

    def _reader(self, wanted: Sequence[str]) -> Any:
        if self.kind == "delta":
            return self._opened.to_batches(columns=list(wanted))
        _, scan = self._opened
        return scan.select(*wanted).to_arrow_batch_reader()

    @cached_property
    def _opened(self) -> Any:
        """A data set of a Delta table's files, or an Iceberg table and its scan."""
        version = self._version()
        try:
            if self.kind == "delta":
                return self._delta(version)
            return self._iceberg(version)
        except (SourceError, UsageError, MissingExtraError):
            raise
        except Exception as error:
            raise self._refuse(error) from None

    def _version(self) -> int | None:
        version = self.file.version
        if version is None:
            return None
        if isinstance(version, str) and re.fullmatch(r"\d+", version):
            version = int(version)
        if not isinstance(version, int) or isinstance(version, bool) or version < 0:
            kind, what = _NAMES[self.kind]
            raise UsageError(
                "file-option", f"version is {version!r}", table=self.name, remedy=f"Write the number of the {what} of the {kind} table."
            )
        return version

    def _delta(self, version: int | None) -> Any:
        try:
            from deltalake import DeltaTable
        except ImportError:
            raise self._missing("deltalake", "delta") from None
        table = DeltaTable(self.path, version=version) if version is not None else DeltaTable(self.path)
        return table.to_pyarrow_dataset()

    def _iceberg(self, version: int | None) -> Any:
        try:
            from pyiceberg.table import StaticTable
        except ImportError:
            raise self._missing("pyiceberg", "iceberg") from None
        table = StaticTable.from_metadata(self._metadata())
        if version is not None and table.snapshot_by_id(version) is None:
            raise self._no_version(version)
        return table, table.scan(snapshot_id=version)

    def _metadata(self) -> str:
        """Return the newest file of metadata: that which a hint names, else the one with the highest number."""
        if os.path.isfile(self.path):
            return self.path
        files = _metadata_files(self.path)
        hint = os.path.join(self.path, "metadata", "version-hint.text")
        if os.path.isfile(hint):
            with open(hint, encoding="utf-8") as opened:
                said = opened.read(40).strip()
            newest = files.get(int(said), []) if said.isdigit() else []
        else:
            newest = files[max(files)]
        if len(newest) != 1:
            raise SourceError(
                "unreadable-file",
                f'"{self.path}" does not say which of its metadata files is the newest',
                table=self.name,
                remedy="Give the path of the metadata file itself, such as orders/metadata/v3.metadata.json.",
            )
        return newest[0]

    def _missing(self, package: str, extra: str) -> MissingExtraError:
        return missing_extra(f"reading {_NAMES[self.kind][0]} tables needs {package}", extra, table=self.name)

    def _no_version(self, version: int) -> SourceError:
        kind, what = _NAMES[self.kind]
        return SourceError(
            "no-version",
            f'"{self.path}" has no {what} {version}',
            table=self.name,
            remedy=f"Give a {what} that the {kind} table still keeps; old ones may have been removed from it.",
        )

    def _refuse(self, error: Exception) -> SourceError:
        """Return an error with only the kind of table and of error: the libraries' own messages quote paths and values."""
        kind, what = _NAMES[self.kind]
        if self.file.version is not None and "ersion" in str(error) and self.kind == "delta":
            return self._no_version(int(self.file.version))
        return SourceError(
            "unreadable-file",
            f'"{self.path}" cannot be read as {kind} table ({type(error).__name__})',
            table=self.name,
            remedy=f"Check that all its files are there; where the table uses what the reader does not know, write this {what} to Parquet.",
        )
