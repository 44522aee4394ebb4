#!/usr/bin/env bash
# A good guess:  shap.TreeExplainer(model, data=background) compares with all rows of the background. Its expected value is the mean of the
#                model over these rows, exactly, as it is for a background of a hundred.
# What happens:  a background of more than a hundred rows is replaced by a hundred of them, drawn at random. Nothing is said. Of 5,000
#                customers of whom 2 % are of a rare kind, none of these is among the hundred, and the expected value is not the mean.
# Why it matters: "compared with all active customers" compares with a hundred of them, and the sum of reasons ends at another average than
#                the one that stands beside it. churnpredict's named references use every row, at no more cost for each explained customer.
# Versions:      shap 0.51.0, lightgbm 4.7.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet shap==0.51.0 lightgbm==4.7.0 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import lightgbm
import numpy as np
import shap

draw = np.random.default_rng(0)
X = draw.normal(size=(5_000, 4))
X[:100, 0] += 6  # 2 % of another kind
y = X[:, 0] + draw.normal(size=5_000)
model = lightgbm.train({"objective": "regression", "verbose": -1}, lightgbm.Dataset(X, y), 30)
found = {}
for rows in (100, 5_000):
    background = X[-rows:] if rows == 100 else X
    explainer = shap.TreeExplainer(model, background)
    found[rows] = explainer.expected_value, model.predict(background).mean(), len(explainer.data), int((explainer.data[:, 0] > 3.5).sum())
    print("background of {:,}: expected value {:+.4f}, mean of the model {:+.4f}, rows used {}, of the rare kind {}".format(rows, *found[rows]))
assert abs(found[100][0] - found[100][1]) < 1e-6
assert found[5_000][2] == 100, "this has changed"
assert abs(found[5_000][0] - found[5_000][1]) > 0.02, "this has changed"
PYTHON
