"""One table as it was read, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Rows"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """One table as read from its source, before the ids of all tables are brought together.

    Attributes
    ----------
    codes : ndarray of shape (n,), int32
        Into ``ids``, the table's distinct customer ids.
    times : ndarray of shape (n,), int64
        When each row begins to hold; ``NEVER`` for rows of customers without a known beginning.
    columns : dict of str to ndarray of shape (n,)
        Numbers as float64, times as int64, labels as int32 codes into ``labels``.
    aware : bool or None
        Whether times carry a zone.
    days_only : bool
        Whether all times are midnights.
    units : ndarray of shape (n,), int32, or None
        The part of its source that each row came from, where that is asked for.
    offsets : ndarray of shape (n_ids + 1,), int64, or None
        Where the rows are grouped by sorted ids, and in order, already: those of id ``i`` are ``offsets[i]:offsets[i + 1]``.
    event_ids : (ndarray, ndarray) or None
        Two numbers for the event id of each row of the source, where that is asked for.
    """

    codes: npt.NDArray[np.int32]
    ids: pa.Array
    times: Ints
    columns: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    labels: dict[str, pa.Array] = field(default_factory=dict)
    aware: bool | None = None
    days_only: bool = False
    units: npt.NDArray[np.int32] | None = None
    offsets: Ints | None = None
    event_ids: tuple[Ints, Ints] | None = None

    def keep(self, mask: npt.NDArray[np.bool_]) -> Rows:
        columns = {k: v[mask] for k, v in self.columns.items()}
        units = None if self.units is None else self.units[mask]
        return replace(self, codes=self.codes[mask], times=self.times[mask], columns=columns, units=units)
