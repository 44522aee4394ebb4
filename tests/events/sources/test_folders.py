"""A folder or a glob is one table: files of other kinds or without its columns are refused or named, never filled in silence."""

from __future__ import annotations

import warnings
from pathlib import Path

import pandas as pd
import pytest

import churnpredict as cp
from churnpredict.errors import ChurnWarning, SchemaError, SourceError
from churnpredict.events.sources.folders import check_alike, files_within
from churnpredict.runs import scan_tables

ORDERS = pd.DataFrame({"who": [1, 2, 1], "at": ["2024-01-01", "2024-02-01", "2024-03-01"], "eur": [1.5, 2.5, 3.5]})
PEOPLE = pd.DataFrame({"who": [1, 2], "joined": ["2023-01-01", "2023-02-01"]})
WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
    ".jsonl": lambda frame, path: frame.to_json(path, orient="records", lines=True),
}


def read(source: object, **how: object) -> int:
    return len(
        cp.EventTables(orders=cp.Events(source, customer="who", time="at", **{"value": "eur", "repeats": "keep", **how})).streams["orders"]
    )


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("how", [{}, {"optional_time": True}, {"value": None}])
@pytest.mark.parametrize("glob", [False, True])
def test_a_folder_of_tables_is_not_one_table(ending: str, how: dict[str, object], glob: bool, tmp_path: Path) -> None:
    WRITERS[ending](ORDERS, tmp_path / f"orders{ending}")
    WRITERS[ending](PEOPLE, tmp_path / f"people{ending}")
    with pytest.raises(SchemaError, match=f'column "at": 1 of 2 files, such as "people{ending}", has no such column') as caught:
        read(f"{tmp_path}/*{ending}" if glob else tmp_path, **how)
    assert caught.value.code == "unlike-files"
    assert read(f"{tmp_path}/orders*{ending}", **how) == 3


@pytest.mark.parametrize("ending", WRITERS)
def test_a_column_that_came_later_is_named(ending: str, tmp_path: Path) -> None:
    WRITERS[ending](ORDERS, tmp_path / f"new{ending}")
    WRITERS[ending](ORDERS.drop(columns="eur"), tmp_path / f"old{ending}")
    with pytest.warns(ChurnWarning, match=f'"eur": 1 of 2 files, such as "old{ending}", has no such column'):
        assert read(tmp_path) == 6
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(tmp_path, value=None) == 6


def test_contracts_without_an_end_are_not_made_of_a_missing_column(tmp_path: Path) -> None:
    """An empty end means that a contract is running: a file without that column does not say so."""
    frame = pd.DataFrame({"who": [1], "begins": ["2024-01-01"], "ends": ["2024-02-01"]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.drop(columns="ends").to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(SchemaError, match="unlike-files"):
        cp.EventTables(terms=cp.Intervals(tmp_path, customer="who", start="begins", end="ends"))


def test_streamed_tables_refuse_them_too(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "orders.csv", index=False)
    PEOPLE.to_csv(tmp_path / "people.csv", index=False)
    with (
        pytest.raises(SchemaError, match="unlike-files"),
        scan_tables(orders=cp.Events(tmp_path, customer="who", time="at", value="eur"), partitions=2) as parts,
    ):
        list(parts)


def test_queries_name_the_files_that_lack_a_column(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "new.csv", index=False)
    ORDERS.drop(columns="eur").to_csv(tmp_path / "old.csv", index=False)
    with pytest.warns(ChurnWarning, match="unlike columns"):
        assert read(cp.Query("SELECT * FROM orders", {"orders": tmp_path})) == 6


@pytest.mark.parametrize("other", ["orders.parquet", "orders.csv.gz", "orders.tsv", "orders.jsonl", "orders.xlsx", "orders.zip"])
def test_a_folder_of_two_kinds_is_refused(other: str, tmp_path: Path) -> None:
    """The files of one kind were read, and those of the other were not."""
    ORDERS.to_csv(tmp_path / "months.csv", index=False)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / other).write_bytes(b"x")
    with pytest.raises(SourceError, match="mixed-files"):
        read(tmp_path)
    assert read(f"{tmp_path}/*.csv") == 3


def test_notes_beside_a_table_are_not_read(tmp_path: Path) -> None:
    ORDERS.to_csv(tmp_path / "months.csv", index=False)
    (tmp_path / "README.txt").write_text("orders of all shops")
    (tmp_path / "schema.json").write_text("{}")
    assert files_within(str(tmp_path), "orders").endswith("*.csv")
    assert read(tmp_path) == 3


def test_files_with_the_same_columns_say_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_alike({"a": ["x", "y"], "b": ["y", "x", "z"]}, ["x", "y"], ["x"], table="t")
    with pytest.raises(SchemaError, match="2 of 3 files, such as "):
        check_alike({"a": ["x"], "b": ["y"], "c": ["y"]}, ["x", "y"], ["x"], table="t")


@pytest.mark.parametrize("inside", [".", "year=2024", "data"])
def test_loose_files_of_a_lake_are_refused(inside: str, tmp_path: Path) -> None:
    """Some of them may have been deleted from the table, or replaced: only its log knows."""
    lake = tmp_path / "orders"
    (lake / "_delta_log").mkdir(parents=True)
    (lake / inside).mkdir(exist_ok=True)
    ORDERS.to_parquet(lake / inside / "part-0.parquet")
    for path in (tmp_path, f"{tmp_path}/orders/**/*.parquet", f"{tmp_path}/o*/**/*.parquet"):
        with pytest.raises(SourceError, match=r'means loose files of the Delta or Iceberg table ".*orders"') as caught:
            read(path)
        assert caught.value.code == "lake-file"


def test_a_folder_of_one_workbook_is_that_workbook(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    ORDERS.to_excel(tmp_path / "below" / "orders.xlsx", index=False)
    assert read(tmp_path) == 3
