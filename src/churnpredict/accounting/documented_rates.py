"""Churn rates of customers by the formulas that other tools document."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from churnpredict.accounting.accounts import Accounts
from churnpredict.accounting.bridge import revenue_bridge
from churnpredict.accounting.definitions import LIKE
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import UsageError
from churnpredict.events.tables import EventTables
from churnpredict.intervals import wilson
from churnpredict.signatures import CustomerId

__all__ = ["documented_rate"]


def documented_rate(
    tables: EventTables,
    churn: ChurnRule,
    like: str,
    *,
    value: str | float | None,
    level: float,
    by: str | pd.Series | Mapping[CustomerId, Hashable] | None,
    trials: Sequence[str] = (),
    **options: Any,
) -> Accounts:
    """Return the churn rate of customers as ``like`` documents it, from the contracts or prices of ``value``.

    One row per period, or per period and group: ``period``, the group, ``customers`` at the start, how many ``joined``, how many of these
    are ``lost``, ``rate``, ``low``, ``high`` and ``note``. Other arguments are those of
    :func:`churnpredict.accounting.revenue_bridge`.

    Raises
    ------
    UsageError
        ``not-documented``, ``bad-argument``, and what the bridge raises.
    """
    if not isinstance(value, str):
        remedy = f'Name the table of contracts or prices: churn_rate(..., like="{like}", value="subscriptions").'
        raise UsageError("bad-argument", f"value is {value!r}, and like counts customers who pay", remedy=remedy)
    per = getattr(tables.declarations.get(value.partition(".")[0]), "per", None) or "month"  # customers are counted, not amounts
    bridge = revenue_bridge(tables, churn, value=value, like=like, by=by, trials=trials, per=per, **options)
    found = LIKE[like]
    if not found.customers:
        raise UsageError(
            "not-documented",
            f"the documentation of {found.name} that was read does not say what the churn rate of customers is",
            remedy="Leave out like=, or take revenue_bridge(..., like=...): it counts customers who joined and were lost.",
        )
    keys = list(bridge.columns[: bridge.columns.get_loc("start")])
    counts = bridge[["customers", "joined"]].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    base = counts[:, 0] + (counts[:, 1] if found.newcomers else 0.0)
    rate = bridge["customer_churn"].to_numpy(np.float64, na_value=np.nan)
    lost = np.rint(rate * base)  # the customers whom the definition counts, which are not always those of the bridge
    inside = np.where(lost <= base, lost, np.nan)
    low, high = wilson(inside, base, level)
    counted = pd.Series(lost, index=bridge.index).where(~(base == 0), 0).astype("Int64")
    if counted.notna().all():
        counted = counted.astype(np.int64)
    table = Accounts({key: bridge[key] for key in [*keys, "customers", "joined"]})
    return Accounts(table.assign(lost=counted, rate=rate, low=low, high=high, note=bridge["note"]))
