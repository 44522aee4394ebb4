"""Match what is given by row (labels, weights, cutoffs) with the rows it belongs to: by index where both have one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from churnpredict.errors import UsageError

__all__ = ["in_row_order"]


def in_row_order(given: Any, rows: Any, name: str, of: str = "X") -> Any:
    """Return a Series or frame in the order of the rows; what has no index is by position already and comes back as it is.

    An index that pandas made by itself (0, 1, 2, ...) says nothing beside one that names customers; beside whole numbers it is an index.

    Parameters
    ----------
    given, rows : object
        Either may be a Series, a frame or an Index-bearing object; anything else is a plain array.
    name, of : str
        What they are called, for the message.

    Raises
    ------
    UsageError
        ``other-rows``: the indexes carry other rows, or the same several times in another order. ``unequal-lengths``.

    Examples
    --------
    >>> y = pd.Series([0, 1, 1], index=["a", "b", "c"])
    >>> in_row_order(y, pd.DataFrame({"x": [1, 2, 3]}, index=["c", "a", "b"]), "y").tolist()
    [1, 0, 1]
    >>> in_row_order(y, pd.DataFrame({"x": [1, 2, 3]}, index=["a", "b", "d"]), "y")
    Traceback (most recent call last):
    churnpredict.errors.UsageError: the indexes of X and y carry different rows (1 of 3 rows). Give both the same index, or say that \
position counts: y.to_numpy(). [other-rows]
    """
    own = given.index if isinstance(given, (pd.Series, pd.DataFrame)) else None
    index = rows if isinstance(rows, pd.Index) else rows.index if isinstance(rows, (pd.Series, pd.DataFrame)) else None
    if own is None or index is None or own.equals(index):
        return given
    if len(own) != len(index):
        raise UsageError("unequal-lengths", f"{of} has {len(index):,} rows and {name} {len(own):,}", remedy="Pass one value per row.")
    if _says_nothing(own, index) or _says_nothing(index, own):
        return given
    if own.nlevels == index.nlevels and own.is_unique and index.is_unique:
        place = own.get_indexer(index)
        if (place >= 0).all():
            return given.iloc[place]
    elsewhere = len(index) - int(index.isin(own).sum()) if own.nlevels == index.nlevels else len(index)
    what = "carry different rows" if elsewhere else "carry the same rows in another order, some more than once"
    raise UsageError(
        "other-rows",
        f"the indexes of {of} and {name} {what}",
        rows=elsewhere or None,
        total=len(index) if elsewhere else None,
        remedy=f"Give both the same index, or say that position counts: {name}.to_numpy().",
    )


def _says_nothing(index: pd.Index, other: pd.Index) -> bool:
    """Return whether an index is the default one, beside an index that holds no whole numbers."""
    default = isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1)
    return default and (other.nlevels > 1 or not pd.api.types.is_integer_dtype(other.dtype))
