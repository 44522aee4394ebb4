"""Parquet and CSV files by path, folder or glob, Hive partitions and compressed ones among them, read by DuckDB.

Parquet columns of plain types are read by Arrow.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from churnpredict.errors import ContentError, SchemaError, SourceError, memory_shortage
from churnpredict.events.sources.base import BATCH, Source, Unit, distinct, quoted, said
from churnpredict.events.sources.connections import connect, shared_connection
from churnpredict.events.sources.csv_form import CsvForm, find_form, wrong_text
from churnpredict.events.sources.endings import PARQUET, STREAMS, TEXT
from churnpredict.events.sources.folders import check_alike, files_within, key_pattern, keys_of
from churnpredict.events.sources.parquet_types import check_stored_types
from churnpredict.events.sources.plain_parquet import plain_names, read_plain
from churnpredict.events.sources.texts import mark_untyped
from churnpredict.events.sources.wildcards import as_pattern, files_of, fixed_part, has_wildcards, plain_path

__all__ = ["Files", "is_ragged", "open_files", "ragged_rows"]

_PACKINGS = {".gz": "gzip", ".zst": "zstd"}  # said, not left to DuckDB: of "a?.csv.gz" it reads the packed bytes, or nothing
_RAGGED = ("Expected Number of Columns", "unterminated quote", "invalid state", "Error when sniffing")  # in what the reader says
_PLACE = "\x1fplace"  # the column in which a reader says the file of a row
_TEXT_TYPE = "VARCHAR"
_STREAM_MEMORY = "512MB"  # what the reader may hold while a table is streamed


class Files(Source):
    """One or many files of one kind, as one table.

    Folders ``name=value`` below the given path are columns as well, as texts; they never stand for a column that the files have.
    """

    def __init__(self, name: str, path: str, kind: str) -> None:
        super().__init__(name)
        self.path, self.kind = path, kind

    def columns(self) -> list[str]:
        own = self._header() if self.kind == "text" else self._parquet_columns()
        return own + [key for key in self._keys if key not in own]

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        found = self._read_plain(columns, text) if self.kind == "parquet" else None
        return self._marked(self._query(self.select(columns, text)) if found is None else found)

    def _read_plain(self, columns: Sequence[str], text: Sequence[str] | None) -> pa.Table | None:
        return None if self._keys else read_plain(self._files, distinct(columns), text or ())

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None, *, path: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the columns as Arrow, a batch at a time; of one of the files, if its ``path`` is given."""
        import duckdb

        with connect() as connection:
            connection.execute(f"SET memory_limit='{_STREAM_MEMORY}'; SET preserve_insertion_order=false")
            try:
                for batch in connection.sql(self.select(columns, text, path=path)).to_arrow_reader(BATCH):
                    yield self._marked(batch)
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                raise memory_shortage(error) or self.refusal(error) from None

    def paths(self) -> list[str]:
        return files_of(self.path)

    def units(self, columns: Sequence[str], known: Sequence[str] = ()) -> list[Unit]:
        """Return one unit for each file, where each has all of the columns, under their names."""
        files, start = self._files, len(fixed_part(self.path))
        alone = files == self.paths()  # not copies
        kinds = [self._kind_of(file, columns) for file in files] if alone else [None]
        if None in kinds:
            return super().units(columns)
        return [Unit(file[start:], (file,), partial(self.batches, path=file), str(kind)) for file, kind in zip(files, kinds, strict=True)]

    def _kind_of(self, file: str, columns: Sequence[str]) -> str | None:
        """Return the types of a file's columns as text; None where it lacks one."""
        own = [c for c in distinct(columns) if c not in self._keys]
        if self.kind == "text":
            form = self._forms.get(file)
            return None if form is None or not set(own) <= set(form.names) else ""
        schema = self._parquet_schema(file)
        return None if not set(own) <= set(schema.names) else ", ".join(f"{c}: {schema.field(c).type}" for c in own)

    def _parquet_schema(self, file: str) -> pa.Schema:
        import pyarrow.parquet as pq

        try:
            schema = pq.read_schema(file)
            len(schema.names)  # a damaged name is found where it is asked for
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self.refusal(error) from None
        return schema

    def count(self) -> int | None:
        if self.kind == "text":
            return None
        return int(self._query(f"SELECT count(*) AS n FROM {self._from()}")["n"][0].as_py())  # noqa: S608 - quoted

    def check(self, wanted: Sequence[str]) -> None:
        if self.kind == "text" and any(form.headless for form in self._forms.values()) and not set(wanted) <= set(self.columns()):
            missing = next(c for c in wanted if c not in self.columns())
            raise SchemaError(
                "missing-column",
                "there is no such column, and the first row may be data instead of names, so that it is not shown here",
                table=self.name,
                column=missing,
                remedy="Check that the first line of the file names its columns, as they are declared.",
            )
        super().check(wanted)
        if self.kind != "text":
            check_stored_types(self._parquet_schema, self._files, wanted, table=self.name)

    def check_files(self, wanted: Sequence[str], needed: Collection[str]) -> None:
        text = self.kind == "text"
        names = {
            file: self._forms[file].names if text else self._parquet_schema(file).names for file in (self._forms if text else self._files)
        }
        if len(set(map(frozenset, names.values()))) > 1 or self._keys:
            start = len(fixed_part(self.path))
            check_alike({self._called(f): {*own, *keys_of(f[start:])} for f, own in names.items()}, wanted, needed, table=self.name)

    def _called(self, file: str) -> str:
        """Return the path of a file as the user knows it."""
        return file

    def _marked(self, rows: Any) -> Any:
        """Mark the columns whose texts may be numbers: all of CSV, and the names of folders."""
        return mark_untyped(rows, rows.schema.names if self.kind == "text" else [k for k in self._keys if k not in self._parquet_columns()])

    def select(self, columns: Sequence[str], text: Sequence[str] | None, *, path: str | None = None) -> str:
        listed = ", ".join(quoted(c) for c in distinct(columns))
        return f"SELECT {listed} FROM {self._from(columns, text, path=path)}"  # noqa: S608 - quoted

    def _from(self, columns: Sequence[str] = (), text: Sequence[str] | None = (), *, path: str | None = None) -> str:
        files = f"({self._read_csv(columns, text, path)})" if self.kind == "text" else self._read_parquet(path)
        own = self._header() if self.kind == "text" else self._parquet_columns() if self._keys else []
        keys = [key for key in self._keys if key not in own]
        if not keys:
            return files
        below = f"substr({quoted(_PLACE)}, {len(fixed_part(self.path)) + 1})"
        value = "nullif(url_decode(regexp_extract({0}, {1}, 1)), '__HIVE_DEFAULT_PARTITION__')"
        listed = ", ".join(f"{value.format(below, _literal(key_pattern(key)))} AS {quoted(key)}" for key in keys)
        return f"(SELECT * EXCLUDE ({quoted(_PLACE)}), {listed} FROM {files})"  # noqa: S608 - quoted

    def _read_parquet(self, path: str | None = None) -> str:
        wanted = self.path if path is None else glob.escape(path)
        options = ", union_by_name=true" if has_wildcards(wanted) else ""  # it costs a third
        placed = f", filename={_literal(_PLACE)}" if self._keys else ""
        return f"read_parquet({_literal(wanted)}, hive_partitioning=false{options}{placed})"

    def _read_csv(self, columns: Sequence[str], text: Sequence[str] | None, path: str | None) -> str:
        """Read files of one form together; join those with other column names by name."""
        alike: dict[tuple[CsvForm, str], list[str]] = {}
        for file, form in self._forms.items():
            if path in (None, file):
                alike.setdefault((form, os.path.splitext(file.lower())[1]), []).append(file)
        parts = (self._read_alike(form, files, columns, text, _PACKINGS.get(end, "none")) for (form, end), files in alike.items())
        return " UNION ALL BY NAME ".join(parts)

    def _read_alike(self, form: CsvForm, files: list[str], columns: Sequence[str], text: Sequence[str] | None, packing: str) -> str:
        names = form.unique_names(columns)
        if text is None:  # for somebody who looks at an undeclared file: all rows decide on the types
            how = f"names=[{', '.join(map(_literal, names))}], sample_size=-1"
        else:
            how = f"auto_detect=false, columns={{{', '.join(f'{_literal(n)}: {_literal(_TEXT_TYPE)}' for n in names)}}}"
        told = ", ".join(f"{key}={_literal(v) if isinstance(v, str) else v}" for key, v in form.options().items())
        placed = f", filename={_literal(_PLACE)}" if self._keys else ""
        paths = ", ".join(_literal(glob.escape(file)) for file in files)
        return f"FROM read_csv([{paths}], {how}, {told}, compression='{packing}', nullstr='', hive_partitioning=false{placed})"

    @cached_property
    def _files(self) -> list[str]:
        return files_of(self.path)

    @cached_property
    def _forms(self) -> dict[str, CsvForm]:
        """The form of each file that is not empty."""
        forms = {file: find_form(file, self.name) for file in self._files}
        return {file: form for file, form in forms.items() if form.names} or forms

    @cached_property
    def _keys(self) -> list[str]:
        """The names of the folders ``name=value`` below the given path."""
        start = len(fixed_part(self.path))
        return list(dict.fromkeys(key for file in self._files for key in keys_of(file[start:])))

    def _parquet_columns(self) -> list[str]:
        return self._parquet_names

    @cached_property
    def _parquet_names(self) -> list[str]:
        alone = plain_names(self._parquet_schema(self._files[0])) if len(self._files) == 1 and not self._keys else None
        if alone is not None:
            return alone
        names = self._query(f"SELECT * FROM {self._read_parquet()} LIMIT 0").column_names  # noqa: S608 - quoted
        return [str(n) for n in names if n != _PLACE]

    @cached_property
    def _own_connection(self) -> Any:
        """One for the few questions that a table asks."""
        return connect()

    def _query(self, query: str) -> pa.Table:
        import duckdb

        try:
            return (shared_connection() or self._own_connection).sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise memory_shortage(error) or self.refusal(error) from None  # what the reader says further on quotes the row

    def refusal(self, error: Exception) -> SourceError | ContentError:
        """Return what to tell the person: which file, and what is wrong with it, without quoting its rows."""
        text = str(error)
        culprit = self._culprit(text)
        wrong = wrong_text(culprit, self.name) if self.kind == "text" else None
        if wrong is not None:
            return wrong
        if self.kind == "text" and is_ragged(error) and not _is_cut(culprit):
            return ragged_rows(culprit, self.name)
        return SourceError(
            "unreadable-file",
            f'"{culprit}" cannot be read: {said(error, [self.path, plain_path(self.path)])}',
            table=self.name,
            remedy="Check that the file is whole and of the kind its name says; write it again where it comes from.",
        )

    def _culprit(self, text: str) -> str:
        """Return the file that cannot be read, of many: the one that the reader names, else the first that fails alone."""
        import duckdb

        files = glob.glob(self.path, recursive=True)
        if len(files) == 1:
            return files[0]
        named = [f for f in files if f in text]
        if named:
            return max(named, key=len)
        for file in sorted(files):
            with connect() as connection:
                try:
                    for _ in connection.sql(f"SELECT * FROM {self._from(path=file)}").to_arrow_reader(BATCH):  # noqa: S608 - quoted
                        pass
                except (duckdb.Error, pa.ArrowException, OSError):
                    return file
        return plain_path(self.path)

    def _header(self) -> list[str]:
        """Return the names of the header, as written; where files differ, every name that is in one of them."""
        headers = list(dict.fromkeys(form.names for form in self._forms.values()))
        if len(headers) == 1:
            return [name for name in headers[0] if name]
        twice = {name for header in headers for name in header if header.count(name) > 1}
        found = dict.fromkeys(name for header in headers for name in header if name)
        return [name for name in found for _ in range(1 + (name in twice))]


def is_ragged(error: Exception) -> bool:
    """Return whether a reader says that rows differ in their number of fields."""
    return any(sign in str(error) for sign in _RAGGED)


def ragged_rows(path: str, table: str) -> ContentError:
    """Return the message about such a file, without its rows."""
    return ContentError(
        "ragged-rows",
        f'"{path}" has rows with more or fewer fields than its header, or a quote that is not closed',
        table=table,
        remedy="Write the file again with every field in its place; a comma within a field needs quotes around it.",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _file_kind(path: str) -> str | None:
    stem, ending = os.path.splitext(path.lower())
    if ending in STREAMS:
        ending = os.path.splitext(stem)[1]
    return "parquet" if ending in PARQUET else "text" if ending in TEXT else None


def open_files(path: str, name: str) -> Source:
    """Return files under a path, a folder or a glob.

    Raises
    ------
    SourceError
        ``missing-file``, ``unknown-file``.
    """
    path = os.path.expanduser(path)
    path = files_within(path, name) if os.path.isdir(path) else as_pattern(path)
    if not glob.glob(path, recursive=True):
        raise SourceError(
            "missing-file",
            f'nothing is found under "{plain_path(path)}"',
            table=name,
            remedy="Check the path; a glob such as data/*.parquet works too.",
        )
    kind = _file_kind(path)
    if kind is None:
        raise SourceError(
            "unknown-file",
            f'"{plain_path(path)}" has an ending that is not known',
            table=name,
            remedy='Use .parquet, .csv (also .csv.gz or .zip), .xlsx or .jsonl; for databases, cp.Query("SELECT ...", "shop.duckdb").',
        )
    return Files(name, path, kind)


def _is_cut(path: str) -> bool:
    """Return whether a packed file ends too early: DuckDB 1 then reports its last row only."""
    if not path.lower().endswith(".gz"):
        return False
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            while file.read(1 << 20):
                pass
    except (EOFError, OSError, zlib.error):
        return True
    return False
