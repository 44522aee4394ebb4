#!/usr/bin/env bash
# A good guess:  contracts end after 30, 60 and 90 days and at no other time, so that all who are there after day 30 are there on day 45. The
#                curve of a Cox model is a step, as Breslow's estimate is, and as it is in scikit-survival.
# What happens:  lifelines' predict_survival_function(times=[45]) draws a straight line of the cumulative hazard between the steps: .59 on
#                day 45, where the step has .70. Before the first end it is the other way round: .70 is left on day 15, when nobody can have
#                left yet. Without times= the table has the steps, and its index looks the same.
# Why it matters: risks between two renewals, of which there are none, and none of the hazard on the day itself: expected losses of the
#                next two weeks are wrong for everyone. churnpredict's curves are counted on the days of the horizon that is asked for.
# Versions:      lifelines 0.30.3, scikit-survival 0.28.0, numpy 2.4.6, pandas 2.3.3, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet lifelines==0.30.3 scikit-survival==0.28.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv

draw = np.random.default_rng(0)
discount = draw.integers(0, 2, 3_000)
days = 30.0 * np.ceil(draw.exponential(4 / np.exp(0.5 * discount))).clip(max=24)
rows = pd.DataFrame({"discount": discount, "days": days, "left": days < 720})
asked = rows[["discount"]].iloc[[0]]
when = [15.0, 30.0, 45.0, 59.0, 60.0]
fitted = CoxPHFitter().fit(rows, "days", "left")
line = fitted.predict_survival_function(asked, times=when).iloc[:, 0]
steps = fitted.predict_survival_function(asked).iloc[:, 0]
other = CoxPHSurvivalAnalysis(ties="efron").fit(rows[["discount"]], Surv.from_arrays(rows["left"], rows["days"])).predict_survival_function(asked)[0]
same = rows[rows["discount"] == rows["discount"][0]]
for day in when:
    still = (same["days"] > day).mean()
    print(f"day {day:.0f}: lifelines {line[day]:.3f}, scikit-survival", f"{other(day):.3f}," if day >= 30 else "(none),", f"customers like this one still there {still:.3f}")
assert abs(line[30] - other(30)) < 1e-6 and abs(line[60] - other(60)) < 1e-6 and abs(steps[30] - line[30]) < 1e-12
assert other(45) == other(30) and other(59) == other(30)
assert abs(line[45] - np.sqrt(steps[30] * steps[60])) < 1e-12, "this has changed"
assert line[15] == line[30] and (same["days"] > 15).all(), "this has changed"
PYTHON
