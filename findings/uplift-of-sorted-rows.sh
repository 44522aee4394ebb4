#!/usr/bin/env bash
# A good guess:  a score that is the same for everybody has the same uplift among the best 30 % as among all, whatever the order of the rows; at
#                least the same rows in another order give the same figure.
# What happens:  scikit-uplift's uplift_at_k takes the first 30 % of the rows after a sort that leaves ties as they came. A constant score on
#                a table that is sorted by outcome has an uplift of exactly 0, where all customers together have .09. Its qini_auc_score handles
#                ties, so that two measures of one package say different things about one model.
# Why it matters: scores of trees, of rules and of rounded risks tie often, and tables come sorted by customer, region or outcome.
#                churnpredict spreads ties evenly: a constant score has an uplift of the average, whatever the order.
# Versions:      scikit-uplift 0.5.1, scikit-learn 1.9.1, pandas 3.1.1, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-uplift==0.5.1 scikit-learn==1.9.1 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from sklift.metrics import qini_auc_score, uplift_at_k

draw = np.random.default_rng(0)
rows = 4_000
treated = draw.integers(0, 2, rows)
stayed = (draw.random(rows) < 0.2 + 0.1 * treated).astype(int)
constant = np.zeros(rows)
truth = stayed[treated == 1].mean() - stayed[treated == 0].mean()
orders = {"as drawn": np.arange(rows), "shuffled": draw.permutation(rows), "sorted by outcome": np.argsort(-stayed, kind="stable")}
found = {}
for name, order in orders.items():
    best = uplift_at_k(stayed[order], constant[order], treated[order], strategy="overall", k=0.3)
    found[name] = float(best), float(qini_auc_score(stayed[order], constant[order], treated[order]))
    print(f"{name}: uplift of the best 30 % {best:.4f}, Qini {found[name][1]:.4f}")
print(f"uplift of all {truth:.4f}")
assert found["sorted by outcome"][0] != found["shuffled"][0] != found["as drawn"][0], "this has changed"
assert abs(found["sorted by outcome"][0] - truth) > 0.02, "this has changed"
assert all(abs(qini) < 1e-9 for _, qini in found.values())
PYTHON
