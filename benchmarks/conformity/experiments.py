"""A randomised experiment on which rankings by uplift are compared."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Experiment", "experiment"]

Floats = npt.NDArray[np.float64]


class Experiment(NamedTuple):
    """Who left (1), the score that ranks whom to contact, the same score in ten levels, and who was contacted (1): (n,) each."""

    y: Floats
    p: Floats
    tied: Floats
    treated: Floats


def experiment(n: int = 3_000, seed: int = 1) -> Experiment:
    """Return customers of whom a contact keeps more, the higher their score."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    treated = (rng.random(n) < 0.6).astype(float)
    y = (rng.random(n) < 0.5 - 0.3 * p * treated).astype(float)
    return Experiment(y, p, np.ceil(p * 10) / 10, treated)
