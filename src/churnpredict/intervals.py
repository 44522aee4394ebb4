"""Interval of a share that was seen in a number of customers or rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.number_checks import check_share

__all__ = ["wilson"]


def wilson(count: Any, n: Any, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's score interval of the share ``count / n``, which also holds for small groups; NaN for groups of nobody.

    Source: E. B. Wilson, Probable inference, JASA 22 (1927), 209-212.

    >>> [float(round(bound[0], 3)) for bound in wilson([0], [10])]
    [0.0, 0.278]
    """
    from scipy.special import ndtri

    level = check_share(level, "level", open_=True)
    k, n = np.asarray(count, np.float64), np.asarray(n, np.float64)
    z2 = float(ndtri((1 + level) / 2)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = k / n  # NaN where n is 0
        middle = (k + z2 / 2) / (n + z2)
        half = np.sqrt(z2 * (k * (1 - share) + z2 / 4)) / (n + z2)
    return np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)  # rounding may not leave the share outside
