"""Calibration of margins: affine in log-odds by default, so that drivers stay additive."""

from __future__ import annotations

from typing import Any

import numpy as np

from churnpredict.errors import UsageError

__all__ = ["AffineCalibration", "IdentityCalibration", "IsotonicCalibration", "make_calibration", "sigmoid"]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return the probability of log-odds, without overflow.

    >>> float(sigmoid(np.array([0.0]))[0])
    0.5
    """
    from scipy.special import expit

    return np.asarray(expit(z))


class AffineCalibration:
    """``log-odds = slope * margin + intercept`` with ``slope > 0`` (Platt 1999, on margins, monotone).

    The slope is estimated on a log scale and shrunk weakly towards 1, with the weight of ``prior`` rows of the most informative kind. The
    intercept is free, so the mean risk of the calibration rows equals their observed share.

    Parameters
    ----------
    prior : float
        Strength of the shrinkage of the slope towards 1.

    Attributes
    ----------
    slope, intercept : float

    Examples
    --------
    >>> margin = np.linspace(-4, 4, 4001)
    >>> y = (np.random.default_rng(0).random(4001) < sigmoid(0.5 * margin - 1)).astype(int)
    >>> c = AffineCalibration().fit(margin, y)
    >>> round(c.slope, 1), round(c.intercept, 1)
    (0.5, -1.0)
    """

    def __init__(self, *, prior: float = 2.0) -> None:
        self.prior = prior
        self.slope = 1.0
        self.intercept = 0.0

    def fit(self, margin: Any, y: Any, sample_weight: Any = None) -> AffineCalibration:
        """Estimate slope and intercept from margins (n,), labels 0/1 (n,) and weights (n,)."""
        m = np.asarray(margin, dtype=np.float64)
        target = np.asarray(y, dtype=np.float64)
        w = np.ones_like(m) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        w = w * (len(w) / w.sum())
        u, c = 0.0, 0.0

        def objective(u: float, c: float) -> float:
            z = np.exp(u) * m + c
            return float(w @ (np.logaddexp(0, z) - target * z) + self.prior * u * u / 2)

        best = objective(u, c)
        for _ in range(100):
            a = np.exp(u)
            p = sigmoid(a * m + c)
            d, h = w * (p - target), w * np.maximum(p * (1 - p), 1e-12)
            am = a * m
            gradient = np.array([d @ am + self.prior * u, d.sum()])
            # Gauss-Newton form of the curvature in u: positive definite everywhere
            hessian = np.array([[h @ (am * am) + self.prior, h @ am], [h @ am, h.sum()]]) + 1e-9 * np.eye(2)
            step = np.linalg.solve(hessian, gradient)
            scale = 1.0
            while scale > 1e-6:
                trial = np.clip(u - scale * step[0], -5, 5), np.clip(c - scale * step[1], -50, 50)
                loss = objective(trial[0], trial[1])
                if loss <= best:
                    break
                scale /= 2
            else:
                break
            moved = abs(trial[0] - u) + abs(trial[1] - c)
            u, c, best = float(trial[0]), float(trial[1]), loss
            if moved < 1e-10:
                break
        self.slope, self.intercept = float(np.exp(u)), float(c)
        return self

    def transform(self, margin: Any) -> np.ndarray:
        """Return calibrated log-odds (n,) of margins (n,)."""
        return np.asarray(self.slope * np.asarray(margin, dtype=np.float64) + self.intercept)

    def shift(self, by: float) -> None:
        """Move the level by ``by`` log-odds."""
        self.intercept += by


class IdentityCalibration(AffineCalibration):
    """No calibration: margins are log-odds already."""

    def fit(self, margin: Any, y: Any, sample_weight: Any = None) -> IdentityCalibration:
        """Do nothing."""
        return self


class IsotonicCalibration:
    """A monotone step function (Zadrozny and Elkan 2002); ties cost AUC, so it is never the default.

    ``slope`` and ``intercept`` are None: explanations scale by the secant instead.
    """

    def __init__(self) -> None:
        self.slope: float | None = None
        self.intercept: float | None = None
        self.level = 0.0

    def fit(self, margin: Any, y: Any, sample_weight: Any = None) -> IsotonicCalibration:
        """Estimate the steps from margins (n,), labels 0/1 (n,) and weights (n,)."""
        from sklearn.isotonic import IsotonicRegression

        target = np.asarray(y, dtype=np.float64)
        edge = 0.5 / (len(target) + 1)  # a step never claims certainty that its rows cannot support
        self.steps = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
        self.steps.fit(np.asarray(margin, dtype=np.float64), target, sample_weight=sample_weight)
        return self

    def transform(self, margin: Any) -> np.ndarray:
        """Return calibrated log-odds (n,) of margins (n,)."""
        p = self.steps.predict(np.asarray(margin, dtype=np.float64))
        return np.asarray(np.log(p) - np.log1p(-p) + self.level)

    def shift(self, by: float) -> None:
        """Move the level by ``by`` log-odds."""
        self.level += by


def make_calibration(name: str) -> AffineCalibration | IsotonicCalibration:
    """Return the calibration called ``"affine"``, ``"identity"`` or ``"isotonic"``."""
    known: dict[str, type[AffineCalibration] | type[IsotonicCalibration]] = {
        "affine": AffineCalibration,
        "identity": IdentityCalibration,
        "isotonic": IsotonicCalibration,
    }
    if name not in known:
        raise UsageError("unknown-calibration", f"calibration {name!r} is unknown", remedy='Use "affine", "identity" or "isotonic".')
    return known[name]()
