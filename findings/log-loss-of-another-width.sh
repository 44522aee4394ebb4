#!/usr/bin/env bash
# A good guess:  the log loss of a churner who was given a risk of 1e-12 is -log(1e-12) = 27.6, whether the risks are float64 or float32; at
#                most the seventh digit differs.
# What happens:  scikit-learn clips risks by the machine epsilon of their own type: 2.2e-16 for float64, 1.2e-7 for float32. The float32 column
#                costs 15.9 for the same customer. Of two models with the same confident mistakes, the one that stores float32, as XGBoost
#                does, looks better.
# Why it matters: champion and challenger are compared by log loss. churnpredict computes it in float64 from whatever it is given.
# Versions:      scikit-learn 1.9.1, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from sklearn.metrics import log_loss

risk = np.array([1e-12, 1e-12])
left = [1, 0]
wide, narrow = (2 * log_loss(left, risk.astype(kind)) for kind in (np.float64, np.float32))
print(f"loss of the one who left: float64 {wide:.2f}, float32 {narrow:.2f}, -log(1e-12) {-np.log(1e-12):.2f}")
print(f"the risk as float32 is still {float(np.float32(1e-12)):.7e}")
assert abs(wide + np.log(1e-12)) < 1e-6
assert abs(narrow + np.log(np.finfo(np.float32).eps)) < 1e-4, "this has changed"
PYTHON
