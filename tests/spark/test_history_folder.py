"""The folder of a kept history: two writers never mix, and a manifest is there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churnpredict.errors import OutputError
from churnpredict.spark.history_folder import HistoryFolder

WAYS = ["file", "hdfs", "s3a"]  # a link, a rename, a file that is created whole


@pytest.mark.parametrize("way", WAYS)
def test_of_two_writers_the_second_is_refused(session: Any, tmp_path: Path, way: str) -> None:
    folders = [HistoryFolder(session, str(tmp_path / "history")) for _ in range(2)]
    for folder in folders:
        folder.scheme = way
        (tmp_path / "history" / "rows" / folder.new_generation()).mkdir()
    mine = folders[0].new_generation()
    (tmp_path / "history" / "rows" / mine).mkdir()
    folders[0].write({"who": 1}, {mine})
    with pytest.raises(OutputError, match="locked"):
        folders[1].write({"who": 2}, set())
    left = HistoryFolder(session, str(tmp_path / "history"))
    manifest = left.manifest()
    assert manifest is not None
    assert manifest["who"] == 1
    assert [p.name for p in (tmp_path / "history" / "rows").iterdir()] == [mine], "what no manifest names is removed"
    later = left.new_generation()
    (tmp_path / "history" / "rows" / later).mkdir()
    folders[0].tidy({mine})
    assert (tmp_path / "history" / "rows" / later).exists(), "a run that has begun since is not disturbed"
    assert sorted(p.name for p in (tmp_path / "history").iterdir() if "manifest" in p.name and not p.name.endswith(".crc")) == [
        "manifest-0000000001.json"
    ]


def test_part_of_a_manifest_is_not_one(session: Any, tmp_path: Path) -> None:
    """A store without renames may show part of what a killed run has written."""
    folder = HistoryFolder(session, str(tmp_path / "history"))
    folder.write({"who": 1}, set())
    (tmp_path / "history" / "manifest-0000000002.json").write_text('{"who": 2')
    again = HistoryFolder(session, str(tmp_path / "history"))
    told = again.manifest()
    assert told is not None
    assert told["who"] == 1
    again.write({"who": 3}, set())
    told = HistoryFolder(session, str(tmp_path / "history")).manifest()
    assert told is not None
    assert told["who"] == 3


def test_another_folder_is_not_touched(session: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="not-a-history"):
        HistoryFolder(session, str(tmp_path))
