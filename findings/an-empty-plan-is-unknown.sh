#!/usr/bin/env bash
# A good guess:  a Delta table gives back what was written, however it is partitioned. Partitioning says where rows lie, not what they are.
# What happens:  a text that is empty comes back as null where its column is a partition: 2 rows without a plan of 4, where the table without
#                partitions has 1. The protocol stores partition values as text and has one text for both, the empty one.
# Why it matters: "no plan" and "plan not known" are two groups of customers with two rates of leaving, until somebody partitions the table by
#                plan. churnpredict reads an empty label as missing from every source, so that both tables give the same features.
# Versions:      deltalake 1.6.6, pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet deltalake==1.6.6 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys

import deltalake
import pyarrow as pa

rows = pa.table({"customer": [1, 2, 3, 4], "plan": ["team", "", None, "pro"]})
found = {}
for name, by in {"plain": None, "partitioned": ["plan"]}.items():
    path = f"{sys.argv[1]}/{name}"
    deltalake.write_deltalake(path, rows, partition_by=by)
    found[name] = sorted(deltalake.DeltaTable(path).to_pyarrow_table()["plan"].to_pylist(), key=str)
    print(f"{name:12} {found[name]}")
assert found["plain"] == ["", None, "pro", "team"], "this has changed"
assert found["partitioned"] == [None, None, "pro", "team"], "this has changed"
PYTHON
