"""Bytes of a file of text, whatever it is packed in, and a copy of it that any reader of CSV takes: UTF-8, one table, nothing around it."""

from __future__ import annotations

import codecs
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from churnpredict.errors import SourceError, UsageError, closest, memory_shortage
from churnpredict.events.sources.endings import PACKED, STREAMS, TEXT, ZIP

__all__ = ["check_size", "members", "open_bytes", "stem_ending", "write_plain"]

_CHUNK = 1 << 20
LARGEST = 32 << 30  # bytes that one packed file may hold
SMALL = 64 << 20  # what never does harm, however densely it is packed
_DENSEST = 200  # how many times smaller tables become; archives that are made to do harm reach a thousand


def stem_ending(path: str) -> str:
    """Return the ending that says the kind of a file: ".csv" of "orders.csv.gz"."""
    stem, ending = os.path.splitext(path.lower())
    return os.path.splitext(stem)[1] if ending in STREAMS else ending


def check_size(path: str, packed: int, unpacked: int, table: str) -> None:
    """Refuse what would fill the disk or the memory.

    Raises
    ------
    SourceError
        ``oversized-file``.
    """
    if unpacked > LARGEST or (unpacked > SMALL and unpacked > _DENSEST * max(packed, 1)):
        raise SourceError(
            "oversized-file",
            f'"{path}" holds {unpacked / (1 << 20):,.0f} MiB in {packed / (1 << 20):,.1f} MiB, which no table does',
            table=table,
            remedy="Unpack it by hand if you trust it, and give the unpacked file.",
        )


def members(path: str, endings: tuple[str, ...]) -> list[zipfile.ZipInfo]:
    """Return the tables within a zip archive, without what operating systems add."""
    with zipfile.ZipFile(path) as archive:
        return [i for i in archive.infolist() if not i.is_dir() and not _hidden(i.filename) and i.filename.lower().endswith(endings)]


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


@contextmanager
def open_bytes(path: str, member: str | None, table: str, endings: tuple[str, ...] = TEXT) -> Iterator[BinaryIO]:
    """Yield the bytes of a file, unpacked on the way.

    Raises
    ------
    SourceError
        ``unreadable-file``, ``oversized-file``.
    UsageError
        ``choose-member``.
    """
    ending = os.path.splitext(path.lower())[1]
    try:
        if ending == ZIP:
            with zipfile.ZipFile(path) as archive, archive.open(_member(path, member, table, endings)) as file:
                yield cast(BinaryIO, file)
        else:
            with _opened(path, ending) as file:
                yield cast(BinaryIO, _Watched(file, path, table) if ending in PACKED else file)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        if isinstance(error, (SourceError, UsageError)):
            raise
        raise memory_shortage(error) or SourceError(
            "unreadable-file",
            f'"{path}" cannot be unpacked',
            table=table,
            remedy="Check that the file is whole, has no password, and is of the kind its name says.",
        ) from None
    except Exception as error:
        if type(error).__name__ in ("error", "LZMAError", "ZstdError", "ArrowInvalid"):  # of zlib, lzma and zstd
            raise SourceError(
                "unreadable-file", f'"{path}" cannot be unpacked', table=table, remedy="Check that the file is whole; write it again."
            ) from None
        raise


def _opened(path: str, ending: str) -> Any:
    if ending == ".gz":
        import gzip

        return gzip.open(path)
    if ending == ".bz2":
        import bz2

        return bz2.open(path)
    if ending == ".xz":
        import lzma

        return lzma.open(path)
    if ending == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(pa.OSFile(path), "zstd")
    return open(path, "rb")


class _Watched:
    """A packed file that is read on until it has become larger than any table."""

    def __init__(self, file: Any, path: str, table: str) -> None:
        self.file, self.path, self.table, self.size, self.seen = file, path, table, os.path.getsize(path), 0

    def read(self, n: int = -1) -> bytes:
        content = bytes(self.file.read(n))
        self.seen += len(content)
        check_size(self.path, self.size, self.seen, self.table)
        return content


def _member(path: str, member: str | None, table: str, endings: tuple[str, ...]) -> zipfile.ZipInfo:
    found = members(path, endings)
    if member is not None:
        found = [i for i in found if i.filename == member]
    if len(found) != 1:
        there = [i.filename for i in members(path, endings)]
        shown = ", ".join(f'"{n}"' for n in there[:8]) + (", ..." if len(there) > 8 else "")
        raise UsageError(
            "choose-member",
            f'"{path}" holds {len(there)} tables' if member is None else f'"{path}" has no "{member}".{closest(member, there)}',
            table=table,
            remedy=f"Choose one with member=: {shown}." if there else "Unpack it, and give the files themselves.",
        )
    check_size(path, found[0].compress_size, found[0].file_size, table)
    return found[0]


def write_plain(source: BinaryIO, target: Path, *, encoding: str, skip_rows: int, footer_rows: int) -> bool:
    """Write a copy in UTF-8 without the lines above the header and the rows below the table; False where bytes are not of the encoding."""
    name = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    decoder = codecs.getincrementaldecoder(name)()
    with target.open("wb") as out:
        skipped, rest = 0, ""
        try:
            while True:
                chunk = source.read(_CHUNK)
                text = rest + decoder.decode(chunk, final=not chunk)
                rest = ""
                if skipped == 0 and not out.tell():
                    text = text.removeprefix("\ufeff")
                while skipped < skip_rows and (end := text.find("\n")) >= 0:
                    text, skipped = text[end + 1 :], skipped + 1
                if skipped < skip_rows:
                    rest = text
                else:
                    out.write(text.encode())
                if not chunk:
                    break
        except UnicodeError:
            return False
    if footer_rows:
        _cut(target, footer_rows)
    return True


def _cut(path: Path, rows: int) -> None:
    """Cut the last rows off; empty lines do not count, and a line break within quotes ends no row."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        reach = 1 << 16
        while True:
            begin = max(size - reach, 0)
            file.seek(begin)
            lines = file.read().split(b"\n")
            place, found, quotes = len(lines), 0, 0
            while place > 1 and found < rows:
                place -= 1
                quotes += lines[place].count(b'"')
                found += quotes % 2 == 0 and bool(lines[place].strip(b' \t\r;,|"'))
            if found == rows or begin == 0:
                file.truncate(begin + len(b"\n".join(lines[:place])) + (1 if place else 0) if found == rows else 0)
                return
            reach *= 4
