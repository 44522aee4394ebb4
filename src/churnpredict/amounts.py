"""Compare amounts of money within the precision of binary floating point."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["DOUBLE", "SINGLE", "at_least", "at_most", "equal", "slack"]

DOUBLE = 1e-12  # share of the larger amount: far above the error of double precision, and less than a cent of ten billion
SINGLE = 2.5e-7  # features are stored in single precision, and each side of a comparison loses half a unit in its last place

Bools = npt.NDArray[np.bool_]


def slack(amounts: Any, bounds: Any, share: float = DOUBLE) -> Any:
    """Return how far two amounts may lie apart and still be the same, shape (n,): a trillionth of the larger one."""
    return share * np.maximum(np.abs(amounts), np.abs(bounds))


def at_most(amounts: Any, bounds: Any, share: float = DOUBLE) -> Bools:
    """Return whether each amount is at most its bound, counted in cents, shape (n,); False where one is missing.

    >>> 20.30 <= 29.00 * (1 - 0.3), bool(at_most(20.30, 29.00 * (1 - 0.3))), bool(at_most(20.31, 29.00 * (1 - 0.3)))
    (False, True, False)
    """
    return np.asarray(amounts <= bounds + slack(amounts, bounds, share))


def at_least(amounts: Any, bounds: Any, share: float = DOUBLE) -> Bools:
    """Return whether each amount is at least its bound, shape (n,); False where one is missing.

    >>> 0.1 + 0.2 <= 0.3, bool(at_least(0.3, 0.1 + 0.2))
    (False, True)
    """
    return at_most(bounds, amounts, share)


def equal(amounts: Any, bounds: Any, share: float = DOUBLE) -> Bools:
    """Return whether two amounts are the same, shape (n,); False where one is missing.

    >>> bool(equal(0.1 + 0.2, 0.3))
    True
    """
    return at_most(amounts, bounds, share) & at_least(amounts, bounds, share)
