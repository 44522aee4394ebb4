"""Rows that are one: repeats of an event, lines of an order, versions of a customer; decided among all rows of a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, IdentityError, warn
from churnpredict.events.columns import encoded, is_text
from churnpredict.events.declarations import Customers, Declaration
from churnpredict.events.rows import Rows
from churnpredict.events.tally import judge

__all__ = [
    "HIDDEN",
    "ID",
    "ORDER",
    "bring_together",
    "is_dropped",
    "judge_repeated_ids",
    "key_codes",
    "key_numbers",
    "keys_of",
    "one_row_per_order",
    "parts_of",
    "refuse_differing",
    "refuse_repeated_customers",
]

HIDDEN = "\x1f"  # begins the names of columns that the table does not have
ID = f"{HIDDEN}id"
ORDER = f"{HIDDEN}order"

Ints = npt.NDArray[np.int64]
Keys = Mapping[str, tuple[npt.NDArray[np.int32], pa.Array]]


def keys_of(declaration: Declaration) -> dict[str, str]:
    """Return the columns by which rows are brought together: those of event ids and of order numbers, where they are declared."""
    given = {ID: getattr(declaration, "id", None), ORDER: getattr(declaration, "order", None)}
    return {key: column for key, column in given.items() if column is not None}


def is_dropped(declaration: Declaration) -> bool:
    """Return whether rows that repeat another one in every column are left out."""
    return getattr(declaration, "repeats", None) == "drop"


def key_codes(key: str, column: pa.ChunkedArray, table: str, name: str) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return a column of ids or numbers as codes into its distinct values; -1 for none, as nulls, NaN and blanks are from every source.

    Raises
    ------
    ContentError
        ``float-id``.
    """
    codes, values = encoded(column)
    if pa.types.is_floating(values.type) and pc.any(pc.greater_equal(pc.abs(values), 2.0**53)).as_py():
        remedy = "Read the column again from its source as int64 or text."
        told = "event ids" if key == ID else "order numbers"
        what = f"{told} are floats beyond 2^53, where neighbouring {told.split()[1]} have already become the same number"
        raise ContentError("float-id", what, table=table, column=name, remedy=remedy)
    unknown = pc.is_null(values, nan_is_null=True)
    if is_text(values.type):
        unknown = pc.or_(unknown, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True))
    there = ~unknown.to_numpy(zero_copy_only=False)
    return np.where(np.append(there, False)[codes], codes, -1).astype(np.int32), values


def key_numbers(key: str, codes: npt.NDArray[np.int32], values: pa.Array) -> dict[str, Ints]:
    """Return the value of each row as two numbers that mean the same in every part of a table.

    A whole number is itself; of anything else they are 127 bits of BLAKE2b, so that no two values share them. The first is -1 for none.
    """
    if pa.types.is_integer(values.type):
        low = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64).view(np.int64)
        high = np.zeros(len(low), np.int64)
    else:
        binary = pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type) or pa.types.is_fixed_size_binary(values.type)
        texts = (values if binary else values.cast(pa.string())).cast(pa.binary()).to_pylist()
        digests = b"".join(blake2b(text or b"", digest_size=16).digest() for text in texts)
        pairs = np.frombuffer(digests, "<i8").reshape(-1, 2)
        high, low = pairs[:, 0] & np.iinfo(np.int64).max, pairs[:, 1]
    first, second = parts_of(key)
    return {first: np.append(high, -1)[codes], second: np.append(low, 0)[codes]}


def parts_of(key: str) -> tuple[str, str]:
    """Return the names of the two columns of :func:`key_numbers`."""
    return f"{key}/high", f"{key}/low"


def bring_together(name: str, declaration: Declaration, rows: Rows, keys: Keys) -> Rows:
    """Return the rows of a whole table with those that are one brought together.

    Parameters
    ----------
    name : str
        Of the table.
    declaration : Declaration
    rows : Rows
        In any order.
    keys : dict of str to (codes, values)
        Of :func:`key_codes`, for each of :func:`keys_of`.

    Raises
    ------
    ContentError
        ``event-id``: rows of one id differ.
    IdentityError
        ``duplicate-customer``.
    """
    if isinstance(declaration, Customers):
        refuse_repeated_customers(name, declaration, int(pd.DataFrame({"who": rows.codes, "from": rows.times}).duplicated().sum()), rows)
        return rows
    if not keys and not is_dropped(declaration):
        return rows
    order = keys[ORDER][0].astype(np.int64) if ORDER in keys else None
    frame = pd.DataFrame({"customer": rows.codes, "time": rows.times, **rows.columns, **({} if order is None else {ORDER: order})})
    if ID in keys:
        codes, values = keys[ID]
        frame[ID] = codes
        again = frame.duplicated(ID).to_numpy() & (codes >= 0)
        differs = again & ~frame.duplicated().to_numpy() if again.any() else again
        refuse_differing(name, declaration, int(differs.sum()), len(frame), values.take(pa.array(codes[differs][:3])).to_pylist())
        judge_repeated_ids(name, declaration, int(again.sum()), len(frame))
        frame, rows, order = frame[~again].drop(columns=ID), rows.keep(~again), None if order is None else order[~again]
    if is_dropped(declaration):
        again = frame.duplicated().to_numpy()
        rows, order = rows.keep(~again), None if order is None else order[~again]
    return rows if order is None else one_row_per_order(rows, [order], order >= 0)


def refuse_repeated_customers(name: str, declaration: Customers, twice: int, rows: Rows) -> None:
    """Refuse a table of customers with several rows of one customer, or of one moment."""
    if twice:
        raise IdentityError(
            "duplicate-customer",
            "customers with several rows" + ("" if declaration.valid_from is None else " of the same valid_from"),
            table=name,
            column=declaration.customer,
            rows=twice,
            total=len(rows.times),
            remedy="Keep one row per customer"
            + (", or declare valid_from= if they are versions." if declaration.valid_from is None else " and moment."),
        )


def refuse_differing(name: str, declaration: Declaration, rows: int, total: int, examples: Sequence[Any] = ()) -> None:
    """Refuse event ids that occur in rows with different content."""
    if rows:
        raise ContentError(
            "event-id",
            "the same event id occurs in rows with different content",
            table=name,
            column=keys_of(declaration)[ID],
            rows=rows,
            total=total,
            examples=examples,
            remedy="Keep one row per event, usually the latest.",
        )


def judge_repeated_ids(name: str, declaration: Declaration, rows: int, total: int) -> None:
    """Warn of event ids that came more than once, with the same content."""
    column = keys_of(declaration)[ID]

    def verdict(rows: int, total: int) -> None:
        if rows:
            where: dict[str, Any] = {"table": name, "column": column, "rows": rows, "total": total}
            warn("repeated-event", "rows that repeat an event id are dropped", **where, remedy="Load each event once.", stacklevel=8)

    judge(("repeated-event", name, column), verdict, rows, total)


def one_row_per_order(rows: Rows, numbers: Sequence[Ints], known: npt.NDArray[np.bool_]) -> Rows:
    """Merge the lines of each customer's order into one event: the sum of their values at their first moment, known when the last is.

    Parameters
    ----------
    rows : Rows
        In any order, ungrouped.
    numbers : list of ndarray of shape (n,)
        Arrays that together say which order a row belongs to.
    known : ndarray of shape (n,), bool
        Whether a row has a number; one without is an order by itself.
    """
    frame = pd.DataFrame({"customer": rows.codes, **{str(i): number for i, number in enumerate(numbers)}})
    shared = frame.duplicated(keep=False).to_numpy() & known
    if not shared.any():
        return rows
    alone, lines, numbers = rows.keep(~shared), rows.keep(shared), [number[shared] for number in numbers]
    value = lines.columns.get("value", np.zeros(len(lines.times)))
    labels = [lines.columns[name] for name in ("kind", "item", "user") if name in lines.columns]
    # the largest first: law 6, whatever the order of rows
    order = np.lexsort((*labels, -np.nan_to_num(np.abs(value)), *numbers, lines.codes))
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(lines.codes[order]) != 0
    for number in numbers:
        first[1:] |= np.diff(number[order]) != 0
    starts = np.flatnonzero(first)
    kept = order[starts]
    columns = {name: column[kept] for name, column in lines.columns.items()}
    if "value" in columns:
        there = ~np.isnan(value[order])
        total = _exact_sums(np.where(there, value[order], 0.0), starts)
        columns["value"] = np.where(np.add.reduceat(there, starts) > 0, total, np.nan)
    if "known" in columns:
        columns["known"] = np.maximum.reduceat(lines.columns["known"][order], starts)
    times = np.append(alone.times, np.minimum.reduceat(lines.times[order], starts))
    columns = {name: np.append(column, columns[name]) for name, column in alone.columns.items()}
    return replace(rows, codes=np.append(alone.codes, lines.codes[kept]), times=times, columns=columns)


def _exact_sums(values: npt.NDArray[np.float64], starts: Ints) -> npt.NDArray[np.float64]:
    """Return the sums of runs of values, each rounded once: the order of the rows cannot change a digit."""
    ends = np.append(starts[1:], len(values))
    found = values[starts]
    pairs = ends - starts == 2
    found[pairs] += values[starts[pairs] + 1]  # rounded once, too
    for place in np.flatnonzero(ends - starts > 2):
        found[place] = math.fsum(values[starts[place] : ends[place]])
    return np.asarray(found)
