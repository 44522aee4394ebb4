"""Rows of explained features: that of a customer, by id and cutoff, and the numbers in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.explanation.explained import Explained
from churnpredict.moments import Moment, moment, moment_column

__all__ = ["known_numbers", "row_of"]


def row_of(why: Explained, customer: Any = None, cutoff: Moment | None = None) -> int:
    """Return the row of a customer: of several cutoffs the newest, or the one asked for.

    Raises
    ------
    UsageError
        ``no-such-customer``: nobody of that id is explained, or not at that cutoff; ``which-customer``: several are, and none is named.
    """
    names = list(why.index.names)
    ids = why.index.get_level_values("customer_id") if "customer_id" in names else why.index
    if customer is None:
        if len(ids.unique()) != 1:
            remedy = 'Name one: plot("customer", customer="C42").'
            raise UsageError("which-customer", f"{ids.nunique():,} customers are explained", remedy=remedy)
        customer = ids[0]
    there = np.flatnonzero(np.asarray(ids == customer))
    if not len(there):
        remedy = "Give an id of the explained rows, in its own type: a number is not its text."
        raise UsageError("no-such-customer", f"none of {ids.nunique():,} customers has this id", remedy=remedy)
    if "cutoff" not in names:
        if cutoff is not None:
            raise UsageError("no-such-customer", "the explained rows carry no cutoff", remedy="Leave out cutoff=.")
        return int(there[-1])
    times = moment_column(why.index.get_level_values("cutoff")[there])
    at = times.max() if cutoff is None else moment(cutoff, "cutoff")
    if not (times == at).any():
        raise UsageError("no-such-customer", "this customer is not explained at this cutoff", remedy="Leave out cutoff= for the newest.")
    return int(there[np.flatnonzero(times == at)[-1]])


def known_numbers(column: pd.Series) -> np.ndarray:
    """Return numbers with the digits that are sure.

    Single precision holds six digits for sure: from a million on, 16,777,217 may be 16,777,216, so both are written as 16,777,200.
    """
    found = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if column.dtype not in (np.float32, np.float16):
        return found
    large = np.abs(found) >= 1e6
    unit = 10.0 ** (np.floor(np.log10(np.where(large, np.abs(found), 1.0))) - 5)
    return np.where(large, np.round(found / unit) * unit, found)
