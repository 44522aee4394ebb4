"""How a file of text is written, found from the file itself: encoding, layout, numbers and times, each with its reason.

Where two readings are equally good, both are returned: nobody is asked by a guess.
"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from churnpredict.errors import SourceError
from churnpredict.events.amounts import Amounts, NumberFormat, number_readings, same_numbers
from churnpredict.events.sources.character_sets import find_encoding
from churnpredict.events.sources.file_options import File
from churnpredict.events.sources.layouts import Layout, find_layout
from churnpredict.events.sources.plain_text import read_texts
from churnpredict.events.sources.unpacking import members, open_bytes, stem_ending, write_plain
from churnpredict.events.time_formats import fitting_formats

__all__ = ["FileFormat", "detect_format"]

_TEXT = (".csv", ".tsv", ".txt")
_HEAD, _TAIL = 1 << 18, 1 << 16


@dataclass(frozen=True)
class FileFormat:
    """How a file is written.

    Attributes
    ----------
    file : File
        The file with the options that read it.
    reasons : dict of str to str
        Option -> what was seen, for a comment beside it.
    alternatives : dict of str to tuple
        Option -> other values that read the file equally well; empty where the file leaves no doubt. Of ``decimal`` they are whole
        :class:`NumberFormat`.
    header : bool
        Whether the file names its columns.
    times : dict of str to tuple of str
        Columns of times as text that are not ISO 8601 -> the formats that read every row; two where nothing tells day from month.
    numbers : dict of str to NumberFormat
        Columns of numbers that are written in another way than the file's ``decimal`` and ``thousands`` say.
    currencies : dict of str to tuple of str
        Columns of amounts -> the currencies that stand in them.
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
    """Find how a file of text is written; of a folder or a glob, its first file decides.

    Options that are given in a :class:`File` are taken as they are.

    Raises
    ------
    SourceError
        ``unreadable-file``, ``oversized-file``, ``missing-file``.
    UsageError
        ``choose-member``.
    """
    given = path if isinstance(path, File) else File(path)
    first = _first_file(os.path.expanduser(str(given.path)), table)
    if stem_ending(first) not in _TEXT and not first.lower().endswith(".zip"):
        return FileFormat(given)
    reasons: dict[str, str] = {}
    doubts: dict[str, tuple[Any, ...]] = {}
    file = given
    if first.lower().endswith(".zip") and file.member is None and len(members(first, _TEXT)) == 1:
        reasons["member"] = "the only table in the archive"
    if file.encoding is None:
        with open_bytes(first, file.member, table) as opened:
            encoding, others, why = find_encoding(opened)
        reasons["encoding"], doubts["encoding"] = why, others
        file = replace(file, encoding=None if encoding == "utf-8" else encoding)
    with tempfile.TemporaryDirectory(prefix="churnpredict-") as folder:
        plain = Path(folder) / "plain.csv"
        with open_bytes(first, file.member, table) as opened:
            if not write_plain(
                opened, plain, encoding=file.encoding or "utf-8", skip_rows=file.skip_rows or 0, footer_rows=file.footer_rows or 0
            ):
                raise _undecodable(first, table, file.encoding or "utf-8")
        layout = find_layout(*_ends(plain))
        file = _laid_out(file, layout, reasons)
        texts = read_texts(plain, _with_given(layout, given), file, table)
    file, numbers, currencies = _with_numbers(file, texts, reasons, doubts)
    times = {name: tuple(forms) for name in texts.column_names if (forms := _times(texts[name]))}
    told = {name: others for name, others in doubts.items() if others}
    return FileFormat(file, reasons, told, layout.header or bool(file.column_names), times, numbers, currencies)


def _with_given(layout: Layout, given: File) -> Layout:
    """The layout with what was given instead of what was found."""
    return replace(
        layout,
        delimiter=given.delimiter or layout.delimiter,
        skip_rows=layout.skip_rows if given.skip_rows is None else 0,
        header=layout.header and not given.column_names,
        footer_rows=layout.footer_rows if given.footer_rows is None else 0,
    )


def _first_file(path: str, table: str) -> str:
    if os.path.isdir(path):
        path = os.path.join(path, "**", "*")
    found = sorted(f for f in glob.glob(path, recursive=True) if os.path.isfile(f))
    if not found:
        raise SourceError("missing-file", f'nothing is found under "{path}"', table=table, remedy="Check the path.")
    return found[0]


def _undecodable(path: str, table: str, encoding: str) -> SourceError:
    return SourceError(
        "encoding",
        f'"{path}" has bytes that are not {encoding}',
        table=table,
        remedy='Declare how letters are stored, such as encoding = "cp1252".',
    )


def _ends(plain: Path) -> tuple[str, str]:
    """The beginning and the end of a file, cut at line ends."""
    size = plain.stat().st_size
    with plain.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(size - _TAIL, 0))
        tail = file.read()
    if size > _HEAD:
        head = head[: head.rfind(b"\n") + 1] or head
    if size > _TAIL:
        tail = tail[tail.find(b"\n") + 1 :]
    return head.decode(errors="replace"), tail.decode(errors="replace")


def _laid_out(file: File, layout: Layout, reasons: dict[str, str]) -> File:
    reasons |= layout.reasons
    return replace(
        file,
        delimiter=file.delimiter or (None if layout.delimiter == "," else layout.delimiter),
        skip_rows=layout.skip_rows or None if file.skip_rows is None else file.skip_rows,
        footer_rows=layout.footer_rows or None if file.footer_rows is None else file.footer_rows,
    )


def _with_numbers(
    file: File, texts: pa.Table, reasons: dict[str, str], doubts: dict[str, tuple[Any, ...]]
) -> tuple[File, dict[str, NumberFormat], dict[str, tuple[str, ...]]]:
    """The signs within numbers that read most columns of numbers, the simplest of those that read the same."""
    readings = {}
    for name in texts.column_names:
        found = number_readings(texts[name].combine_chunks())
        if found:
            readings[name] = found
    if file.decimal is not None or file.thousands is not None:
        best = NumberFormat(file.decimal or ".", file.thousands)
    else:
        best = _most_read(readings)
        doubts["decimal"] = tuple(_as_good(best, readings))
        dressed = any(found[best].dressed for found in readings.values() if best in found)
        if best != NumberFormat() or dressed:
            file = replace(file, decimal=best.decimal, thousands=best.thousands)
            reasons["decimal"] = "what stands before decimals"
            reasons["thousands"] = "what stands between groups of digits"
    apart = {name: next(iter(found)) for name, found in readings.items() if best not in found}
    read = {name: found[apart.get(name, best)] for name, found in readings.items()}
    return file, apart, {name: amounts.currencies for name, amounts in read.items() if amounts.currencies}


def _most_read(readings: Mapping[str, Mapping[NumberFormat, Amounts]]) -> NumberFormat:
    counts: dict[NumberFormat, int] = {NumberFormat(): 0}
    for found in readings.values():
        for form in found:
            counts[form] = counts.get(form, 0) + 1
    return max(counts, key=lambda form: counts[form])  # the first of equals


def _as_good(best: NumberFormat, readings: Mapping[str, Mapping[NumberFormat, Amounts]]) -> list[NumberFormat]:
    """Other formats that read the same columns, as other numbers; one of each reading."""
    read = [name for name, found in readings.items() if best in found]
    others: list[NumberFormat] = []
    for form in dict.fromkeys(form for name in read for form in readings[name]):
        if all(form in readings[name] for name in read):
            seen = [best, *others]
            if not any(all(same_numbers(readings[name][form], readings[name][other]) for name in read) for other in seen):
                others.append(form)
    return others


def _times(column: pa.ChunkedArray) -> list[str]:
    texts = column.combine_chunks()
    return [] if texts.null_count == len(texts) else fitting_formats(texts)
