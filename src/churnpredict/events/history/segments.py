"""Kept rows as files: flat arrays and distinct values, named after their content, with a checksum, mapped into memory."""

from __future__ import annotations

import hashlib
import mmap
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from churnpredict.errors import SourceError
from churnpredict.events.history.kept_rows import KeptRows
from churnpredict.events.streams import UNIT
from churnpredict.files import write_whole

__all__ = ["Segment", "Shelf", "load_segment", "pack_segment", "save_segment", "unpack_segment"]

_KINDS = ("<i8", "<i4", "<f8")  # what arrays may hold; nothing in a file is ever run
_ALIGN = 64
_IDS = "ids"


@dataclass(frozen=True)
class Shelf:
    """Where kept rows are, and how they are cut.

    Attributes
    ----------
    folder : Path
        Of files of rows.
    scratch : Path
        For what does not fit into memory while it is read.
    n : int
        Number of partitions of customers.
    timezone : str
    """

    folder: Path
    scratch: Path
    n: int
    timezone: str


@dataclass(frozen=True)
class Segment:
    """One file of kept rows: what the manifest says about it.

    Attributes
    ----------
    partition : int
    file : str
        SHA-256 of what is in it, which is its name.
    size, checksum : int
        In bytes, and CRC-32 of all of them: what was damaged is never read as rows.
    rows : int
    units : tuple of int
        Which units its rows come from.
    arrays : tuple of (name, type, number of values)
        In the order of the file.
    values : tuple of (name, number of bytes)
        The ids, and the labels of columns, as Arrow, after the arrays.
    days_only : bool
    """

    partition: int
    file: str
    size: int
    checksum: int
    rows: int
    units: tuple[int, ...]
    arrays: tuple[tuple[str, str, int], ...]
    values: tuple[tuple[str, int], ...]
    days_only: bool

    def described(self) -> dict[str, Any]:
        """Return what is in the manifest."""
        return dict(vars(self))

    @classmethod
    def of(cls, told: dict[str, Any]) -> Segment:
        """Return what a manifest says."""
        arrays = tuple((str(name), str(kind), int(n)) for name, kind, n in told["arrays"])
        values = tuple((str(name), int(n)) for name, n in told["values"])
        return replace(cls(**told), units=tuple(told["units"]), arrays=arrays, values=values)


def save_segment(folder: Path, partition: int, kept: KeptRows) -> Segment:
    """Write rows under the name of their content."""
    segment, content = pack_segment(partition, kept)
    write_whole(folder / segment.file, _writer(content))
    return segment


def pack_segment(partition: int, kept: KeptRows) -> tuple[Segment, list[Any]]:
    """Return what a manifest says about rows, and the parts of which their file consists."""
    flat: dict[str, npt.NDArray[Any]] = {"offsets": kept.offsets, "times": kept.times}
    flat |= {f"columns/{name}": values for name, values in kept.columns.items()}
    content: list[Any] = []
    for array in flat.values():
        plain = np.ascontiguousarray(array)
        content += [plain.view(np.uint8).data, bytes(-plain.nbytes % _ALIGN)]
    named = {_IDS: kept.ids, **{f"labels/{name}": values for name, values in kept.labels.items()}}
    packed = {name: _packed(values) for name, values in named.items()}
    content += packed.values()
    digest, checksum, size = hashlib.sha256(), 0, 0
    for part in content:
        digest.update(part)
        checksum = zlib.crc32(part, checksum)
        size += len(part)
    arrays = tuple((name, array.dtype.str, array.size) for name, array in flat.items())
    values = tuple((name, len(part)) for name, part in packed.items())
    units = tuple(np.unique(kept.columns[UNIT]).tolist())
    return Segment(partition, digest.hexdigest(), size, checksum, len(kept), units, arrays, values, kept.days_only), content


def _writer(content: list[Any]) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        for part in content:
            file.write(part)

    return write


def _packed(values: pa.Array) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("values", values.type)])) as writer:
        writer.write_batch(pa.record_batch([values], names=["values"]))
    return sink.getvalue().to_pybytes()


def load_segment(folder: Path, segment: Segment, *, verify: bool) -> KeptRows:
    """Return the rows of a file, mapped into memory: pages are read as they are used, and what is changed in memory stays there.

    Raises
    ------
    SourceError
        ``damaged-history``: the file is not there, or is not what was written.
    """
    try:
        with open(folder / segment.file, "rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        raise _damaged("a file of kept rows is missing or empty") from None
    return unpack_segment(memoryview(mapped), segment, verify=verify)


def unpack_segment(content: memoryview, segment: Segment, *, verify: bool) -> KeptRows:
    """Return the rows of a file's content, which begins where an array may begin.

    Raises
    ------
    SourceError
        ``damaged-history``: it is not what was written.
    """
    if len(content) != segment.size or (verify and zlib.crc32(content) != segment.checksum):
        raise _damaged("a file of kept rows is not what was written")
    found: dict[str, npt.NDArray[Any]] = {}
    at = 0
    for name, kind, n in segment.arrays:
        if kind not in _KINDS or n < 0 or at + 8 * n > len(content) + 4 * n * (kind == "<i4"):
            raise _damaged("the manifest does not fit a file of kept rows")
        found[name] = np.frombuffer(content, kind, n, at)
        at += found[name].nbytes + -found[name].nbytes % _ALIGN
    values = {}
    for name, size in segment.values:
        values[name] = _unpacked(bytes(content[at : at + size]))
        at += size
    columns = {name.removeprefix("columns/"): array for name, array in found.items() if name.startswith("columns/")}
    labels = {name.removeprefix("labels/"): v for name, v in values.items() if name != _IDS}
    return KeptRows(values[_IDS], found["offsets"], found["times"], columns, labels, segment.days_only)


def _unpacked(content: bytes) -> pa.Array:
    try:
        with pa.ipc.open_stream(content) as reader:
            column = reader.read_all().column(0)
    except (pa.ArrowException, OSError, IndexError):
        raise _damaged("a file of kept rows is not what was written") from None
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _damaged(what: str) -> SourceError:
    return SourceError("damaged-history", what, remedy="It is read again from its sources; check the disk.")
