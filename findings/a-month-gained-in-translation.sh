#!/usr/bin/env bash
# A good guess:  sqlglot, which dbt tools and ibis use, translates DATEDIFF(MONTH, start, end) and DAYOFWEEK(day) from Spark to DuckDB so that the
#                result stays: it rewrites MONTHS_BETWEEN, GREATEST and STDDEV of MySQL with care.
# What happens:  the names stay and the meaning changes. Spark counts whole months that have passed: from 31 January to 29 February it is 0
#                (Spark 4.3.0). DuckDB's DATE_DIFF counts firsts of a month in between: 1, also from 31 January to 1 February. DAYOFWEEK of
#                a Sunday is 1 in Spark and 0 in DuckDB, so that all weekdays move by one.
# Why it matters: tenure in months is a feature and the key of every cohort; a customer of one day is in month 1. A model from the warehouse is
#                then fed other tenures from its copy in DuckDB. churnpredict counts days and calendar months itself, from every source alike.
# Versions:      sqlglot 30.30.0, duckdb 2.0.1, Python 3.11; the values of Spark are those of pyspark 4.3.0.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sqlglot==30.30.0 duckdb==2.0.1
"$folder/venv/bin/python" - <<'PYTHON'
import datetime as dt

import duckdb
import sqlglot


def whole_months(start, end):
    """Months that have passed, as Spark's DATEDIFF(MONTH, ...) has it."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def translated(expression):
    (sql,) = sqlglot.transpile(f"SELECT {expression}", read="spark", write="duckdb")
    return sql, duckdb.sql(sql).fetchall()[0][0]


start = dt.date(2024, 1, 31)
found = []
for end in (dt.date(2024, 2, 1), dt.date(2024, 2, 29), dt.date(2024, 3, 31)):
    sql, months = translated(f"DATEDIFF(MONTH, DATE'{start}', DATE'{end}')")
    found.append((months, whole_months(start, end)))
    print(f"{start} to {end}: DuckDB {months}, months that have passed {whole_months(start, end)}; {sql}")
sunday = dt.date(2024, 1, 7)
sql, weekday = translated(f"DAYOFWEEK(DATE'{sunday}')")
print(f"{sunday:%A}: DuckDB {weekday}, Spark {sunday.isoweekday() % 7 + 1}; {sql}")
assert found == [(1, 0), (1, 0), (2, 2)], "this has changed"
assert (weekday, sunday.isoweekday() % 7 + 1) == (0, 1), "this has changed"
PYTHON
