#!/usr/bin/env bash
# A good guess:  include_first_transaction=True of pymc-marketing's rfm_summary counts the first purchase in frequency and in the mean amount,
#                as its name says, and leaves the other columns alone.
# What happens:  recency changes its meaning, too. Without the switch it is the time from the first to the last purchase, large for customers
#                who came back lately; with it the time from the last purchase to the end, large for customers who stayed away. The column T is
#                gone. A customer with one purchase moves from 0, the lowest, to 36, the highest of the two.
# Why it matters: a model, a rule or a chart that was made on one table and is fed the other ranks customers the wrong way round, and nothing
#                fails. churnpredict has two names, days_since_last and days_since_first, and no switch.
# Versions:      pymc-marketing 0.19.2, pandas 3.1.1, Python 3.11 (the switch is the same in 1.x, which wants Python 3.12).
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pymc-marketing==0.19.2 pandas==3.1.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import pandas as pd
from pymc_marketing.clv.utils import rfm_summary

orders = pd.DataFrame(
    {
        "customer": ["returning"] * 3 + ["once"],
        "day": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-31", "2024-01-05"]),
        "amount": [10.0, 20.0, 30.0, 40.0],
    }
)
found = {}
for switch in (False, True):
    table = rfm_summary(orders, "customer", "day", "amount", observation_period_end="2024-02-10", include_first_transaction=switch)
    print(f"include_first_transaction={switch}", table.to_string(index=False), sep="\n")
    found[switch] = dict(zip(table["customer_id"], table["recency"])), "T" in table.columns
assert found[False] == ({"returning": 30.0, "once": 0.0}, True), "this has changed"
assert found[True] == ({"returning": 10.0, "once": 36.0}, False), "this has changed"
PYTHON
