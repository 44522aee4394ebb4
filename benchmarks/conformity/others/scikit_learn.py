"""scikit-learn's side: metrics of every case in given.npz."""

import sys
from pathlib import Path

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression


def answers(y, p, w):
    """Return one value per case for every metric."""
    rows = list(zip(y.astype(int), p, w, strict=True))
    plain = [(a, b) for a, b, c in rows if (c == 1).all()]
    out = {
        "auc": [metrics.roc_auc_score(a, b, sample_weight=c) for a, b, c in rows],
        "average_precision": [metrics.average_precision_score(a, b, sample_weight=c) for a, b, c in rows],
        "brier": [metrics.brier_score_loss(a, b, sample_weight=c) for a, b, c in rows],
        "log_loss": [metrics.log_loss(a, b, sample_weight=c) for a, b, c in rows],
        "slope": [slope(a, b, c) for a, b, c in rows],
        "calibration": [ten_bins(a, b) for a, b in plain if len(np.unique(b)) == len(b)],
        "certain": metrics.log_loss([0, 1, 1], [0.0, 1.0, 0.0]),
    }
    return {name: np.asarray(value, dtype=float) for name, value in out.items()}


def slope(y, p, w):
    """Return the coefficient of the log-odds in a logistic regression without a penalty."""
    z = np.log(p / (1 - p))[:, None]
    return LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(z, y, sample_weight=w).coef_[0, 0]


def ten_bins(y, p):
    """Return the mean distance of the points of the calibration curve in ten bins of equal size."""
    seen, said = calibration_curve(y, p, n_bins=10, strategy="quantile")
    return np.abs(seen - said).mean()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with np.load(folder / "given.npz") as arrays:
        made = answers(arrays["y"], arrays["p"], arrays["w"])
    np.savez(folder / "answers.npz", **made)
