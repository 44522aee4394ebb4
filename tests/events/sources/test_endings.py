"""Endings of tables: each is read by one reader, found in folders by `init`, and told on the page of files."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from churnpredict.cli.intake.found_files import found_files
from churnpredict.events.sources.endings import JSON, JSON_LINES, PACKED, PARQUET, STREAMS, TABLES, TEXT, WORKBOOKS, ZIP
from churnpredict.events.sources.folders import files_within

PAGE = Path(__file__).parents[3] / "docs" / "how" / "file-formats.md"


@pytest.mark.parametrize("ending", TABLES)
def test_a_file_of_every_ending_is_found_by_init(ending: str, tmp_path: Path) -> None:
    (tmp_path / f"orders{ending}").write_bytes(b"x")
    assert found_files(tmp_path) == [tmp_path / f"orders{ending}"]


@pytest.mark.parametrize("ending", [e for e in TABLES if not e.startswith((".txt.", ".json."))])
def test_a_folder_of_files_of_one_ending_is_one_table(ending: str, tmp_path: Path) -> None:
    (tmp_path / f"a{ending}").write_bytes(b"x")
    assert files_within(str(tmp_path), "orders").endswith(f"*{ending}")


def test_notes_beside_a_table_are_not_of_it(tmp_path: Path) -> None:
    for name in ("a.csv.gz", "notes.txt", "meta.json"):
        (tmp_path / name).write_bytes(b"x")
    assert files_within(str(tmp_path), "orders").endswith("*.csv.gz")


def test_a_folder_of_packed_lines_of_json_is_read(tmp_path: Path) -> None:
    import churnpredict as cp

    frame = pd.DataFrame({"who": [1, 2], "at": ["2024-01-01", "2024-02-01"]})
    for part in "ab":
        frame.assign(at=frame["at"] + f" 0{ord(part) % 10}:00").to_json(tmp_path / f"{part}.jsonl.gz", orient="records", lines=True)
    assert len(cp.EventTables(orders=cp.Events(tmp_path, customer="who", time="at")).streams["orders"]) == 4


def test_every_ending_has_one_kind() -> None:
    assert len(set(TABLES)) == len(TABLES)
    assert (*STREAMS, ZIP) == PACKED
    assert set(JSON_LINES) < set(JSON)


def test_the_page_of_files_tells_every_ending() -> None:
    rows = re.findall(r"^\| (`\..*?) \|", PAGE.read_text(), re.M)
    told = {ending for row in rows for ending in re.findall(r"`(\.\w+)`", row)}
    assert {".csv"} < told
    assert told | {".pq"} == {*TEXT, *PARQUET, *JSON, *WORKBOOKS, *PACKED}
