"""Money: which values of a table are declared as money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from churnpredict.argument_checks import check_choice
from churnpredict.errors import UsageError, warn
from churnpredict.events.declarations import Declaration, Events, Intervals
from churnpredict.events.terms import PERIODS

__all__ = ["check_money", "is_money", "money_tables", "paying_table"]


def check_money(name: str, declaration: Any) -> None:
    """Refuse a contradictory declaration of money.

    Raises
    ------
    UsageError
        ``bad-money``, ``unknown-choice``.
    """
    said = getattr(declaration, "money", None)
    if said is not None and not isinstance(said, (bool, np.bool_)):
        remedy = "Write money=True, and name the column as value=."
        raise UsageError("bad-money", f"money is {said!r}", table=name, remedy=remedy)
    if said and declaration.value is None:
        remedy = "Name the column: value=...."
        raise UsageError("bad-money", "money is declared for a table without a value", table=name, remedy=remedy)
    if said is False and declaration.currency is not None:
        remedy = "Leave out currency=, or money=False."
        raise UsageError("bad-money", "the values have a currency and are declared not to be money", table=name, remedy=remedy)
    if getattr(declaration, "per", None) is not None:
        _check_per(name, declaration)


def _check_per(name: str, declaration: Intervals) -> None:
    per = check_choice(declaration.per, "per", PERIODS, table=name)
    if not is_money(declaration):
        remedy = "Write money=True, and name the column as value=."
        raise UsageError("bad-money", f'per is "{per}", and no value is declared as money', table=name, remedy=remedy)
    if per == "contract" and declaration.planned_end is None:
        remedy = 'Name the column of the agreed end: planned_end=...; or give amounts per month and per="month".'
        raise UsageError("bad-money", 'per is "contract", and no planned end is declared', table=name, remedy=remedy)


def money_tables(declarations: Mapping[str, Declaration]) -> list[str]:
    """Return the tables whose values are money."""
    return [name for name, declaration in declarations.items() if is_money(declaration)]


def is_money(declaration: Declaration) -> bool:
    """Return whether the values of a table are declared as money: by ``money``, by a currency, or by the driver of payments.

    >>> from churnpredict import Events
    >>> watched = {"source": "log.csv", "customer": "user", "time": "day", "value": "hours"}
    >>> is_money(Events(**watched)), is_money(Events(**watched, driver="payment")), is_money(Events(**watched, money=True))
    (False, True, True)
    """
    return _said(declaration) or _by_driver(declaration)


def _said(declaration: Declaration) -> bool:
    if not isinstance(declaration, (Events, Intervals)) or declaration.value is None:
        return False
    return declaration.currency is not None if declaration.money is None else bool(declaration.money)


def _by_driver(declaration: Declaration) -> bool:
    if not isinstance(declaration, Events) or declaration.value is None or declaration.money is not None:
        return False
    return declaration.driver == "payment"


def paying_table(declarations: Mapping[str, Declaration]) -> str | None:
    """Return the table whose values are what customers pay; None where none is declared, or several are.

    A log declared as money takes precedence over one with the driver of payments, and both over contracts that say what their money is paid
    for (``per``): orders, their payments and the contract behind them count once.
    """
    logs = {name: d for name, d in declarations.items() if isinstance(d, Events)}
    terms = [name for name, d in declarations.items() if isinstance(d, Intervals) and d.per is not None]
    found = [name for name, d in logs.items() if _said(d)] or [name for name, d in logs.items() if _by_driver(d)] or terms
    if len(found) > 1:
        warn(
            "several-moneys",
            f"several tables are money ({', '.join(found)}): the value of customers is unknown",
            remedy="Declare money=False for tables that count the same money again, or that hold no payments of customers.",
            stacklevel=4,
        )
    return found[0] if len(found) == 1 else None
