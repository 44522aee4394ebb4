"""JSON: one object a line, or a list of objects; what is nested one level becomes columns with dotted names."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Any, cast

import pyarrow as pa

from churnpredict.errors import SchemaError, SourceError, UsageError
from churnpredict.events.sources.base import BATCH, Source, distinct
from churnpredict.events.sources.endings import JSON
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.folders import check_alike
from churnpredict.events.sources.unpacking import open_bytes
from churnpredict.events.sources.wildcards import files_of

__all__ = ["JSON", "JsonFiles"]

ROWS = 50_000  # that are held as Python objects at a time
_EXACT = 2**53
_NESTED = "nested"


class JsonFiles(Source):
    """Files of JSON objects, as one table."""

    def __init__(self, name: str, file: File, path: str) -> None:
        super().__init__(name)
        self.file, self.path = file, path
        self._names: dict[str, set[str]] = {}  # of each file that has rows

    def columns(self) -> list[str]:
        return list(self._kinds)

    def paths(self) -> list[str]:
        return files_of(self.path)

    def check_files(self, wanted: Sequence[str], needed: Collection[str]) -> None:
        if len(self.paths()) > 1 and self._kinds:  # finding the kinds has seen the names of each file
            check_alike(self._names, wanted, needed, table=self.name)

    def plain_columns(self) -> list[str]:
        return [name for name, kinds in self._kinds.items() if _NESTED not in kinds]

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        wanted = distinct(columns)
        schema = self._schema(wanted)
        return pa.Table.from_batches(list(self._read(schema)), schema)

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        for batch in self._read(self._schema(distinct(columns))):
            for start in range(0, batch.num_rows, BATCH):
                yield batch.slice(start, BATCH)

    def _read(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for rows in self._chunks():
            columns = []
            for field in schema:
                values = [row.get(field.name) for row in rows]
                whole = pa.types.is_floating(field.type)
                columns.append(pa.array([float(v) if v is not None else None for v in values] if whole else values, field.type))
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _schema(self, wanted: Sequence[str]) -> pa.Schema:
        types = {"int": pa.int64(), "float": pa.float64(), "str": pa.string(), "bool": pa.bool_(), "": pa.null()}
        fields = []
        for column in wanted:
            kinds = self._kinds[column]
            if kinds == {"int", "float"}:
                kinds = {"float"}
            if len(kinds) > 1 or kinds & {_NESTED, "long"}:
                raise self._unfit(column, kinds)
            fields.append((column, types[next(iter(kinds), "")]))
        return pa.schema(fields)

    def _unfit(self, column: str, kinds: set[str]) -> SchemaError:
        where: dict[str, Any] = {"table": self.name, "column": column}
        if _NESTED in kinds:
            remedy = "Write what is needed of them as columns of its own before."
            return SchemaError("nested-column", "lists, or objects within objects", remedy=remedy, **where)
        if "long" in kinds:
            remedy = "Write them as text, in quotes."
            return SchemaError("mixed-types", "whole numbers that no float64 or int64 holds exactly", remedy=remedy, **where)
        called = {"int": "whole numbers", "float": "numbers", "str": "texts", "bool": "true and false"}
        what = f"values of different types in one column ({', '.join(sorted(called[k] for k in kinds))})"
        return SchemaError("mixed-types", what, remedy="Write all of them in one type.", **where)

    @cached_property
    def _kinds(self) -> dict[str, set[str]]:
        """Column -> the types that are in it, anywhere."""
        kinds: dict[str, set[str]] = {}
        for rows in self._chunks():
            for row in rows:
                for name, value in row.items():
                    found = kinds.setdefault(name, set())
                    if value is not None:
                        found.add(_kind(value))
        for found in kinds.values():
            if "float" in found and "big" in found:
                found -= {"big"}
                found.add("long")
            elif "big" in found:
                found -= {"big"}
                found.add("int")
        return kinds

    def _chunks(self) -> Iterator[list[dict[str, Any]]]:
        """Yield rows, some thousands at a time."""
        for path in self.paths():
            chunk: list[dict[str, Any]] = []
            for row in self._objects(path):
                chunk.append(self._flat(row, path))
                self._names.setdefault(path, set()).update(chunk[-1])
                if len(chunk) >= ROWS:
                    yield chunk
                    chunk = []
            if chunk:
                yield chunk

    def _objects(self, path: str) -> Iterator[Any]:
        try:
            with open_bytes(path, self.file.member if path.lower().endswith(".zip") else None, self.name, JSON) as opened:
                encoding = self.file.encoding or "utf-8"
                text = io.TextIOWrapper(
                    cast(Any, _Raw(opened)), encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
                )
                first = text.readline()
                try:
                    row = json.loads(first)
                    whole = not isinstance(row, dict)
                except json.JSONDecodeError:
                    whole = True
                if whole:
                    yield from self._listed(_documents(first + text.read()), path)
                    return
                rest = next((line for line in text if line.strip()), None)
                if rest is None:
                    yield from self._listed([row], path)
                    return
                yield row
                yield json.loads(rest)
                yield from (json.loads(line) for line in text if line.strip())
        except (ValueError, RecursionError) as error:  # of decoding bytes, or of JSON; what they say quotes the file
            if isinstance(error, (UsageError, SourceError)):
                raise
            raise SourceError(
                "unreadable-file",
                f'"{path}" cannot be read as JSON',
                table=self.name,
                remedy="Write one object a line, or one list of objects, in UTF-8.",
            ) from None

    def _listed(self, documents: Sequence[Any], path: str) -> Iterator[Any]:
        """Yield the objects of a document: a list, or an object that has one list of objects in it."""
        if len(documents) != 1:
            yield from documents
            return
        document = documents[0]
        if isinstance(document, dict):
            lists = _lists_in(document)
            wanted = [k for k in lists if self.file.member in (None, k)]
            if self.file.member is not None and not wanted:
                raise self._which(path, lists)
            if len(wanted) > 1:
                raise self._which(path, lists)
            document = document[wanted[0]] if wanted else [document]
        yield from document if isinstance(document, list) else [document]  # anything but an object is refused as a row

    def lists(self) -> list[str]:
        """Return the names of the lists of objects in a document; none where it is a list itself, or cannot be read."""
        try:
            with open_bytes(self.path, None, self.name, JSON) as opened:
                document = json.loads(opened.read())
        except (ValueError, RecursionError):
            return []
        return _lists_in(document) if isinstance(document, dict) else []

    def _which(self, path: str, lists: Sequence[str]) -> UsageError:
        shown = ", ".join(f'"{name}"' for name in lists[:8])
        return UsageError(
            "choose-member",
            f'"{path}" holds {len(lists)} lists' + ("" if self.file.member is None else f', none of them "{self.file.member}"'),
            table=self.name,
            remedy=f"Choose one with member=: {shown}." if lists else "Write one list of objects.",
        )

    def _flat(self, row: Any, path: str) -> dict[str, Any]:
        if not isinstance(row, dict):
            raise SourceError(
                "unreadable-file",
                f'"{path}" holds something else than objects in its list',
                table=self.name,
                remedy="Write one object a line, or one list of objects.",
            )
        found: dict[str, Any] = {}
        for name, value in row.items():
            for inner, one in ((f"{name}.{k}", v) for k, v in value.items()) if isinstance(value, dict) else ((name, value),):
                if inner in found:
                    raise SchemaError(
                        "duplicate-column",
                        "more than one column has this name",
                        table=self.name,
                        column=inner,
                        remedy="Rename one of them.",
                    )
                found[inner] = one
        return found


def _lists_in(document: dict[str, Any]) -> list[str]:
    return [k for k, v in document.items() if isinstance(v, list) and v and all(isinstance(one, dict) for one in v)]


class _Raw(io.RawIOBase):
    """What can be read, as a file that Python can decode."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self.file.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _documents(text: str) -> list[Any]:
    """Return all documents that are in a text one after the other."""
    decoder, place, found = json.JSONDecoder(), 0, []
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        document, place = decoder.raw_decode(text, place)
        found.append(document)
    return found


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if abs(value) <= _EXACT else "big" if -(2**63) <= value < 2**63 else "long"
    return {float: "float", str: "str"}.get(type(value), _NESTED)
