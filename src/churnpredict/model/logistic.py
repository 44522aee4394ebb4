"""Logistic regression with a penalty, plain or around log-odds that are given."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from churnpredict.model.calibration import sigmoid

__all__ = ["fit_logistic"]

_WIDE = 150  # columns from which the Hessian costs more than it saves
_NARROW: dict[str, Any] = {"solver": "newton-cholesky", "max_iter": 50, "tol": 1e-5}
_BROAD: dict[str, Any] = {"solver": "lbfgs", "max_iter": 150, "tol": 1e-3}


def fit_logistic(
    Z: np.ndarray, y: np.ndarray, w: np.ndarray, *, strength: float, offset: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Return coefficients (n_columns,) and intercept of a logistic regression on rows Z (n, n_columns), labels 0/1 and weights.

    ``strength`` is the inverse of the L2 penalty; ``offset`` (n,) are log-odds that are given.

    >>> Z = np.random.default_rng(0).normal(size=(500, 2))
    >>> y = (Z[:, 0] > 0).astype(float)
    >>> one, other = (fit_logistic(Z, y, np.ones(500), strength=1.0, offset=given)[0] for given in (None, np.zeros(500)))
    >>> bool(np.allclose(one, other, atol=1e-3))
    True
    """
    return _plain(Z, y, w, strength) if offset is None else _around(offset, Z, y, w, strength=strength)


def _plain(Z: np.ndarray, y: np.ndarray, w: np.ndarray, strength: float) -> tuple[np.ndarray, float]:
    """Fit a logistic regression: its coefficients and intercept."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, **(_NARROW if Z.shape[1] <= _WIDE else _BROAD))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last digits of a wide line do not matter
        model.fit(Z, y, sample_weight=w)
    return model.coef_[0], float(model.intercept_[0])  # pyright: ignore[reportIndexIssue]


def _around(offset: np.ndarray, Z: np.ndarray, y: np.ndarray, w: np.ndarray, *, strength: float) -> tuple[np.ndarray, float]:
    """Fit the same around log-odds ``offset`` (n,) that are given: scikit-learn's regression has no room for them."""
    from scipy.optimize import minimize

    n = Z.shape[1]
    penalty = np.r_[np.full(n, 1 / strength), 0.0]

    def at(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        z = offset + Z @ theta[:n] + theta[n]
        d = w * ((p := sigmoid(z)) - y)
        value = float(w @ (np.logaddexp(0, z) - y * z)) + 0.5 * float(penalty @ theta**2)
        return value / len(y), (np.r_[Z.T @ d, d.sum()] + penalty * theta) / len(y), p

    theta = np.zeros(n + 1)
    if n > _WIDE:
        theta = minimize(lambda theta: at(theta)[:2], theta, jac=True, method="L-BFGS-B", options={"maxiter": 150, "gtol": 1e-4}).x
        return theta[:n], float(theta[n])
    value, gradient, p = at(theta)
    for _ in range(50):
        root = np.sqrt(h := w * p * (1 - p))
        bent = Z * root[:, None]
        H = np.empty((n + 1, n + 1))
        H[:n, :n], H[:n, n], H[n, n] = bent.T @ bent, root @ bent, h.sum()  # of a product with itself BLAS computes half
        H[n, :n] = H[:n, n]
        step = np.linalg.solve((H + np.diag(penalty)) / len(y) + 1e-12 * np.eye(n + 1), gradient)
        size, before = 1.0, value
        while size > 1e-4:
            value, gradient, p = at(theta - size * step)
            if value <= before:
                break
            size /= 2
        theta = theta - size * step
        if np.abs(gradient).max() < _NARROW["tol"] or before - value < 1e-10:
            break
    return theta[:n], float(theta[n])
