#!/usr/bin/env bash
# A good guess:  a series of months from 31 January has the last day of each month that is shorter, and the 31st of the others: 29 February,
#                31 March. So it is in polars, in pandas and in Spark, and so a contract of the 31st is billed.
# What happens:  DuckDB's generate_series and range add a month to the day before, not to the first: 31 January, 29 February, 29 March, and
#                the 29th ever after. In a year without a leap day it is the 28th. The same months as start + i * INTERVAL '1 month' are right.
# Why it matters: renewals and billing days that are made from the start of a contract come two or three days early for all who began at the
#                end of a month, and payments "on time" are late. churnpredict counts calendar months from the first day.
# Versions:      duckdb 2.0.1, polars 2.1.0, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.1 polars==2.1.0 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import calendar
import datetime as dt

import duckdb
import pandas as pd
import polars as pl

start, end = dt.date(2024, 1, 31), dt.date(2024, 7, 31)
by_hand = [dt.date(2024, month, min(start.day, calendar.monthrange(2024, month)[1])) for month in range(1, 8)]
by_polars = pl.date_range(start, end, "1mo", eager=True).to_list()
by_pandas = [(pd.Timestamp(start) + pd.DateOffset(months=i)).date() for i in range(7)]


def days(sql):
    return [dt.date(day.year, day.month, day.day) for day, in duckdb.sql(f"SELECT unnest({sql})").fetchall()]


series = days("generate_series(DATE '2024-01-31', DATE '2024-07-31', INTERVAL '1 month')")
ranged = days("range(TIMESTAMP '2024-01-31', TIMESTAMP '2024-08-01', INTERVAL '1 month')")
steps = days("[DATE '2024-01-31' + i * INTERVAL '1 month' FOR i IN range(7)]")
for name, found in {"by hand": by_hand, "polars": by_polars, "pandas": by_pandas, "DuckDB, series": series, "DuckDB, steps": steps}.items():
    print(f"{name:15}", *[f"{day:%d.%m.}" for day in found])
assert by_hand == by_polars == by_pandas == steps
assert series == ranged, "the two series differ"
assert [day.day for day in series] == [31, 29, 29, 29, 29, 29, 29], "this has changed"
PYTHON
