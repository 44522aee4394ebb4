#!/usr/bin/env bash
# A good guess:  table.delete(filter) of pyiceberg deletes the rows that table.scan(row_filter=filter) returns, however the table is stored.
# What happens:  rows with a null in the column of a != filter are not returned by the scan. In a table without partitions they are not
#                deleted either. In a table partitioned by that column they are: whole files are dropped by their partition value, and there null
#                counts as "not equal". The same call on the same rows keeps two rows in one table and one in the other.
# Why it matters: "delete every plan but gold" silently takes customers without a known plan out of the history, but only where somebody chose
#                to partition by plan. Customers who vanish from a source look as if they had never existed: nobody counts them as lost.
# Versions:      pyiceberg 0.12.0, pyarrow 26.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "pyiceberg[sql-sqlite,pyarrow]==0.12.0" pyarrow==26.0.1
"$folder/venv/bin/python" -W ignore - "$folder" <<'PYTHON'
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import NotEqualTo

folder = sys.argv[1]
catalog = SqlCatalog("local", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/warehouse")
catalog.create_namespace("shop")
rows = pa.table({"customer": [1, 2, 3, 4], "plan": ["gold", "free", None, "free"]})
others = NotEqualTo("plan", "gold")
found = {}
for kind in ("without partitions", "by plan"):
    table = catalog.create_table(f"shop.{kind.replace(' ', '_')}", schema=rows.schema)
    if kind == "by plan":
        with table.update_spec() as spec:
            spec.add_identity("plan")
        table = catalog.load_table("shop.by_plan")
    table.append(rows)
    scanned = sorted(table.scan(row_filter=others).to_arrow()["customer"].to_pylist())
    table.delete(others)
    kept = sorted(table.scan().to_arrow()["customer"].to_pylist())
    found[kind] = scanned, kept
    print(f"{kind}: the scan returns {scanned}; after deleting the same, {kept} are left")
assert found["without partitions"] == ([2, 4], [1, 3])
assert found["by plan"] == ([2, 4], [1]), "this has changed"
PYTHON
