"""The zip of a model file: the same bytes for the same contents, and nothing but its own bytes is unpacked."""

from __future__ import annotations

import io
import zipfile

import pytest

from churnpredict.errors import ModelFileError
from churnpredict.model_file.archive import pack, unpack

FILES = {"manifest.json": b"{}", "trees.txt": b"tree\n" * 20}


def test_what_is_packed_is_unpacked_and_any_zip_reader_agrees() -> None:
    content = pack(FILES)
    assert unpack(content) == FILES
    assert pack(FILES) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_no_changed_byte_goes_unnoticed() -> None:
    content = pack(FILES)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ModelFileError):
            unpack(bytes(changed))
    for cut in (b"", content[:-1], content + b"\0", b"\0" + content):
        with pytest.raises(ModelFileError, match="damaged-model"):
            unpack(cut)


@pytest.mark.parametrize(
    ("name", "method"), [("a.txt", zipfile.ZIP_DEFLATED), ("../a.txt", zipfile.ZIP_STORED), ("A.exe", zipfile.ZIP_STORED)]
)
def test_archives_of_other_writers_are_refused(name: str, method: int) -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w", method) as archive:
        archive.writestr(name, b"x" * 100)
    with pytest.raises(ModelFileError, match="repacked-model"):
        unpack(other.getvalue())
