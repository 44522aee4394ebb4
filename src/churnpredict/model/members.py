"""Members of a blend: each gives a margin in log-odds that is a sum over features."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["TreeMember"]


class TreeMember:
    """A LightGBM booster on columns f0..fn.

    Attributes
    ----------
    name, weight : str, float
    booster : lightgbm.Booster
    """

    name = "trees"

    def __init__(self, booster: Any, *, weight: float = 1.0, n_jobs: int | None = None) -> None:
        self.booster = booster
        self.weight = weight
        self.n_jobs = n_jobs

    def margin(self, A: np.ndarray) -> np.ndarray:
        """Log-odds (n,) of encoded rows A (n, n_features)."""
        return np.asarray(self.booster.predict(A, raw_score=True, num_threads=self.n_jobs or 0))

    def contributions(self, A: np.ndarray) -> tuple[np.ndarray, float]:
        """Path-dependent SHAP values (n, n_features) and their base, by LightGBM itself: exact and slow."""
        phi = np.asarray(self.booster.predict(A, pred_contrib=True, num_threads=self.n_jobs or 0))
        return phi[:, :-1], float(phi[0, -1]) if len(phi) else 0.0
