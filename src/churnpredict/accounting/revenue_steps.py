"""Moments at which the recurring revenue of customers changes, and to which period each change belongs."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from churnpredict.accounting.recurring import Holdings
from churnpredict.clock import OPEN
from churnpredict.errors import ContentError

__all__ = ["Steps"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True)
class Steps:
    """The moments at which revenue changes, sorted by customer and time; several changes of a customer at one moment are one.

    Attributes
    ----------
    owners : ndarray of shape (n,), int32
    times : ndarray of shape (n,), int64
    opens : ndarray of shape (n,), bool
        Whether something begins at that moment. If so, the whole change belongs to the period that the moment opens, such as a renewal
        for another amount on the first of a month; if not, to the period that it closes, such as a contract that runs to the end of a
        month.
    before, after : ndarray of shape (n,), int64
        Cents.
    here_before, here_after : ndarray of shape (n,), bool
        Whether it is a customer: who pays, or who paid before and has what keeps a customer, such as a free contract in some definitions.
    free_before, free_after : ndarray of shape (n,), bool
        Whether a contract runs that costs nothing.
    """

    owners: npt.NDArray[np.int32]
    times: Ints
    opens: Bools
    before: Ints
    after: Ints
    here_before: Bools
    here_after: Bools
    free_before: Bools
    free_after: Bools

    @classmethod
    def of(cls, held: Holdings, name: str) -> Steps:
        """Return the steps of intervals.

        Raises
        ------
        ContentError
            ``negative-revenue``.
        """
        ended = held.ends != OPEN
        owners = np.r_[held.owners, held.owners[ended]]
        times = np.r_[held.starts, held.ends[ended]]
        begun = np.column_stack([held.cents, held.keeps, held.free]).astype(np.int64)
        change = np.concatenate([begun, -begun[ended]])
        opens = np.r_[np.ones(len(held.starts), np.bool_), held.cut[ended]]
        order = np.lexsort((times, owners))
        owners, times, change, opens = owners[order], times[order], change[order], opens[order]
        first = np.flatnonzero(_begins(owners, times))
        owners, times = owners[first], times[first]
        if len(first):
            change, opens = np.add.reduceat(change, first, axis=0), np.logical_or.reduceat(opens, first)
        total = np.cumsum(change, axis=0)
        own = np.flatnonzero(_begins(owners))
        after = total - np.repeat((total - change)[own], np.diff(np.r_[own, len(owners)]), axis=0)
        before = after - change
        below = np.unique(owners[after[:, 0] < 0])
        if len(below):
            remedy = "Give credits and refunds in a table of their own; amounts of contracts must not be below 0 in sum."
            raise ContentError("negative-revenue", f"{len(below):,} customers pay less than nothing", table=name, remedy=remedy)
        paid_from, place = _paid_from(owners, after[:, 0]), np.arange(len(owners))
        here = (
            (before[:, 0] > 0) | ((before[:, 1] > 0) & (place > paid_from)),
            (after[:, 0] > 0) | ((after[:, 1] > 0) & (place >= paid_from)),
        )
        return cls(owners, times, opens, before[:, 0], after[:, 0], *here, before[:, 2] > 0, after[:, 2] > 0)

    def where(self, keep: Bools) -> Steps:
        """Return those that ``keep`` marks."""
        return Steps(*(getattr(self, f.name)[keep] for f in dataclasses.fields(self)))

    def of_customers(self, low: int, high: int) -> slice:
        """Return where the steps of customers in [low, high) are."""
        return slice(*np.searchsorted(self.owners, [low, high]))

    def places(self, edges: Ints) -> Ints:
        """Return the period of each step among those between edges: -1 before the first, the number of periods after the last."""
        inside = np.searchsorted(edges, self.times, side="left"), np.searchsorted(edges, self.times, side="right")
        return np.where(self.opens, inside[1], inside[0]) - 1

    @property
    def paid_from(self) -> Ints:
        """The first step of each step's customer after which there is revenue; n where there never is, shape (n,)."""
        return _paid_from(self.owners, self.after)

    def together(self, unit: Ints) -> tuple[Steps, Ints]:
        """Return the steps of a customer that share a unit, such as a day, as one, and the place of the first step of each."""
        first = np.flatnonzero(_begins(self.owners, unit))
        last = np.r_[first[1:], len(unit)] - 1 if len(first) else first
        begun = self.owners[first], self.times[first], self.opens[first], self.before[first], self.after[last]
        return Steps(*begun, self.here_before[first], self.here_after[last], self.free_before[first], self.free_after[last]), first


def _begins(owners: npt.NDArray[np.int32], *columns: Ints) -> Bools:
    """Return whether each row differs from the one before it, shape (n,)."""
    found = np.ones(len(owners), np.bool_)
    found[1:] = owners[1:] != owners[:-1]
    for column in columns:
        found[1:] |= column[1:] != column[:-1]
    return found


def _paid_from(owners: npt.NDArray[np.int32], after: Ints) -> Ints:
    found = np.full(int(owners.max(initial=-1)) + 1, len(owners), np.int64)
    paying = np.flatnonzero(after > 0)
    np.minimum.at(found, owners[paying], paying)
    return found[owners]
