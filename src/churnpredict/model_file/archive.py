"""The zip of a model file: stored without compression, reproducible, checked byte by byte.

Python's own reader is tolerant: it accepts bytes before the archive, headers that contradict the directory, names that leave the folder,
members that unpack to gigabytes. Here none of that is accepted and nothing is unpacked: the contents are packed again, and the bytes must
be the same.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping

from churnpredict.errors import ModelFileError

__all__ = ["MAX_BYTES", "MAX_FILES", "START", "pack", "unpack"]

START = b"PK\x03\x04"
MAX_BYTES = 1 << 30
MAX_FILES = 1024

_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _STORED, _NO_FLAGS = 20, 0, 0
_MIDNIGHT, _FIRST_DAY = 0, (1 << 5) | 1  # 1 January 1980, the first date of the zip format: no time of writing in the file
_UNIX = 3 << 8
_ORDINARY = 0o100644 << 16
_NAME = re.compile(rb"[a-z][a-z0-9-]{0,40}\.(json|txt)")


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of these files in this order, not compressed, dated 1980.

    >>> import io, zipfile
    >>> zipfile.ZipFile(io.BytesIO(pack({"a.txt": b"one"}))).read("a.txt")
    b'one'
    """
    bodies, entries, at = [], [], 0
    for name, content in files.items():
        raw = name.encode("ascii")
        common = (_NO_FLAGS, _STORED, _MIDNIGHT, _FIRST_DAY, zlib.crc32(content), len(content), len(content), len(raw), 0)
        entries.append(_ENTRY.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *common, 0, 0, 0, _ORDINARY, at) + raw)
        bodies += [_LOCAL.pack(START, _VERSION, *common), raw, content]
        at += _LOCAL.size + len(raw) + len(content)
    directory = b"".join(entries)
    return b"".join([*bodies, directory, _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(directory), at, 0)])


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the files of an archive that :func:`pack` made.

    Raises
    ------
    ModelFileError
        ``damaged-model``: a byte was changed. ``repacked-model``: compressed, or with
        other names; nothing was unpacked.
    """
    files: dict[str, bytes] = {}
    at = 0
    while archive.startswith(START, at) and len(files) < MAX_FILES:
        if len(archive) - at < _LOCAL.size:
            break
        _, _, flags, method, _, _, _, packed, size, n_name, n_extra = _LOCAL.unpack_from(archive, at)
        begin = at + _LOCAL.size + n_name
        name = archive[at + _LOCAL.size : begin]
        if method != _STORED or flags != _NO_FLAGS or n_extra or packed != size or not _NAME.fullmatch(name):
            raise ModelFileError(
                "repacked-model",
                "the archive was not written by churnpredict: its members are compressed, or have other names",
                remedy="Give the file as pipeline.save wrote it; nothing was unpacked.",
            )
        if begin + size > len(archive) or name.decode() in files:
            break
        files[name.decode()] = archive[begin : begin + size]
        at = begin + size
    if not files or pack(files) != archive:
        raise ModelFileError(
            "damaged-model",
            "the file is damaged or cut off: its bytes are not those that were written",
            remedy="Get it from its source again.",
        )
    return files
