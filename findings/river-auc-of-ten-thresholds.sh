#!/usr/bin/env bash
# A good guess:  river.metrics.ROCAUC, fed one prediction at a time, ends near the area that scikit-learn computes from the same predictions,
#                and depends on their order only, as every AUC does.
# What happens:  it counts at ten fixed thresholds between 0 and 1. Churn risks crowd at the lower end, so that most customers tie: .58 where
#                the area is .76. Log-odds of the very same ranking all but a few lie below the first threshold: the area is 0.
# Why it matters: a stream of risks with a churn rate of 4 % looks like a worthless model, and a recalibration, which changes no order,
#                looks like a better one. churnpredict ranks; it has no thresholds in its AUC.
# Versions:      river 0.26.1, scikit-learn 1.9.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet river==0.26.1 scikit-learn==1.9.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from river import metrics
from sklearn.metrics import roc_auc_score

draw = np.random.default_rng(0)
log_odds = draw.normal(size=20_000) - 3.8
risk = 1 / (1 + np.exp(-log_odds))
left = draw.random(20_000) < risk


def stream(metric, scores):
    for outcome, score in zip(left.tolist(), scores.tolist()):
        metric.update(outcome, score)
    return metric.get()


exact = roc_auc_score(left, risk)
ten = stream(metrics.ROCAUC(), risk)
hundred = stream(metrics.ROCAUC(n_thresholds=100), risk)
rolling = stream(metrics.RollingROCAUC(window_size=20_000), risk)
other = stream(metrics.ROCAUC(), log_odds)
print(f"churn rate {left.mean():.3f}; scikit-learn {exact:.4f}; RollingROCAUC over all {rolling:.4f}")
print(f"ROCAUC {ten:.4f}; with 100 thresholds {hundred:.4f}; of the log-odds {other:.4f}")
assert abs(exact - rolling) < 1e-6
assert abs(exact - roc_auc_score(left, log_odds)) < 1e-12
assert ten < exact - 0.1, "this has changed"
assert other < 0.1, "this has changed"
PYTHON
