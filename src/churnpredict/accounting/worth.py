"""Value of customers at a moment: from payments, contracts, prices, or a given number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from churnpredict.errors import UsageError
from churnpredict.events.declarations import Intervals, States
from churnpredict.events.spells import Contracts
from churnpredict.events.tables import EventTables
from churnpredict.events.window_edges import latest_known, positions
from churnpredict.number_checks import check_number
from churnpredict.spans import span

__all__ = ["Worth"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Worth:
    """The payments of each customer.

    Parameters
    ----------
    tables : EventTables
    value : str or float
        A table with a value, ``"table.column"`` of a table of states, or the payment itself.
    payments : float or None
        Number of payments per period; None counts them in a table of events, and is 1 elsewhere.
    grace : str
        How late a contract may be renewed; its value counts until then.

    Attributes
    ----------
    monthly : bool
        Whether amounts are of contracts that say what they are paid for: they are read per month.
    counted : bool
        Whether payments are sums over a period before the moment, not a state at the moment.

    Raises
    ------
    UsageError
        ``unknown-table``, ``no-such-value``, ``not-money``, ``bad-argument``.
    """

    def __init__(self, tables: EventTables, value: str | float, payments: float | None, *, grace: str = "0d") -> None:
        self.payments = None if payments is None else check_number(payments, "payments", least=0, open_=True, what="a number per period")
        self.number: float | None = None
        self.counted = self.monthly = False
        if not isinstance(value, str):
            self.number = check_number(
                value, "value", least=0, what="a payment of 0 or more, or the name of a table whose values are payments"
            )
            return
        name, _, column = value.partition(".")
        self.stream = tables.stream(name)
        declaration = tables.declarations[name]
        if getattr(declaration, "money", None) is False:
            remedy = "Name a table whose values are money, or leave out money=False."
            raise UsageError("not-money", "the values are declared not to be money", table=name, remedy=remedy)
        self.monthly = getattr(declaration, "per", None) is not None
        self.contracts: Contracts | None = None
        if isinstance(declaration, Intervals):
            until = span(grace, "grace", zero=True).after(self.stream.columns["end"], tables.timezone)
            self.contracts = Contracts.of(self.stream, until)
        self.counted = not isinstance(declaration, (Intervals, States))
        numbers = [c for c in (declaration.values if isinstance(declaration, States) else ["value"]) if self._is_number(c)]
        if (column and column not in numbers) or (not column and len(numbers) != 1):
            remedy = f'Name one: "{name}.{numbers[0]}".' if numbers else "Declare the column of the value."
            raise UsageError(
                "no-such-value", f"value is {value!r}, and the table has {len(numbers)} such numbers", table=name, remedy=remedy
            )
        self.values = (
            np.nan_to_num(self.stream.columns[column or numbers[0]]) if self.counted else self.stream.columns[column or numbers[0]]
        )

    def _is_number(self, column: str) -> bool:
        return column in self.stream.columns and self.stream.columns[column].dtype.kind == "f"

    @property
    def first(self) -> int:
        """The time of the first row of the table."""
        return int(self.stream.times.min()) if len(self.stream) else 0

    def before(self, customers: npt.NDArray[np.int32], starts: Ints, moments: Ints) -> tuple[Floats, Floats]:
        """Return money per period, and the number of payments that it is made of, shape (n,) each; NaN where unknown.

        Events count in [start, moment), states as of just before the moment, and contracts as at the edge of a period.
        """
        if self.number is not None:
            each = 1.0 if self.payments is None else self.payments
            return np.full(len(customers), self.number * each), np.full(len(customers), each)
        if not self.counted:
            held = self._holding if self.contracts is None else self.contracts.worth
            price = held(self.values, customers, moments)
            each = 1.0 if self.payments is None else self.payments
            return price * each, np.full(len(customers), each)
        ends, begins = (self._places(customers, m) for m in (moments, starts))
        money = _sums(self.values, begins, ends)
        count = (ends - begins).astype(np.float64)
        if self.payments is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                money = money / count * self.payments
            count = np.full(len(customers), self.payments)
        return money, count

    def _places(self, customers: npt.NDArray[np.int32], moments: Ints) -> Ints:
        out = np.empty((1, len(customers)), np.int64)
        positions(self.stream.offsets, self.stream.times, customers, moments, out)
        return out[0]

    def _holding(self, values: Floats, customers: npt.NDArray[np.int32], moments: Ints) -> Floats:
        return np.append(values, np.nan)[latest_known(self.stream, customers, moments)]


def _ranges(begins: Ints, ends: Ints) -> Ints:
    """Return all positions in the ranges [begin, end), one range after the other."""
    lengths = ends - begins
    shift = np.repeat(begins - np.append(0, np.cumsum(lengths)[:-1]), lengths)
    return np.arange(int(lengths.sum()), dtype=np.int64) + shift


def _sums(values: Floats, begins: Ints, ends: Ints) -> Floats:
    """Return sums over ranges, each by itself: no prefix sums over all customers, which lose digits."""
    owner = np.repeat(np.arange(len(begins)), ends - begins)
    return np.bincount(owner, values[_ranges(begins, ends)], minlength=len(begins)).astype(np.float64)
