"""The folder of runs: names by cutoff, the newest found, and every changed byte refused."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import SourceError, UsageError
from churnpredict.score_runs.runs import MANIFEST, Part, Run, find_run, open_run, run_name, run_names

ROWS = pd.DataFrame({"customer_id": ["a", "b", "c"], "risk": [0.1, 0.9, 0.1]})


def written(folder: Path, name: str = "2024-09-01") -> Run:
    """A run of three customers, as a writer leaves it."""
    (folder / name).mkdir(parents=True)
    file = io.BytesIO()
    ROWS.to_parquet(file, index=False)
    content = file.getvalue()
    (folder / name / "part-00000.parquet").write_bytes(content)
    part = Part("part-00000.parquet", len(ROWS), len(content), hashlib.sha256(content).hexdigest())
    moment = pd.Timestamp(name[:10]).value // 1000
    run = Run(folder / name, name[:10], moment, "m1", None, "i" * 64, "words", tuple(ROWS), 3, {"high": 1}, (part,), {})
    (folder / name / MANIFEST).write_bytes(run.manifest())
    return run


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = written(tmp_path)
    assert open_run(tmp_path / "2024-09-01") == run
    run.verify()
    assert cp.runs.read_scores(tmp_path)["customer_id"].tolist() == ["b", "a", "c"]
    assert cp.runs.read_scores(tmp_path, columns=["risk"])["risk"].tolist() == [0.9, 0.1, 0.1]
    with pytest.raises(UsageError, match="unknown-column"):
        cp.runs.read_scores(tmp_path, columns=["value"])


def test_names_tell_the_cutoff_and_the_newest_is_first(tmp_path: Path) -> None:
    for name in ("2024-09-01", "2024-10-01", "2024-10-01.2", "2024-10-01.10"):
        written(tmp_path, name)
    (tmp_path / "notes").mkdir()
    assert run_names(tmp_path) == ["2024-10-01.10", "2024-10-01.2", "2024-10-01", "2024-09-01"]
    assert run_names(tmp_path, "2024-09-01") == ["2024-09-01"]
    assert find_run(tmp_path).path.name == "2024-10-01.10"
    assert run_name(pd.Timestamp("2024-10-01"), run_names(tmp_path)) == "2024-10-01.11"
    assert run_name(pd.Timestamp("2024-10-01 06:30"), []) == "2024-10-01T063000"
    for nowhere in (tmp_path / "none", tmp_path / "notes"):
        with pytest.raises(SourceError, match="no-run"):
            find_run(nowhere)


def test_any_changed_byte_is_refused(tmp_path: Path) -> None:
    run = written(tmp_path)
    part, manifest = run.path / "part-00000.parquet", run.path / MANIFEST
    whole, described = part.read_bytes(), manifest.read_bytes()
    for damage in (whole[:-1], whole + b"\0", bytes([whole[0] ^ 1]) + whole[1:]):
        part.write_bytes(damage)
        with pytest.raises(SourceError, match="damaged-run"):
            cp.runs.read_scores(tmp_path)
    part.write_bytes(whole)
    for damage in (b"", described[:-2], described.replace(b'"rows": 3', b'"rows": 4')):
        manifest.write_bytes(damage)
        with pytest.raises(SourceError, match="damaged-run"):
            open_run(run.path)
    other = dataclasses.replace(run, parts=(dataclasses.replace(run.parts[0], name="../secret.parquet"),))
    manifest.write_bytes(other.manifest())
    with pytest.raises(SourceError, match="damaged-run"):
        open_run(run.path)
