"""Result tables on disk: whole or not there, without formulas, the same bytes for the same table."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnpredict.errors import OutputError, SourceError, UsageError
from churnpredict.table_files import beside, harmless, read_frame, write_blocks, write_frame, write_parquet


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


@pytest.mark.parametrize("dtype", [object, "str"])
def test_a_bare_carriage_return_stays_within_its_field(tmp_path: Path, dtype: object) -> None:
    """Some readers end the row there, and what follows would be a formula of a row of its own."""
    frame = pd.DataFrame({"words": pd.Series(["a\r=1+1", "plain"], dtype=dtype), "n": [1, 2]})
    with write_frame(tmp_path / "a.csv", frame).open(newline="") as file:
        assert [row["words"] for row in csv.DictReader(file)] == ["a\r=1+1", "plain"]


def test_blocks_are_row_groups_with_checksums(tmp_path: Path) -> None:
    table = pq.read_table(write_parquet(tmp_path / "one.parquet", pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]}), dictionary=["a"]))
    with open(tmp_path / "two.parquet", "wb") as file:
        write_blocks([table, table], file)
    written = pq.ParquetFile(tmp_path / "two.parquet", page_checksum_verification=True)
    assert written.num_row_groups == 2
    assert written.read()["a"].to_pylist() == ["x", "y", "x", "y"]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": ["007", "8"], "risk": [0.25, 0.5]})
    for name in ("a.csv", "a.csv.gz", "a.parquet"):
        pd.testing.assert_frame_equal(read_frame(write_frame(tmp_path / name, frame)), frame, check_dtype=False)
    with pytest.raises(SourceError, match="unreadable-scores"):
        read_frame(tmp_path / "missing.csv")
    (tmp_path / "b.parquet").write_bytes(b"no table")
    with pytest.raises(SourceError, match="unreadable-scores"):
        read_frame(tmp_path / "b.parquet")


def test_only_texts_are_made_harmless() -> None:
    assert [harmless(v) for v in ("-x", "x-", -1, None)] == ["'-x", "x-", -1, None]


@pytest.mark.parametrize(
    ("path", "there"),
    [("a/b.csv", "a/b.c.csv"), ("b.csv.gz", "b.c.csv.gz"), ("b.parquet", "b.c.parquet"), ("b.old.csv", "b.old.c.csv")],
)
def test_another_part_lies_beside_a_table(path: str, there: str) -> None:
    assert beside(Path(path), "c") == Path(there)
