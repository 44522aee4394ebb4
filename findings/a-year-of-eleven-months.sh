#!/usr/bin/env bash
# A good guess:  lifelines.utils.datetimes_to_durations(..., freq="M") counts calendar months. A contract from 1 February to 1 March lasted one
#                month, one from 1 January 2023 to 1 January 2024 twelve; freq="Y" makes one year of the latter.
# What happens:  it divides by the mean length of a month, 30.436875 days, and cuts off the rest. Every month but those of 31 days lasts 0
#                months, a contract of a year 11, unless it holds a leap day, and 0 years.
# Why it matters: churn at renewal happens after whole months and years, where a floor falls on the wrong side: a customer lost after one month has a
#                duration of 0, and of two contracts of a year one ends in month 11 and the other in month 12.
#                churnpredict counts days, and calendar months where it says months.
# Versions:      lifelines 0.30.3, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lifelines==0.30.3 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from lifelines.utils import datetimes_to_durations

contracts = [
    ("2024-01-01", "2024-02-01"),
    ("2024-02-01", "2024-03-01"),
    ("2024-04-01", "2024-05-01"),
    ("2023-01-01", "2024-01-01"),
    ("2024-01-01", "2025-01-01"),
]
starts, ends = map(list, zip(*contracts))
months = datetimes_to_durations(starts, ends, freq="M")[0].tolist()
years = datetimes_to_durations(starts, ends, freq="Y")[0].tolist()
days = datetimes_to_durations(starts, ends, freq="D")[0].tolist()
for start, end, day, month, year in zip(starts, ends, days, months, years):
    print(f"{start} to {end}: {day:.0f} days, {month:.0f} months, {year:.0f} years")
assert days == [31, 29, 30, 365, 366]
assert months == [1, 0, 0, 11, 12], "this has changed"
assert years == [0, 0, 0, 0, 1], "this has changed"
PYTHON
