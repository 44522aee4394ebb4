"""Months of contracts as agreed, and amounts of whole terms or years as amounts per month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnpredict.clock import DAY, OPEN, days_between, local_time
from churnpredict.errors import UsageError, warn
from churnpredict.events.tally import judge
from churnpredict.spans import Span

__all__ = ["AVERAGE_MONTH", "PERIODS", "months_of_terms", "of_a_month", "per_month"]

AVERAGE_MONTH = 30.436875  # days, of the Gregorian calendar
PERIODS = ("month", "year", "contract")  # what an amount can be paid for

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def per_month(values: Floats, per: str, starts: Ints, planned: Ints | None, timezone: str, table: str) -> Floats:
    """Return amounts per ``per``, one of ``PERIODS``, as amounts per month; warn about missing ones, which count as 0.

    ``planned`` is None where no end was agreed; it is needed for amounts of whole contracts.

    Raises
    ------
    UsageError
        ``no-planned-end``.

    Examples
    --------
    >>> per_month(np.array([1200.0]), "year", np.array([0]), None, "UTC", "contracts").tolist()
    [100.0]
    """
    judge(("no-amount", table), lambda rows, total: _tell_missing(rows, total, table), int(np.isnan(values).sum()), len(values))
    return of_a_month(values, per, starts, np.full(len(starts), OPEN) if planned is None else planned, timezone, table)


def of_a_month(values: Floats, per: str, starts: Ints, planned: Ints, timezone: str, table: str) -> Floats:
    """Return amounts per ``per`` as amounts per month: a twelfth of a year, or a whole contract by its months as agreed.

    Raises
    ------
    UsageError
        ``no-planned-end``.
    """
    if per == "contract":
        return values / months_of_terms(starts, planned, timezone, table)
    return values / 12.0 if per == "year" else values


def _tell_missing(rows: int, total: int, table: str) -> None:
    if rows:
        remedy = "Fill in the amounts; 0 for contracts that cost nothing."
        warn("no-amount", "rows without an amount count as 0", table=table, rows=rows, total=total, remedy=remedy, stacklevel=7)


def months_of_terms(starts: Ints, planned: Ints, timezone: str, table: str) -> Floats:
    """Return the months of each contract as agreed: whole ones by the calendar, also those whose last day is written, else days of an
    average month.

    Parameters
    ----------
    starts, planned : ndarray of shape (n,), int64
        Microseconds UTC; ``OPEN`` where no end was agreed.
    timezone, table : str
        The business's time zone; the table, for messages.

    Raises
    ------
    UsageError
        ``no-planned-end``.

    Examples
    --------
    >>> day = 86_400_000_000
    >>> months_of_terms(np.array([0, 0]), np.array([365 * day, 31 * day]), "UTC", "contracts").tolist()  # of 1970
    [12.0, 1.0]
    """
    unknown = (planned == OPEN) | (planned <= starts)
    if unknown.any():
        raise UsageError(
            "no-planned-end",
            "amounts of whole contracts need the end that was agreed",
            table=table,
            rows=int(unknown.sum()),
            total=len(starts),
            remedy='Declare the column: Intervals(..., planned_end=...); or give amounts per month and per="month".',
        )
    months = days_between(starts, planned, timezone) / AVERAGE_MONTH
    whole = np.maximum(np.rint(months), 1).astype(np.int64)
    next_day = Span(days=1).after(planned, timezone)
    for n in np.unique(whole):
        here = whole == n
        after = Span(months=int(n)).after(starts[here], timezone)
        agreed = (after == planned[here]) | (after == next_day[here])
        if n % 12 == 0:  # a year from 29 February may also run to the last day of the next February
            agreed |= _on_leap_day(starts[here], timezone) & (Span(days=1).after(after, timezone) == planned[here])
        months[here] = np.where(agreed, float(n), months[here])
    return months


def _on_leap_day(moments: Ints, timezone: str) -> npt.NDArray[np.bool_]:
    days = (local_time(moments, timezone) // DAY).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    return (months.astype(np.int64) % 12 == 1) & ((days - months).astype(np.int64) == 28)
