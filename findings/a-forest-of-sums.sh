#!/usr/bin/env bash
# A good guess:  predict is the logistic function of predict(raw_score=True) in LightGBM, in every boosting mode: it holds for gbdt and
#                dart. And pred_contrib sums to these raw scores, so to the log-odds of the prediction.
# What happens:  with boosting="rf" the raw score and the contributions are sums over all trees, the prediction comes from their mean. With 50
#                trees the "log-odds" are 50 times too large: a risk of 24 % has a raw score of -57. shap.TreeExplainer passes the sums on.
# Why it matters: reasons of a forest are as many times too large as it has trees, and a base value of -70 log-odds is a risk of 0.
#                churnpredict reads the mark average_output in the model and divides.
# Versions:      lightgbm 4.7.0, shap 0.51.0, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lightgbm==4.7.0 shap==0.51.0 numpy==2.4.6 scikit-learn==1.9.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import lightgbm
import numpy as np
import shap

draw = np.random.default_rng(0)
X = draw.normal(size=(4_000, 5))
y = (draw.random(4_000) < 1 / (1 + np.exp(2 - X[:, 0]))).astype(int)


def log_odds(p):
    return np.log(p / (1 - p))


found = {}
for mode in ("gbdt", "dart", "rf"):
    settings = {"objective": "binary", "boosting": mode, "bagging_freq": 1, "bagging_fraction": 0.7, "verbose": -1, "seed": 0}
    model = lightgbm.train(settings, lightgbm.Dataset(X, y), 50)
    said, raw = log_odds(model.predict(X[:200])), model.predict(X[:200], raw_score=True)
    explainer = shap.TreeExplainer(model)
    outside = np.asarray(explainer.shap_values(X[:200])).sum(axis=-1) + explainer.expected_value
    found[mode] = np.median(raw / said), np.median(model.predict(X[:200], pred_contrib=True).sum(axis=1) / said), np.median(outside / said)
    print("{}: raw score {:.3f}, pred_contrib {:.3f}, shap {:.3f} times the log-odds of the prediction".format(mode, *found[mode]))
assert np.allclose(found["gbdt"], 1)
assert np.allclose(found["dart"], 1)
assert np.allclose(found["rf"], 50), "this has changed"
PYTHON
