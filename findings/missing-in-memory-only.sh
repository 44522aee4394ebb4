#!/usr/bin/env bash
# A good guess:  field("amount").is_null(nan_is_null=True) finds the rows without an amount, in a table and in a dataset of files alike. It is
#                what the switch is for.
# What happens:  in memory it finds them. In a pyarrow dataset of Parquet it finds none: the file's statistics count no null, and the row group is
#                left out before the switch is looked at. So are rows with NaN from ~(amount <= 100), which holds for them in memory.
# Why it matters: the usual check before a training, "how many orders have no amount?", says 0 for a file and the truth for the same table in
#                memory. churnpredict reads NaN and null as missing from every source.
# Versions:      pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder/orders.parquet" <<'PYTHON'
import math
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

table = pa.table({"id": [1, 2, 3, 4], "amount": pa.array([10.0, 20.0, math.nan, 30.0])})
pq.write_table(table, sys.argv[1])
amount = pc.field("amount")
found = {}
for name, condition in {"is missing": amount.is_null(nan_is_null=True), "not at most 100": ~(amount <= 100), "is NaN": pc.is_nan(amount)}.items():
    found[name] = table.filter(condition)["id"].to_pylist(), ds.dataset(sys.argv[1]).to_table(filter=condition)["id"].to_pylist()
    print(f"{name}: in memory {found[name][0]}, in the file {found[name][1]}")
whole = ds.dataset(sys.argv[1]).to_table()
assert whole.filter(amount.is_null(nan_is_null=True))["id"].to_pylist() == [3], "the file holds the NaN"
assert found == {"is missing": ([3], []), "not at most 100": ([3], []), "is NaN": ([3], [3])}, "this has changed"
PYTHON
