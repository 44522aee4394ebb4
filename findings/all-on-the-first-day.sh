#!/usr/bin/env bash
# A good guess:  a column of moments is written to SPSS, Stata or SAS transport and read back as it was, or refused. Its unit in memory, seconds or
#                nanoseconds, is a matter of pandas.
# What happens:  pyreadstat writes moments in whole seconds, datetime64[s], as 1 January 1970, all of them, in all three formats. The same moments
#                in milliseconds, microseconds and nanoseconds are right. No warning; the number is wrong in the file, not in the reader.
# Why it matters: NumPy and pandas give seconds where a column came from seconds or from days of a calendar: astype("datetime64[s]"). The table
#                that goes to the analysts' SPSS has every customer join on the same day, and comes back so. churnpredict reads all units of
#                a frame alike, and writes Parquet and CSV.
# Versions:      pyreadstat 1.3.7, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyreadstat==1.3.7 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/customers" <<'PYTHON'
import sys

import pandas as pd
import pyreadstat

joined = pd.Series(pd.to_datetime(["2024-01-01 10:00:00", "1998-03-04 00:00:01"]))
ways = {"sav": (pyreadstat.write_sav, pyreadstat.read_sav), "dta": (pyreadstat.write_dta, pyreadstat.read_dta), "xpt": (pyreadstat.write_xport, pyreadstat.read_xport)}
right, start = joined.astype(str).tolist(), ["1970-01-01"] * 2
for ending, (write, read) in ways.items():
    for unit in ("s", "ms", "us", "ns"):
        path = f"{sys.argv[1]}-{unit}.{ending}"
        write(pd.DataFrame({"joined": joined.astype(f"datetime64[{unit}]")}), path)
        back = read(path)[0]["joined"].astype(str).tolist()
        print(ending, unit, back)
        assert back == (start if unit == "s" else right), "this has changed"
PYTHON
