#!/usr/bin/env bash
# A good guess:  tolerance= of an as-of join says how far back it looks, as in pandas and polars: with thirty days each customer gets the last
#                price of the thirty days before.
# What happens:  in Table.join_asof of pyarrow the sign of the tolerance is the direction. A positive one looks forward: the customer gets the
#                next price, of the days after. The same thirty days with a minus look back. It has to be a number in the unit of the column, so
#                that the same number is thirty days for one table and forty minutes or eighty years for another.
# Why it matters: features at a cutoff are joined with what came after it, from a call that reads like that of pandas. A back-test then shows a
#                model that knows the future. churnpredict takes a row if it happened and was known before the cutoff (law 1).
# Versions:      pyarrow 26.0.1, pandas 3.1.1, polars 2.1.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import datetime as dt

import pandas as pd
import polars as pl
import pyarrow as pa

cutoff = dt.datetime(2024, 2, 1)
changes = {dt.datetime(2024, 1, 15): 10.0, dt.datetime(2024, 1, 28): 12.0, dt.datetime(2024, 2, 5): 19.0, dt.datetime(2024, 2, 20): 25.0}
days = 30 * 86_400 * 10**6
moment = pa.timestamp("us")
asked = pa.table({"customer": [1], "time": pa.array([cutoff], moment)})
prices = pa.table({"customer": [1] * 4, "time": pa.array(list(changes), moment), "price": list(changes.values())})

last = [price for at, price in changes.items() if dt.timedelta(0) <= cutoff - at <= dt.timedelta(days=30)][-1]
by_pandas = pd.merge_asof(asked.to_pandas(), prices.to_pandas(), on="time", by="customer", tolerance=pd.Timedelta(days=30))["price"][0]
by_polars = pl.from_arrow(asked).join_asof(pl.from_arrow(prices).drop("customer"), on="time", tolerance="30d")["price"][0]
found = {tolerance: asked.join_asof(prices, on="time", by="customer", tolerance=tolerance)["price"][0].as_py() for tolerance in (days, -days)}
print(f"price at {cutoff:%d %B}: by hand {last}, pandas {by_pandas}, polars {by_polars}")
print(f"pyarrow: tolerance of 30 days {found[days]}, of -30 days {found[-days]}; the price of 5 February is 19.0")
assert last == by_pandas == by_polars == 12.0
assert found == {days: 19.0, -days: 12.0}, "this has changed"
PYTHON
