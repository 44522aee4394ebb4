"""Sort rows of any columns, and count those that are equal: intervals, states and customers, which are few beside events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["LATER_MOMENTS", "count_same", "sort_rows"]

Ints = npt.NDArray[np.int64]
LATER_MOMENTS = ("end", "response", "reopened")
"""Columns of times that may still be unknown when a row begins: at a cutoff they count only once they have passed."""
_WRITTEN_LATER = (*LATER_MOMENTS, "value_at_end")


def sort_rows(customers: npt.NDArray[np.int32], times: Ints, columns: Mapping[str, npt.NDArray[Any]]) -> tuple[Ints, int]:
    """Return the order of rows by customer, then time, then all columns, without rows of no customer; and how many repeat another one.

    Of rows of one moment the one that was known last comes last. What is written at an end, or an answer, has no say before anything
    else: it is not known yet while the order counts. Other columns are looked at only where a customer has several rows at one moment.

    Parameters
    ----------
    customers : ndarray of shape (n,), int32
        -1 leaves a row out.
    times : ndarray of shape (n,), int64
    columns : dict of str to ndarray of shape (n,)

    Examples
    --------
    >>> sort_rows(np.array([1, 0, 1, -1]), np.array([5, 9, 5, 2]), {"price": np.array([3.0, 1.0, 2.0, 4.0])})[0].tolist()
    [1, 2, 0]
    """
    order = np.lexsort((times, customers))
    order = order[np.count_nonzero(customers < 0) :]
    same = (np.diff(customers[order]) == 0) & (np.diff(times[order]) == 0)
    tied = np.append(same, False) | np.append(False, same) if len(order) else same
    some = order[tied]
    ranked = sorted(columns, key=lambda name: (name != "known") + (name in _WRITTEN_LATER))
    some = some[np.lexsort((*(columns[name][some] for name in reversed(ranked)), times[some], customers[some]))]
    order[tied] = some
    return order, count_same([customers[some], times[some], *(values[some] for values in columns.values())])


def count_same(columns: Sequence[npt.NDArray[Any]]) -> int:
    """Count rows that equal the row before them in every column; missing numbers are equal."""
    same = np.ones(max(len(columns[0]) - 1, 0), np.bool_)
    for values in columns:
        alike = values[1:] == values[:-1]
        same &= alike | ((values[1:] != values[1:]) & (values[:-1] != values[:-1])) if values.dtype.kind == "f" else alike
    return int(same.sum())
