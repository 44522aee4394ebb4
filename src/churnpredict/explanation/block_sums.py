"""Explain rows block after block: codes once for all models, then the sums of each, in space that is taken once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnpredict.explanation.leaf_layout import BLOCK
from churnpredict.model.codes import TreeCodes

__all__ = ["FEW_TARGETS", "Room", "explain_each"]

FEW_TARGETS = 20
"""Sums of a row up to which four are added at a time: of more, most groups of leaves have only one of each four."""

LANES = GROUPS = 4  # as in column_kernels, which only pays to import when rows are explained


class Room:
    """Space for the sums of a block of rows, and to work in: taken once, for the pages of new memory cost as much as the additions.

    Attributes
    ----------
    sums : (n_targets, rows) float64
    """

    def __init__(self, n_targets: int, rows: int) -> None:
        self.sums = np.empty((n_targets, rows))
        self._found = np.empty(GROUPS * rows, np.uint16)
        self._quads = np.empty(0)
        self._tables = np.empty(0)

    def cell(self, rows: int) -> NDArray[np.uint16]:
        """Return space for the cell of each row."""
        return self._found[:rows]

    def for_few(self, rows: int, n_targets: int, cells: int) -> tuple[NDArray[np.uint16], NDArray[np.float64], NDArray[np.float64]]:
        """Return what :func:`~churnpredict.explanation.column_kernels.add_few` works in: for cells, sums, tables of ``cells`` cells."""
        quads = n_targets // LANES + 1  # one sum is the score
        if len(self._quads) < quads * LANES * rows:
            self._quads = _aligned(quads * LANES * rows)
        if len(self._tables) < GROUPS * LANES * cells:
            self._tables = _aligned(GROUPS * LANES * cells)
        found = self._found[: GROUPS * rows].reshape(GROUPS, rows)
        return found, self._quads[: quads * LANES * rows].reshape(quads, LANES * rows), self._tables


def _aligned(n: int) -> NDArray[np.float64]:
    """Return an array that begins where a line of the cache does: numbers that are added at once then lie in one line."""
    whole = np.empty(n + 8)
    return whole[-whole.ctypes.data // 8 % 8 :][:n]


def explain_each(
    codes: TreeCodes,
    adders: Sequence[Any],
    rows: NDArray[np.float64],
    outs: Sequence[NDArray[np.float64]],
    scores: Sequence[NDArray[np.float64]] | None = None,
) -> None:
    """Write the values of rows (n, n_features) by each of some models of the same codes into its ``out`` (n, n_targets).

    ``adders`` are those of :class:`~churnpredict.explanation.treeshap.Tables`. With ``scores``, an array for each, raw scores (n,) are
    written too; an empty one is left alone.
    """
    room = Room(max(out.shape[1] for out in outs), min(BLOCK, len(rows)))
    none = np.empty(0)
    for top in range(0, len(rows), BLOCK):
        part = slice(top, top + BLOCK)
        found = codes.encode(rows[part])
        for place, (add, out) in enumerate(zip(adders, outs, strict=True)):
            add(found, room, none if scores is None else scores[place][part])
            out[part] = room.sums[:, : found.shape[1]].T
