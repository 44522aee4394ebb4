"""Convert values of several currencies by declared rates; refuse them without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from churnpredict.errors import ContentError, UsageError, kind_of
from churnpredict.events.tally import judge
from churnpredict.events.values.labels import label_of
from churnpredict.number_checks import check_number

__all__ = ["check_rates", "in_one_currency", "read_rates"]

Floats = npt.NDArray[np.float64]


def in_one_currency(
    values: Floats, codes: npt.NDArray[np.int32], names: pa.Array, rates: Mapping[str, float], where: tuple[str, str]
) -> Floats:
    """Return the values of one column, each times the rate of its currency.

    Parameters
    ----------
    values : ndarray of shape (n,)
        NaN is missing: its currency does not matter.
    codes, names
        The currency of each row, as codes (-1: missing) into names.
    rates : mapping of str to float
        Empty: all values are in one currency, and are not converted.
    where : (table, column)
        For messages.

    Raises
    ------
    ContentError
        ``mixed-currency``, ``unknown-currency``.
    UsageError
        ``bad-rate``.
    """
    used = codes[~np.isnan(values)]
    found = [*(str(name) for name in names.to_pylist()), None]
    if not rates:
        counts = np.bincount(used + 1, minlength=len(found))
        seen = Counter({name: int(n) for name, n in zip([None, *found[:-1]], counts, strict=True) if n})
        judge(("mixed-currency", *where), lambda seen: _refuse_mixture(seen, where), seen)
        return values
    worth = read_rates(rates, where)
    factors = np.array([worth.get(name, np.nan) if name is not None else np.nan for name in found])
    unknown = int(np.isnan(factors[used]).sum())
    if unknown:
        raise ContentError(
            "unknown-currency",
            "values of a currency without a rate",
            table=where[0],
            column=where[1],
            rows=unknown,
            total=len(values),
            remedy="Add its rate to rates=, or fill in the currency.",
        )
    return values * factors[codes]


def check_rates(name: str, declaration: Any) -> None:
    """Refuse wrong rates of a declaration, and rates that no column says when to use.

    Raises
    ------
    UsageError
        ``bad-rate``; ``bad-money``: a currency of no amount.
    """
    rates = getattr(declaration, "rates", {})
    if getattr(declaration, "currency", None) is not None and declaration.value is None:
        remedy = "Name the column of the amounts: value=...."
        raise UsageError("bad-money", "a currency is declared for a table without a value", table=name, remedy=remedy)
    if isinstance(rates, Mapping) and not rates:
        return
    read_rates(rates, (name, str(declaration.value)))
    if declaration.currency is None:
        remedy = "Name the column that says the currency of each row: currency=...."
        raise UsageError("bad-rate", "rates are given, and no currency is declared", table=name, remedy=remedy)


def read_rates(rates: Mapping[str, float], where: tuple[str, str]) -> dict[str | None, float]:
    """Return the rate of each currency, by the text that names it in every table.

    Raises
    ------
    UsageError
        ``bad-rate``: not a mapping, two rates of one currency, or a rate that is not a positive number.

    Examples
    --------
    >>> read_rates({"EUR": 1, "USD": 0.92}, ("orders", "eur"))
    {'EUR': 1.0, 'USD': 0.92}
    """
    remedy = 'Give what one unit is worth: rates={"EUR": 1.0, "USD": 0.92}.'
    if not isinstance(rates, Mapping):
        raise UsageError("bad-rate", f"rates is {kind_of(rates)}", table=where[0], column=where[1], remedy=remedy)
    names = [label_of(name) for name in rates]
    if len(set(names)) < len(names) or None in names:
        raise UsageError("bad-rate", "two rates are of one currency, or of none", table=where[0], column=where[1], remedy=remedy)
    try:
        return dict(zip(names, (check_number(rate, "a rate", least=0, open_=True) for rate in rates.values()), strict=True))
    except UsageError as error:
        raise UsageError("bad-rate", error.what, table=where[0], column=where[1], remedy=remedy) from None


def _refuse_mixture(seen: Counter[str | None], where: tuple[str, str]) -> None:
    if len(seen) > 1:
        total = sum(seen.values())
        raise ContentError(
            "mixed-currency",
            f"values of {len(seen)} currencies" + (", a missing one among them" if None in seen else ""),
            table=where[0],
            column=where[1],
            rows=total - max(seen.values()),
            total=total,
            remedy='Declare what each is worth: rates={"EUR": 1.0, "USD": 0.92}; or convert the values first.',
        )
