#!/usr/bin/env bash
# A good guess:  shapiq's exact values of a LightGBM model sum to the model's raw score for every row that the model can score.
# What happens:  for rows with missing values they do not. Its reader of LightGBM models drops the direction that each split has learnt for
#                missing values, and its explainer compares NaN with the threshold, which is never true: every missing value goes right. It
#                explains another model than the one that predicts, without a warning. Rows without missing values are exact, and so is
#                LightGBM's own pred_contrib for all rows.
# Why it matters: missing values are the rule in features of customers (never ordered, no ticket yet). A reason is then given for a path that
#                the score did not take. churnpredict checks that contributions sum to the score, and refuses a model where they do not.
# Versions:      shapiq 1.4.1, lightgbm 4.7.0, numpy 2.4.6, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet shapiq==1.4.1 lightgbm==4.7.0 numpy==2.4.6 pandas==3.1.1 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import lightgbm
import numpy as np
import shapiq

draw = np.random.default_rng(0)
X = draw.normal(size=(4_000, 3))
X[draw.random(X.shape) < 0.2] = np.nan
y = (np.nan_to_num(X[:, 0]) - 1.5 * np.isnan(X[:, 1]) + draw.normal(size=4_000) > 0).astype(int)
model = lightgbm.train({"objective": "binary", "num_leaves": 8, "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 30)

rows = X[:200]
explainer = shapiq.TreeExplainer(model=model, max_order=1, index="SV")
found = [explainer.explain(row) for row in rows]
sums = np.array([one.baseline_value + sum(one.dict_values.get((j,), 0.0) for j in range(3)) for one in found])
raw, own = model.predict(rows, raw_score=True), model.predict(rows, pred_contrib=True).sum(axis=1)


def all_to_the_right(node, row):
    """Walk a tree, with every missing value to the right."""
    while "split_index" in node:
        node = node["left_child" if row[node["split_feature"]] <= node["threshold"] else "right_child"]
    return node["leaf_value"]


trees = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
another = np.array([sum(all_to_the_right(tree, row) for tree in trees) for row in rows])
missing = np.isnan(rows).any(axis=1)
print(f"largest distance of the sum to the score, {(~missing).sum()} rows without missing values: {np.abs(sums - raw)[~missing].max():.0e}")
print(f"                                          {missing.sum()} rows with missing values: {np.abs(sums - raw)[missing].max():.2f}")
print(f"LightGBM's own contributions, all rows: {np.abs(own - raw).max():.0e}")
print(f"shapiq beside the same trees with every missing value sent right: {np.abs(sums - another).max():.0e}")
assert np.abs(own - raw).max() < 1e-9 and np.abs(sums - raw)[~missing].max() < 1e-9, "this has changed"
assert np.abs(sums - raw)[missing].max() > 0.5 and np.abs(sums - another).max() < 1e-9, "this has changed"
PYTHON
