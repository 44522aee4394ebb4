#!/usr/bin/env bash
# A good guess:  OptimalBinning of optbinning has a bin for missing values, and its table says that 76 % of those customers left. transform with
#                metric="event_rate" gives each value the rate of its bin, so .76 for a missing one.
# What happens:  it gives 0, and 0 as weight of evidence where the table has -1.7. The bin is counted, shown and not used unless
#                metric_missing="empirical" is given. A category that was never seen gets the rate of all instead, .35: the rule for the
#                unknown is another one.
# Why it matters: as a rate, 0 is the lowest risk there is: customers of whom nothing is known become the safest of all, against what the
#                table on the same page says. In churnpredict the model learns what missing means, and scores it so.
# Versions:      optbinning 0.21.0, scikit-learn 1.9.1, pandas 2.3.3, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet optbinning==0.21.0 scikit-learn==1.9.1 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from optbinning import OptimalBinning

draw = np.random.default_rng(0)
silence = draw.normal(size=2_000)
left = (draw.random(2_000) < 1 / (1 + np.exp(1 - silence))).astype(int)
silence[:300], left[:300] = np.nan, draw.random(300) < 0.8
bins = OptimalBinning(dtype="numerical").fit(silence, left)
table = bins.binning_table.build().set_index("Bin")
stayed, gone = (left[300:] == 0).sum() + (left[:300] == 0).sum(), left.sum()
rate, evidence = left[:300].mean(), np.log((left[:300] == 0).sum() / stayed / (left[:300].sum() / gone))
given = {metric: float(bins.transform([np.nan], metric=metric)[0]) for metric in ("event_rate", "woe")}
asked = {metric: float(bins.transform([np.nan], metric=metric, metric_missing="empirical")[0]) for metric in ("event_rate", "woe")}
print(f"missing: by hand rate {rate:.2f}, weight of evidence {evidence:.2f}; in the table {table.loc['Missing', 'Event rate']:.2f}, {table.loc['Missing', 'WoE']:.2f}")
print(f"transform: {given}; with metric_missing='empirical' {({metric: round(value, 2) for metric, value in asked.items()})}")
plans = np.array(list("abc"))[draw.integers(0, 3, 2_000)]
gone = (draw.random(2_000) < np.where(plans == "a", 0.1, np.where(plans == "b", 0.3, 0.6))).astype(int)
unknown = OptimalBinning(dtype="categorical").fit(plans, gone).transform(np.array(["z"]), metric="event_rate")[0]
print(f"a plan never seen: {unknown:.2f}, all plans {gone.mean():.2f}")
assert abs(table.loc["Missing", "Event rate"] - rate) < 1e-9 and abs(table.loc["Missing", "WoE"] - evidence) < 1e-9
assert abs(asked["event_rate"] - rate) < 1e-9 and abs(asked["woe"] - evidence) < 1e-9 and abs(unknown - gone.mean()) < 1e-9
assert given == {"event_rate": 0.0, "woe": 0.0}, "this has changed"
PYTHON
