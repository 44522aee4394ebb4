"""Steps of what codes add to the number of a cell: compared for many rows at once, not looked up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_STEPS", "steps_of"]

MOST_STEPS = 6
"""Changes from which on looking up is cheaper than comparing: a comparison serves 16 or 32 rows, a look-up one."""


def steps_of(column_start: NDArray[np.int64], lookup_start: NDArray[np.int64], lookup: NDArray[np.uint16]) -> tuple[NDArray[Any], ...]:
    """Return what :func:`~churnpredict.explanation.column_kernels.find_cells` needs of every group and column.

    A feature's leaves tell its codes apart at few places, so the offsets that its codes add change at few of them. Cells are numbers
    of 16 bits, and so are the changes: a negative one wraps around, and the sum is that of the offsets.

    Parameters
    ----------
    column_start : (n_groups + 1,) array
    lookup_start : (n_columns + 1,) array
    lookup : (lookup_start[-1],) array
        The offset of each code of each column.

    Returns
    -------
    first : (n_groups,) uint16
        The cell of a row whose codes are all 0, without the columns that are looked up.
    is_looked_up : (n_columns,) bool
    step_start : (n_columns + 1,) int64
    code, add : (step_start[-1],) uint16
        Codes from ``code`` on add so much more.

    Examples
    --------
    >>> lookup = np.array([0, 0, 3, 3, 1], np.uint16)
    >>> first, looked, start, code, add = steps_of(np.array([0, 1]), np.array([0, 5]), lookup)
    >>> code.tolist(), add.astype(np.int16).tolist()
    ([2, 4], [3, -2])
    """
    at = np.flatnonzero(np.diff(lookup)) + 1
    at = at[~np.isin(at, lookup_start)]  # from one column to the next is not a step
    column = np.searchsorted(lookup_start, at, side="right") - 1
    n_columns = len(lookup_start) - 1
    looked_up = np.bincount(column, minlength=n_columns) > MOST_STEPS
    at, column = at[~looked_up[column]], column[~looked_up[column]]
    base = np.where(looked_up, 0, lookup[lookup_start[:-1]]).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(base)])
    first = sums[column_start[1:]] - sums[column_start[:-1]]
    start = np.searchsorted(column, np.arange(n_columns + 1)).astype(np.int64)
    code = (at - lookup_start[column]).astype(np.uint16)
    return first.astype(np.uint16), looked_up, start, code, lookup[at] - lookup[at - 1]
