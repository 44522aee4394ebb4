#!/usr/bin/env bash
# A good guess:  the end of the observed period means the same in pymc-marketing's rfm_summary and in its rfm_train_test_split: purchases of that
#                day either count before it, in both, or after it, in both.
# What happens:  with times of day they do not. rfm_summary(observation_period_end="2024-01-31") counts a purchase of 31 January at 15:00;
#                rfm_train_test_split(train_period_end="2024-01-31") takes it as one of the test period. Under the same day in the
#                arguments the purchase is in the summary on which a model is fitted and again in what it is tested on. Times at midnight agree.
# Why it matters: a model that is fitted on the summary has seen part of what it has to predict, most of it for the customers who are
#                busy just then. churnpredict's cutoff is a moment: what happened before it is a feature, the rest is an outcome.
# Versions:      pymc-marketing 0.19.2, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pymc-marketing==0.19.2 pandas==2.3.3
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import pandas as pd
from pymc_marketing.clv.utils import rfm_summary, rfm_train_test_split

end = "2024-01-31"
found = {}
for clock in ("00:00", "15:00"):
    moments = pd.to_datetime(["2024-01-01 00:00", "2024-01-11 00:00", f"2024-01-31 {clock}", "2024-02-10 00:00"])
    orders = pd.DataFrame({"customer": "a", "time": moments})
    whole = rfm_summary(orders, "customer", "time", observation_period_end=end)
    split = rfm_train_test_split(orders, "customer", "time", train_period_end=end, test_period_end="2024-03-01")
    found[clock] = int(whole["frequency"][0]), int(split["frequency"][0]), int(split["test_frequency"][0])
    print(f"third order at {clock}: repeats in the summary {found[clock][0]}, in the train part {found[clock][1]}, in the test part {found[clock][2]}; days with orders 4")
assert found["00:00"] == (2, 2, 1)
assert found["15:00"] == (2, 1, 2), "this has changed"
PYTHON
