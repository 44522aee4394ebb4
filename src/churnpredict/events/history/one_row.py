"""Kept rows that are one: what :func:`churnpredict.events.one_row.bring_together` does, of grouped rows and without their ids' texts.

All rows are kept as they were read. Which of them are one is decided each time among all rows of a customer, so that a file that is added,
written again or removed changes nothing else. Rows that are equal in every column are neighbours, since they are sorted by all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.events.declarations import Customers, Declaration
from churnpredict.events.one_row import (
    HIDDEN,
    ID,
    ORDER,
    is_dropped,
    judge_repeated_ids,
    keys_of,
    one_row_per_order,
    parts_of,
    refuse_differing,
    refuse_repeated_customers,
)
from churnpredict.events.rows import Rows
from churnpredict.events.streams import UNIT

__all__ = ["bring_kept_together"]


def bring_kept_together(name: str, declaration: Declaration, rows: Rows, new: Collection[int]) -> Rows:
    """Return grouped rows with those that are one brought together.

    Parameters
    ----------
    name : str
        Of the table.
    declaration : Declaration
    rows : Rows
        Grouped and in order, with the numbers of their keys; and with their units where event ids are declared.
    new : collection of int
        Units whose event ids have not been compared with those of all other rows yet.

    Raises
    ------
    ContentError
        ``event-id``.
    IdentityError
        ``duplicate-customer``.
    """
    keys = keys_of(declaration)
    hidden = {column: values for column, values in rows.columns.items() if column.startswith(HIDDEN)}
    rows = replace(rows, columns={column: values for column, values in rows.columns.items() if column not in hidden})
    if isinstance(declaration, Customers):
        moments = _same_as_before(rows, [rows.times])
        refuse_repeated_customers(name, declaration, int(moments.sum()), rows)
    if not keys and not is_dropped(declaration):
        return rows
    if ID in keys:
        refuse_differing(name, declaration, _differing(rows, hidden, new), len(rows.times))
    again, gone = _repeats(declaration, rows, hidden)
    if ID in keys:
        judge_repeated_ids(name, declaration, again, len(rows.times))
    if gone.any():
        rows, hidden = _without(rows, gone), {column: values[~gone] for column, values in hidden.items()}
    if ORDER not in keys or not len(rows.times):
        return rows
    numbers = [hidden[part] for part in parts_of(ORDER)]
    return one_row_per_order(replace(rows, codes=_owners(rows), offsets=None), numbers, numbers[0] >= 0)


def _owners(rows: Rows) -> npt.NDArray[np.int32]:
    """Return the place of each row's id among all ids."""
    assert rows.offsets is not None
    return np.repeat(np.arange(len(rows.ids), dtype=np.int32), np.diff(rows.offsets))


def _same_as_before(rows: Rows, columns: list[npt.NDArray[Any]]) -> npt.NDArray[np.bool_]:
    """Return whether each row is of the customer of the one before it and equal to it in some columns, shape (n,)."""
    same = np.ones(len(rows.times), np.bool_)
    for values in columns:
        alike = values[1:] == values[:-1]
        same[1:] &= alike | (np.isnan(values[1:]) & np.isnan(values[:-1])) if values.dtype.kind == "f" else alike
    assert rows.offsets is not None
    same[rows.offsets[:-1][np.diff(rows.offsets) > 0]] = False
    return same


def _repeats(declaration: Declaration, rows: Rows, hidden: dict[str, npt.NDArray[Any]]) -> tuple[int, npt.NDArray[np.bool_]]:
    """Return how many rows repeat an event id of an equal row, and which rows are left out, shape (n,)."""
    gone = np.zeros(len(rows.times), np.bool_)
    same = _same_as_before(rows, [rows.times, *rows.columns.values()])
    some = np.flatnonzero(same | np.append(same[1:], False))
    frame = pd.DataFrame({"run": np.cumsum(~same)[some]} | {column: hidden[column][some] for column in parts_of(ORDER) if column in hidden})
    equal = frame.duplicated().to_numpy()
    high, low = parts_of(ID)
    again = np.zeros(len(some), np.bool_)
    if high in hidden:
        frame[high], frame[low] = hidden[high][some], hidden[low][some]
        again = frame.duplicated().to_numpy() & (frame[high] >= 0).to_numpy()
    gone[some] = equal if is_dropped(declaration) else again
    return int(again.sum()), gone


def _differing(rows: Rows, hidden: dict[str, npt.NDArray[Any]], new: Collection[int]) -> int:
    """Return how many rows share the event id of another one and are not equal to it, where one of the two is new."""
    high, low = parts_of(ID)
    if not new or not len(rows.times):
        return 0
    fresh = np.isin(hidden[UNIT], np.array(sorted(new), np.int32)) & (hidden[high] >= 0)
    alike = pc.is_in(pa.array(hidden[low]), value_set=pa.array(hidden[low][fresh])).to_numpy(zero_copy_only=False)
    some = np.flatnonzero(alike & (hidden[high] >= 0))
    beside = {column: hidden[column][some] for column in (high, low, *parts_of(ORDER)) if column in hidden}
    frame = pd.DataFrame({**beside, "customer": _owners(rows)[some], "time": rows.times[some]})
    frame = frame.assign(**{f"column {column}": values[some] for column, values in rows.columns.items()})
    return int((frame.duplicated([high, low]) & ~frame.duplicated()).sum())


def _without(rows: Rows, gone: npt.NDArray[np.bool_]) -> Rows:
    """Return grouped rows without some of them."""
    assert rows.offsets is not None
    left = np.append(0, np.cumsum(~gone))
    columns = {column: values[~gone] for column, values in rows.columns.items()}
    return replace(rows, times=rows.times[~gone], columns=columns, offsets=left[rows.offsets].astype(np.int64))
