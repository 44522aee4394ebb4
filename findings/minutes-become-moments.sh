#!/usr/bin/env bash
# A good guess:  lengths of calls in a workbook, shown as 25:30 by the format mm:ss, are read as lengths or as times of day by every reader.
# What happens:  polars reads them as moments: 1899-12-31 00:25:30. pandas reads the cells as times of day, and in the same column those of a day
#                and more as moments in 1900, beside the others. The format [mm]:ss, which looks the same, gives lengths in both.
# Why it matters: a sum of such a column is an error or, as a count of days since 1970, a large negative number. churnpredict reads all three
#                formats as seconds while they are shorter than a day; a column of lengths and moments is refused.
# Versions:      polars 2.1.0, fastexcel 0.21.0, pandas 2.3.3, openpyxl 3.1.5, xlsxwriter 3.3.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet polars==2.1.0 fastexcel==0.21.0 pandas==2.3.3 openpyxl==3.1.5 xlsxwriter==3.3.1 pyarrow==26.0.1
"$folder/venv/bin/python" - "$folder/calls.xlsx" <<'PYTHON'
import datetime
import sys

import pandas as pd
import polars as pl
import xlsxwriter

path = sys.argv[1]
hours = [25.5 / 60, 25.5]
with xlsxwriter.Workbook(path) as book:
    sheet = book.add_worksheet()
    for place, form in enumerate(("mm:ss", "[mm]:ss", "hh:mm:ss")):
        sheet.write_string(0, place, form)
        for row, length in enumerate(hours):
            sheet.write_number(row + 1, place, length / 24, book.add_format({"num_format": form}))
by_polars, by_pandas = pl.read_excel(path), pd.read_excel(path)
print(by_polars)
print(by_pandas.map(lambda cell: f"{type(cell).__name__} {cell}").to_string(index=False))
assert by_polars["mm:ss"].dtype == pl.Datetime("ms") and by_polars["mm:ss"][0].year == 1899, "this has changed"
assert by_polars["[mm]:ss"].dtype == pl.Duration("ms"), "this has changed"
assert [type(cell) for cell in by_pandas["hh:mm:ss"]] == [datetime.time, datetime.datetime], "this has changed"
PYTHON
