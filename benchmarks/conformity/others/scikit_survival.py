"""The side of scikit-survival: measures at a horizon of every case in given.npz, where nobody is censored before it."""

import sys
from pathlib import Path

import numpy as np


def answers(left, p, days, horizon):
    """Return one value per case for every measure."""
    from sksurv.metrics import brier_score, concordance_index_censored, cumulative_dynamic_auc
    from sksurv.util import Surv

    made = {"auc": [], "brier": [], "concordance": []}
    for event, risk, duration in zip(left.astype(bool), p, days, strict=True):
        seen = Surv.from_arrays(event, duration)
        made["auc"].append(cumulative_dynamic_auc(seen, seen, risk, [horizon])[0][0])
        made["brier"].append(brier_score(seen, seen, (1 - risk)[:, None], [horizon])[1][0])
        made["concordance"].append(concordance_index_censored(event, duration, risk)[0])
    return {name: np.asarray(value, dtype=float) for name, value in made.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with np.load(folder / "given.npz") as given:
        np.savez(folder / "answers.npz", **answers(given["y"], given["p"], given["days"], float(given["horizon"])))
