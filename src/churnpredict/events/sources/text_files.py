"""Files of text that are not plain UTF-8 CSV: they are read through a plain copy, made once and removed with the source."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from churnpredict.errors import ContentError, SourceError, UsageError
from churnpredict.events.sources.base import Source
from churnpredict.events.sources.character_sets import find_encoding
from churnpredict.events.sources.csv_form import CsvForm, find_form
from churnpredict.events.sources.endings import STREAMS, TEXT
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.files import Files, is_ragged, ragged_rows
from churnpredict.events.sources.layouts import find_layout
from churnpredict.events.sources.unpacking import open_bytes, write_plain
from churnpredict.events.sources.wildcards import files_of
from churnpredict.events.sources.written import Written, refuse_layout
from churnpredict.events.values.amounts import Doubt, NumberFormat

__all__ = ["ends_of", "open_text"]

_HEAD, _TAIL = 1 << 16, 1 << 16
_CALLED = {"cp1252": "Windows-1252 or ISO-8859-1", "cp1250": "Windows-1250", "cp1251": "Windows-1251", "cp1254": "Windows-1254"} | {
    name: name.upper() for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "iso-8859-2", "iso-8859-15")
}


class TextFiles(Files):
    """One or many files of text with the options that read them."""

    def __init__(self, name: str, file: File, path: str) -> None:
        super().__init__(name, path, "text")
        self.file = file
        self._originals: dict[str, str] = {}

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        table = super().read(columns, text)
        if text is not None:
            self._refuse_doubt(self._seen(table.to_batches(), text))
        return table

    def batches(self, columns: Sequence[str], text: Sequence[str] | None = None, *, path: str | None = None) -> Iterator[pa.RecordBatch]:
        doubts: dict[str, Doubt] = {}
        for batch in super().batches(columns, text, path=path):
            self._seen([batch], columns if text is None else text, doubts)
            yield batch
        self._refuse_doubt(doubts)

    def _seen(self, batches: Sequence[pa.RecordBatch], text: Sequence[str], doubts: dict[str, Doubt] | None = None) -> dict[str, Doubt]:
        doubts = {} if doubts is None else doubts
        if self.file.decimal is None and self.file.thousands is None:
            for batch in batches:
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    if name not in text:
                        doubts.setdefault(name, Doubt()).look(column)
        return doubts

    def _refuse_doubt(self, doubts: dict[str, Doubt]) -> None:
        delimiter = next(iter(self._forms.values())).delimiter if self._forms else ","
        for name, doubt in doubts.items():
            if doubt.stays(delimiter):
                raise ContentError(
                    "ambiguous-numbers",
                    "every point within a number has three digits behind it, so that it may stand for decimals or for thousands",
                    table=self.name,
                    column=name,
                    remedy='Say which: decimal="." or decimal="," with thousands=".", in cp.File or churn.toml.',
                )

    @cached_property
    def _files(self) -> list[str]:
        return [self._plain(f) for f in files_of(self.path)]

    @cached_property
    def _forms(self) -> dict[str, CsvForm]:
        forms = {}
        for plain in self._files:
            try:
                forms[plain] = self._form(plain)
            except SourceError as error:
                raise self._named(error, plain) from None
        return {plain: form for plain, form in forms.items() if form.names} or forms

    def _form(self, plain: str) -> CsvForm:
        shown = self._originals.get(plain, plain)
        head, tail = ends_of(plain, self.name)
        layout = find_layout(head, tail)
        refuse_layout(self.file, replace(layout, header=True, footer_rows=0), shown, self.name)  # what is above hides the rest
        form = find_form(plain, self.name)
        delimiter = self.file.delimiter or (form.delimiter if len(form.names) > 1 else layout.delimiter)
        if delimiter != layout.delimiter:
            layout = find_layout(head, tail, delimiter)
        refuse_layout(self.file, layout, shown, self.name)
        return form if delimiter == form.delimiter else replace(form, names=names_of(head, delimiter), delimiter=delimiter)

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="churnpredict-")
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _plain(self, path: str) -> str:
        """Return the path of a file that any reader of CSV takes: the file itself, or a copy."""
        file = self.file
        encoding = file.encoding or "utf-8"
        utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii")
        if utf8 and not path.lower().endswith(".zip") and not file.skip_rows and not file.footer_rows and not file.column_names:
            return path
        copy = self._folder / f"{len(self._originals)}.csv"
        with open_bytes(path, file.member, self.name, TEXT) as opened:
            fits = write_plain(opened, copy, encoding=encoding, skip_rows=file.skip_rows or 0, footer_rows=file.footer_rows or 0)
        if not fits:
            raise undecodable(path, self.name, file)
        if file.column_names:
            self._name_columns(copy)
        self._originals[str(copy)] = path
        return str(copy)

    def _name_columns(self, copy: Path) -> None:
        """Write the names that were given as the first line."""
        head, tail = ends_of(str(copy), self.name)
        layout = find_layout(head, tail)
        delimiter = self.file.delimiter or layout.delimiter
        if layout.width and layout.width != len(self.file.column_names):
            raise UsageError(
                "file-option",
                f"column_names has {len(self.file.column_names)} names for {layout.width} columns",
                table=self.name,
                remedy="Write a name for each column.",
            )
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="\r\n" if "\r\n" in head else "\n").writerow(self.file.column_names)
        named = copy.with_suffix(".named")
        with named.open("wb") as out, copy.open("rb") as rest:
            out.write(line.getvalue().encode())
            shutil.copyfileobj(rest, out)
        named.replace(copy)

    def _called(self, file: str) -> str:
        return self._originals.get(file, file)

    def _culprit(self, text: str) -> str:
        return next((path for copy, path in self._originals.items() if copy in text), None) or super()._culprit(text)

    def refusal(self, error: Exception) -> SourceError | ContentError:
        if self._originals:
            culprit = self._culprit(str(error))
            return ragged_rows(culprit, self.name) if is_ragged(error) else unreadable(culprit, self.name)
        refused = super().refusal(error)
        return self._named(refused, self._culprit(str(error))) if isinstance(refused, SourceError) else refused

    def _named(self, error: SourceError, path: str) -> SourceError:
        """Return a file in another encoding: which one, and how to say so."""
        another = error.code == "encoding" and any(what in error.what for what in ("UTF-16", "UTF-32", "Windows", "not UTF-8"))
        return undecodable(path, self.name, self.file) if another else error


def names_of(head: str, delimiter: str) -> tuple[str, ...]:
    """Return the names in the first row that is not empty."""
    rows = csv.reader(io.StringIO(head.removeprefix("\ufeff"), newline=""), delimiter=delimiter)
    return tuple(n.strip() for n in next((row for row in rows if any(row)), []))


def unreadable(path: str, table: str) -> SourceError:
    return SourceError(
        "unreadable-file",
        f'"{path}" cannot be read with these options',
        table=table,
        remedy="Check them against the file: its delimiter, the lines above its header, the rows below.",
    )


def undecodable(path: str, table: str, file: File) -> SourceError:
    """Return a file that is not in the encoding it should be in; which one it seems to be in, and how to say so."""
    with open_bytes(path, file.member, table, TEXT) as opened:
        found, others, _ = find_encoding(opened)
    also = f" (or {', '.join(others)})" if others else ""
    return SourceError(
        "encoding",
        f'"{path}" is not text in {file.encoding or "UTF-8"}: it looks like {_CALLED.get(found, found)}{also}',
        table=table,
        remedy=f'Say so: encoding="{found}" in cp.File, encoding = "{found}" in churn.toml.',
    )


def ends_of(path: str, table: str) -> tuple[str, str]:
    """Return the beginning and the end of a file in UTF-8, cut at line ends; of a packed one, the beginning only."""
    with open_bytes(path, None, table) as file:
        head = file.read(_HEAD)
    whole = len(head) < _HEAD
    tail = b"" if not whole else head
    if not whole and not path.lower().endswith(STREAMS):
        with open(path, "rb") as file:
            file.seek(max(os.path.getsize(path) - _TAIL, 0))
            tail = file.read()
        tail = tail[tail.find(b"\n") + 1 :]
    head = head if whole else head[: head.rfind(b"\n") + 1] or head
    return head.decode(errors="replace"), tail.decode(errors="replace")


def open_text(file: File, path: str, name: str) -> Source:
    """Open files of text with the options that read them."""
    source: Source = TextFiles(name, file, path)
    if file.decimal is None and file.thousands is None:
        return source
    return Written(source, NumberFormat(file.decimal or ".", file.thousands))
