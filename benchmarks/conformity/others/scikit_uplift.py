"""scikit-uplift's side: curves and areas of the experiment in given.npz, untied and tied. Its outcome is who stayed."""

import sys
import warnings
from pathlib import Path

import numpy as np


def answers(y, p, treated):
    """Return curves (points,), their areas above the diagonal, and the scores that divide these by those of a perfect ranking."""
    from sklearn.metrics import auc
    from sklift import metrics

    stayed, treated = 1 - y.astype(int), treated.astype(int)
    out = {}
    for name, curve, best in (
        ("qini", metrics.qini_curve, metrics.perfect_qini_curve),
        ("uplift", metrics.uplift_curve, metrics.perfect_uplift_curve),
    ):
        _, value = curve(stayed, p, treated)
        x_best, value_best = best(stayed, treated)
        out[f"{name}_curve"] = value
        out[f"{name}_perfect"] = auc(x_best, value_best) - x_best[-1] * value_best[-1] / 2
    out["qini_score"] = metrics.qini_auc_score(stayed, p, treated)
    out["uplift_score"] = metrics.uplift_auc_score(stayed, p, treated)
    return out


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    with np.load(folder / "given.npz") as given:
        made = {
            f"{name}_{key}": value for name in ("p", "tied") for key, value in answers(given["y"], given[name], given["treated"]).items()
        }
    np.savez(folder / "answers.npz", **made)
