#!/usr/bin/env bash
# A good guess:  DuckDB's CSV reader finds the order of dates from the column. 28/02/24 can only be 28 February 2024, and where two orders
#                fit, the column stays text or a day-first or month-first order is taken.
# What happens:  duckdb 2.0.1 takes two digits, a slash, two digits, a slash, two digits for year/month/day, whatever stands there:
#                02/01/24 is 24 January 2002, 28/02/24 is 24 February 2028. The column has the type DATE, and nothing is said.
# Why it matters: a log exported with two-digit years is read without an error, its customers are active twenty years ago or in the future,
#                and every window, recency and outcome is wrong. churnpredict reads columns of times as text and decides itself.
# Versions:      duckdb 2.0.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1
printf 'customer,day,amount\na,02/01/24,10\nb,15/01/24,20\nc,28/02/24,30\n' >"$folder/log.csv"
"$folder/venv/bin/python" - "$folder/log.csv" <<'PYTHON'
import datetime, sys
import duckdb

relation = duckdb.sql(f"SELECT day FROM read_csv('{sys.argv[1]}')")
kinds, days = [str(kind) for kind in relation.types], [row[0] for row in relation.fetchall()]
print(duckdb.__version__, kinds, *days)
assert kinds == ["DATE"]
assert days == [datetime.date(2002, 1, 24), datetime.date(2015, 1, 24), datetime.date(2028, 2, 24)], "this has changed"
PYTHON
