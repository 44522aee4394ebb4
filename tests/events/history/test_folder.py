"""The folder of a kept history: one process at a time, a manifest that is whole or refused, and nothing that it does not name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from churnpredict.errors import OutputError, SourceError
from churnpredict.events.history.folder import MANIFEST, Folder

SEGMENT = "a" * 64


def content(*files: str) -> dict[str, object]:
    return {"tables": {"orders": {"segments": [{"file": name} for name in files]}}}


def test_what_was_written_is_read_and_what_is_not_named_is_removed(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "history")
    assert folder.manifest() is None
    for name in (SEGMENT, "b" * 64, "notes.txt"):
        (folder.rows / name).write_bytes(b"")
    folder.write(content(SEGMENT))
    assert {file.name for file in folder.rows.iterdir()} == {SEGMENT, "notes.txt"}, "only files of rows are removed"
    found = folder.manifest()
    assert found is not None
    assert found["tables"] == content(SEGMENT)["tables"]
    folder.clear()
    assert folder.manifest() is None
    folder.close()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "history")
    with pytest.raises(OutputError, match="locked"):
        Folder(tmp_path / "history")
    folder.close()
    Folder(tmp_path / "history").close()


def test_a_manifest_that_was_changed_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "history")
    folder.write(content(SEGMENT))
    path = tmp_path / "history" / MANIFEST
    whole = json.loads(path.read_text())
    for damage in ("", "[]", path.read_text()[:-3], json.dumps(whole | {"version": 2}), json.dumps(whole | {"sha256": "0" * 64})):
        path.write_text(damage)
        with pytest.raises(SourceError, match="damaged-history"):
            folder.manifest()
    folder.close()


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(OutputError, match="not-a-history"):
        Folder(tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "mine"
