"""Packed files: read as they are inside, whatever packs them; what no table holds is refused before it fills the disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import pytest

from churnpredict.errors import SourceError, UsageError
from churnpredict.events.sources.unpacking import check_size, members, open_bytes, stem_ending, write_plain

TEXT = b"id,day\n1,2024-01-01\n"


def packed(folder: Path, ending: str) -> str:
    path = folder / f"log.csv{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("log.csv", TEXT)
            archive.writestr("__MACOSX/._log.csv", b"?")
            archive.writestr("notes.md", b"?")
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, "": bytes}[ending]
        path.write_bytes(pack(TEXT))
    return str(path)


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zip"])
def test_the_bytes_inside_are_read(tmp_path: Path, ending: str) -> None:
    with open_bytes(packed(tmp_path, ending), None, "log") as file:
        assert file.read() == TEXT
    assert stem_ending(f"log.CSV{ending}") == (".zip" if ending == ".zip" else ".csv")


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".xz", ".zip"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, ending: str) -> None:
    path = Path(packed(tmp_path, ending))
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(SourceError, match="unreadable-file"), open_bytes(str(path), None, "log") as file:
        file.read()


def test_one_table_of_an_archive_is_chosen(tmp_path: Path) -> None:
    path = str(tmp_path / "logs.zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, name)
    assert [m.filename for m in members(path, (".csv",))] == ["a.csv", "b.csv"]
    with open_bytes(path, "b.csv", "log") as file:
        assert file.read() == b"b.csv"
    for member in (None, "c.csv"):
        with pytest.raises(UsageError, match="choose-member"), open_bytes(path, member, "log"):
            pass


def test_a_size_that_no_table_has_is_refused() -> None:
    check_size("log.gz", 1 << 20, 100 << 20, "log")
    for small, large in ((1 << 10, 100 << 20), (10 << 30, 40 << 30)):
        with pytest.raises(SourceError, match="oversized-file"):
            check_size("log.gz", small, large, "log")


def test_a_plain_copy_leaves_out_what_stands_around_the_table(tmp_path: Path) -> None:
    text = 'Report\nof May\nid,name\n1,ä\n2,"two\nlines"\n\nTotal,2\n;\n'
    target = tmp_path / "plain.csv"
    assert write_plain(io.BytesIO(text.encode("cp1252")), target, encoding="cp1252", skip_rows=2, footer_rows=1)
    assert target.read_text() == 'id,name\n1,ä\n2,"two\nlines"\n\n'
    assert not write_plain(io.BytesIO("ä".encode("cp1252")), target, encoding="utf-8", skip_rows=0, footer_rows=0)
