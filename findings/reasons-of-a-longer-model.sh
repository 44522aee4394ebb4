#!/usr/bin/env bash
# A good guess:  model.get_booster() is the model that model.predict_proba uses, so that its pred_contribs sum to the same log-odds, also
#                after early stopping.
# What happens:  XGBClassifier predicts with the trees up to the best round; its booster keeps the rounds after that, and predicts and
#                explains with all. The sums miss the prediction by more than one log-odds for some rows. LightGBM's booster remembers the best
#                round for both, and shap.TreeExplainer, given the classifier, explains what is predicted.
# Why it matters: the usual way to XGBoost's own fast SHAP values explains another model than the one that scores. churnpredict reads the best
#                round of the classifier that it is given, and holds the sum to the prediction.
# Versions:      xgboost 3.2.0, lightgbm 4.7.0, shap 0.51.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet xgboost==3.2.0 lightgbm==4.7.0 shap==0.51.0 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import lightgbm
import numpy as np
import shap
import xgboost

draw = np.random.default_rng(0)
X = draw.normal(size=(4_000, 5))
y = (draw.random(4_000) < 1 / (1 + np.exp(2 - X[:, 0]))).astype(int)
train, test = slice(0, 2_000), slice(2_000, None)

model = xgboost.XGBClassifier(n_estimators=400, learning_rate=0.3, early_stopping_rounds=10, random_state=0)
model.fit(X[train], y[train], eval_set=[(X[test], y[test])], verbose=False)
booster = model.get_booster()
predicted = model.predict_proba(X[test])[:, 1]
margin = np.log(predicted / (1 - predicted))
contributions = booster.predict(xgboost.DMatrix(X[test]), pred_contribs=True).sum(axis=1)
best = booster.predict(xgboost.DMatrix(X[test]), pred_contribs=True, iteration_range=(0, model.best_iteration + 1)).sum(axis=1)
explainer = shap.TreeExplainer(model)
outside = explainer.shap_values(X[test]).sum(axis=1) + explainer.expected_value
other = lightgbm.train(
    {"objective": "binary", "verbose": -1},
    lightgbm.Dataset(X[train], y[train]),
    400,
    valid_sets=[lightgbm.Dataset(X[test], y[test])],
    callbacks=[lightgbm.early_stopping(10, verbose=False)],
)
light = np.abs(other.predict(X[test], pred_contrib=True).sum(axis=1) - other.predict(X[test], raw_score=True)).max()
off = {
    "XGBoost's booster": np.abs(contributions - margin).max(),
    "the same, told the best round": np.abs(best - margin).max(),
    "shap on the classifier": np.abs(outside - margin).max(),
    "LightGBM's booster": light,
}
print(f"best round {model.best_iteration + 1} of {booster.num_boosted_rounds()}; reasons miss the predicted log-odds by at most")
print(*(f"  {value:.1e}  {name}" for name, value in off.items()), sep="\n")
assert off.pop("XGBoost's booster") > 0.3, "this has changed"
assert max(off.values()) < 1e-4
PYTHON
