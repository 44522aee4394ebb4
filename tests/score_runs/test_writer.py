"""One writer at a time; results of an unfinished run are found again, and only whole ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from churnpredict.errors import OutputError
from churnpredict.score_runs.writer import Attempt, hashed, remove, told, writing

KEY = "a" * 64


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with writing(tmp_path / "scores") as folder:
        assert folder.is_dir()
        with pytest.raises(OutputError, match="locked"), writing(folder):
            pass
    with writing(tmp_path / "scores"):
        pass


def test_what_a_killed_writer_was_removing_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".removed-2024-01-01").mkdir()
    (tmp_path / ".removed-2024-01-01" / "part").write_text("x")
    with writing(tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_staged_result_is_found_again_only_if_it_is_whole(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    path = attempt.stage(KEY, lambda file: file.write(b"rows"))
    assert attempt.staged(KEY) == Attempt(tmp_path).staged(KEY) == path
    assert attempt.staged("b" * 64) is None
    path.write_bytes(b"rowz")
    assert attempt.staged(KEY) is None
    assert not path.exists()
    attempt.forget()
    assert list(tmp_path.iterdir()) == []


def test_scratch_of_this_attempt_goes_with_it(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    with attempt.scratch() as scratch:
        (scratch / "rows").write_text("x")
    assert not scratch.exists()


def test_size_and_hash_are_those_of_what_was_written(tmp_path: Path) -> None:
    size, digest = hashed(tmp_path / "file", lambda file: (file.write(b"one"), file.write(b"two")))
    assert (size, digest) == (6, hashlib.sha256(b"onetwo").hexdigest())
    assert (tmp_path / "file").read_bytes() == b"onetwo"
    remove(tmp_path / "file")
    remove(tmp_path / "file")
    with pytest.raises(OutputError, match="not-written"), told(tmp_path):
        raise OSError(28, "No space left on device")
    with pytest.raises(ZeroDivisionError), told(tmp_path):
        print(1 // 0)
