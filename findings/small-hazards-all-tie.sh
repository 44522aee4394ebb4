#!/usr/bin/env bash
# A good guess:  concordance looks at the order of the predicted risks only. Hazards per second rank as hazards per month do.
# What happens:  scikit-survival treats two risks as equal if they differ by at most 1e-8, not relatively but absolutely. Hazards per
#                second of customers who stay for months are near 2e-8: many pairs tie. Per millisecond all of them tie: the concordance of a
#                good model slides to one half, without a word. lifelines compares exactly and gives the same figure in every unit.
# Why it matters: the unit of time decides whether a model seems to rank; two libraries disagree about the same predictions.
# Versions:      scikit-survival 0.28.0, lifelines 0.30.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-survival==0.28.0 lifelines==0.30.3 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from lifelines.utils import concordance_index
from sksurv.metrics import concordance_index_censored

draw = np.random.default_rng(0)
x = draw.normal(size=3_000)
months = draw.exponential(20 * np.exp(-x))
seen = draw.uniform(0, 24, 3_000)
left, time = months <= seen, np.minimum(months, seen)
hazard = np.exp(x) / 20
found = {}
for unit, one in {"month": 1.0, "second": 2_629_746.0, "millisecond": 2_629_746e3}.items():
    risk = hazard / one
    ours, _, _, ties, _ = concordance_index_censored(left, time * one, risk)
    found[unit] = ours, concordance_index(time * one, -risk, left), ties
    print(f"hazards per {unit:11} scikit-survival {ours:.4f} ({ties:,} ties), lifelines {found[unit][1]:.4f}")
right = found["month"][0]
assert all(abs(theirs - right) < 1e-9 for _, theirs, _ in found.values())
assert found["second"][0] < right - 0.01, "this has changed"
assert found["millisecond"][0] == 0.5, "this has changed"
PYTHON
