"""Steps of what codes add to the number of a cell: compared for many rows at once, not looked up."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_STEPS", "changes_of", "codes_of_changes", "steps_of"]

MOST_STEPS = 6
"""Changes from which on looking up is cheaper than comparing: a comparison serves 16 or 32 rows, a look-up one."""


def changes_of(start: NDArray[np.int64], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of ``values`` that differ from the place before in the same column ``start[c]:start[c + 1]``, and their columns."""
    at = np.flatnonzero(np.diff(values)) + 1
    at = at[~np.isin(at, start)]  # from one column to the next is not a change
    return at, np.searchsorted(start, at, side="right") - 1


def codes_of_changes(start: NDArray[np.int64], values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Return where the changes of each column begin (n_columns + 1,), and the code of each.

    >>> where, code = codes_of_changes(np.array([0, 4, 6]), np.array([0, 1, 1, 0, 1, 1]))
    >>> where.tolist(), code.tolist()
    ([0, 2, 2], [1, 3])
    """
    at, column = changes_of(start, values)
    return np.searchsorted(column, np.arange(len(start))).astype(np.int64), (at - start[column]).astype(np.uint16)


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
    at, column = changes_of(lookup_start, lookup)
    n_columns = len(lookup_start) - 1
    looked_up = np.bincount(column, minlength=n_columns) > MOST_STEPS
    at, column = at[~looked_up[column]], column[~looked_up[column]]
    base = np.where(looked_up, 0, lookup[lookup_start[:-1]]).astype(np.int64)
    sums = np.concatenate([[0], np.cumsum(base)])
    first = sums[column_start[1:]] - sums[column_start[:-1]]
    start = np.searchsorted(column, np.arange(n_columns + 1)).astype(np.int64)
    code = (at - lookup_start[column]).astype(np.uint16)
    return first.astype(np.uint16), looked_up, start, code, lookup[at] - lookup[at - 1]
