"""Rows that are one: repeats of an event, lines of an order, versions of a customer; decided among all rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import ContentError, IdentityError, warn
from churnpredict.events.declarations import Customers, Declaration
from churnpredict.events.order_lines import one_row_per_order
from churnpredict.events.rows import Rows
from churnpredict.events.tally import judge
from churnpredict.events.values.columns import encoded, is_text, plain

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
    there = _are_there(key, values, table, name)
    return np.where(np.append(there, False)[codes], codes, -1).astype(np.int32), values


def _are_there(key: str, values: pa.Array, table: str, name: str) -> npt.NDArray[np.bool_]:
    """Return which values are ids or numbers, shape (n,); refuse those that have lost digits."""
    if pa.types.is_floating(values.type) and pc.any(pc.greater_equal(pc.abs(values), 2.0**53)).as_py():
        remedy = "Read the column again from its source as int64 or text."
        told = "event ids" if key == ID else "order numbers"
        what = f"{told} are floats beyond 2^53, where neighbouring {told.split()[1]} have already become the same number"
        raise ContentError("float-id", what, table=table, column=name, remedy=remedy)
    unknown = pc.is_null(values, nan_is_null=True)
    if is_text(values.type):
        unknown = pc.or_(unknown, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True))
    return np.asarray(~unknown.to_numpy(zero_copy_only=False))


def key_numbers(key: str, column: pa.ChunkedArray, table: str, name: str) -> dict[str, Ints]:
    """Return the id or number of each row as two numbers that mean the same in every part of a table.

    A whole number is itself; of anything else they are 127 bits of BLAKE2b, so that no two values share them. The first is -1 for none.

    Raises
    ------
    ContentError
        ``float-id``.
    """
    parts = [_key_numbers(key, plain(chunk), table, name) for chunk in column.chunks]
    high, low = zip(*parts, strict=True) if parts else ([np.empty(0, np.int64)], [np.empty(0, np.int64)])
    return dict(zip(parts_of(key), (np.concatenate(high), np.concatenate(low)), strict=True))


def _key_numbers(key: str, values: pa.Array, table: str, name: str) -> tuple[Ints, Ints]:
    there = _are_there(key, values, table, name)
    if pa.types.is_integer(values.type):
        low = values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.uint64).view(np.int64)
        high = np.zeros(len(low), np.int64)
    else:
        binary = pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type) or pa.types.is_fixed_size_binary(values.type)
        texts = (values if binary else values.cast(pa.string())).cast(pa.binary()).to_pylist()
        digests = b"".join([blake2b(text or b"", digest_size=16).digest() for text in texts])
        high, low = np.frombuffer(digests, "<i8").reshape(-1, 2).T
        high = high & np.iinfo(np.int64).max
    return np.where(there, high, -1), np.where(there, low, 0)


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
    return rows if order is None else one_row_per_order(rows, order, order)


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
