"""Rankings judged at the same capacity: leavers found among the customers that a team can call, how early, false alarms and money."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.errors import UsageError
from churnpredict.evaluation.campaign import ASSUMED, Campaign
from churnpredict.evaluation.comparison import DIFFERENCE
from churnpredict.evaluation.curves import resampled_weights
from churnpredict.evaluation.metrics import interval

__all__ = ["AT_CAPACITY", "Called", "default_capacity", "judge_calls"]

Floats = npt.NDArray[np.float64]
AT_CAPACITY = ("called", "found", "false_alarms", "lead_days", "profit_of_calls")
"""What is counted of the customers whom a team calls; ``lead_days`` is a mean, everything else a sum."""


def default_capacity(n: int) -> int:
    """Return the default number of calls: a tenth of the customers, at least one.

    >>> default_capacity(2134), default_capacity(3)
    (213, 1)
    """
    return max(1, n // 10)


@dataclass(frozen=True, eq=False)
class Called:
    """The customers of one cutoff and the rankings that say who is called first.

    Attributes
    ----------
    y : ndarray (n,)
        1 where the customer left.
    days : ndarray (n,)
        Days from the cutoff until then; NaN for customers who stayed.
    rankings : dict of str to ndarray (n,)
        Those with the highest number are called first, equal ones in random order.
    capacity : int
        The number of customers that the team can call.
    lists : collection of str
        Rankings that name customers to call: 1 or 0. Nobody else is called.
    """

    y: Floats
    days: Floats
    rankings: Mapping[str, Floats]
    capacity: int
    lists: Collection[str] = ()


def judge_calls(
    parts: Sequence[Called], *, customers: Any = None, campaign: Campaign = ASSUMED, rounds: int = 200, random_state: int = 0
) -> pd.DataFrame:
    """Return what each ranking finds when a team calls as many customers as it can, over one or several cutoffs together.

    Parameters
    ----------
    parts : sequence of Called
        One per cutoff, with the same rankings; the model first.
    customers : array (n,), optional
        Of all rows, cutoff after cutoff: rows of the same customer are drawn together.
    campaign : Campaign
        What a contact costs and brings.
    rounds : int
        Bootstrap samples of customers, the same for all rankings: differences are paired.

    Returns
    -------
    DataFrame
        ``model``, ``metric`` (:data:`AT_CAPACITY`), ``value``, ``low``, ``high``, and ``difference``, ``difference_low``,
        ``difference_high``: the model's figure minus this one's. ``found_by_model`` of a list that is shorter than the capacity is what the
        model finds in as many calls.

    Examples
    --------
    >>> left = np.array([1.0, 1, 0, 0])
    >>> tested = Called(left, np.where(left, 30.0, np.nan), {"model": np.array([4.0, 3, 2, 1]), "by chance": np.ones(4)}, capacity=2)
    >>> found = judge_calls([tested], rounds=0).set_index(["model", "metric"])["value"].unstack()
    >>> found.loc["model", "found"].item(), found.loc["by chance", "found"].item(), found.loc["by chance", "false_alarms"].item()
    (2.0, 1.0, 1.0)
    """
    if not parts or any(part.rankings.keys() != parts[0].rankings.keys() for part in parts):
        raise UsageError("bad-argument", "cutoffs differ in their rankings", remedy="Give the same rankings at every cutoff.")
    names, n = list(parts[0].rankings), sum(len(part.y) for part in parts)
    short = [name for name in names[1:] if any(name in p.lists and p.rankings[name].sum() < p.capacity for p in parts)]

    ordered = [[_Ordered.of(part, name) for name in names] for part in parts]
    ends = np.cumsum([len(part.y) for part in parts])[:-1]

    def measured(weight: Floats) -> tuple[Floats, Floats]:
        totals, as_many = np.zeros((len(names), 3)), np.zeros(len(short))
        for part, rankings, w in zip(parts, ordered, np.split(weight, ends), strict=True):
            own = np.array([ranking.counts(w, part.capacity) for ranking in rankings])
            totals += own
            as_many += [rankings[0].counts(w, own[names.index(name), 0])[1] for name in short]
        return _figures(totals, campaign), as_many

    value, same = measured(np.ones(n))
    draws = [measured(w) for w in resampled_weights(n, customers=customers, rounds=rounds, random_state=random_state)]
    drawn = np.array([figures for figures, _ in draws]).reshape(len(draws), *value.shape)
    drawn_same = np.array([found for _, found in draws]).reshape(len(draws), len(short))
    rows: list[dict[str, object]] = []
    for i, name in enumerate(names):
        for j, metric in enumerate(AT_CAPACITY):
            row = {"model": name, "metric": metric, **interval(value[i, j], drawn[:, i, j])._asdict()}
            apart = interval(value[0, j] - value[i, j], drawn[:, 0, j] - drawn[:, i, j]) if i else (np.nan,) * 3
            rows.append(row | dict(zip(DIFFERENCE, apart, strict=True)))
        if name in short:
            k = short.index(name)
            rows.append({"model": name, "metric": "found_by_model", **interval(same[k], drawn_same[:, k])._asdict()})
    return pd.DataFrame(rows, columns=["model", "metric", "value", "low", "high", *DIFFERENCE])


class _Ordered(NamedTuple):
    """The rows of a ranking in groups of equal numbers, those called first first; ``called`` says which groups are called at all."""

    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    called: npt.NDArray[np.bool_]
    left: Floats
    days: Floats

    @classmethod
    def of(cls, part: Called, name: str) -> _Ordered:
        rank = part.rankings[name]
        rows = np.argsort(-rank, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(rank[rows]) != 0])
        called = (rank[rows][starts] > 0) | (name not in part.lists)
        return cls(rows, starts, called, part.y[rows], np.where(part.y > 0, part.days, 0.0)[rows])

    def counts(self, weight: Floats, capacity: float) -> Floats:
        """Return customers called, leavers among them, and the days of these leavers together, shape (3,); expected over random orders of
        customers with equal numbers.
        """
        w = weight[self.rows]
        left = w * self.left
        size, found, days = (np.add.reduceat(v, self.starts) for v in (w, left, left * self.days))
        called = np.clip(capacity - (np.cumsum(size) - size), 0, size)
        share = np.divide(called, size, out=np.zeros_like(size), where=size > 0) * self.called
        return np.array([share @ size, share @ found, share @ days])


def _figures(totals: Floats, campaign: Campaign) -> Floats:
    """Return the figures of :data:`AT_CAPACITY` from customers called, leavers found and their days."""
    called, found, days = totals.T
    alarms = np.maximum(called - found, 0.0)
    lead = np.divide(days, found, out=np.full(len(found), np.nan), where=found > 0)
    kept = campaign.acceptance * (campaign.value - campaign.offer_cost)
    profit = found * kept - alarms * campaign.offer_cost - called * campaign.contact_cost
    return np.column_stack([called, found, alarms, lead, profit])
