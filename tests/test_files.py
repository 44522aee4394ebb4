"""Files are written whole or not at all, and a lock has one holder."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from churnpredict.errors import OutputError
from churnpredict.files import lock, may_be_file, umask, write_text, write_whole


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "before")

    def fail(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="not-written"):
        write_whole(path, fail)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_results_have_the_usual_permissions(tmp_path: Path) -> None:
    written = write_text(tmp_path / "new" / "a.txt", "ü")
    assert written.read_bytes() == "ü".encode()
    assert stat.S_IMODE(written.stat().st_mode) == 0o666 & ~umask()


def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not may_be_file(tmp_path / "pipe")
    assert may_be_file(tmp_path / "nothing yet")
    with pytest.raises(OutputError, match="not a regular file"):
        write_text(tmp_path / "pipe", "x")


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    with open(tmp_path / "lock", "ab") as one, open(tmp_path / "lock", "ab") as two:
        assert lock(one.fileno(), wait=False)
        assert not lock(two.fileno(), wait=False)
    with open(tmp_path / "lock", "ab") as three:
        assert lock(three.fileno(), wait=False)
