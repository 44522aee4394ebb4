#!/usr/bin/env bash
# A good guess:  a billing period of one month and one of thirty days are two values: GROUP BY, DISTINCT and joins keep them apart, as date
#                arithmetic does (31 January plus the one is 29 February, plus the other 1 March).
# What happens:  DuckDB compares intervals as if every month had thirty days and every day 24 hours. INTERVAL '1 month' and INTERVAL '30 days'
#                are one group and one join key, so are '1 year', '12 months' and '360 days'. In Arrow the two stay different; in pandas both
#                are 30 days.
# Why it matters: plans that bill every month and every thirty days lose customers at different times; grouped by period they are one plan, and
#                a renewal date computed from the group's value is wrong for one of them.
# Versions:      duckdb 2.0.1, pyarrow 26.0.1, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
import duckdb

plans = """(VALUES ('a', INTERVAL '1 month'), ('b', INTERVAL '30 days'), ('c', INTERVAL '1 year'),
                   ('d', INTERVAL '12 months'), ('e', INTERVAL '360 days')) AS plans(plan, period)"""
groups = duckdb.sql(f"SELECT list(plan ORDER BY plan) FROM {plans} GROUP BY period ORDER BY 1").fetchall()
ends = [row[0].date().isoformat() for row in duckdb.sql(f"SELECT DATE '2024-01-31' + period FROM {plans} ORDER BY plan").fetchall()]
arrow = duckdb.sql(f"SELECT period FROM {plans} ORDER BY plan").to_arrow_table()["period"]
pandas = duckdb.sql(f"SELECT period FROM {plans} ORDER BY plan").df()["period"]
print("groups", [group for group, in groups])
print("31 January 2024 plus each", ends)
print("Arrow", [tuple(value) for value in arrow.to_pylist()], "pandas", pandas.dt.days.tolist())
assert [group for group, in groups] == [["a", "b"], ["c", "d", "e"]], "this has changed"
assert len({ends[0], ends[1]}) == 2
assert len(set(arrow.to_pylist())) == 4
assert pandas.dt.days.tolist()[:2] == [30, 30]
PYTHON
