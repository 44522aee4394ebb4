"""Share of the clock's offset to use: as much as earlier cutoffs support."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from churnpredict.model.calibration import sigmoid

__all__ = ["Trial", "choose_share"]

Floats = npt.NDArray[np.float64]

_GRID = np.linspace(0.0, 1.0, 11)
_LEVEL = 0.15  # how far the level of one period may be off for other reasons, in log-odds
_SAYING = 200  # rows beyond which a period says no more: it is one period


class Trial(NamedTuple):
    """One earlier period: log-odds ``z`` (n,) without the season, its ``offset`` (n,), labels ``y`` (n,), and how much it counts."""

    z: Floats
    offset: Floats
    y: Floats
    weight: float


def choose_share(trials: Sequence[Trial]) -> float:
    """Return the share g in [0, 1] of the offset under which the trials are likeliest: the mode under a prior N(0, 1).

    Each period has a level of its own, N(0, 0.15 squared) in log-odds, because a season that only moves the level of a single period cannot
    be distinguished from any other reason to move. No trials, no share.

    >>> import numpy as np
    >>> y = (np.random.default_rng(0).random(2000) < sigmoid(np.tile([-1.0, 1.0], 1000))).astype(float)
    >>> choose_share([Trial(np.zeros(2000), np.tile([-1.0, 1.0], 1000), y, 1.0)]) > 0.8
    True
    >>> choose_share([])
    0.0
    """
    if not trials:
        return 0.0
    score = -(_GRID**2) / 2
    for trial in trials:
        score += trial.weight * np.array([_log_likelihood(trial, g) for g in _GRID])
    best = int(score.argmax())
    place = float(best)
    if 0 < best < len(_GRID) - 1:  # the top of the parabola through the three best
        bend = score[best - 1] - 2 * score[best] + score[best + 1]
        place += 0.5 * float((score[best - 1] - score[best + 1]) / bend) if bend < 0 else 0.0
    return float(np.clip(place / (len(_GRID) - 1), 0.0, 1.0))


def _log_likelihood(trial: Trial, g: float) -> float:
    """Return the log likelihood of the labels, at the likeliest level of the period."""
    z, level = trial.z + g * trial.offset, 0.0
    for _ in range(20):
        p = sigmoid(z + level)
        move = float(((trial.y - p).sum() - level / _LEVEL**2) / ((p * (1 - p)).sum() + 1 / _LEVEL**2))
        level += min(max(move, -1.0), 1.0)
        if abs(move) < 1e-9:
            break
    z = z + level
    said = -float((np.logaddexp(0, z) - trial.y * z).sum()) * min(1.0, _SAYING / max(len(z), 1))
    return said - level**2 / (2 * _LEVEL**2)
