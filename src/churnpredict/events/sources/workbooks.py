"""Sheets of Excel and OpenDocument workbooks: numbers as numbers, dates as dates, texts as they are written."""

from __future__ import annotations

import datetime
import os
import re
import zipfile
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa

from churnpredict.errors import ContentError, SourceError, UsageError, closest, missing_extra
from churnpredict.events.sources.base import Source, distinct
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.layouts import Layout, layout_of_rows
from churnpredict.events.sources.texts import mark_untyped
from churnpredict.events.sources.unpacking import check_size

__all__ = ["Workbook"]

_ZIPPED = (".xlsx", ".xlsm", ".xlsb", ".ods")
_HEAD, _TAIL = 200, 40
_EXACT = 2**53


class Workbook(Source):
    """One sheet of a workbook, as a table. It is read whole: a sheet has a million rows at most."""

    def __init__(self, name: str, file: File, path: str) -> None:
        super().__init__(name)
        self.file, self.path = file, path

    def paths(self) -> list[str]:
        return [self.path]

    def columns(self) -> list[str]:
        return list(self._table[0])

    def read(self, columns: Sequence[str], text: Sequence[str] | None = None) -> pa.Table:
        names, rows = self._table
        wanted = distinct(columns)
        made = [_column([row[names.index(c)] for row in rows], "." if c in (text or ()) else self.file.decimal or ".") for c in wanted]
        table = pa.table([m[0] for m in made], names=wanted)
        return mark_untyped(table, [c for c, m in zip(wanted, made, strict=True) if m[1]])

    def count(self) -> int | None:
        return len(self._table[1])

    @cached_property
    def _table(self) -> tuple[list[str], list[list[Any]]]:
        """The names of the columns, and the rows."""
        rows, file = self._rows, self.file
        self._refuse_other_layout(self.layout)
        start = file.skip_rows
        if start is None:  # empty rows above do not matter
            start = next((place for place, row in enumerate(rows) if any(v != "" for v in row)), 0)
        header = rows[start] if start < len(rows) else []
        names = list(file.column_names) or [_text(v).strip() for v in header]
        first = start + (not file.column_names)
        body = [row for row in rows[first:] if any(v != "" for v in row)]
        body = body[: max(len(body) - (file.footer_rows or 0), 0)]
        kept = [p for p in range(max(map(len, [names, *body[:1]]), default=0)) if p < len(names) and names[p]]
        nameless = [p for p in range(len(body[0]) if body else 0) if p not in kept and any(row[p] != "" for row in body)]
        if file.column_names and nameless:
            raise UsageError(
                "file-option",
                f"column_names has {len(names)} names for {len(kept) + len(nameless)} columns",
                table=self.name,
                remedy="Write a name for each column.",
            )
        return [names[p] for p in kept], [[row[p] if p < len(row) else "" for p in kept] for row in body]

    def _refuse_other_layout(self, layout: Layout) -> None:
        from churnpredict.events.sources.written import refuse_layout

        refuse_layout(self.file, layout, self.path, self.name)

    @cached_property
    def layout(self) -> Layout:
        """The layout of the table on its sheet, ignoring the options."""
        rows = [[_text(v).strip() for v in row] for row in self._rows]
        filled = [(place, row) for place, row in enumerate(rows) if any(row)]
        width = max((max(p for p, v in enumerate(row) if v) + 1 for _, row in filled), default=0)
        cut = [(place, row[:width]) for place, row in filled]
        if not cut:
            return Layout(",")
        return layout_of_rows([r for _, r in cut[:_HEAD]], [p for p, _ in cut[:_HEAD]], [r for _, r in cut[-_TAIL:]])

    @cached_property
    def _rows(self) -> list[list[Any]]:
        sheet = self._choose()
        if self.path.lower().endswith((".xlsx", ".xlsm")):
            self._refuse_uncalculated(sheet)
        rows = self._workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        width = max((len(r) for r in rows), default=0)
        used = [p for p in range(width) if any(p < len(r) and r[p] != "" for r in rows)]
        return [[r[p] if p < len(r) else "" for p in used] for r in rows]

    @cached_property
    def _workbook(self) -> Any:
        try:
            import python_calamine
        except ImportError:
            raise missing_extra("reading workbooks needs python-calamine", "excel", table=self.name) from None
        try:
            if self.path.lower().endswith(_ZIPPED):
                with zipfile.ZipFile(self.path) as archive:
                    check_size(self.path, os.path.getsize(self.path), sum(i.file_size for i in archive.infolist()), self.name)
            return python_calamine.CalamineWorkbook.from_path(self.path)
        except (zipfile.BadZipFile, OSError, python_calamine.CalamineError) as error:
            if isinstance(error, SourceError):
                raise
            raise SourceError(
                "unreadable-file",
                f'"{self.path}" cannot be read as a workbook',
                table=self.name,
                remedy="Check that the file is whole, has no password, and is of the kind its name says; save it again.",
            ) from None

    @property
    def tables(self) -> list[str]:
        """The visible sheets that have more than one row."""
        visible = [str(s.name) for s in self._workbook.sheets_metadata if "Visible" in str(s.visible) and "WorkSheet" in str(s.typ)]
        return [s for s in visible if self._workbook.get_sheet_by_name(s).height > 1]

    def _choose(self) -> str:
        """Return the sheet that is asked for; else the only visible one that has a table."""
        sheets = [str(n) for n in self._workbook.sheet_names]
        if self.file.sheet is not None:
            if self.file.sheet not in sheets:
                raise self._which(f'"{self.path}" has no sheet "{self.file.sheet}".{closest(self.file.sheet, sheets)}', sheets)
            return self.file.sheet
        tables = self.tables
        if len(tables) != 1:
            raise self._which(f'"{self.path}" has {len(tables)} sheets with tables', tables or sheets)
        return tables[0]

    def _which(self, what: str, sheets: Sequence[str]) -> UsageError:
        shown = ", ".join(f'"{s}"' for s in sheets[:8]) + (", ..." if len(sheets) > 8 else "")
        return UsageError("choose-sheet", what, table=self.name, remedy=f"Choose one with sheet=: {shown}.")

    def _refuse_uncalculated(self, sheet: str) -> None:
        """Refuse cells that look empty to a reader, but are errors, or formulas that nobody has calculated."""
        with zipfile.ZipFile(self.path) as archive:
            member = _member_of(archive, sheet)
            if member is None:
                return
            wrong, blank = 0, 0
            for cell in re.finditer(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", archive.read(member), re.DOTALL):
                attributes, content = cell[1], cell[2] or b""
                if b't="e"' in attributes:
                    wrong += 1
                elif b't="str"' not in attributes:  # a formula may say "nothing", as text
                    blank += re.search(rb"<(\w+:)?f\b", content) is not None and re.search(rb"<(\w+:)?v>[^<]", content) is None
        if wrong or blank:
            raise ContentError(
                "error-cells",
                f'"{self.path}" has {wrong:,} cells with errors such as #DIV/0! and {blank:,} formulas without a result',
                table=self.name,
                remedy="Correct them, or delete what they stand for; open the workbook once and save it, so that formulas are calculated.",
            )


def _member_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the archive member that holds the cells of a sheet."""
    import html

    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except KeyError:
        return None
    targets = {_attribute(t, "Id"): _attribute(t, "Target") for t in re.findall(r"<Relationship\b[^>]*>", links)}
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        if html.unescape(_attribute(tag, "name")) == sheet:
            target = targets.get(_attribute(tag, "r:id"), "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return path if path in archive.namelist() else None
    return None


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{re.escape(name)}="([^"]*)"', tag)
    return found[1] if found else ""


def _text(value: Any, decimal: str = ".") -> str:
    """Return a cell as somebody would write it: whole numbers without decimals, times as ISO 8601."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value).replace(".", decimal)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def _column(values: list[Any], decimal: str) -> tuple[pa.Array, bool]:
    """Return one column with its type, and whether it is text that may be numbers, because cells of several types are in it.

    Numbers among texts are written with the decimal sign that the texts have.
    """
    seen = [None if v == "" else v for v in values]
    kinds = {type(v) for v in seen if v is not None}
    untyped = False
    if kinds <= {int, float}:
        whole = bool(kinds) and all(v is None or (float(v).is_integer() and abs(v) < _EXACT) for v in seen)
        found = pa.array([None if v is None else int(v) for v in seen], pa.int64()) if whole else pa.array(seen, pa.float64())
    elif kinds <= {datetime.datetime, datetime.date}:
        midnight = datetime.time()
        moments = [v if v is None or isinstance(v, datetime.datetime) else datetime.datetime.combine(v, midnight) for v in seen]
        found = pa.array(moments, pa.timestamp("us"))
    elif kinds == {bool}:
        found = pa.array(seen, pa.bool_())
    else:
        untyped = bool(kinds & {str, int, float})
        found = pa.array([None if v is None else _text(v, decimal) for v in seen], pa.string())
    return found, untyped
