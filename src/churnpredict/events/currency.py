"""Convert values of several currencies by declared rates; refuse them without."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from churnpredict.errors import ContentError, UsageError
from churnpredict.events.labels import label_of
from churnpredict.events.tally import judge

__all__ = ["in_one_currency"]

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
    if not all(isinstance(r, (int, float)) and math.isfinite(r) and r > 0 for r in rates.values()):
        remedy = 'Give what one unit is worth: rates={"EUR": 1.0, "USD": 0.92}.'
        raise UsageError("bad-rate", "a rate is not a positive number", table=where[0], column=where[1], remedy=remedy)
    worth = {label_of(name): rate for name, rate in rates.items()}
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
