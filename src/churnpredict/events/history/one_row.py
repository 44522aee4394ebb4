"""Kept rows that are one: what :func:`churnpredict.events.one_row.bring_together` does, of grouped rows and without their ids' texts.

All rows are kept as they were read. Which of them are one is decided each time among all rows of a customer, so that a file that is added,
written again or removed changes nothing else. Rows that are equal in every column are neighbours, since they are sorted by all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.events.declarations import Customers, Declaration
from churnpredict.events.event_ids import are_among, refuse_shared, repeated_words
from churnpredict.events.history.kept_table import KeptTable
from churnpredict.events.history.segments import Segment, Shelf, load_segment
from churnpredict.events.one_row import (
    HIDDEN,
    ID,
    ORDER,
    is_dropped,
    judge_repeated_ids,
    keys_of,
    parts_of,
    refuse_differing,
    refuse_repeated_customers,
)
from churnpredict.events.order_lines import one_row_per_order
from churnpredict.events.rows import Rows
from churnpredict.events.streams import UNIT
from churnpredict.events.tally import judge

__all__ = ["bring_kept_together", "repeated_ids"]

Ints = npt.NDArray[np.int64]
_FEW = 8  # times as many rows as new ones, from which on only ids of these are looked for


def bring_kept_together(name: str, declaration: Declaration, rows: Rows, repeated: Ints | None = None) -> Rows:
    """Return grouped rows with those that are one brought together.

    Parameters
    ----------
    name : str
        Of the table.
    declaration : Declaration
    rows : Rows
        Grouped and in order, with the numbers of their keys.
    repeated : ndarray, optional
        Of :func:`repeated_ids`; None where ids have been compared before.

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
    if ID in keys and repeated is not None:
        ids, more = (hidden[part] for part in parts_of(ID))
        some = np.flatnonzero(are_among(more, repeated) & (ids >= 0))
        refuse_differing(name, declaration, _differing(rows, hidden, some), len(rows.times))
        judge(("shared-id", name), _judge_shared(name, declaration), [(ids[some], more[some])], len(rows.times))
    again, gone = _repeats(declaration, rows, hidden)
    if ID in keys:
        judge_repeated_ids(name, declaration, again, len(rows.times))
    if gone.any():
        rows, hidden = _without(rows, gone), {column: values[~gone] for column, values in hidden.items()}
    if ORDER not in keys or not len(rows.times):
        return rows
    high, low = parts_of(ORDER)
    return one_row_per_order(replace(rows, codes=_owners(rows), offsets=None), hidden[high], hidden[low])


def repeated_ids(table: KeptTable, shelf: Shelf) -> Ints:
    """Return the second numbers of event ids that occur more than once in a table, at least once in a row that is new; ascending, and 0.

    Only ids of new rows are looked for among all: those of the others have been compared before.
    """
    low = parts_of(ID)[1]
    new = table.new_units
    if not any(new.values()):
        return np.empty(0, np.int64)

    def parts() -> Iterator[tuple[Segment, Any]]:
        return ((segment, load_segment(shelf.folder, segment, verify=False).columns) for segment in table.segments)

    if sum(new.values()) * _FEW > table.rows:
        return repeated_words(lambda: (columns[low] for _, columns in parts()), table.rows)
    fresh = [c[low][np.isin(c[UNIT], np.array(list(new), np.int32))] for s, c in parts() if not new.keys().isdisjoint(s.units)]
    wanted = np.unique(np.concatenate([np.empty(0, np.int64), *fresh]))
    hits = [columns[low][are_among(columns[low], wanted)] for _, columns in parts()]
    return repeated_words(lambda: hits, sum(map(len, hits)))


def _judge_shared(name: str, declaration: Declaration) -> Callable[[list[tuple[Ints, Ints]], int], None]:
    return lambda pairs, total: refuse_shared(name, declaration, pairs, total)


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


def _differing(rows: Rows, hidden: dict[str, npt.NDArray[Any]], some: Ints) -> int:
    """Return how many of some rows share the event id of another one and are not equal to it."""
    beside = {column: hidden[column][some] for column in (*parts_of(ID), *parts_of(ORDER)) if column in hidden}
    frame = pd.DataFrame({**beside, "customer": _owners(rows)[some], "time": rows.times[some]})
    frame = frame.assign(**{f"column {column}": values[some] for column, values in rows.columns.items()})
    return int((frame.duplicated(list(parts_of(ID))) & ~frame.duplicated()).sum())


def _without(rows: Rows, gone: npt.NDArray[np.bool_]) -> Rows:
    """Return grouped rows without some of them."""
    assert rows.offsets is not None
    left = np.append(0, np.cumsum(~gone))
    columns = {column: values[~gone] for column, values in rows.columns.items()}
    return replace(rows, times=rows.times[~gone], columns=columns, offsets=left[rows.offsets].astype(np.int64))
