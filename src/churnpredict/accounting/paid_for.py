"""Periods that amounts of contracts are paid for: as declared, as given, or taken to be a month, with a warning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnpredict.clock import OPEN
from churnpredict.errors import UsageError, warn
from churnpredict.events.declarations import Intervals
from churnpredict.events.tables import EventTables
from churnpredict.events.terms import of_a_month

__all__ = ["ASSUMED", "MONTH", "UNTOLD", "amounts_per", "in_months"]

Floats = npt.NDArray[np.float64]
MONTH = "month"  # amounts are per month
ASSUMED = "assumed"  # they are taken to be
UNTOLD = ""  # prices and payments: nobody asks


def amounts_per(tables: EventTables, value: str, per: str | None = None, *, stacklevel: int = 4) -> str:
    """Return what is known of the amounts of a table: ``MONTH``, ``ASSUMED`` with a warning, or ``UNTOLD`` where it has no contracts.

    Parameters
    ----------
    tables : EventTables
    value : str
        The table, or ``"table.column"``.
    per : {"month", "year", "contract"}, optional
        What the caller says that amounts are paid for.

    Raises
    ------
    UsageError
        ``bad-argument``: ``per`` contradicts the declaration.
    """
    name = value.partition(".")[0]
    declaration = tables.declarations.get(name)
    said = getattr(declaration, "per", None)
    if said is not None and per not in (None, said):
        remedy = f'Leave out per="{per}": the table itself says what its amounts are paid for.'
        raise UsageError("bad-argument", f'per is "{per}", and amounts are declared per {said}', table=name, remedy=remedy)
    if said is not None or per is not None:
        return MONTH
    if not isinstance(declaration, Intervals) or declaration.value is None:
        return UNTOLD
    warn(
        "amounts-per-month",
        "amounts of contracts are taken to be per month: nothing says what they are paid for",
        table=name,
        remedy='Declare it: Intervals(..., money=True, per="month"), "year" or "contract"; in churn.toml per = "month".',
        stacklevel=stacklevel,
    )
    return ASSUMED


def in_months(tables: EventTables, name: str, values: Floats, per: str | None) -> Floats:
    """Return the amounts of a table per month, where ``per`` says what they are paid for and the declaration does not."""
    if per is None or getattr(tables.declarations[name], "per", None) is not None:  # amounts that are declared are read per month
        return values
    stream = tables.stream(name)
    planned = stream.columns.get("planned_end", np.full(len(stream), OPEN, np.int64))
    return of_a_month(values, per, stream.times, planned, tables.timezone, name)
