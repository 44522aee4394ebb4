"""Forget customers: no byte of them stays in the runs, whatever breaks off, and what is not reached is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.score_runs.test_batch import AT, files

import churnpredict as cp
from churnpredict.errors import ChurnError, OutputError, SourceError, UsageError
from churnpredict.score_runs import forgetting, runs

pytestmark = pytest.mark.filterwarnings("ignore:the model was trained on outcomes")  # what runs hold matters here, not how good they are


@pytest.fixture(scope="module")
def parts(log: pd.DataFrame) -> Iterator[cp.events.partitions.PartitionedTables]:
    with cp.runs.scan_tables(orders=cp.Events(log, customer="who", time="paid_at", value="eur", money=True), partitions=4) as tables:
        yield tables


def test_a_forgotten_customer_is_nowhere(trained: cp.ChurnPipeline, parts: Any, tmp_path: Path) -> None:
    """In no byte of any file, in all runs, and what is said of the others stays."""
    folder = tmp_path / "scores"
    for at in ("2023-11-01", AT):
        cp.runs.write_scores(trained, parts, folder, at=at, detail="drivers")
    before = {at: cp.runs.read_scores(folder, at=at) for at in ("2023-11-01", AT)}
    gone = sorted(set(before[AT]["customer_id"]) & set(before["2023-11-01"]["customer_id"]))[:2]
    (folder / ".attempt").mkdir()
    (folder / ".attempt" / "left").write_text(gone[0])
    with pytest.raises(UsageError, match="no-customers"):
        cp.runs.forget([], folder)
    found = cp.runs.forget([*gone, "nobody", gone[0], f" {before[AT]['customer_id'].iloc[-1]}"], folder)
    assert {name: found[name] for name in ("runs", "rows", "rows_in_table")} == {"runs": 2, "rows": 4, "rows_in_table": 0}
    assert [found[name] for name in ("asked", "found", "not_found", "spelt_otherwise")] == [4, 2, 2, 1]
    assert not [name for name, content in files(folder).items() if any(one.encode() in content for one in gone)]
    for at, scores in before.items():
        stay = scores[~scores["customer_id"].isin(gone)].reset_index(drop=True)
        pd.testing.assert_frame_equal(cp.runs.read_scores(folder, at=at), stay, check_exact=True)
    manifest = json.loads((folder / AT / "manifest.json").read_text())
    assert sum(manifest["bands"].values()) == manifest["rows"] == len(before[AT]) - 2
    cp.runs.write_scores(trained, parts, folder, at=AT, detail="drivers")  # the same data once more: the job is done, nobody comes back
    assert runs.run_names(folder) == [AT, "2023-11-01"]
    assert cp.runs.forget(before[AT]["customer_id"], folder)["runs"] == 2
    assert runs.run_names(folder) == ["2023-11-01"]
    with pytest.raises(SourceError, match="no-run"):
        cp.runs.forget(["K1"], tmp_path / "nowhere")


def test_forgetting_that_breaks_off_leaves_whole_runs(
    trained: cp.ChurnPipeline, parts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cp.runs.write_scores(trained, parts, tmp_path, at=AT, detail="drivers")
    scores = cp.runs.read_scores(tmp_path)
    one = scores["customer_id"].iloc[0]
    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "write_whole", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OutputError, match="not-written"):
            cp.runs.forget([one], tmp_path)
    pd.testing.assert_frame_equal(cp.runs.read_scores(tmp_path), scores, check_exact=True)
    cp.runs.forget([one], tmp_path)
    assert not [name for name, content in files(tmp_path).items() if one.encode() in content]


def test_forgetting_reaches_what_lies_around_and_names_what_it_does_not_reach(
    trained: cp.ChurnPipeline, parts: Any, tmp_path: Path
) -> None:
    """Parts of an earlier manifest, temporary files, folders in runs; a damaged run does not keep the others from being cleaned."""
    folder = tmp_path / "scores"
    for at in ("2023-11-01", AT):
        cp.runs.write_scores(trained, parts, folder, at=at, detail="drivers")
    one = str(sorted(set(cp.runs.read_scores(folder)["customer_id"]) & set(cp.runs.read_scores(folder, at="2023-11-01")["customer_id"]))[0])
    for name in (".part-00000.parquet.abc.part", "part-00000.7.parquet", "notes.txt"):
        (folder / AT / name).write_text(one)
    (folder / AT / "copies").mkdir()
    (folder / AT / "copies" / "old").write_text(one)
    (folder / ".removed-2023-10-01").mkdir()
    (folder / ".removed-2023-10-01" / "part").write_text(one)
    (folder / "2023-11-01.copy").mkdir()
    (folder / "2023-11-01.7").mkdir()  # of the name of a run, without a manifest
    with pytest.raises(SourceError, match="Move the 1 unreadable runs away"):
        cp.runs.forget([one], folder)
    assert not [name for name, content in files(folder).items() if one.encode() in content]
    shutil.rmtree(folder / "2023-11-01.7")
    found = cp.runs.forget([one], folder)
    assert (found["asked"], found["found"], found["not_reached"]) == (1, 0, ["2023-11-01.copy"])
    with pytest.raises(SourceError, match="is a run, not the folder of runs"):
        cp.runs.forget([one], folder / AT)
    with pytest.raises(SourceError, match="holds no run"):
        cp.runs.forget([one], tmp_path)
    for wrong, code in (("K1", "no-customers"), ([1.0], "float-id"), ([None], "null-id")):
        with pytest.raises(ChurnError, match=code):
            cp.runs.forget(wrong, folder)


@pytest.mark.parametrize("ids", ["int64", "str"])
def test_numbers_and_texts_are_compared_as_they_are_written(trained: cp.ChurnPipeline, log: pd.DataFrame, tmp_path: Path, ids: str) -> None:
    numbers = log["who"].str[1:]
    given = log.assign(who=numbers.astype(ids) if ids == "int64" else numbers)
    orders = cp.EventTables(orders=cp.Events(given, customer="who", time="paid_at", value="eur", money=True))
    cp.runs.write_scores(trained, orders, tmp_path, at=AT, detail="drivers")
    held = sorted(str(c) for c in cp.runs.read_scores(tmp_path)["customer_id"])
    padded = f"{int(held[0]):04d}"
    found = cp.runs.forget([padded], tmp_path)
    exact = padded == held[0]
    assert (found["found"], found["spelt_otherwise"]) == ((1, 0) if exact else (0, 1))
    assert cp.runs.forget([int(held[1]) if ids == "int64" else held[1]], tmp_path)["found"] == 1


IDS = "K0001\nK0002 \n\n'K3'\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_a_list_of_ids_is_read_as_it_stands(encoding: str, ends: str) -> None:
    assert forgetting.ids_in(IDS.replace("\n", ends).encode(encoding), "ids.txt") == ["K0001", "K0002 ", "'K3'"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (IDS.encode("utf-16"), "UTF-16"),
        (IDS.encode("utf-16-be"), "UTF-16 without"),
        (b"\xfe\xff" + IDS.encode("utf-16-be"), "UTF-16"),
        (IDS.encode("utf-32"), "UTF-32"),
        ("Müller\n".encode("cp1252"), "Windows-1252"),
        (b"PK\x03\x04...", "workbook"),
        (b"PAR1....", "Parquet"),
        (b"\x1f\x8b....", "gzipped"),
    ],
)
def test_a_list_of_another_encoding_is_refused_by_name(content: bytes, named: str) -> None:
    with pytest.raises(SourceError, match=named) as refused:
        forgetting.ids_in(content, "ids.txt")
    assert refused.value.code == "not-utf8"
    assert "ller" not in str(refused.value)
