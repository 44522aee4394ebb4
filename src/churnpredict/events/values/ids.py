"""Read a column of customer ids: whole numbers within int64, or text; exact, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnpredict.errors import IdentityError, warn
from churnpredict.events.sources.exact_ids import exact_ids, refuse_missing
from churnpredict.events.sources.texts import texts_form
from churnpredict.events.values.columns import encoded, is_text

__all__ = ["check_spellings", "read_ids"]

# What is in the first column of a row that sums up a table, alone; a company may be called "Total Wine".
_TOTAL = (
    r"(?i)^\s*((grand|sub)[ -]?totals?|totals?|(gesamt|zwischen|end)?summe|gesamt(betrag|ergebnis)?|insgesamt"
    r"|total g[ée]n[ée]ral|totale|totaal|suma|razem|итого|всего|toplam)\s*:?\s*$"
)


def read_ids(column: pa.ChunkedArray, *, table: str, name: str, form: bytes | None = None) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return customer ids as codes into their distinct values (int64 or string).

    Parameters
    ----------
    column : pyarrow.ChunkedArray
    table, name : str
        For messages.
    form : bytes, optional
        Where the source has no types of its own, such as CSV: what all of the column's texts are, or ``b"text"`` where that is not known
        yet (:mod:`churnpredict.events.sources.texts`). Ids that are all whole numbers become int64.

    Raises
    ------
    IdentityError
        ``null-id``, ``empty-id``, ``float-id``, ``id-type``, ``total-row``.
    """
    if not len(column):
        return np.empty(0, np.int32), pa.array([], pa.int64())
    refuse_missing(column, table, name)
    codes, values = encoded(column)
    values = exact_ids(values, table, name, lambda wrong: int(np.isin(codes, np.flatnonzero(wrong)).sum()), len(column))
    if is_text(values.type) and form is not None:
        form = texts_form(values) if form == b"text" else form
        values = values.cast(pa.int64()) if form == b"whole" else values
    _refuse_totals(codes, values, table, name)
    return _merged(codes, values)


def _refuse_totals(codes: npt.NDArray[np.int32], values: pa.Array, table: str, name: str) -> None:
    """Refuse a row of totals, which would be a customer who buys as much as all others together."""
    if not is_text(values.type):
        return
    totals = np.flatnonzero(pc.fill_null(pc.match_substring_regex(values, _TOTAL), False).to_numpy(zero_copy_only=False))
    if len(totals):
        raise IdentityError(
            "total-row",
            "rows whose customer is called a total: they sum up other rows",
            table=table,
            column=name,
            rows=int(np.isin(codes, totals).sum()),
            total=len(codes),
            examples=values.take(pa.array(totals[:3])).to_pylist(),
            remedy="Leave them out: footer_rows= in cp.File or churn.toml for rows at the end, a filter for others. If it is a customer's "
            "name, write another id for that customer.",
        )


def _merged(codes: npt.NDArray[np.int32], values: pa.Array) -> tuple[npt.NDArray[np.int32], pa.Array]:
    """Return each id once: 1 and 1.00 are the same decimal."""
    distinct = pc.unique(values)
    if len(distinct) == len(values):
        return codes, values
    place = pc.index_in(values, value_set=distinct).to_numpy(zero_copy_only=False).astype(np.int32)
    return place[codes], distinct


def _without_zeros(values: pa.Array) -> pa.Array:
    if not pc.any(pc.starts_with(values, "0")).as_py():  # ten times as fast as the replacement
        return values
    return pc.replace_substring_regex(values, r"^0+([0-9]+)$", r"\1")


def check_spellings(values: pa.Array, table: str) -> None:
    """Warn of ids that differ only in spaces, case, Unicode form or leading zeros: most often one customer twice."""
    if not is_text(values.type):
        return
    forms: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("id-spaces", "leading or trailing spaces", pc.utf8_trim_whitespace),
        ("id-case", "upper and lower case", pc.utf8_lower),
        ("id-unicode", "the Unicode form (NFC, NFD)", lambda v: pc.utf8_normalize(v, form="NFC")),
        ("id-zeros", "leading zeros", _without_zeros),
    ]
    for code, difference, normal in forms:
        spelt = normal(values)
        same = 0 if spelt.equals(values) else len(values) - pc.count_distinct(spelt).as_py()  # counting takes ten times as long
        if same:
            warn(
                code,
                f"{same:,} customer ids differ from another one only in {difference}; they are kept as different customers",
                table=table,
                remedy="If they are the same customers, write their ids in one way first.",
                stacklevel=6,
            )
