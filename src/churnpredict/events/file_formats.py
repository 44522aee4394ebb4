"""Detection of how a text file is written: encoding, layout, numbers and times, each with its reason.

Where two readings are equally good, both are returned, and the user decides.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import UsageError
from churnpredict.events.source import File, open_source
from churnpredict.events.sources.any_file import first_file
from churnpredict.events.sources.character_sets import find_encoding
from churnpredict.events.sources.endings import JSON, TEXT, WORKBOOKS
from churnpredict.events.sources.json_files import JsonFiles
from churnpredict.events.sources.layouts import Layout, find_layout
from churnpredict.events.sources.text_files import ends_of, undecodable
from churnpredict.events.sources.unpacking import members, open_bytes, stem_ending, write_plain
from churnpredict.events.sources.workbooks import Workbook
from churnpredict.events.values.amounts import Amounts, Doubt, NumberFormat, number_readings, same_numbers
from churnpredict.events.values.time_formats import fitting_formats

__all__ = ["FileFormat", "detect_format", "tables_within"]


@dataclass(frozen=True)
class FileFormat:
    """How a file is written.

    Attributes
    ----------
    file : File
        The file with the options that read it.
    reasons : dict of str to str
        Option -> the evidence, for a comment beside it.
    alternatives : dict of str to tuple
        Option -> other values that read the file equally well; empty where the file leaves no doubt. For ``decimal`` they are
        :class:`NumberFormat` objects.
    header : bool
        Whether the file names its columns.
    times : dict of str to tuple of str
        Columns of times as text that are not ISO 8601 -> the formats that read every row; two where day and month cannot be distinguished.
    numbers : dict of str to NumberFormat
        Columns of numbers that are written differently from the file's ``decimal`` and ``thousands``.
    currencies : dict of str to tuple of str
        Columns of amounts -> the currencies in them.
    """

    file: File
    reasons: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    header: bool = True
    times: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: Mapping[str, NumberFormat] = field(default_factory=dict)
    currencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def keys(self) -> list[tuple[str, Any, str]]:
        """The options as they are written into ``churn.toml``: key, value, comment."""
        return [(name, value, self.reasons.get(name, "")) for name, value in self.file.options.items()]


def detect_format(path: str | Path | File, table: str = "file") -> FileFormat:
    """Return detect how a file is written; the first file decides for a folder or a glob.

    Options that are given in a :class:`File` are not changed. The whole file is read once, because one value in its last row may decide
    what all others mean.

    Raises
    ------
    SourceError
        ``unreadable-file``, ``oversized-file``, ``missing-file``, ``encoding``.
    UsageError
        ``choose-member``, ``choose-sheet``.
    """
    given = path if isinstance(path, File) else File(path)
    first = first_file(given, table)
    ending = stem_ending(first)
    reasons: dict[str, str] = {}
    doubts: dict[str, tuple[Any, ...]] = {}
    if ending in (*TEXT, ".zip") and not _is_json(first):
        file, header = _laid_out(_encoded(given, first, table, reasons, doubts), first, table, reasons)
    elif ending in WORKBOOKS:
        layout = Workbook(table, given, first).layout
        file, header = _with_layout(given, layout, reasons), layout.header
    elif ending in JSON or _is_json(first):
        file, header = given, True
    else:
        return FileFormat(given)
    header = header or bool(file.column_names)
    read = replace(file, path=first, decimal=None, thousands=None)
    if not header:
        read = replace(read, column_names=_made_up(read, table))
    source = open_source(read, table)
    all_columns = source.read(source.plain_columns(), source.plain_columns())
    texts = all_columns.select([f.name for f in all_columns.schema if pa.types.is_string(f.type)])
    file, numbers, currencies = _with_numbers(file, texts, reasons, doubts)
    times = _agreed({name: forms for name in texts.column_names if (forms := fitting_formats(texts[name].combine_chunks()))})
    told = {name: others for name, others in doubts.items() if others}
    return FileFormat(file, reasons, told, header, times, numbers, currencies)


def tables_within(path: str | Path) -> list[File]:
    """Return a file; the sheets of a workbook, the files of an archive and the lists of a document one by one, where there are several.

    Raises
    ------
    SourceError
        ``unreadable-file``, ``missing-file``.
    """
    text = str(path)
    ending = stem_ending(text)
    if ending in WORKBOOKS:
        sheets = Workbook(Path(text).stem, File(path), text).tables
        return [File(path, sheet=sheet) for sheet in sheets] if len(sheets) > 1 else [File(path)]
    if ending == ".zip" and zipfile.is_zipfile(text):
        packed = [i.filename for i in members(text, TEXT) or members(text, JSON)]
        return [File(path, member=name) for name in packed] if len(packed) > 1 else [File(path)]
    lists = JsonFiles(Path(text).stem, File(path), text).lists() if ending == ".json" else []
    return [File(path, member=name) for name in lists] if len(lists) > 1 else [File(path)]


def _is_json(path: str) -> bool:
    return path.lower().endswith(".zip") and not members(path, TEXT) and bool(members(path, JSON))


def _encoded(file: File, first: str, table: str, reasons: dict[str, str], doubts: dict[str, tuple[Any, ...]]) -> File:
    if file.encoding is not None:
        return file
    with open_bytes(first, file.member, table) as opened:
        encoding, others, why = find_encoding(opened)
    reasons["encoding"], doubts["encoding"] = why, others
    return replace(file, encoding=None if encoding == "utf-8" else encoding)


def _laid_out(file: File, first: str, table: str, reasons: dict[str, str]) -> tuple[File, bool]:
    with tempfile.TemporaryDirectory(prefix="churnpredict-") as folder:
        plain = Path(folder) / "plain.csv"
        with open_bytes(first, file.member, table) as opened:
            around = {"skip_rows": file.skip_rows or 0, "footer_rows": file.footer_rows or 0}
            if not write_plain(opened, plain, encoding=file.encoding or "utf-8", **around):
                raise undecodable(first, table, file)
        layout = find_layout(*ends_of(str(plain), table), file.delimiter)
    file = replace(file, delimiter=file.delimiter or (None if layout.delimiter == "," else layout.delimiter))
    return _with_layout(file, layout, reasons), layout.header


def _with_layout(file: File, layout: Layout, reasons: dict[str, str]) -> File:
    reasons |= layout.reasons
    return replace(
        file,
        skip_rows=layout.skip_rows or None if file.skip_rows is None else file.skip_rows,
        footer_rows=layout.footer_rows or None if file.footer_rows is None else file.footer_rows,
    )


def _made_up(file: File, table: str) -> list[str]:
    """Return names for the columns of a file without a header, so that it can be looked at."""
    for width in range(1, 1000):
        names = [f"column {n}" for n in range(1, width + 1)]
        try:
            open_source(replace(file, column_names=names), table).columns()
        except UsageError:
            continue
        return names
    return []


def _with_numbers(
    file: File, texts: pa.Table, reasons: dict[str, str], doubts: dict[str, tuple[Any, ...]]
) -> tuple[File, dict[str, NumberFormat], dict[str, tuple[str, ...]]]:
    """Return the signs within numbers that read most columns of numbers, the simplest of those that read the same."""
    readings = {}
    for name in texts.column_names:
        found = number_readings(texts[name].combine_chunks())
        if found:
            readings[name] = found
    if file.decimal is not None or file.thousands is not None:
        best = NumberFormat(file.decimal or ".", file.thousands)
    else:
        delimiter = file.delimiter or ","
        best, *others = _likeliest(readings, texts, delimiter)
        doubts["decimal"] = tuple(others)
        dressed = any(found[best].dressed for found in readings.values() if best in found)
        if best != NumberFormat() or dressed or others:
            file = replace(file, decimal=best.decimal, thousands=best.thousands)
            reasons["decimal"] = "the sign before decimals"
            reasons["thousands"] = "the sign between groups of digits"
    apart = {name: next(iter(found)) for name, found in readings.items() if best not in found}
    read = {name: found[apart.get(name, best)] for name, found in readings.items()}
    return file, apart, {name: amounts.currencies for name, amounts in read.items() if amounts.currencies}


def _likeliest(readings: Mapping[str, Mapping[NumberFormat, Amounts]], texts: pa.Table, delimiter: str) -> list[NumberFormat]:
    """Return the best format, and others that read the same columns as other numbers, where nothing in the file tells which is meant."""
    best = _most_read(readings)
    others = _as_good(best, readings)
    if not others:
        return [best]
    columns = [texts[name].combine_chunks() for name, found in readings.items() if best in found and _differs(found)]
    if best == NumberFormat() and not any(_in_doubt(column, delimiter) for column in columns):
        return [best]
    grouped = next((form for form in (best, *others) if form.thousands), None)
    if grouped is None:
        return [best, *others]
    # A number without the sign beside such with it is below a thousand; and commas separate either fields or decimals.
    sign = str(grouped.thousands)
    short = any(pc.all(pc.match_substring(pc.drop_null(column), sign)).as_py() is False for column in columns)
    likely = short or (sign == ",") == (delimiter == ",")
    rest = [form for form in (best, *others) if form != grouped]
    return [grouped, *rest] if likely else [*rest, grouped]


def _differs(found: Mapping[NumberFormat, Amounts]) -> bool:
    first, *others = found.values()
    return not all(same_numbers(first, other) for other in others)


def _in_doubt(column: pa.Array, delimiter: str) -> bool:
    doubt = Doubt()
    doubt.look(column)
    return doubt.stays(delimiter)


def _most_read(readings: Mapping[str, Mapping[NumberFormat, Amounts]]) -> NumberFormat:
    """Return the format that reads most columns that are not plain numbers, then most columns; plain ones are read beside any other."""
    plain = NumberFormat()
    counts: dict[NumberFormat, tuple[int, int]] = {plain: (0, 0)}
    for found in readings.values():
        for form in found:
            odd, all_ = counts.get(form, (0, 0))
            counts[form] = (odd + (plain not in found), all_ + 1)
    return max(counts, key=lambda form: counts[form])  # the first of equals


def _as_good(best: NumberFormat, readings: Mapping[str, Mapping[NumberFormat, Amounts]]) -> list[NumberFormat]:
    """Return other formats that read the same columns as other numbers, one for each reading."""
    read = [name for name, found in readings.items() if best in found]
    others: list[NumberFormat] = []
    for form in dict.fromkeys(form for name in read for form in readings[name]):
        if all(form in readings[name] for name in read):
            seen = [best, *others]
            if not any(all(same_numbers(readings[name][form], readings[name][other]) for name in read) for other in seen):
                others.append(form)
    return others


def _agreed(times: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Apply the format that one column proves to the other columns of the file that it can read."""
    sure = {forms[0] for forms in times.values() if len(forms) == 1}
    found = {}
    for name, forms in times.items():
        both = [form for form in forms if form in sure]
        found[name] = tuple(both if len(both) == 1 else forms)
    return found
