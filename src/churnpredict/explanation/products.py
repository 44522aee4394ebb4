"""Exact additive reasons for a part of the risk, which is a product of probabilities.

The risk of being lost within 30 days is a product of probabilities p_k, each additive in its own log-odds. The difference between the
product and that of the reference is divided among the factors by Shapley's value of the product, where a factor is either at its own value
or at its reference; each factor's part goes to its drivers along the secant, as for one probability. So drivers sum to the difference
exactly, and because the value is linear in each factor, those of "left" and of "lost" sum to those of the whole risk, driver by driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from churnpredict.model.calibration import sigmoid

__all__ = ["Factor", "log_odds_of", "product_scales", "product_weights", "reasons_of_product", "secant"]


def secant(z: Any, z0: Any) -> np.ndarray:
    """Return probability points per unit of log-odds between z0 and z: ``(sigma(z) - sigma(z0)) / (z - z0)``, its limit where they meet.

    Multiplied by a driver's log-odds, it gives that driver's probability points, which then sum to ``sigma(z) - sigma(z0)`` exactly and
    keep sign and order.

    >>> float(secant(0.0, 0.0))
    0.25
    """
    z, z0 = np.broadcast_arrays(np.asarray(z, dtype=np.float64), np.asarray(z0, dtype=np.float64))
    gap = z - z0
    near = np.abs(gap) < 1e-5  # where the difference has lost half its digits, the slope at the midpoint has lost none
    middle = sigmoid((z + z0) / 2)
    return np.asarray(np.where(near, middle * (1 - middle), (sigmoid(z) - sigmoid(z0)) / np.where(near, 1.0, gap)))


@dataclass(frozen=True)
class Factor:
    """One probability: log-odds of the reference and of each row (n,), and the contributions of each driver (n, D) and feature (n, F)."""

    base_value: float
    log_odds: np.ndarray
    by_driver: np.ndarray
    by_feature: np.ndarray | None

    def turned(self) -> Factor:
        """Return the factor of the complement."""
        return Factor(-self.base_value, -self.log_odds, -self.by_driver, None if self.by_feature is None else -self.by_feature)


def log_odds_of(p: np.ndarray) -> np.ndarray:
    """Return log-odds of probabilities that are neither 0 nor 1."""
    return np.asarray(np.log(p) - np.log1p(-p))


def product_weights(values: Sequence[np.ndarray], bases: Sequence[float]) -> list[np.ndarray]:
    """Return how much the product changes with each factor: the mean over all orders in which factors leave their reference.

    The weights times ``value - base`` sum to the difference of the products.

    >>> one, two = product_weights([np.array([0.5]), np.array([0.2])], [0.4, 0.1])
    >>> round(float(one[0] * 0.1 + two[0] * 0.1), 12) == round(0.5 * 0.2 - 0.4 * 0.1, 12)
    True
    """
    k = len(values)
    weights = []
    for j in range(k):
        others = [i for i in range(k) if i != j]
        total = np.zeros_like(values[j])
        for size in range(k):
            share = factorial(size) * factorial(k - size - 1) / factorial(k)
            for moved in combinations(others, size):
                part = np.full_like(values[j], share)
                for i in others:
                    part *= values[i] if i in moved else bases[i]
                total += part
        weights.append(total)
    return weights


def product_scales(factors: Sequence[Factor]) -> tuple[float, np.ndarray, list[np.ndarray]]:
    """Return log-odds of the product, of the reference and of each row (n,), and how much each factor's log-odds count in them."""
    values = [sigmoid(f.log_odds) for f in factors]
    bases = [float(sigmoid(np.asarray(f.base_value))) for f in factors]
    z = log_odds_of(np.prod(values, axis=0))
    base = float(log_odds_of(np.asarray(np.prod(bases))))
    back = 1 / secant(z, base)  # from points to log-odds of the product
    return base, z, [w * secant(f.log_odds, f.base_value) * back for w, f in zip(product_weights(values, bases), factors, strict=True)]


def reasons_of_product(factors: Sequence[Factor]) -> Factor:
    """Return the product as one probability with its own reasons."""
    base, z, scales = product_scales(factors)
    by_driver = sum(s[:, None] * f.by_driver for s, f in zip(scales, factors, strict=True))
    parts = [f.by_feature for f in factors]
    by_feature = None if parts[0] is None else sum(s[:, None] * part for s, part in zip(scales, parts, strict=True) if part is not None)
    return Factor(base, z, np.asarray(by_driver), None if by_feature is None else np.asarray(by_feature))
