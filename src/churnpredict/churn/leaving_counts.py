"""Count who could leave and who left, by period and tenure: all that the season of leaving needs from the tables."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from churnpredict.churn.rule import ChurnRule, is_of_contracts, left_by
from churnpredict.clock import DAY, NEVER, OPEN, local_time
from churnpredict.events.tables import EventTables
from churnpredict.model.season.leaving_counts import PERIOD, PERIODS, TENURES, LeavingCounts
from churnpredict.spans import Span

__all__ = ["count_leaving", "has_leaving_season"]

Ints = npt.NDArray[np.int64]


def has_leaving_season(churn: ChurnRule) -> bool:
    """Return whether the season of leaving can be counted under a rule: customers leave at a moment, by cancellation or with a contract."""
    return left_by(churn) in ("row", "contract") and is_dataclass(churn)


def count_leaving(tables: EventTables, churn: ChurnRule, moment: int, first: int) -> LeavingCounts:
    """Count customers at risk and those who left, in each of the periods of 28 days before a moment.

    Parameters
    ----------
    tables : EventTables
        As known at the time of training: all of them, or those of some customers.
    churn : Cancellation or SubscriptionEnd
    moment : int
        The end of what is observed, in microseconds UTC; nothing at or after it is counted.
    first : int
        The first event of all customers: periods that begin before it are not counted.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(300, random_state=0, rule="cancellation")
    >>> churn = cp.Cancellation("90d", of="cancellations")
    >>> found = count_leaving(shop.tables, churn, churn.settled_until(shop.tables), shop.tables.first_event())
    >>> found.at_risk.shape, bool((found.left <= found.at_risk).all())
    ((65, 5), True)
    """
    rule: ChurnRule = replace(cast(Any, churn), horizon=f"{PERIOD}d", gap="0d")
    n = len(tables.ids)
    customers, joined = np.arange(n, dtype=np.int32), _joined(tables, n)
    at_risk, left = (np.zeros((PERIODS, len(TENURES) + 1), np.int64) for _ in range(2))
    for k in range(PERIODS):
        start = Span(days=PERIOD * (k + 1)).before(moment, tables.timezone)
        if start <= first or not n:
            break
        there = customers[rule.at_risk(tables, customers, np.full(n, start))]
        outcomes = rule.outcomes(tables, there, np.full(len(there), start))[1]
        there, outcomes = there[outcomes >= 0], outcomes[outcomes >= 0]
        classes = np.searchsorted(np.array(TENURES) * DAY, start - joined[there], side="right")
        at_risk[k] = np.bincount(classes, minlength=len(TENURES) + 1)
        left[k] = np.bincount(classes[outcomes > 0], minlength=len(TENURES) + 1)
    wall = int(local_time(np.array([moment]), tables.timezone)[0])
    lag = churn.grace_span.nominal if is_of_contracts(churn) else 0
    return LeavingCounts(wall, at_risk, left, -(-lag // DAY))


def _joined(tables: EventTables, n: int) -> Ints:
    """Return when each customer joined, by what is declared or the first row of any table, shape (n,)."""
    joined = np.full(n, OPEN, np.int64)
    for stream in tables.streams.values():
        some = np.flatnonzero(np.diff(stream.offsets))
        joined[some] = np.minimum(joined[some], stream.times[stream.offsets[some]])
    since = None if tables.profile is None else tables.profile.since
    if since is not None:
        joined = np.where((since != NEVER) & (since != OPEN), since, joined)
    return joined
