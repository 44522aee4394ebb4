"""Columns that Arrow reads are what DuckDB makes of the same file; everything else is left to DuckDB."""

import datetime
import random
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import churnpredict as cp
from churnpredict.events.sources.plain_parquet import plain_names, read_plain

ROWS = 5_000
NAMES = ["who", "at", "worth", "what", "n", "day", "zoned"]


def a_table(seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "who": [f"c-{k:03d}" for k in rng.integers(0, 40, ROWS)],
            "at": pa.array(rng.integers(0, 10**15, ROWS), pa.timestamp("us")),
            "worth": pa.array(rng.random(ROWS), mask=rng.random(ROWS) < 0.1),
            "what": pa.array([f"näme {k}" for k in rng.integers(0, 9, ROWS)], pa.large_string(), mask=rng.random(ROWS) < 0.1),
            "n": pa.array(rng.integers(-(2**31), 2**31, ROWS), pa.int32()),
            "day": pa.array(rng.integers(0, 20_000, ROWS).astype(np.int32), pa.date32(), mask=rng.random(ROWS) < 0.1),
            "zoned": pa.array(rng.integers(0, 10**15, ROWS), pa.timestamp("us", "UTC")),
        }
    )


def by_duckdb(files: list[str], names: list[str]) -> dict[str, list[object]]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        listed = ", ".join(f'"{name}"' for name in names)
        return as_lists(connection.sql(f"SELECT {listed} FROM read_parquet({files})").to_arrow_table())


def as_lists(table: pa.Table) -> dict[str, list[object]]:
    """Return times as counts, since those of a damaged file may be beyond all calendars."""
    times = {f.name: pa.int64() for f in table.schema if pa.types.is_timestamp(f.type)}
    times |= {f.name: pa.int32() for f in table.schema if pa.types.is_date(f.type)}
    return {name: (table[name].cast(times[name]) if name in times else table[name]).to_pylist() for name in table.column_names}


@pytest.mark.parametrize("how", [{}, {"use_dictionary": False}, {"data_page_version": "2.0"}, {"compression": "zstd"}, {"version": "1.0"}])
def test_values_are_those_that_duckdb_reads(tmp_path: Path, how: dict[str, object]) -> None:
    files = [str(tmp_path / f"{k}.parquet") for k in range(2)]
    for seed, file in enumerate(files):
        pq.write_table(a_table(seed), file, row_group_size=2_000, **how)
    found = read_plain(files, NAMES, ["who", "what"])
    assert as_lists(found) == by_duckdb(files, NAMES)
    coded = how.get("use_dictionary", True)
    assert [pa.types.is_dictionary(found.schema.field(name).type) for name in ("who", "what")] == [coded, coded]
    assert pa.types.is_string(read_plain(files, ["who"]).schema.field("who").type)


def test_texts_come_without_a_dictionary_where_most_are_written_out(tmp_path: Path) -> None:
    texts = pa.table({"who": [f"customer-{k:06d}" for k in range(5_000)]})
    pq.write_table(texts, tmp_path / "a.parquet", dictionary_pagesize_limit=1_000)
    found = read_plain([str(tmp_path / "a.parquet")], ["who"], ["who"])
    assert found.equals(texts)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1], pa.int8()),
        pa.array([1.5], pa.float32()),
        pa.array([1], pa.timestamp("ms")),
        pa.array([1_000], pa.timestamp("ns")),
        pa.array([1], pa.timestamp("us", "Europe/Berlin")),
        pa.array([1], pa.duration("us")),
        pa.array([datetime.time(1)]),
        pa.array([1], pa.decimal128(9, 2)),
        pa.array(["a"]).dictionary_encode(),
        pa.array([b"a"]),
        pa.array([["a"]]),
        pa.array([{"a": 1}]),
        pa.array([True]),
    ],
    ids=lambda column: str(column.type),
)
def test_other_types_are_left_to_duckdb(tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"id": ["c"], "x": column}), tmp_path / "a.parquet")
    assert read_plain([str(tmp_path / "a.parquet")], ["id"]) is not None
    assert read_plain([str(tmp_path / "a.parquet")], ["id", "x"]) is None


def test_older_timestamps_are_left_to_duckdb(tmp_path: Path) -> None:
    """Those noted without a zone may be wall times."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT TIMESTAMP '2024-01-01' AS at, 'c' AS id) TO '{tmp_path}/a.parquet'")
    about = pq.read_metadata(tmp_path / "a.parquet").schema.column(0)
    noted = "is_from_converted_type=true" in str(about.logical_type)
    assert (read_plain([f"{tmp_path}/a.parquet"], ["at"]) is None) == noted


def test_files_of_several_forms_and_missing_columns_are_left_to_duckdb(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": pa.array([1], pa.int32())}), tmp_path / "b.parquet")
    assert read_plain([f"{tmp_path}/a.parquet", f"{tmp_path}/b.parquet"], ["n"]) is None
    assert read_plain([f"{tmp_path}/a.parquet"], ["m"]) is None
    assert read_plain([f"{tmp_path}/c.parquet"], ["n"]) is None
    assert read_plain([], ["n"]) is None


def test_a_name_with_a_point_is_one_column(tmp_path: Path) -> None:
    table = pa.table({"a": [1], "a.b": [2], "c": [{"d": 3}], "c.d": [4]})
    pq.write_table(table, tmp_path / "a.parquet")
    found = read_plain([f"{tmp_path}/a.parquet"], ["a", "a.b"])
    assert found.to_pydict() == {"a": [1], "a.b": [2]}
    assert read_plain([f"{tmp_path}/a.parquet"], ["c.d"]) is None


def test_texts_that_are_none_are_refused(tmp_path: Path) -> None:
    wrong = pa.array([b"fine", b"\xff\xfe"]).cast(pa.binary()).view(pa.string())
    for how in (True, False):
        pq.write_table(pa.table({"who": wrong, "at": [1, 2]}), tmp_path / "a.parquet", use_dictionary=how)
        assert read_plain([f"{tmp_path}/a.parquet"], ["who"], ["who"]) is None
    with pytest.raises(cp.errors.SourceError, match="unreadable-file"):
        cp.EventTables(orders=cp.Events(f"{tmp_path}/a.parquet", customer="who", time="at", unit="s"))


def test_names_that_differ_in_capitals_only_are_those_of_duckdb() -> None:
    assert plain_names(pa.schema([("a", pa.int64()), ("A", pa.int64())])) is None
    assert plain_names(pa.schema([("", pa.int64())])) is None


@pytest.mark.parametrize("how", [{}, {"use_dictionary": False, "compression": "none"}])
def test_damaged_files_are_read_as_duckdb_reads_them_or_left_to_it(tmp_path: Path, how: dict[str, object]) -> None:
    """In a process of its own, which must not end by itself."""
    pq.write_table(a_table(), tmp_path / "whole.parquet", row_group_size=2_000, **how)
    done = subprocess.run([sys.executable, __file__, str(tmp_path / "whole.parquet")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _damage(path: Path) -> None:
    whole = path.read_bytes()
    for seed in range(80):
        rng, damaged = random.Random(seed), bytearray(whole)
        for _ in range(rng.choice([1, 1, 4, 30])):
            damaged[rng.randrange(0 if seed % 2 else len(damaged) - 2_000, len(damaged))] = rng.randrange(256)
        file = path.with_name("damaged.parquet")
        file.write_bytes(damaged)
        found = read_plain([str(file)], NAMES, ["who", "what"])
        try:
            assert found is None or as_lists(found) == by_duckdb([str(file)], NAMES), seed
        except duckdb.Error:  # it looks at more than these columns
            continue


if __name__ == "__main__":
    _damage(Path(sys.argv[1]))
