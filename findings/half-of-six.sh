#!/usr/bin/env bash
# A good guess:  of six customers who leave in the months 1 to 6 half are gone after month 3. The median lifetime of the Kaplan-Meier curve, the
#                first time at which at most half are left, is 3, and in general n / 2 for n customers in the months 1 to n.
# What happens:  lifelines says 4. It multiplies shares in floating point, the half that is left is 0.5000000000000001, and that is not at most
#                0.5. For eight customers it is 5, for fourteen 8, for four and ten it is right: eight of the thirty even numbers up to 60 are
#                wrong. scikit-survival's curve, read in the same way, is wrong for seven others.
# Why it matters: the median lifetime of a cohort or a plan is one whole period too long, and jumps with the number of customers, not with
#                when they leave. churnpredict's suggest_horizon compared in the same way; it allows for rounding now.
# Versions:      lifelines 0.30.3, scikit-survival 0.28.0, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lifelines==0.30.3 scikit-survival==0.28.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from fractions import Fraction

import numpy as np
from lifelines import KaplanMeierFitter
from sksurv.nonparametric import kaplan_meier_estimator


def median_by_hand(months):
    there, left = Fraction(1), sorted(set(months))
    for month in left:
        there *= 1 - Fraction(sum(m == month for m in months), sum(m >= month for m in months))
        if there <= Fraction(1, 2):
            return month


wrong, others = [], []
for n in range(2, 61, 2):
    months = np.arange(1, n + 1)
    fitted = KaplanMeierFitter().fit(months)
    at, there = kaplan_meier_estimator(np.ones(n, bool), months)
    by_hand = median_by_hand(months)
    if fitted.median_survival_time_ != by_hand:
        wrong.append(n)
        print(f"{n} customers: lifelines {fitted.median_survival_time_:.0f}, by hand {by_hand}, still there then {fitted.predict(by_hand)!r}")
    assert by_hand == n // 2
    others += [n] if at[there <= 0.5][0] != by_hand else []
print("scikit-survival's curve, read in the same way, is wrong for", others)
assert others == [24, 28, 30, 38, 44, 46, 54], "scikit-survival has changed"
assert wrong == [6, 8, 14, 18, 20, 44, 58, 60], "this has changed"
PYTHON
