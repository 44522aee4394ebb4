#!/usr/bin/env bash
# A good guess:  after booster.refit(new rows) of LightGBM the base value beside the contributions is the mean raw score of the new rows, as it
#                was that of the training rows before. The model was fitted to the new rows, after all.
# What happens:  refit changes the values of the leaves and leaves the number of rows in them. Contributions and their base weigh the new
#                values with the old customers: the base is .42 where the mean raw score of the new rows is 1.58.
# Why it matters: "0.4 above the average customer" is said of an average that nobody has. churnpredict's TreeShap gives the same values, and
#                its page says so; with background= the base is the mean over rows that you name.
# Versions:      lightgbm 4.7.0, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lightgbm==4.7.0
"$folder/venv/bin/python" - <<'PYTHON'
import lightgbm
import numpy as np

rng = np.random.default_rng(0)
rows = rng.normal(size=(4000, 3))
left = (rng.random(4000) < 1 / (1 + np.exp(-rows[:, 0]))).astype(int)
late = rows[:, 0] > 1
first = lightgbm.train({"objective": "binary", "num_leaves": 4, "verbose": -1}, lightgbm.Dataset(rows, left), 20)
second = first.refit(rows[late], left[late], decay_rate=0.0)


def described(model, given):
    base, mean = model.predict(given, pred_contrib=True)[0, -1], model.predict(given, raw_score=True).mean()
    counted = model.dump_model()["tree_info"][0]["tree_structure"]["internal_count"]
    print(f"{len(given)} rows: base {base:.2f}, mean raw score {mean:.2f}, rows that the first tree says it has seen {counted}")
    return base, mean, counted


base, mean, _ = described(first, rows)
assert abs(base - mean) < 1e-9, "this has changed"
base, mean, counted = described(second, rows[late])
assert mean - base > 0.5, "this has changed"
assert counted == 4000 > late.sum(), "this has changed"
PYTHON
