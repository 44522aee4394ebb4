#!/usr/bin/env bash
# A good guess:  the concordance that CoxPHFitter of lifelines shows after a fit depends on durations, outcomes and risks. What the rows are
#                called does not matter: it is the same after reset_index, and the same as score() says of the same rows.
# What happens:  rows are looked up by their labels, and where a label comes several times the risks of other rows are taken. With the customer
#                as the index and three rows for each, or after pd.concat of two files, .71 becomes .47, and .5 where all labels are the
#                same. Coefficients, likelihood and score() are right; only concordance_index_ and the printed summary are not.
# Why it matters: several snapshots of each customer, with the customer as the index, are the usual table of this field, and the model looks
#                worthless. churnpredict matches labels and rows by the index only where it is unique, and refuses other indexes that differ.
# Versions:      lifelines 0.30.3, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lifelines==0.30.3 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

draw = np.random.default_rng(0)
orders_late = draw.normal(size=300)
months = np.ceil(draw.exponential(4 / np.exp(0.8 * orders_late))) + 1
left = months < 24
rows = pd.DataFrame({"orders_late": orders_late, "months": months.clip(max=24), "left": left})
rows.index = pd.Index(np.arange(300) // 3, name="customer")


def by_hand(risk, months, left):
    sooner = left[:, None] & ((months[:, None] < months) | ((months[:, None] == months) & ~left))
    right = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
    return (right * sooner).sum() / sooner.sum()


found = {}
for name, table in {"customer": rows, "row number": rows.reset_index(drop=True), "one label": rows.set_axis([0] * 300)}.items():
    model = CoxPHFitter().fit(table, "months", "left")
    hand = by_hand(model.predict_partial_hazard(table).to_numpy(), rows["months"].to_numpy(), rows["left"].to_numpy())
    found[name] = model.concordance_index_, model.score(table, scoring_method="concordance_index"), hand, model.params_["orders_late"]
    print("index: {}; concordance_index_ {:.3f}, score() {:.3f}, by hand {:.3f}, coefficient {:.4f}".format(name, *found[name]))
shown, scored, hand, coefficient = map(np.array, zip(*found.values()))
assert np.ptp(scored) == np.ptp(coefficient) == 0 and abs(scored - hand).max() < 1e-12
assert abs(shown[1] - hand[1]) < 1e-12
assert abs(shown[0] - hand[0]) > 0.1 and shown[2] == 0.5, "this has changed"
PYTHON
