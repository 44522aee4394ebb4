#!/usr/bin/env bash
# A good guess:  when all customers order for half as much as before, the population stability index is far above 0.2, and one unusual order among
#                5,000 changes little.
# What happens:  evidently lays the bins between the smallest and the largest value of both periods together. One order of 10,000 among amounts of
#                25 and 50 makes bins so wide that all others share one: the index falls from 5.8 to 0.0001. The Jensen-Shannon,
#                Kullback-Leibler and Hellinger distances use the same bins and fall, too; Wasserstein and Kolmogorov-Smirnov do not.
# Why it matters: the check that should stop a scoring run says "no drift" on the day of the largest order. churnpredict's bins are
#                tenths of the reference, and the newer period cannot move them.
# Versions:      evidently 0.7.23, pandas 2.3.3, numpy 2.4.6, Python 3.11.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet evidently==0.7.23 pandas==2.3.3 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import pandas as pd
from evidently import Report
from evidently.metrics import ValueDrift

draw = np.random.default_rng(0)
before = draw.normal(50, 10, 5_000)
after = draw.normal(25, 10, 5_000)


def by_hand(one, two):
    edges = np.quantile(one, np.arange(1, 10) / 10)
    shares = [np.maximum(np.bincount(np.searchsorted(edges, values), minlength=10) / len(values), 1e-4) for values in (one, two)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


found = {}
for name, amounts in {"half as much": after, "with one order of 10,000": np.append(after[:-1], 10_000.0)}.items():
    tables = pd.DataFrame({"amount": amounts}), pd.DataFrame({"amount": before})
    for method in ("psi", "jensenshannon", "hellinger", "wasserstein"):
        found[name, method] = float(Report([ValueDrift(column="amount", method=method)]).run(*tables).dict()["metrics"][0]["value"])
    print(name, {method: round(value, 4) for (of, method), value in found.items() if of == name}, "psi by tenths of the reference", round(by_hand(before, amounts), 2))
    assert by_hand(before, amounts) > 4
for method in ("psi", "jensenshannon", "hellinger"):
    plain, hidden = found["half as much", method], found["with one order of 10,000", method]
    assert plain > 0.5 and hidden < 0.02, "this has changed"
assert found["with one order of 10,000", "wasserstein"] > 2
PYTHON
