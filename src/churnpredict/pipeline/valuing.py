"""Value of customers over the horizon: declared, or learnt from payments."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.pairs import sorted_pairs
from churnpredict.churn.rule import ChurnRule
from churnpredict.errors import warn
from churnpredict.events.declarations import Intervals
from churnpredict.events.money import paying_table
from churnpredict.events.tables import EventTables
from churnpredict.events.terms import AVERAGE_MONTH
from churnpredict.events.timing import DAY
from churnpredict.features.build import build_features
from churnpredict.features.feature import Feature
from churnpredict.number_checks import check_number
from churnpredict.retention.value import Credibility, credible_rate, learn_credibility

__all__ = ["by_quarter", "check_value", "learn_worth", "payment_rows", "value_by_model", "value_over_horizon"]

_YEAR = 365.25  # days
_QUARTERS = (91, 182, 273, 364)  # days back: whole weeks, in four periods, to separate chance from habit

Floats = npt.NDArray[np.float64]


def value_over_horizon(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, book: Credibility | None = None) -> Floats:
    """Return what each customer is worth over the horizon if they stay, from the payments of the last year.

    The value is the payment per day in the last 364 days (since the first payment where that is later), bounded and shrunk towards the
    average of all customers by :func:`churnpredict.retention.value.credible_rate`, times the horizon. The payments are the values of the
    one table of events that is declared as money (:func:`churnpredict.events.money.paying_table`). Refunds count as negative; a value is
    never below 0, and it is 0 for customers who have never paid.

    Without such a table of events, the one table of contracts that says what its amounts are paid for (``Intervals(..., per="month")``)
    gives the value: what the contracts that run at the cutoff cost over the horizon, 0 for customers without one. Without either, or with
    several, all values are NaN. A value declared with the customers takes precedence over both: it is per year, and the horizon is a share
    of the year.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    churn : churn rule
    book : Credibility, optional
        From :func:`learn_worth`; by default learnt from these snapshots.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the values, in the order of the snapshots sorted by customer, then cutoff.
    """
    if tables.profile is not None and "value" in tables.profile.versions.columns:
        held = tables.profile.as_of(*sorted_pairs(tables, snapshots))
        a_year = np.asarray(np.append(tables.profile.versions.columns["value"], np.nan)[held], dtype=np.float64)  # -1: not known yet
        return a_year * (churn.horizon_span.nominal / DAY / _YEAR)
    days = churn.horizon_span.nominal / DAY
    name = paying_table(tables.declarations)
    if name is not None and _is_of_contracts(tables, name):
        a_month = build_features(tables, snapshots, features=[Feature(name, "open_value", driver="value")])
        return np.maximum(a_month.to_numpy(dtype=np.float64)[:, 0], 0.0) * (days / AVERAGE_MONTH)
    found = payments(tables, snapshots)
    if found is None:
        return np.full(len(snapshots), np.nan)
    return credible_rate(*found, learn_credibility(*found) if book is None else book) * days


def _is_of_contracts(tables: EventTables, name: str) -> bool:
    return isinstance(tables.declarations[name], Intervals)


def value_by_model(
    tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, book: Credibility | None, given: float | None = None
) -> Floats:
    """Return :func:`value_over_horizon` with what a model has learnt of payments; NaN, with a warning, where it has learnt nothing.

    A value that is ``given`` for everybody takes precedence.

    Learning it from the rows to score would make a customer's value depend on who else is scored.
    """
    if given is not None:
        return np.full(len(snapshots), check_value(given))
    declared = tables.profile is not None and "value" in tables.profile.versions.columns
    paying = None if declared else paying_table(tables.declarations)
    if book is not None and not declared and paying is None:
        warn(
            "money-not-declared",
            "the model was trained with payments, but no table is declared as money now, so the value of customers is unknown",
            remedy="Declare which values are money: Events(..., money=True), in churn.toml money = true.",
            stacklevel=4,
        )
    if book is None and paying is not None and not _is_of_contracts(tables, paying):
        warn(
            "worth-not-learnt",
            "the model was trained without payments, so the value of customers is unknown",
            remedy="Train it again with these tables, or give value= to the plan.",
            stacklevel=4,
        )
        return np.full(len(snapshots), np.nan)
    return value_over_horizon(tables, snapshots, churn, book)


def check_value(value: float) -> float:
    """Refuse a value per customer that is not a number of at least 0.

    Raises
    ------
    UsageError
        ``bad-argument``.
    """
    return check_number(value, "value", least=0, what="the value of a customer over the horizon,")


def learn_worth(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> Credibility | None:
    """Learn once how much weight a single customer's payments get, so that a value does not depend on who else is scored."""
    found = payments(tables, snapshots)
    return None if found is None else learn_credibility(*found)


def payments(tables: EventTables, snapshots: pd.DataFrame) -> tuple[Floats, Floats] | None:
    """Return the amount paid in each of four quarters before each snapshot, and the days as a customer in it: (n, 4) each."""
    rows = payment_rows(tables)
    return by_quarter(build_features(tables, snapshots, features=rows)) if rows else None


def payment_rows(tables: EventTables) -> list[Feature]:
    """Return the features that give the payments by quarter; none where no log says what is paid."""
    name = paying_table(tables.declarations)
    if name is None or _is_of_contracts(tables, name):
        return []
    return [*(Feature(name, "sum", f"{days}d", driver="value") for days in _QUARTERS), Feature(name, "days_since_first", driver="value")]


def by_quarter(X: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return the amount paid in each of four quarters and the days as a customer in it, (n, 4) each, from the features of
    :func:`payment_rows`.
    """
    known = np.nan_to_num(X.to_numpy(dtype=np.float64))
    since = known[:, -1:]
    begins = np.append(0, _QUARTERS[:-1])
    return np.diff(known[:, :-1], axis=1, prepend=0.0), np.clip(since - begins, 0.0, np.diff(_QUARTERS, prepend=0))
