#!/usr/bin/env bash
# A good guess:  max_by(plan, day) is the plan of the last day: the value in the row with the greatest day, NULL where that row has none. Spark
#                gives that, and sqlglot translates Spark's max_by to DuckDB as it stands.
# What happens:  DuckDB's max_by and arg_max leave out rows in which the plan is NULL: a customer whose plan has ended keeps the plan that
#                ended. last(plan ORDER BY day) and arg_max_null give NULL. In pandas groupby("customer")["plan"].last() is
#                the last that is not missing, and nth(-1) the last.
# Why it matters: "plan today" as a feature says gold for customers who have none any more: those who are about to leave. The same SQL gives other
#                features in the warehouse and in its copy on a laptop. churnpredict's States end with the last row, also where it is missing.
# Versions:      duckdb 2.0.1, pandas 3.1.1, sqlglot 30.30.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1 pandas==3.1.1 numpy==2.4.6 sqlglot==30.30.0
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb
import pandas as pd
import sqlglot

rows = [("ended", 1, "gold"), ("ended", 2, None), ("goes on", 1, "gold"), ("goes on", 2, "basic")]
states = pd.DataFrame(rows, columns=["customer", "day", "plan"])
by_hand = {customer: plan for customer, _, plan in sorted(rows, key=lambda row: row[1])}
spark = "SELECT customer, MAX_BY(plan, day) AS plan FROM states GROUP BY customer"
(translated,) = sqlglot.transpile(spark, read="spark", write="duckdb")
print("sqlglot:", translated)
found = {"translated": dict(duckdb.sql(translated).fetchall())}
for way in ("max_by(plan, day)", "arg_max_null(plan, day)", "last(plan ORDER BY day)"):
    found[way] = dict(duckdb.sql(f"SELECT customer, {way} FROM states GROUP BY customer").fetchall())
found["pandas last"] = states.groupby("customer")["plan"].last().to_dict()
print("by hand:", by_hand)
for way, plans in found.items():
    print(f"{way}: {plans}")
assert by_hand == {"ended": None, "goes on": "basic"} == found["arg_max_null(plan, day)"] == found["last(plan ORDER BY day)"]
for way in ("translated", "max_by(plan, day)", "pandas last"):
    assert found[way] == {"ended": "gold", "goes on": "basic"}, "this has changed"
PYTHON
