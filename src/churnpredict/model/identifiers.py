"""Detect identifiers among features, by the name of a column and by its values."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from churnpredict.errors import ContentError, warn

__all__ = ["refuse_identifiers", "tokens", "why_identifier"]

_NAMES = {"id", "key", "index", "rowid", "uuid", "guid", "unnamed"}
_FEWEST, _FEWEST_UNNAMED = 50, 200  # number of customers from which a different value for each is evidence, with and without such a name
_REMEDY = "Drop the column, or move it to the index."


def tokens(name: str) -> list[str]:
    """Return the words of a column's name in small letters.

    >>> tokens("userID"), tokens("lifecycle__customer_id")
    (['user', 'id'], ['lifecycle', 'customer', 'id'])
    """
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [t for t in re.split(r"[^a-z0-9]+", spaced.lower()) if t]


def why_identifier(column: pd.Series, who: np.ndarray) -> str | None:
    """Return why a column is an identifier: "name" (an id by name, one value per customer), "content", or None; ``who`` (n,) are the
    customers.

    >>> who = np.arange(300)
    >>> why_identifier(pd.Series(who * 7, name="user_id"), who), why_identifier(pd.Series(who + 1000, name="nr"), who)
    ('name', 'content')
    >>> why_identifier(pd.Series(who * 7, name="cents"), who) is None
    True
    """
    n = len(np.unique(who))
    if n < _FEWEST:
        return None
    if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return "content" if column.nunique() > 0.9 * n else None
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(values)
    whole = np.unique(values[known])
    if not len(whole) or (whole % 1 != 0).any() or len(whole) <= 0.9 * n:
        return None
    held = pd.DataFrame({"who": who[known], "value": values[known]}).drop_duplicates()
    if len(held) > 1.1 * n:
        return None  # a count changes from cutoff to cutoff, an id does not
    if _NAMES & set(tokens(str(column.name))):
        return "name"
    # consecutive numbers, one to each customer, are ids under any name
    counted = n >= _FEWEST_UNNAMED and 0.98 * n < len(whole) <= n and whole[-1] - whole[0] < 1.5 * len(whole)
    return "content" if counted else None


def refuse_identifiers(frame: pd.DataFrame, customers: np.ndarray | None) -> None:
    """Refuse numbers that are ids by name and by content, and warn of those that are only by content.

    Raises
    ------
    ContentError
        ``identifier-column``.
    """
    who = np.arange(len(frame)) if customers is None else customers
    for name, column in frame.items():
        if not pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
            continue  # texts are refused where their levels are learnt
        why = why_identifier(column, who)
        if why == "name":
            what = f"{column.nunique():,} different numbers in {len(column):,} rows, and a name that says identifier"
            raise ContentError("identifier-column", what, column=str(name), remedy=_REMEDY)
        if why is not None:
            what = f'"{name}" holds numbers given out one after the other, one to each customer: most likely an identifier'
            warn("identifier-like", what, remedy=_REMEDY)
