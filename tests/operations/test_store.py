"""A saved pipeline is whole or refused, and what stood under its name survives a failed write."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ModelFileError, OutputError, UsageError
from churnpredict.operations.output import write_frame, write_text, write_whole

UNTIL = "2023-12-01"


@pytest.fixture(scope="module")
def saved(trained: cp.ChurnPipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained.save(tmp_path_factory.mktemp("model") / "deep" / "churn.model")


def test_loaded_scores_are_those_of_the_saved(saved: Path, trained: cp.ChurnPipeline, tables: cp.EventTables) -> None:
    pd.testing.assert_frame_equal(cp.load(saved).score(tables, at=UNTIL), trained.score(tables, at=UNTIL))


def test_the_expected_sha256_is_held(saved: Path) -> None:
    digest = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert cp.load(saved, expected_sha256=digest.upper()).model_id_
    with pytest.raises(ModelFileError, match="other-model"):
        cp.load(saved, expected_sha256="0" * 64)
    with pytest.raises(UsageError, match="bad-sha256"):
        cp.load(saved, expected_sha256="abc")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text", "newer"])
def test_damaged_files_are_refused_unopened(saved: Path, tmp_path: Path, damage: str) -> None:
    content = bytearray(saved.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[-100] ^= 1
    elif damage == "empty":
        content = bytearray()
    elif damage == "text":
        content = bytearray(b"id,risk\n1,0.5\n")
    else:
        content = bytearray(b"churnpredict model, format 9\nxyz")
    path = tmp_path / "m.model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        cp.load(path)


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("bomb-went-off"),))


def test_a_pickle_offered_as_a_model_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.model").write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ModelFileError, match="not-a-model"):
        cp.load("m.model")
    assert not (tmp_path / "bomb-went-off").exists()


def test_no_customer_id_in_a_model_file(trained: cp.ChurnPipeline) -> None:
    assert b"K0007" not in pickle.dumps(trained)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.txt", "before")

    def fail(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="not-written"):
        write_whole(path, fail)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_output_that_cannot_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(OutputError, match="not-written"):
        write_frame(tmp_path / "folder.csv", pd.DataFrame({"a": [1]}))
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_cannot_carry_formulas(tmp_path: Path, sign: str) -> None:
    frame = pd.DataFrame({f"{sign}name": [f"{sign}1+1", "plain"], "number": [-1.5, 2.0]})
    back = pd.read_csv(write_frame(tmp_path / "a.csv", frame))
    assert back.iloc[0, 0].startswith("'")
    assert back.iloc[1, 0] == "plain"
    assert back.columns[0].startswith("'")
    assert back["number"].tolist() == [-1.5, 2.0]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    frame = pd.DataFrame({"customer_id": ["a", "b"], "risk": [0.1, 0.2], "cutoff": pd.to_datetime(["2024-01-01"] * 2)})
    first, second = (write_frame(tmp_path / sub / name, frame).read_bytes() for sub in ("one", "two"))
    assert first == second
    read = pd.read_parquet if name.endswith("parquet") else pd.read_csv
    assert read(tmp_path / "one" / name)["risk"].tolist() == [0.1, 0.2]


def test_an_unknown_ending_is_refused_before_work_is_done(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown-ending"):
        write_frame(tmp_path / "scores.xlsx", pd.DataFrame({"a": [1]}))
