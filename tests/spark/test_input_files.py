"""Which files the rows of a DataFrame come from, and what must not be taken for that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnpredict.spark.input_files import PATH, NotFiles, file_table


def rows(frame: Any) -> Any:
    return sorted(map(tuple, frame.collect()), key=str)


@pytest.mark.parametrize(
    "select",
    [
        lambda frame: frame,
        lambda frame: frame.select("eur", "who"),
        lambda frame: frame.selectExpr("who AS customer", "eur AS who").alias("t"),
    ],
)
def test_files_by_themselves_are_the_frame(session: Any, folder: Path, select: Any) -> None:
    frame = select(session.read.option("recursiveFileLookup", "true").parquet(str(folder)))
    table = file_table(frame)
    assert len(table.files) == 4
    assert rows(table.frame(list(table.files)).drop(PATH)) == rows(frame)
    for address in table.files:
        given = table.frame([address]).collect()
        assert len(given) == 2
        assert {row[PATH] for row in given} == {address}


def test_partitions_of_folders_and_of_the_catalog(session: Any, folder: Path, tmp_path: Path) -> None:
    """Values in the names of folders count; folders that do not tell them are refused."""
    frame = session.read.option("basePath", str(folder)).parquet(str(folder / "day=1"), str(folder / "day=2"))
    table = file_table(frame)
    second = [address for address in table.files if "day=2" in address]
    assert [(row["day"], row["eur"]) for row in table.frame(second).collect()] == [(2, 4.0)] * 2
    session.sql(f"CREATE TABLE by_day (who STRING, eur DOUBLE, day INT) USING parquet PARTITIONED BY (day) LOCATION '{folder}'")
    try:
        session.sql(f"ALTER TABLE by_day ADD PARTITION (day=1) LOCATION '{folder}/day=1' PARTITION (day=2) LOCATION '{folder}/day=2'")
        told = file_table(session.table("by_day"))
        assert rows(told.frame(list(told.files)).drop(PATH)) == rows(session.table("by_day"))
        session.sql(f"ALTER TABLE by_day PARTITION (day=2) SET LOCATION '{folder}/day=1'")
        with pytest.raises(NotFiles):
            file_table(session.table("by_day"))
    finally:
        session.sql("DROP TABLE by_day")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda f, s: f.where("eur > 1"), "Filter"),
        (lambda f, s: f.distinct(), "Distinct|Aggregate|Deduplicate"),
        (lambda f, s: f.crossJoin(f.selectExpr("who AS other")), "Join"),
        (lambda f, s: f.selectExpr("who", "eur + 1 AS eur"), "computed"),
        (lambda f, s: f.selectExpr("who", "current_timestamp() AS eur"), "computed"),
        (lambda f, s: f.union(f), "Union"),
        (lambda f, s: s.read.parquet(*f.inputFiles(), *f.inputFiles()), "names a file twice"),
        (lambda f, s: s.createDataFrame([("a", 1.0)], "who string, eur double"), "LogicalRDD|LocalRelation"),
        (lambda f, s: s.read.option("ignoreCorruptFiles", "true").parquet(*f.inputFiles()), "leaves files out"),
        (lambda f, s: s.read.text(f.inputFiles()), "TextFileFormat"),
    ],
)
def test_what_may_depend_on_more_than_its_file_is_refused(session: Any, tmp_path: Path, change: Any, why: str) -> None:
    pd.DataFrame({"who": ["x", "y"], "eur": 1.0}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(NotFiles, match=why):
        file_table(change(session.read.parquet(str(tmp_path / "plain.parquet")), session))


def test_what_decides_how_files_are_read_is_in_the_digest(session: Any, folder: Path) -> None:
    def digest() -> str:
        return file_table(session.read.option("recursiveFileLookup", "true").parquet(str(folder))).digest()

    before = digest()
    assert digest() == before
    session.conf.set("spark.sql.ansi.enabled", "false")
    try:
        assert digest() != before
    finally:
        session.conf.unset("spark.sql.ansi.enabled")
    session.conf.set("spark.sql.shuffle.partitions", "3")
    assert digest() == before
    session.conf.set("spark.sql.shuffle.partitions", "2")
