#!/usr/bin/env bash
# A good guess:  CatBoost's nan_mode="Max" treats a missing value as larger than all others, whether or not a value was missing in training.
# What happens:  the mode is only kept for columns in which something was missing in training. In the others a missing value is scored as the
#                smallest, with "Max" as with "Min": a customer without a last order gets the risk of one who ordered today, 1 %, where the
#                largest silence has 73 %. One missing value in 4,001 rows of training turns it round.
# Why it matters: a source that begins to deliver holes after training makes the customers with holes the safest of all, in the mode that was
#                chosen against just that. churnpredict's explain refuses such rows of such a model.
# Versions:      catboost 1.2.10, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet catboost==1.2.10 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import catboost
import numpy as np

draw = np.random.default_rng(0)
days_since_last = draw.integers(0, 365, 4_000).astype(float)
left = (draw.random(4_000) < days_since_last / 365 * 0.8).astype(int)
asked = np.array([[np.nan], [0.0], [364.0]])


def risks(mode, days, outcomes):
    model = catboost.CatBoostClassifier(iterations=100, depth=3, nan_mode=mode, random_seed=0, verbose=0, allow_writing_files=False)
    return model.fit(days.reshape(-1, 1), outcomes).predict_proba(asked)[:, 1]


found = {(mode, 0): risks(mode, days_since_last, left) for mode in ("Min", "Max")}
found["Max", 1] = risks("Max", np.append(days_since_last, np.nan), np.append(left, 1))
for (mode, missing), (unknown, today, longest) in found.items():
    print(f"nan_mode={mode}, {missing} missing in training: missing {unknown:.3f}, today {today:.3f}, 364 days ago {longest:.3f}")
for mode in ("Min", "Max"):
    unknown, today, longest = found[mode, 0]
    assert unknown == today < longest / 10, "this has changed"
unknown, today, longest = found["Max", 1]
assert unknown >= longest
PYTHON
