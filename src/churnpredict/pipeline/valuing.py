"""What customers are worth over the horizon: declared with them, or learnt from what they pay."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.churn.outcomes import ChurnRule
from churnpredict.churn.snapshots import sorted_pairs
from churnpredict.events.tables import EventTables
from churnpredict.events.timing import DAY
from churnpredict.features.build import build_features
from churnpredict.features.feature import Feature
from churnpredict.retention.value import Credibility, credible_rate, learn_credibility

__all__ = ["by_quarter", "learn_worth", "payment_rows", "value_over_horizon"]

_QUARTERS = (91, 182, 273, 364)  # days back: whole weeks, four periods to tell chance from custom

Floats = npt.NDArray[np.float64]


def value_over_horizon(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule, book: Credibility | None = None) -> Floats:
    """What each customer is worth over the horizon if they stay, going by the payments of the last year.

    What is paid per day in the last 364 days (since the first payment where that is later), bounded and shrunk towards the book as
    :func:`churnpredict.retention.value.credible_rate` says, times the horizon. The payments are the values of the table that the churn
    rule is about, else of the first table of events that has values; without any, nothing is known and everything is NaN. Refunds count
    as negative; nobody is worth less than nothing, and whoever has never paid is worth nothing yet. A value declared with the customers
    goes before all that, as it stands.

    Parameters
    ----------
    tables : EventTables
    snapshots : DataFrame
        Columns ``customer_id`` and ``cutoff``.
    churn : churn rule
    book : Credibility, optional
        As :func:`learn_worth` gives it; by default learnt from these snapshots.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the values, in the order of the snapshots sorted by customer, then cutoff.
    """
    if tables.profile is not None and "value" in tables.profile.versions.columns:
        held = tables.profile.as_of(*sorted_pairs(tables, snapshots))
        return np.asarray(np.append(tables.profile.versions.columns["value"], np.nan)[held], dtype=np.float64)  # -1: not known yet
    found = _payments(tables, snapshots, churn)
    if found is None:
        return np.full(len(snapshots), np.nan)
    return credible_rate(*found, learn_credibility(*found) if book is None else book) * (churn.horizon_span / DAY)


def learn_worth(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> Credibility | None:
    """How far to believe single customers: learnt once, so that a customer's value does not depend on who else is scored."""
    found = _payments(tables, snapshots, churn)
    return None if found is None else learn_credibility(*found)


def _payments(tables: EventTables, snapshots: pd.DataFrame, churn: ChurnRule) -> tuple[Floats, Floats] | None:
    """Paid in each of four quarters before each snapshot, and days of it as a customer: (n, 4) each."""
    rows = payment_rows(tables, churn)
    return by_quarter(build_features(tables, snapshots, features=rows)) if rows else None


def payment_rows(tables: EventTables, churn: ChurnRule) -> list[Feature]:
    """The features from which payments by quarter are told; none where nothing is paid."""
    name = _paying_table(tables, churn)
    if name is None:
        return []
    return [*(Feature(name, "sum", f"{days}d", driver="value") for days in _QUARTERS), Feature(name, "days_since_first", driver="value")]


def by_quarter(X: pd.DataFrame) -> tuple[Floats, Floats]:
    """Paid in each of four quarters, and days of it as a customer, (n, 4) each, from the features of :func:`payment_rows`."""
    known = np.nan_to_num(X.to_numpy(dtype=np.float64))
    since = known[:, -1:]
    begins = np.append(0, _QUARTERS[:-1])
    return np.diff(known[:, :-1], axis=1, prepend=0.0), np.clip(since - begins, 0.0, np.diff(_QUARTERS, prepend=0))


def _paying_table(tables: EventTables, churn: ChurnRule) -> str | None:
    valued = [name for name in tables.logs() if "value" in tables.streams[name].columns]
    of = getattr(churn, "of", None)
    return of if of in valued else valued[0] if valued else None
