"""Proof that files are what they were: their names and contents, whatever the times of a file system say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from churnpredict.events.history.units import Proof, is_unchanged, take_proof
from churnpredict.events.sources.base import Unit


def unit_of(*paths: Path) -> Unit:
    return Unit("u", tuple(map(str, paths)), lambda *_: iter(()))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text(f"{path.name}\n")
    return paths


def test_files_that_were_only_touched_or_moved_together_are_what_they_were(files: list[Path], tmp_path: Path) -> None:
    proof = take_proof(unit_of(*files))
    os.utime(files[0], (0, 0))
    renewed = is_unchanged(unit_of(*files), proof)
    assert renewed is not None
    (tmp_path / "moved").mkdir()
    moved = [path.rename(tmp_path / "moved" / path.name) for path in files]
    assert is_unchanged(unit_of(*moved), renewed) is not None


@pytest.mark.parametrize("change", ["same length", "longer", "gone", "one fewer", "renamed"])
def test_any_change_is_noticed(files: list[Path], tmp_path: Path, change: str) -> None:
    proof, before = take_proof(unit_of(*files)), os.stat(files[0])
    if change == "same length":
        files[0].write_text("A.csv\n")
        os.utime(files[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "longer":
        files[0].write_text("a.csv\nmore\n")
    elif change == "gone":
        files[0].unlink()
    elif change == "renamed":
        files[0] = files[0].rename(tmp_path / "c.csv")
    assert is_unchanged(unit_of(*(files[1:] if change == "one fewer" else files)), proof) is None


def test_a_proof_is_kept_as_text(files: list[Path]) -> None:
    proof = take_proof(unit_of(*files))
    assert Proof.of(proof.described()) == proof
    assert is_unchanged(unit_of(), take_proof(unit_of())) is None, "no files prove nothing"
