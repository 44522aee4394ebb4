#!/usr/bin/env bash
# A good guess:  the base value beside SHAP values is the mean of the model's raw scores over the training rows, in every booster; with row
#                weights, the weighted mean.
# What happens:  three boosters, the same rows, the same weights, three meanings. LightGBM: the mean over rows, the weights ignored. CatBoost:
#                the weighted mean. XGBoost: neither. It weighs each row by its Hessian at the time when each tree was grown, so that its base
#                value is not a mean of the finished model's scores: here it lies above both the weighted and the unweighted one.
# Why it matters: "this customer is 0.4 above average" speaks of another average in each library, so that reasons of two models cannot be
#                laid side by side. churnpredict shows the risk of the base beside the churn rate.
# Versions:      lightgbm 4.7.0, xgboost 3.2.0, catboost 1.2.10, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lightgbm==4.7.0 xgboost==3.2.0 catboost==1.2.10 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" - <<'PYTHON'
import catboost
import lightgbm
import numpy as np
import xgboost

draw = np.random.default_rng(0)
X = draw.normal(size=(4_000, 5))
y = (draw.random(4_000) < 1 / (1 + np.exp(2 - X[:, 0]))).astype(int)
weight = np.where(y == 1, 5.0, 1.0)

light = lightgbm.train({"objective": "binary", "num_leaves": 8, "verbose": -1}, lightgbm.Dataset(X, y, weight=weight), 50)
rows = xgboost.DMatrix(X, y, weight=weight)
extreme = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, rows, 50)
pool = catboost.Pool(X, y, weight=weight)
cat = catboost.CatBoostClassifier(iterations=50, depth=3, verbose=0, random_seed=0, allow_writing_files=False).fit(pool)

found = {
    "LightGBM": (light.predict(X, pred_contrib=True)[0, -1], light.predict(X, raw_score=True)),
    "XGBoost": (float(extreme.predict(rows, pred_contribs=True)[0, -1]), extreme.predict(rows, output_margin=True)),
    "CatBoost": (cat.get_feature_importance(pool, type="ShapValues")[0, -1], cat.predict(pool, prediction_type="RawFormulaVal")),
}
means = {name: (base, raw.mean(), np.average(raw, weights=weight)) for name, (base, raw) in found.items()}
for name, (base, plain, weighted) in means.items():
    print(f"{name:9} base value {base:+.4f}, mean of raw scores {plain:+.4f}, weighted mean {weighted:+.4f}")
base, plain, weighted = means["LightGBM"]
assert abs(base - plain) < 1e-9 < abs(base - weighted), "this has changed"
base, plain, weighted = means["CatBoost"]
assert abs(base - weighted) < 1e-9 < abs(base - plain), "this has changed"
base, plain, weighted = means["XGBoost"]
assert base > max(plain, weighted) + 0.01, "this has changed"
PYTHON
