"""Whatever holds a table is opened as the same columns of Arrow."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnpredict as cp
from churnpredict.errors import UsageError
from churnpredict.events.source import open_source

ROWS = pd.DataFrame({"user": ["a", "b"], "n": [1, 2]})


def of_duckdb(folder: Path) -> object:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.register("given", ROWS)
        connection.execute("CREATE TABLE log AS SELECT * FROM given")
    return cp.Query("SELECT * FROM log", str(folder / "shop.duckdb"))


def of_path(folder: Path) -> object:
    ROWS.to_parquet(folder / "log.parquet")
    return folder / "log.parquet"


MAKE = {
    "pandas": lambda _: ROWS,
    "polars": lambda _: pl.from_pandas(ROWS),
    "lazy": lambda _: pl.from_pandas(ROWS).lazy(),
    "arrow": lambda _: pa.Table.from_pandas(ROWS, preserve_index=False),
    "stream": lambda _: pa.Table.from_pandas(ROWS, preserve_index=False).to_reader(),
    "relation": lambda _: duckdb.from_df(ROWS),
    "path": of_path,
    "query": of_duckdb,
}


@pytest.mark.parametrize("kind", MAKE)
def test_every_source_has_the_same_columns(tmp_path: Path, kind: str) -> None:
    source = open_source(MAKE[kind](tmp_path), "log")
    assert source.columns() == ["user", "n"]
    assert source.read(["user", "n"], ["user"]).to_pydict() == {"user": ["a", "b"], "n": [1, 2]}


@pytest.mark.parametrize("wrong", [None, 7, print], ids=str)
def test_what_holds_no_table_is_refused(wrong: object) -> None:
    with pytest.raises(UsageError):
        open_source(wrong, "log")
