"""Detect how a CSV file is written: encoding, delimiter, quotes and header.

The reader gets it, because one that guesses from the first rows may ignore quotes that come later, rename columns, or read a label as a
number.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from churnpredict.errors import SourceError

__all__ = ["CsvForm", "find_form", "form_of", "one_byte_encoding", "open_bytes", "wrong_text"]

_HEAD = 1 << 18  # bytes that are examined
_ROWS = 100  # records that are examined
_DELIMITERS = ("\t", ";", "|", ",")  # of two that fit, prefer the one that is not a decimal sign
_MARKS = (  # UTF-32 begins like UTF-16
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a zip archive or a workbook"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "Parquet"),
)
_DATA_LIKE = re.compile(r"[+-]?[\d.,\s]*\d[\d.,\s]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\S+@\S+\.\S+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")


@dataclass(frozen=True)
class CsvForm:
    """What a reader must know of one file.

    Attributes
    ----------
    names : tuple of str
        The header as written, without spaces around the names; a name may occur twice.
    delimiter, escape : str
        The quote is always ``"``; it is escaped by itself or by a backslash.
    skip : int
        Empty lines before the header.
    headless : bool
        Whether the first row looks like a row of data.
    """

    names: tuple[str, ...]
    delimiter: str = ","
    escape: str = '"'
    skip: int = 0
    headless: bool = False

    def unique_names(self, wanted: Collection[str]) -> list[str]:
        """Return unique names for a reader that ignores case: where two names collide, wanted columns keep theirs."""
        kept = {name.lower(): name for name in self.names if name} | {name.lower(): name for name in wanted}
        found: list[str] = []
        for place, name in enumerate(self.names):
            found.append(name if kept.get(name.lower()) == name and name not in found else f"\x1fcolumn {place}")
        return found

    def options(self) -> dict[str, Any]:
        """Return the options of DuckDB's reader, without the columns."""
        return {"header": True, "delim": self.delimiter, "quote": '"', "escape": self.escape, "skip": self.skip}


def open_bytes(path: str) -> Any:
    """Return the bytes of a file, unpacked."""
    ending = path.lower().rsplit(".", 1)[-1]
    if ending == "gz":
        return gzip.open(path)
    if ending == "bz2":
        return bz2.open(path)
    if ending == "xz":
        return lzma.open(path)
    if ending == "zst":
        return pa.CompressedInputStream(pa.OSFile(path), "zstd")
    return open(path, "rb")


def find_form(path: str, table: str) -> CsvForm:
    """Look at the beginning of a file.

    Raises
    ------
    SourceError
        ``encoding``, ``unreadable-file``.
    """
    try:
        with open_bytes(path) as file:
            head = file.read(_HEAD)
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException) as error:
        raise SourceError(
            "unreadable-file",
            f'"{path}" cannot be unpacked ({type(error).__name__})',
            table=table,
            remedy="Check that the file is whole and of the kind its name says; write it again where it comes from.",
        ) from None
    wrong = _encoding(head, whole=len(head) < _HEAD)
    if wrong is not None:
        raise _wrong_encoding(path, table, wrong)
    return form_of(head, tabs=re.search(r"\.tsv(\.\w+)?$", path.lower()) is not None)


def form_of(head: bytes, *, tabs: bool = False) -> CsvForm:
    """Return the form of a text in UTF-8 of which ``head`` is the beginning.

    >>> form_of(b"id;name\\n1;a\\n").delimiter
    ';'
    """
    text = head.decode("utf-8-sig", errors="ignore")
    lines = text.splitlines()
    skip = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    text = "".join(text.splitlines(keepends=True)[skip:])
    escape = "\\" if re.search(r'[^\\]\\"(?![,;\t|\r\n]|$)', text) else '"'
    tried = {d: _records(text, d, escape) for d in (("\t",) if tabs else _DELIMITERS)}
    several = {d: rows for d, rows in tried.items() if rows and len(rows[0]) > 1}
    if not several:
        rows = _records(text, ",", escape)
        return CsvForm(tuple(n.strip() for n in rows[0]) if rows else (), ",", escape, skip, _headless(rows))
    delimiter = max(several, key=lambda d: (_agreeing(several[d]), len(several[d][0])))
    rows = several[delimiter]
    return CsvForm(tuple(n.strip() for n in rows[0]), delimiter, escape, skip, _headless(rows))


def _records(text: str, delimiter: str, escape: str) -> list[list[str]]:
    """Return the first records; the last of a text that is cut off is left out."""
    how: dict[str, Any] = {"delimiter": delimiter, "doublequote": escape == '"', "escapechar": None if escape == '"' else escape}
    found: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), **how):
            if row:
                found.append(row)
            if len(found) > _ROWS:
                break
    except csv.Error:  # a field longer than the reader takes
        pass
    return found[:-1] if len(found) > 2 and len(text) * 2 >= _HEAD else found


def _agreeing(rows: Sequence[Sequence[str]]) -> float:
    """Return the share of records with as many fields as the first."""
    return sum(len(r) == len(rows[0]) or (len(r) == len(rows[0]) + 1 and not r[-1]) for r in rows) / len(rows)


def _headless(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first record may be data: nothing sets it apart from the records below, or a field with digits looks like those
    below.
    """
    if not rows:
        return False
    set_apart = False
    for place, name in enumerate(rows[0]):
        shapes = [_shape(row[place]) for row in rows[1:] if place < len(row) and row[place]]
        if "9" in _shape(name) and (not shapes or _shape(name) in shapes or _DATA_LIKE.fullmatch(name.strip())):
            return True
        set_apart |= "9" not in _shape(name) and 2 * sum("9" in shape for shape in shapes) > len(shapes)
    return not set_apart


def _shape(value: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", value))


def _encoding(head: bytes, *, whole: bool) -> str | None:
    """Return the format of a file that is not text in UTF-8; None where it is, as far as can be seen."""
    for mark, what in _MARKS:
        if head.startswith(mark):
            return what
    few = head[:4096]
    if few.count(b"\0") > len(few) // 8:
        return "UTF-16 without a byte-order mark" if few.count(b"\0") < len(few) * 3 // 4 else "binary data"
    try:
        (head if whole else head[:-4]).decode("utf-8")
    except UnicodeDecodeError as error:
        if not whole and error.start > len(head) - 8:
            return None
        return one_byte_encoding(head)
    return None


def one_byte_encoding(data: bytes) -> str:
    """Return which one-byte encoding the bytes seem to be in."""
    return "Windows-1252 or ISO-8859-1" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", data) else "an encoding that is not UTF-8"


def _wrong_encoding(path: str, table: str, what: str) -> SourceError:
    return SourceError(
        "encoding",
        f'"{path}" is not text in UTF-8: it looks like {what}',
        table=table,
        remedy="Save it as CSV in UTF-8; a spreadsheet calls that CSV UTF-8.",
    )


def wrong_text(path: str, table: str) -> SourceError | None:
    """Return the error of a file that is not UTF-8 text with one kind of line end; None for others."""
    ends: set[bytes] = set()
    inside, before = False, b""
    try:
        with open_bytes(path) as file:
            decoder = codecs.getincrementaldecoder("utf-8")()
            while block := file.read(1 << 20):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    return _wrong_encoding(path, table, one_byte_encoding(block))
                found, inside, before = _line_ends(block, inside, before)
                ends |= found
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException):
        return None
    if before == b"\r":
        ends.add(b"\r")
    if len(ends) < 2:
        return None
    names = {b"\n": "LF", b"\r\n": "CRLF", b"\r": "CR"}
    return SourceError(
        "line-ends",
        f'"{path}" ends its lines in more than one way ({" and ".join(sorted(names[e] for e in ends))})',
        table=table,
        remedy="Write all lines with the same end, for example with dos2unix.",
    )


def _line_ends(block: bytes, inside: bool, before: bytes) -> tuple[set[bytes], bool, bytes]:
    """Return the ends of lines outside quotes in a block; ``before`` is a CR that the block before ended with."""
    found: set[bytes] = set()
    text = before + block
    for piece in re.finditer(rb'"|\r\n|\r(?!\Z)|\n', text):
        if piece[0] == b'"':
            inside = not inside
        elif not inside:
            found.add(piece[0])
    return found, inside, b"\r" if text.endswith(b"\r") and not inside else b""
