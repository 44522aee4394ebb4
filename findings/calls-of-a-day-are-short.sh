#!/usr/bin/env bash
# A good guess:  DTIME of SPSS is a length of days and hours. 25 hours in such a column are read as 25 hours, or as 90,000 seconds, by the readers
#                of Python.
# What happens:  pyreadstat, and pandas.read_spss that uses it, give times of the day: 25 hours become 01:00, and 49 hours as well. A minute
#                less than nothing becomes 23:59. The format TIME, which SPSS shows as 25:00:00, is read so, too. With
#                disable_datetime_conversion=True the seconds come back, and MTIME (minutes and seconds) is left as seconds anyway.
# Why it matters: lengths of calls, of outages and of waiting for an answer lose their whole days, the longest most: the customers whom nobody
#                answered for two days had the shortest wait. churnpredict reads lengths, and times of the day as workbooks have them, as
#                seconds; days that were lost before it does not see. Read the file with disable_datetime_conversion=True.
# Versions:      pyreadstat 1.3.7, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyreadstat==1.3.7 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - "$folder/tickets.sav" <<'PYTHON'
import datetime as dt
import sys

import pandas as pd
import pyreadstat

seconds = [3_600.0, 25 * 3_600.0, 49 * 3_600.0, -60.0]
found = {}
for form in ("DTIME12", "TIME11", "MTIME8"):
    pyreadstat.write_sav(pd.DataFrame({"waited": seconds}), sys.argv[1], variable_format={"waited": form})
    found[form] = pyreadstat.read_sav(sys.argv[1])[0]["waited"].tolist()
    raw = pyreadstat.read_sav(sys.argv[1], disable_datetime_conversion=True)[0]["waited"].tolist()
    print(f"{form}: in the file {raw} s, read {[str(value) for value in found[form]]}, by pandas {pd.read_spss(sys.argv[1])['waited'].astype(str).tolist()}")
    assert raw == seconds
clock = [dt.time(1), dt.time(1), dt.time(1), dt.time(23, 59)]
assert found == {"DTIME12": clock, "TIME11": clock, "MTIME8": seconds}, "this has changed"
PYTHON
