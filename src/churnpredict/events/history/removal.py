"""Remove customers from a kept history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from churnpredict.errors import SourceError
from churnpredict.events.history.folder import Folder
from churnpredict.events.history.kept_table import KeptTable, Reread
from churnpredict.events.history.segments import Shelf, load_segment
from churnpredict.events.streams import UNIT

__all__ = ["remove_customers"]


def remove_customers(path: Path, stays: Callable[[Any], Any]) -> int:
    """Remove all rows of every source file that holds a row of one of the customers, and return how many rows were theirs.

    Those files are read again by the next run. So what the history holds of a customer is always what the sources hold: nothing, once the
    customer is removed there. A history that cannot be read is removed.

    Parameters
    ----------
    path : Path
        Folder of the history.
    stays : callable
        Finds which ids of an array, as texts, are those of other customers.

    Raises
    ------
    OutputError
        ``locked`` while a run uses the history, ``not-a-history``, ``not-written``.
    """
    home = Folder(path)
    try:
        shutil.rmtree(home.path / ".scratch", ignore_errors=True)  # a killed run left rows there
        try:
            content = home.manifest()
        except SourceError:
            home.clear()
            return 0
        if content is None:
            home.clear()
            return 0
        shelf = Shelf(home.rows, home.path / ".scratch", content["partitions"], content["timezone"])
        removed, left = 0, {}
        for name, told in content["tables"].items():
            rows, table = _without(KeptTable.of(told), stays, shelf)
            removed += rows
            if table is not None:
                left[name] = table.described()
        home.write({**content, "tables": left})
        return removed
    finally:
        home.close()


def _without(table: KeptTable, stays: Callable[[Any], Any], shelf: Shelf) -> tuple[int, KeptTable | None]:
    """Return how many rows of a table are of such customers, and the table without the units that hold them; None where none is left."""
    rows, units = 0, set()
    try:
        for segment in table.segments:
            kept = load_segment(shelf.folder, segment, verify=True)
            goes = ~np.asarray(stays(kept.ids.cast(pa.string())), np.bool_)
            if goes.any():
                theirs = np.repeat(goes, np.diff(kept.offsets))
                rows += int(theirs.sum())
                units |= set(np.unique(kept.columns[UNIT][theirs]).tolist())
        if not units:
            return 0, table
        left = table.only({unit.number for unit in table.units} - units, shelf)
    except (SourceError, Reread):
        return rows, None
    return rows, left if left.units else None
