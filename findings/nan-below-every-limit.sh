#!/usr/bin/env bash
# A good guess:  a condition holds for a row or does not, whatever holds the row: WHERE amount < 100 gives the same rows of a table in memory
#                and of a Parquet file with that table.
# What happens:  Parquet's statistics leave NaN out, and DuckDB trusts them. Where all other amounts of a row group are below 100, the condition
#                is not looked at, and the rows without an amount are returned with it; amount = 'nan' finds none of them. In
#                memory NaN is greater than all numbers. max(amount) is a number in the file that pyarrow wrote, NaN in memory.
# Why it matters: orders without an amount count as small orders, or do not, by the amounts that happen to lie in the same part of the
#                file; the count changes when the file is written anew. churnpredict reads NaN as missing, and filters nothing by amounts in
#                Parquet; in a query of yours, write NOT isnan(amount).
# Versions:      duckdb 2.0.1, pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import math
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

amounts = [10.0, 20.0, math.nan, 30.0]
orders = pa.table({"id": [1, 2, 3, 4], "amount": pa.array(amounts)})
pq.write_table(orders, f"{sys.argv[1]}/one_group.parquet")
pq.write_table(pa.concat_tables([orders, pa.table({"id": [5], "amount": [500.0]})]), f"{sys.argv[1]}/with_a_large_one.parquet")


def ids(source, condition):
    return duckdb.sql(f"SELECT id FROM {source} WHERE {condition} ORDER BY id").fetchall()


found = {}
for condition in ("amount < 100", "amount BETWEEN 0 AND 50", "amount = 'nan'::DOUBLE", "NOT amount <= 100"):
    sources = {"memory": "orders", "file": f"'{sys.argv[1]}/one_group.parquet'", "larger file": f"'{sys.argv[1]}/with_a_large_one.parquet'"}
    found[condition] = {name: [i for i, in ids(source, condition)] for name, source in sources.items()}
    print(condition, found[condition])
print("max: memory", duckdb.sql("SELECT max(amount) FROM orders").fetchall(), "file", greatest := duckdb.sql(f"SELECT max(amount) FROM '{sys.argv[1]}/one_group.parquet'").fetchall())
assert found["amount < 100"] == {"memory": [1, 2, 4], "file": [1, 2, 3, 4], "larger file": [1, 2, 4]}, "this has changed"
assert found["amount BETWEEN 0 AND 50"]["file"] == [1, 2, 3, 4], "this has changed"
assert found["amount = 'nan'::DOUBLE"] == {"memory": [3], "file": [], "larger file": []}, "this has changed"
assert greatest == [(30.0,)], "this has changed"
PYTHON
