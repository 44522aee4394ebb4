"""Outcomes and scores on which metrics are compared: with and without ties, weights and rare outcomes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Case", "cases", "given"]

Floats = npt.NDArray[np.float64]


class Case(NamedTuple):
    """Outcomes, scores and weights, (n,) each."""

    y: Floats
    p: Floats
    w: Floats


def cases(n: int = 12, size: int = 2_000, seed: int = 0) -> list[Case]:
    """Return rankings from random to good; every second has ties, every third has weights other than 1."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(n):
        z = rng.normal(-1.5, 1 + i / 6, size)
        y = (rng.random(size) < 1 / (1 + np.exp(-z))).astype(float)
        p = 1 / (1 + np.exp(-(z * i / n + rng.normal(0, 0.5, size))))
        if i % 2:
            p = np.clip(np.round(p, 1 + i % 3), 0.001, 0.999)
        made.append(Case(y, p, rng.gamma(2, 0.5, size) if i % 3 == 2 else np.ones(size)))
    return made


def given(made: list[Case]) -> dict[str, npt.NDArray[Any]]:
    """Return the cases as the arrays y, p, w of (cases, rows)."""
    return {name: np.stack([getattr(case, name) for case in made]) for name in Case._fields}
