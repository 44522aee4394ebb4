#!/usr/bin/env bash
# A good guess:  a column of a workbook with dates and, where the format of a cell was lost, the day's number 45293, is refused by Arrow: it holds
#                two types. So it is if a number comes first.
# What happens:  if a date comes first, pyarrow takes the numbers for microseconds since 1970, of whole days for days: 2 January 2024 becomes
#                the first moment of 1970, or a day in 2094. Lengths of time with a number of seconds among them become microseconds as
#                well: 3600 is 0.0036 seconds. pandas to Arrow, Parquet and Feather do it; nothing is said.
# Why it matters: pandas reads such a workbook as it is, and to_parquet writes customers who joined in 1970 and calls that took no time.
#                churnpredict read such columns of a frame so as well; it refuses them now.
# Versions:      pyarrow 26.0.1, pandas 3.1.1, openpyxl 3.1.5, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6 openpyxl==3.1.5
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import datetime as dt
import sys

import openpyxl
import pandas as pd
import pyarrow as pa

book = openpyxl.Workbook()
for row in (["joined"], [dt.datetime(2024, 1, 1)], [45293]):
    book.active.append(row)
book.save(f"{sys.argv[1]}/customers.xlsx")
frame = pd.read_excel(f"{sys.argv[1]}/customers.xlsx", engine="openpyxl")
frame.to_parquet(f"{sys.argv[1]}/customers.parquet")
joined = pd.read_parquet(f"{sys.argv[1]}/customers.parquet")["joined"].tolist()
day = dt.datetime(1899, 12, 30) + dt.timedelta(days=45293)
print(f"in the workbook {frame['joined'].tolist()}, the second is {day:%d %B %Y}; in Parquet {[str(moment) for moment in joined]}")
whole = pa.array([dt.date(2024, 1, 1), 45293]).to_pylist()
length = pa.array([dt.timedelta(hours=1), 3600]).to_pylist()
print("whole days", whole[1], "; an hour and 3600:", [str(value) for value in length])
assert day == dt.datetime(2024, 1, 2)
assert joined[1] == pd.Timestamp("1970-01-01 00:00:00.045293"), "this has changed"
assert whole[1] == dt.date(1970, 1, 1) + dt.timedelta(days=45293) == dt.date(2094, 1, 3), "this has changed"
assert length == [dt.timedelta(hours=1), dt.timedelta(microseconds=3600)], "this has changed"
try:
    pa.array([45293, dt.datetime(2024, 1, 1)])
except pa.ArrowInvalid:
    print("with the number first it is refused")
else:
    raise AssertionError("a number first is read as well now")
PYTHON
