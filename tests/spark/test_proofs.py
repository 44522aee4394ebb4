"""What proves that a file is what it was: never its time and size."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from churnpredict.spark import proofs
from churnpredict.spark.input_files import file_table
from churnpredict.spark.proofs import proved


@pytest.mark.parametrize("local", [True, False])
def test_a_time_and_a_size_prove_nothing(session: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, local: bool) -> None:
    monkeypatch.setattr(proofs, "is_local", lambda path: local)
    files = file_table(session.read.option("recursiveFileLookup", "true").parquet(str(folder))).files
    first = {address: proof for address, (proof, _) in proved(session, files, {}).items()}
    assert all(unchanged for _, unchanged in proved(session, files, first).values())
    path, stat = folder / "a b.parquet", (folder / "a b.parquet").stat()
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert [address.rsplit("/", 1)[1] for address, (_, unchanged) in proved(session, files, first).items() if not unchanged] == [
        "a%20b.parquet"
    ]


class Status:
    """A file as a store with tags, or HDFS with checksums, shows it."""

    def __init__(self, tag: str | None, checksum: bytes | None) -> None:
        self._checksum = checksum
        if tag is not None:
            self.getEtag = lambda: tag

    def getLen(self) -> int:
        return 5

    def getModificationTime(self) -> int:
        return 7

    def getPath(self) -> Any:
        return self

    def getFileSystem(self, _: Any) -> Any:
        return self

    def getFileChecksum(self, _: Any) -> Any:
        return None if self._checksum is None else self

    def getAlgorithmName(self) -> str:
        return "MD5-of-CRC32C"

    def getBytes(self) -> bytes:
        assert self._checksum is not None
        return self._checksum


def test_tags_of_stores_and_checksums_of_blocks(session: Any) -> None:
    assert proofs.state_of(session, Status("abc", None)) == "tag 5 abc"
    assert proofs.state_of(session, Status("", b"\x01\xff")) == "checksum 5 7 MD5-of-CRC32C 01ff"
    assert proofs.state_of(session, Status(None, None)) == ""
