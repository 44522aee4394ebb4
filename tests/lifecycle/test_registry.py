"""The folder of champions: damage is found, a kill leaves the old or the new one, and two processes decide once."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from churnpredict.errors import ModelFileError
from churnpredict.lifecycle import registry, retraining
from churnpredict.lifecycle.registry import Registry
from churnpredict.pipeline.churn_pipeline import ChurnPipeline


def test_damage_is_found(tmp_path: Path, champion: ChurnPipeline) -> None:
    held = Registry(tmp_path)
    held.add(champion)
    path = held.champion_file()
    assert path is not None
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelFileError, match="other-model"):
        held.champion()
    (tmp_path / "registry.json").write_text('{"format": "something else"}')
    with pytest.raises(ModelFileError, match="damaged-registry"):
        held.history()


def test_killed_between_the_model_and_the_pointer(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    """Law 13: the old champion stands, and doing it again gives what an undisturbed run gives, byte for byte."""
    held, undisturbed = Registry(tmp_path / "killed"), Registry(tmp_path / "undisturbed")
    for one in (held, undisturbed):
        one.add(champion)
    undisturbed.record(promoted)
    child = multiprocessing.get_context("fork").Process(target=_dies_before_the_pointer, args=(held.folder, promoted))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(list(held.folder.glob("*.model"))) == 2  # the new file is there, and nobody names it
    assert (held.champion() or promoted.winner).model_id_ == champion.model_id_
    with held.deciding():  # the lock went with the process
        held.record(promoted)
    for name in ("registry.json", *(p.name for p in undisturbed.folder.glob("*.model"))):
        assert (held.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes()


def _dies_before_the_pointer(folder: Path, decision: retraining.Retraining) -> None:
    def killed(path: Path, write: object) -> None:
        if path.name == "registry.json":
            os.kill(os.getpid(), signal.SIGKILL)
        honest(path, write)

    honest, registry.write_whole = registry.write_whole, killed
    held = Registry(folder)
    with held.deciding():
        held.record(decision)


def _adds(folder: Path, decision: retraining.Retraining) -> None:
    held = Registry(folder)
    with held.deciding():
        if held.decided("the same data") is None:
            held.record(decision, "the same data")


def test_two_at_once_decide_once(tmp_path: Path, champion: ChurnPipeline, promoted: retraining.Retraining) -> None:
    held = Registry(tmp_path)
    held.add(champion)
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_adds, args=(tmp_path, promoted)) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert [e.action for e in held.history()] == ["add", "promote"]
