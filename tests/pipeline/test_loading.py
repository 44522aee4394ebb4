"""Pipelines from files: those of earlier versions too, by path or by their bytes, and only the one that is expected."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import churnpredict as cp
from churnpredict.errors import ModelFileError
from churnpredict.pipeline.loading import load, unpacked

MODELS = sorted((Path(__file__).parents[1] / "data" / "models").glob("*.model"))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_a_file_and_its_bytes_are_the_same_pipeline(path: Path) -> None:
    content = path.read_bytes()
    loaded = load(path, expected_sha256=hashlib.sha256(content).hexdigest())
    assert isinstance(loaded, cp.ChurnPipeline)
    assert loaded.model_id_ == unpacked(content).model_id_
    with pytest.raises(ModelFileError, match="other-model"):
        load(path, expected_sha256="0" * 64)
    with pytest.raises(ModelFileError):
        unpacked(content[:-1])


def test_models_of_earlier_versions_are_here() -> None:
    assert len(MODELS) >= 2
