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
        """Estimate slope and intercept from margins (n,), labels 0/1 (n,) and weights (n,).

        Newton steps on the logarithm of the slope, which keeps the slope positive, and on the intercept. A step is halved until the loss
        does not rise.
        """
        margins = np.asarray(margin, dtype=np.float64)
        target = np.asarray(y, dtype=np.float64)
        weight = np.ones_like(margins) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        weight = weight * (len(weight) / weight.sum())

        def loss_at(log_slope: float, intercept: float) -> float:
            log_odds = np.exp(log_slope) * margins + intercept
            return float(weight @ (np.logaddexp(0, log_odds) - target * log_odds) + self.prior * log_slope * log_slope / 2)

        log_slope, intercept = 0.0, 0.0
        best = loss_at(log_slope, intercept)
        for _ in range(100):
            step = self._newton_step(margins, target, weight, log_slope, intercept)
            scale = 1.0
            while scale > 1e-6:
                trial = np.clip(log_slope - scale * step[0], -5, 5), np.clip(intercept - scale * step[1], -50, 50)
                loss = loss_at(trial[0], trial[1])
                if loss <= best:
                    break
                scale /= 2
            else:
                break
            moved = abs(trial[0] - log_slope) + abs(trial[1] - intercept)
            log_slope, intercept, best = float(trial[0]), float(trial[1]), loss
            if moved < 1e-10:
                break
        self.slope, self.intercept = float(np.exp(log_slope)), float(intercept)
        return self

    def _newton_step(self, margins: np.ndarray, target: np.ndarray, weight: np.ndarray, log_slope: float, intercept: float) -> np.ndarray:
        """Return what to take off the logarithm of the slope and off the intercept, shape (2,)."""
        scaled = np.exp(log_slope) * margins  # also the derivative of the log-odds by the logarithm of the slope
        p = sigmoid(scaled + intercept)
        residual, curvature = weight * (p - target), weight * np.maximum(p * (1 - p), 1e-12)
        gradient = np.array([residual @ scaled + self.prior * log_slope, residual.sum()])
        # The Gauss-Newton form of the curvature in the logarithm of the slope is positive definite everywhere.
        mixed = curvature @ scaled
        hessian = np.array([[curvature @ (scaled * scaled) + self.prior, mixed], [mixed, curvature.sum()]]) + 1e-9 * np.eye(2)
        return np.asarray(np.linalg.solve(hessian, gradient))

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
