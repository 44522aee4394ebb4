"""Transitions: how many customers moved from which state of their life to which, between two moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from churnpredict.accounting.accounts import Accounts, check_least, hide, share_of
from churnpredict.accounting.ledger import Ledger
from churnpredict.accounting.paid_for import amounts_per
from churnpredict.accounting.worth import Worth
from churnpredict.argument_checks import check_choice, shows_call
from churnpredict.churn.rule import ChurnRule
from churnpredict.clock import DAY, OPEN, calendar_time
from churnpredict.errors import ImmatureError, UsageError
from churnpredict.events.streams import Stream
from churnpredict.events.tables import EventTables
from churnpredict.events.visits import DORMANT_DAYS, NEW_DAYS, visits
from churnpredict.events.window_edges import window_edges
from churnpredict.figures import people, percent
from churnpredict.intervals import wilson
from churnpredict.markup import show
from churnpredict.moments import Moment
from churnpredict.spans import Span
from churnpredict.text_tables import Figure, text_table

__all__ = ["STATES", "Transitions", "transitions"]

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
STATES = ("not yet", "new", "returned", "current", "at risk", "dormant", "left", "lost")
_NOT_YET, _NEW, _RETURNED, _CURRENT, _AT_RISK, _DORMANT, _LEFT, _LOST = range(len(STATES))
_RECENT = Span(days=NEW_DAYS)
_SHOWN = {"from", "to", "customers", "share", "note"}  # with all of these columns it is shown as a matrix


class Transitions(Accounts):
    """Moves between states, one row per pair of them; shown as a matrix, with :meth:`matrix` and ``plot()``.

    Attributes
    ----------
    start, end : str
        The two moments.
    """

    _metadata = ["start", "end", "amounts_per"]  # noqa: RUF012 (pandas asks for a list)
    start: str = ""
    end: str = ""

    @property
    def _constructor(self) -> type[Transitions]:
        return Transitions

    def matrix(self, of: str = "customers") -> pd.DataFrame:
        """Return one figure as a matrix: states at the start are its rows, states at the end its columns.

        Parameters
        ----------
        of : str
            A column: ``customers``, ``share``, ``low``, ``high``, and with ``value`` ``money_start`` and ``money_end``.

        Returns
        -------
        DataFrame
            0 where nobody moved, missing where the figure is hidden.
        """
        check_choice(of, "of", [c for c in self.columns if c not in ("from", "to", "note")])
        order = {name: place for place, name in enumerate(STATES)}
        rows, columns = (sorted(set(self[side]), key=order.__getitem__) for side in ("from", "to"))
        index, names = pd.Index(rows, name=self.start or "from"), pd.Index(columns, name=self.end or "to")
        found = pd.DataFrame(0.0, index=index, columns=names)
        for source, target, value in zip(self["from"], self["to"], self[of].to_numpy(np.float64, na_value=np.nan), strict=True):
            found.loc[source, target] = value
        return found.astype("Int64") if of == "customers" else found

    def _rows(self) -> tuple[list[tuple[object, ...]], list[str]]:
        if not set(self.columns) >= _SHOWN:
            return super()._rows()
        counts, shares = self.matrix(), self.matrix("share")
        rows: list[tuple[object, ...]] = []
        for state in counts.index:
            cells = zip(counts.loc[state], shares.loc[state], strict=True)
            rows.append((str(state), *(Figure(_cell(count, share)) for count, share in cells)))
        return rows, [f"{self.start} \u2192 {self.end}", *map(str, counts.columns)]

    def __repr__(self) -> str:
        return "\n".join([*text_table(*self._rows()), *self._notes()]) if len(self) else "no customers"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return show("", *self._rows(), after=self._notes())

    def _notes(self) -> list[str]:
        hidden = [f"Hidden (\u2013): {note}." for note in dict.fromkeys(self["note"]) if note] if "note" in self else []
        return [*hidden, *super()._notes()]


def _cell(count: Any, share: float) -> str:
    """Return what a cell shows: the customers, and their share of the row."""
    if pd.isna(count):
        return "\u2013"
    return f"{people(count)}\n{percent(share)}" if count else ""


@shows_call('cp.accounting.transitions(tables, churn, start="2024-01-01", end="2024-04-01")')
def transitions(
    tables: EventTables,
    churn: ChurnRule,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    of: str | None = None,
    value: str | None = None,
    min_group: int = 5,
    level: float = 0.95,
) -> Transitions:
    """Count the customers who moved from one state to another between two moments.

    A customer is in one state at a moment; the rule decides who is a customer then. The states are: ``not yet`` a customer; ``new``, for
    the first time, for at most 90 days; ``returned``, came back within the last 90 days; ``at risk``, silent for more than twice the own
    mean gap between active days (90 days with a single one); ``dormant``, a customer who has been silent for 180 days; ``current``, all
    other customers; ``left`` and ``lost`` (involuntary), former customers. Of several that apply the first counts in the order dormant,
    new, at risk, returned.

    Parameters
    ----------
    tables : EventTables
    churn : Inactivity, SubscriptionEnd or Cancellation
        As for :func:`churnpredict.churn_rate`: accounts are kept in hindsight.
    start, end : time, optional
        The two moments. All departures before ``end`` must be known: a contract rule waits for its grace period. "New" and "returned" need
        what happened in the 90 days before ``start``. By default ``end`` is the last moment for which all departures are known, and
        ``start`` is 90 days before.
    of : str, optional
        The table of events whose silence is ``at risk`` and ``dormant``: under :class:`churnpredict.Inactivity` the table of the rule, else
        none by default, and all are current who are neither new nor returned. Customers who were never active count as active on the day
        on which they became customers.
    value : str, optional
        The payments, as for :func:`churnpredict.accounting.revenue_churn`: contracts and prices as they are at each moment (0 for those who
        are not customers then), or a table of events: payments in the time between the moments, and in as long a time before ``start``.
    min_group : int
        Figures of fewer customers in ``from`` than this are missing, with a note.
    level : float
        Level of the interval.

    Returns
    -------
    Transitions
        One row per pair of states that occurs: ``from``, ``to``, ``customers``, their ``share`` of those in ``from``, ``low`` and ``high``
        (Wilson), with ``value`` ``money_start`` and ``money_end``; ``note``. Each customer is in exactly one row; those who become
        customers after ``end`` are in none. ``.matrix()`` gives the customers as a matrix, ``.plot()`` a picture.

    Raises
    ------
    UsageError
        ``rule-not-accountable``, ``unknown-table``, ``no-such-value``, ``not-money``, ``bad-argument``.
    ImmatureError
        ``immature``: ``end`` is later than what is known.

    Examples
    --------
    >>> import churnpredict as cp
    >>> shop = cp.make_business(400, random_state=3, rule="cancellation")
    >>> moved = cp.accounting.transitions(shop.tables, shop.churn, start="2023-01-01", end="2024-01-01", min_group=1)
    >>> moved
    2023-01-01 → 2024-01-01   new  current   left   lost
    not yet                    32       74     16      4
                             25 %     59 %   13 %  3.2 %
    new                                 21     17      2
                                      52 %   42 %  5.0 %
    current                             64     60     10
                                      48 %   45 %  7.5 %
    left                                       52
                                            100 %
    lost                                               8
                                                   100 %
    """
    ledger = Ledger(tables, churn, "transitions(tables, churn)")
    check_least(min_group)
    moments = _moments(ledger, start, end)
    entry = ledger.entries()
    customers = np.flatnonzero(entry < moments[1]).astype(np.int32)
    active = visits(ledger.tables, of) if of is not None else None
    if active is None and ledger.ends_of_silence is not None:
        active = ledger.churn.visits(ledger.tables)
    source, target = (_states(ledger, customers, entry[customers], moment, active) for moment in moments)
    cell = source * len(STATES) + target
    counts = np.bincount(cell, minlength=len(STATES) ** 2)
    shown = np.flatnonzero(counts)
    frame = Transitions({"from": [STATES[c // len(STATES)] for c in shown], "to": [STATES[c % len(STATES)] for c in shown]})
    frame["customers"] = counts[shown]
    whole = np.bincount(source, minlength=len(STATES))[shown // len(STATES)]
    frame["share"] = share_of(counts[shown], whole)
    frame["low"], frame["high"] = wilson(counts[shown], whole, level)
    if value is not None:
        frame.amounts_per = amounts_per(ledger.tables, value)
        for name, money in _money(ledger, customers, (source, target), moments, value).items():
            frame[name] = [math.fsum(money[cell == c]) for c in shown]
    frame["note"] = ""
    hide(frame, whole < min_group, f"fewer than {min_group} customers")
    frame.start, frame.end = (ledger.tables.stamp(moment) for moment in moments)
    return frame


def _moments(ledger: Ledger, start: Moment | None, end: Moment | None) -> tuple[int, int]:
    """Return both moments, checked; by default the latest ones."""
    last = ledger.settled_until
    if ledger.open_until(np.array([last])).any():  # contracts end at this moment, and may yet be renewed
        last = Span(days=1).before(last, ledger.tables.timezone)
    second = last if end is None else ledger.tables.instant(end, "end")
    first = _RECENT.before(second, ledger.tables.timezone) if start is None else ledger.tables.instant(start, "start")
    _check_moments(ledger, first, second)
    return first, second


def _check_moments(ledger: Ledger, start: int, end: int) -> None:
    stamp = ledger.tables.stamp
    if start >= end:
        raise UsageError("bad-argument", f"start is {stamp(start)} and end {stamp(end)}", remedy="Give a start before the end.")
    if ledger.open_until(np.array([end])).any():
        what = (
            f"which customers have left by end, {stamp(end)}, is not known yet: departures are known before {stamp(ledger.settled_until)}"
        )
        raise ImmatureError("immature", what, remedy="Give an earlier end.")


def _states(ledger: Ledger, customers: Codes, entry: Ints, moment: int, active: Stream | None) -> npt.NDArray[np.int64]:
    """Return the state of each customer at a moment, as a position in ``STATES``, shape (n,)."""
    at = np.full(len(customers), moment, np.int64)
    recently = np.full(len(customers), _RECENT.before(moment, ledger.tables.timezone), np.int64)
    back = ~ledger.customers_at(customers, recently) | (ledger.leaving(customers, recently)[0] < at)
    none = np.zeros(len(customers), np.bool_)
    silent, dormant = (none, none) if active is None else _silent(active, customers, entry, at)
    rest = ~ledger.customers_at(customers, at)
    rules = (entry >= at, rest & ledger.lost_before(customers, at), rest, dormant, entry >= recently, silent, back)
    return np.select(rules, (_NOT_YET, _LOST, _LEFT, _DORMANT, _NEW, _AT_RISK, _RETURNED), _CURRENT)


def _silent(active: Stream, customers: Codes, entry: Ints, at: Ints) -> tuple[Bools, Bools]:
    """Return which customers are silent for too long by their own rhythm, and which have been for half a year, shape (n,) each."""
    high, low = window_edges(active, customers, at, [None])
    seen, zone = high > low, active.timezone
    _, days, place = active.active_days
    newest, oldest = (np.append(place, 0)[rows] for rows in (high - 1, np.where(seen, low, -1)))
    gaps = np.where(seen, newest - oldest, 0)
    total = np.append(days, 0)[newest] - np.append(days, 0)[oldest]
    usual = np.where(gaps > 0, total / np.maximum(gaps, 1), NEW_DAYS / 2)
    joined = np.maximum(entry, active.times.min(initial=OPEN))  # no silence is seen before the table begins
    last = np.where(seen, np.append(active.times, 0)[high - 1], joined)
    silence = (calendar_time(at, zone) - calendar_time(last, zone)) / DAY
    return silence > 2 * usual, silence >= DORMANT_DAYS


def _money(ledger: Ledger, customers: Codes, states: tuple[Ints, Ints], moments: tuple[int, int], value: str) -> dict[str, Floats]:
    """Return what each customer pays at, or before, both moments, shape (n,) each."""
    worth = Worth(ledger.tables, value, None, grace=ledger.grace)
    start, end = moments
    sums = {}
    for name, since, until, state in (("money_start", 2 * start - end, start, states[0]), ("money_end", start, end, states[1])):
        moments_of_all = (np.full(len(customers), moment, np.int64) for moment in (since, until))
        money = np.nan_to_num(worth.before(customers, *moments_of_all)[0])
        if not worth.counted:
            money[np.isin(state, (_NOT_YET, _LEFT, _LOST))] = 0.0
        elif since < worth.first:
            money[:] = np.nan  # payments before the table begins are unknown
        sums[name] = money
    return sums
