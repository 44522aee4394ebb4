"""A path becomes the reader of its kind of file, and an option that does not apply to it is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import SourceError, UsageError
from churnpredict.events.sources.any_file import first_file, open_file

ROWS = pd.DataFrame({"id": [1, 2], "day": ["2024-01-01", "2024-01-02"]})
WRITE = {
    "csv": lambda path: ROWS.to_csv(path, index=False),
    "tsv": lambda path: ROWS.to_csv(path, index=False, sep="\t"),
    "csv.gz": lambda path: ROWS.to_csv(path, index=False),
    "parquet": ROWS.to_parquet,
    "json": lambda path: ROWS.to_json(path, orient="records"),
    "jsonl": lambda path: ROWS.to_json(path, orient="records", lines=True),
}


@pytest.mark.parametrize("ending", WRITE)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"log.{ending}"
    WRITE[ending](path)
    source = open_file(cp.File(path), "log")
    assert source.columns() == ["id", "day"]
    assert pd.DataFrame({c: source.read([c])[c].to_pylist() for c in ROWS}).astype(str).equals(ROWS.astype(str))
    assert first_file(cp.File(tmp_path / "log.*"), "log") == str(path)


def test_a_path_without_files_and_an_ending_without_a_reader_are_refused(tmp_path: Path) -> None:
    for path in ("nowhere.csv", "*.parquet"):
        with pytest.raises(SourceError, match="missing-file"):
            open_file(cp.File(tmp_path / path), "log")
    (tmp_path / "log.docx").write_text("?")
    with pytest.raises(SourceError, match="unknown-file"):
        open_file(cp.File(tmp_path / "log.docx"), "log")


@pytest.mark.parametrize(
    ("ending", "option"), [("parquet", {"decimal": ","}), ("csv", {"sheet": "A"}), ("csv", {"member": "a.csv"})], ids=str
)
def test_an_option_of_another_kind_is_refused(tmp_path: Path, ending: str, option: dict[str, str]) -> None:
    path = tmp_path / f"log.{ending}"
    WRITE[ending](path)
    with pytest.raises(UsageError, match="file-option"):
        open_file(cp.File(path, **option), "log")  # type: ignore[arg-type]
