#!/usr/bin/env bash
# A good guess:  the Brier score of scikit-survival, weighted for customers who are not observed to the end, estimates the mean squared error that
#                would be seen if all were. A model that knows the true share of half has about .25, whatever is censored.
# What happens:  customers who left are weighted by the probability of being observed beyond the day they left, where the definition (Graf and
#                others 1999) has it just before that day. With days that differ it is the same. With contracts of whole months, where customers are
#                lost and observation ends at the same times, the weights are too large: they sum to 1.05 for each customer instead of 1, and
#                the true model has .263, worse than a coin.
# Why it matters: months are the unit of subscriptions. Two models on data with another observation have different scores, and integrated scores
#                add it up. In churnpredict a snapshot without its whole window has no label, and no weight has to make up for it.
# Versions:      scikit-survival 0.28.0, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-survival==0.28.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from sksurv.metrics import brier_score
from sksurv.util import Surv

draw = np.random.default_rng(0)
customers, share, at = 100_000, 0.2, 3
lifetime = draw.geometric(share, customers)
observed = draw.integers(1, 13, customers)  # months that each can have been observed
months, left = np.minimum(lifetime, observed), lifetime <= observed
risk = np.full((customers, 1), (1 - share) ** at)
truth = np.mean(((lifetime > at) - risk[:, 0]) ** 2)


def found(unit_of_observation):
    """The score of scikit-survival: months, or months with an observation that ends a moment after the month."""
    days = np.where(left, months, months + unit_of_observation).astype(float)
    outcomes = Surv.from_arrays(left, days)
    return brier_score(outcomes, outcomes, risk, [at + unit_of_observation / 2])[1][0]


beyond = np.ones(14)  # share of customers observed beyond month m
for month in range(1, 13):
    there = (months >= month).sum() - ((months == month) & left).sum()
    beyond[month] = beyond[month - 1] * (1 - ((months == month) & ~left).sum() / there)


def by_hand(of_leavers):
    weights = np.where((months <= at) & left, 1 / of_leavers[months], np.where(months > at, 1 / beyond[at], 0))
    return np.mean(weights * ((months > at) - risk[:, 0]) ** 2), weights.mean()


just_before = np.append(1.0, beyond[:-1])
print(f"if all were observed {truth:.4f}; the same observation a moment later {found(1e-6):.4f}")
print(f"scikit-survival {found(0):.4f}; by hand: weights just before the month {by_hand(just_before)[0]:.4f}, of the month {by_hand(beyond)[0]:.4f}")
print(f"mean weight: just before {by_hand(just_before)[1]:.3f}, of the month {by_hand(beyond)[1]:.3f}")
assert abs(by_hand(just_before)[0] - truth) < 0.002 and abs(by_hand(just_before)[1] - 1) < 1e-9
assert abs(found(1e-6) - by_hand(just_before)[0]) < 1e-9
assert abs(found(0) - by_hand(beyond)[0]) < 1e-9 and found(0) > 0.26, "this has changed"
PYTHON
