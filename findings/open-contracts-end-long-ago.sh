#!/usr/bin/env bash
# A good guess:  a Parquet file in which open contracts end on 9999-12-31 gives 9999-12-31 back, or an error that the day cannot be held. A
#                timestamp of microseconds with the same day is read so by every reader.
# What happens:  where the file has times as INT96, as Spark, Hive and Impala have long written them, pyarrow counts nanoseconds in 64 bits and
#                runs over without a word: the contract ends on 29 March 1816. pandas and fastparquet give the same day; polars, DuckDB and
#                pyarrow with coerce_int96_timestamp_unit="us" give 9999-12-31.
# Why it matters: every customer whose contract is open has left two centuries ago. churnpredict reads Parquet with DuckDB, and takes a
#                planned or actual end far outside any history, 9999 as well as 1816, for open, with a warning.
# Versions:      pyarrow 26.0.1, pandas 2.3.3, fastparquet 2026.9.0, polars 2.1.0, duckdb 2.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1 pandas==2.3.3 fastparquet==2026.9.0 polars==2.1.0 duckdb==2.0.1
"$folder/venv/bin/python" - "$folder/contracts.parquet" <<'PYTHON'
import datetime
import sys

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

path = sys.argv[1]
ends = pa.array([datetime.datetime(2024, 5, 1), datetime.datetime(9999, 12, 31)], pa.timestamp("us"))
pq.write_table(pa.table({"end": ends}), path, use_deprecated_int96_timestamps=True)
found = {
    "pyarrow": pq.read_table(path)["end"].cast(pa.timestamp("us"), safe=False).to_pylist()[1],
    "pandas": pd.read_parquet(path)["end"].iloc[1],
    "fastparquet": fastparquet.ParquetFile(path).to_pandas()["end"].iloc[1],
    "pyarrow, microseconds": pq.read_table(path, coerce_int96_timestamp_unit="us")["end"].to_pylist()[1],
    "polars": pl.read_parquet(path)["end"][1],
    "duckdb": duckdb.sql(f"SELECT \"end\" FROM '{path}'").fetchall()[1][0],
}
for reader, end in found.items():
    print(f"{reader:22} {end}")
years = {reader: end.year for reader, end in found.items()}
assert {years[r] for r in ("pyarrow", "pandas", "fastparquet")} == {1816}, "this has changed"
assert {years[r] for r in ("pyarrow, microseconds", "polars", "duckdb")} == {9999}, "this has changed"
PYTHON
